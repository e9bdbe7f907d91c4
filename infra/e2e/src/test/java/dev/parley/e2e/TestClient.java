package dev.parley.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.client.TextSocket;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A client that does what a test says, also what no good client does. It keeps all that it is
/// sent, frames of several events taken apart.
final class TestClient implements AutoCloseable {
  /// Processes start when they are needed, and many at once on a small machine.
  private static final Duration PATIENCE = Duration.ofSeconds(TestCloud.IN_PROCESSES ? 60 : 20);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<JsonNode> received = new ArrayList<>();
  private @Nullable Integer closeCode;
  private int refs;
  private final TextSocket socket;

  private TestClient(URI uri, List<String> subprotocols) {
    this.socket = TextSocket.open(uri, subprotocols, Map.of(), new Received()).join();
  }

  /// @param query for example `?name=Ada&rooms=lobby`, or nothing
  static TestClient connect(URI webSocketUrl, String query) {
    return new TestClient(URI.create(webSocketUrl + query), List.of());
  }

  /// A user who signs in.
  static TestClient connect(URI webSocketUrl, String query, String token) {
    return new TestClient(
        URI.create(webSocketUrl + query), List.of("parley.v1", "bearer." + token));
  }

  /// What the server chose of the subprotocols; empty for none.
  String subprotocol() {
    return socket.subprotocol();
  }

  /// The status of a handshake that must fail.
  static int refusal(URI webSocketUrl, String query) {
    int status = TextSocket.handshake(URI.create(webSocketUrl + query), Map.of());
    if (status == 101) {
      throw new AssertionError("connected with " + query);
    }
    return status;
  }

  void send(String frame) {
    socket.send(frame).join();
  }

  void sendBinary(byte[] frame) {
    socket.sendBinary(frame).join();
  }

  /// Sends an action and waits for its reply, whatever arrives in between.
  ///
  /// @param fields for example `"room":"lobby"`, or nothing
  JsonNode request(String action, String fields) {
    int ref = ++refs;
    send(
        "{\"action\":\"%s\",\"ref\":%d%s%s}"
            .formatted(action, ref, fields.isEmpty() ? "" : ",", fields));
    return await(reply -> reply.path("ref").asInt(-1) == ref);
  }

  /// The first event, of those that came and those that come, which is the one that is meant.
  JsonNode await(Predicate<JsonNode> meant) {
    return await(1, meant).getFirst();
  }

  /// As many of them.
  List<JsonNode> await(int count, Predicate<JsonNode> meant) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    List<JsonNode> found = new ArrayList<>();
    synchronized (received) {
      for (int next = 0; found.size() < count; next++) {
        while (next == received.size()) {
          waitUntil(deadline, found.size() + " such events among " + received);
        }
        JsonNode event = received.get(next);
        if (meant.test(event)) {
          found.add(event);
        }
      }
    }
    return found;
  }

  JsonNode awaitMessage(String text) {
    return await(
        event ->
            event.path("type").asText().equals("message")
                && event.path("message").asText().equals(text));
  }

  JsonNode awaitPresence(String user, String state) {
    return await(
        event ->
            event.path("user").asText().equals(user) && event.path("state").asText().equals(state));
  }

  /// The user that this client is.
  String user() {
    return request("ping", "").path("you").path("user").asText();
  }

  /// All that came so far.
  List<JsonNode> received() {
    synchronized (received) {
      return List.copyOf(received);
    }
  }

  List<JsonNode> messages(String room) {
    return received().stream()
        .filter(event -> event.path("type").asText().equals("message"))
        .filter(event -> event.path("room").asText().equals(room))
        .toList();
  }

  int awaitClose() {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (received) {
      while (closeCode == null) {
        waitUntil(deadline, "still open");
      }
      return closeCode;
    }
  }

  /// Ends the connection without a close frame.
  void cut() {
    socket.cut();
  }

  private void waitUntil(long deadline, String otherwise) {
    long leftMs = (deadline - System.nanoTime()) / 1_000_000;
    if (leftMs <= 0) {
      throw new AssertionError(otherwise);
    }
    try {
      received.wait(leftMs);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    socket.close();
  }

  private final class Received implements TextSocket.Listener {
    @Override
    public void text(String text) {
      try {
        JsonNode frame = JSON.readTree(text);
        synchronized (received) {
          if (frame.isArray()) {
            frame.forEach(received::add);
          } else {
            received.add(frame);
          }
          received.notifyAll();
        }
      } catch (JsonProcessingException e) {
        throw new AssertionError(text, e);
      }
    }

    @Override
    public void closed(int code) {
      synchronized (received) {
        closeCode = code;
        received.notifyAll();
      }
    }
  }
}
