package dev.parley.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A server of the protocol with real sockets and tables in memory, for one user. It pushes nothing
/// by itself, and each action can be answered in another way.
///
/// It is hand-made because the JDK has no WebSocket server, and the local cloud's is not known
/// here.
final class TestServer implements AutoCloseable {
  static final String USER = "guest:me";

  private static final long PATIENCE_NS = 20_000_000_000L;
  private static final int TEXT = 1;
  private static final int CLOSE = 8;
  private static final int GOING_AWAY = 1001;
  private static final String ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  private final List<Peer> peers = new CopyOnWriteArrayList<>();
  private final List<JsonNode> received = new CopyOnWriteArrayList<>();
  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Map<String, NavigableMap<Long, ObjectNode>> tables = new HashMap<>();
  private final Map<String, Long> heads = new ConcurrentHashMap<>();
  private long lastTimestamp;

  /// What becomes of a frame.
  interface Answer {
    /// @return the reply, to which its `ref` is added, or null for none
    @Nullable ObjectNode to(Peer peer, JsonNode frame);
  }

  TestServer() throws IOException {
    answers.put("join", (peer, frame) -> page("joined", frame).setAll(joined(peer, frame)));
    answers.put("history", (peer, frame) -> page("history", frame));
    answers.put("quit", (peer, frame) -> reply("quit", frame));
    answers.put("ping", (peer, frame) -> pong(peer, frame));
    answers.put("sendMessage", (peer, frame) -> sent(frame));
    Thread.startVirtualThread(this::accept);
  }

  URI url() {
    return URI.create("ws://127.0.0.1:" + server.getLocalPort() + "/test");
  }

  /// Answers an action in another way from now on.
  void answer(String action, Answer answer) {
    answers.put(action, answer);
  }

  /// The usual answer to an action.
  Answer usual(String action) {
    return answers.getOrDefault(action, (peer, frame) -> null);
  }

  static ObjectNode error(String code) {
    return object().put("type", "error").put("code", code);
  }

  /// What API Gateway says where a function has failed.
  static ObjectNode failure() {
    return object().put("message", "Internal server error");
  }

  /// Writes a message of somebody else.
  ///
  /// @return its timestamp
  synchronized long write(String room, String text) {
    return write(room, "id-" + text, "guest:other", text);
  }

  synchronized long write(String room, String id, String user, String text) {
    lastTimestamp = Math.max(lastTimestamp + 1, System.currentTimeMillis() * 1_000);
    ObjectNode message = object().put("timestamp", lastTimestamp).put("id", id).put("user", user);
    table(room).put(lastTimestamp, message.put("sender", "Somebody").put("message", text));
    return lastTimestamp;
  }

  /// Hands a message out over the newest connection, after the one that was handed out before.
  void handOut(String room, long timestamp) {
    push(room, timestamp, heads.get(room));
    setHead(room, timestamp);
  }

  synchronized void push(String room, long timestamp, @Nullable Long prev) {
    ObjectNode event = requireNonNull(table(room).get(timestamp)).deepCopy();
    peers.getLast().send(event.put("type", "message").put("room", room).put("prev", prev));
  }

  /// As if everything up to a message had been handed out, to nobody.
  void setHead(String room, long timestamp) {
    heads.put(room, timestamp);
  }

  synchronized List<String> texts(String room) {
    return table(room).values().stream().map(m -> m.path("message").asText()).toList();
  }

  /// All connections so far.
  List<Peer> peers() {
    return peers;
  }

  /// All frames so far with an action.
  List<JsonNode> received(String action) {
    return received.stream().filter(f -> f.path("action").asText().equals(action)).toList();
  }

  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NS;
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < until, what);
      Thread.sleep(2);
    }
  }

  private NavigableMap<Long, ObjectNode> table(String room) {
    return tables.computeIfAbsent(room, missing -> new TreeMap<>());
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }

  private static ObjectNode reply(String type, JsonNode frame) {
    return object().put("type", type).put("room", frame.path("room").asText());
  }

  private synchronized ObjectNode page(String type, JsonNode frame) {
    NavigableMap<Long, ObjectNode> rows = table(frame.path("room").asText());
    int limit = frame.path("limit").asInt();
    boolean forward = frame.has("after");
    if (forward) {
      rows = rows.tailMap(frame.path("after").asLong(), false);
    } else if (frame.has("before")) {
      rows = rows.headMap(frame.path("before").asLong(), false);
    }
    List<ObjectNode> page = new ArrayList<>(rows.values());
    boolean more = page.size() > limit;
    if (more) {
      page = forward ? page.subList(0, limit) : page.subList(page.size() - limit, page.size());
    }
    ObjectNode reply = reply(type, frame).put("more", more).put("complete", true);
    page.forEach(reply.putArray("messages")::add);
    return reply;
  }

  private ObjectNode joined(Peer peer, JsonNode frame) {
    String room = frame.path("room").asText();
    peer.rooms.add(room);
    ObjectNode fields = object().put("head", heads.get(room));
    fields.putObject("you").put("user", USER);
    return fields;
  }

  private ObjectNode pong(Peer peer, JsonNode frame) {
    ObjectNode reply = object().put("type", "pong").put("time", System.currentTimeMillis() * 1_000);
    ObjectNode rooms = reply.putObject("rooms");
    for (JsonNode name : frame.path("rooms")) {
      String room = name.asText();
      rooms.put(room, peer.rooms.contains(room) ? heads.getOrDefault(room, 0L) : null);
    }
    return reply;
  }

  private synchronized ObjectNode sent(JsonNode frame) {
    String room = frame.path("room").asText();
    String id = frame.path("id").asText();
    long timestamp =
        table(room).entrySet().stream()
            .filter(row -> row.getValue().path("id").asText().equals(id))
            .map(Map.Entry::getKey)
            .findFirst()
            .orElseGet(() -> write(room, id, USER, frame.path("message").asText()));
    return reply("sent", frame).put("id", id).put("timestamp", timestamp);
  }

  private void accept() {
    try {
      while (true) {
        Peer peer = new Peer(server.accept());
        Thread.startVirtualThread(peer::run);
      }
    } catch (IOException e) {
      // Closed.
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
    peers.forEach(Peer::cut);
  }

  /// The server's side of a connection.
  final class Peer {
    private final Socket socket;
    private final DataInputStream in;
    private final DataOutputStream out;
    private final Set<String> rooms = ConcurrentHashMap.newKeySet();
    private volatile String target = "";
    private volatile String head = "";
    private volatile boolean open = true;

    private Peer(Socket socket) throws IOException {
      this.socket = socket;
      this.in = new DataInputStream(socket.getInputStream());
      this.out = new DataOutputStream(socket.getOutputStream());
    }

    /// What the client has asked for, with the query.
    String target() {
      return target;
    }

    /// The token that it has shown; nothing where it has shown none.
    String token() {
      return header("Sec-WebSocket-Protocol").replaceFirst("^.*bearer\\.", "");
    }

    private String header(String name) {
      return head.lines()
          .filter(line -> line.startsWith(name + ": "))
          .map(line -> line.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }

    boolean isOpen() {
      return open;
    }

    /// Takes it out of all rooms, as a prune does.
    void forget() {
      rooms.clear();
    }

    /// Closes it as the gateway does.
    synchronized void close() {
      try {
        out.write(new byte[] {(byte) (0x80 | CLOSE), 2, GOING_AWAY >> 8, (byte) GOING_AWAY});
        out.flush();
      } catch (IOException e) {
        // The client has gone.
      }
      cut();
    }

    private void cut() {
      open = false;
      try {
        socket.close();
      } catch (IOException e) {
        // It is gone already.
      }
    }

    private void run() {
      try {
        shakeHands();
        peers.add(this);
        while (open) {
          receive();
        }
      } catch (IOException | NoSuchAlgorithmException e) {
        // The client has gone.
      } finally {
        cut();
      }
    }

    private void shakeHands() throws IOException, NoSuchAlgorithmException {
      StringBuilder read = new StringBuilder();
      while (read.indexOf("\r\n\r\n") < 0) {
        read.append((char) in.readUnsignedByte());
      }
      head = read.toString();
      target = head.split(" ", -1)[1];
      String key = header("Sec-WebSocket-Key");
      byte[] digest =
          MessageDigest.getInstance("SHA-1").digest((key + ACCEPT).getBytes(ISO_8859_1));
      out.write(
          """
          HTTP/1.1 101 Switching Protocols\r
          Upgrade: websocket\r
          Connection: Upgrade\r
          Sec-WebSocket-Accept: %s\r
          \r
          """
              .formatted(Base64.getEncoder().encodeToString(digest))
              .getBytes(ISO_8859_1));
      out.flush();
    }

    private void receive() throws IOException {
      int opcode = in.readUnsignedByte() & 0x0f;
      int length = in.readUnsignedByte() & 0x7f;
      if (length == 126) {
        length = in.readUnsignedShort();
      }
      byte[] mask = in.readNBytes(4);
      byte[] payload = in.readNBytes(length);
      for (int i = 0; i < payload.length; i++) {
        payload[i] ^= mask[i % 4];
      }
      if (opcode == CLOSE) {
        open = false;
      } else if (opcode == TEXT) {
        JsonNode frame = Connection.JSON.readTree(new String(payload, UTF_8));
        received.add(frame);
        ObjectNode reply = usual(frame.path("action").asText()).to(this, frame);
        if (reply != null) {
          send(reply.has("type") ? reply.set("ref", frame.path("ref")) : reply);
        }
      }
    }

    /// Sends a frame, unless the client has gone.
    synchronized void send(JsonNode json) {
      byte[] payload = json.toString().getBytes(UTF_8);
      try {
        out.writeByte(0x80 | TEXT);
        if (payload.length < 126) {
          out.writeByte(payload.length);
        } else if (payload.length < 65_536) {
          out.writeByte(126);
          out.writeShort(payload.length);
        } else {
          out.writeByte(127);
          out.writeLong(payload.length);
        }
        out.write(payload);
        out.flush();
      } catch (IOException e) {
        cut();
      }
    }
  }
}
