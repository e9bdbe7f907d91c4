package dev.parley.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One WebSocket: requests and their replies, and the events between them.
///
/// Safe for use by several threads.
final class Connection implements TextSocket.Listener {
  static final ObjectMapper JSON = new ObjectMapper();

  private final Consumer<JsonNode> events;
  private final AtomicInteger refs = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> outstanding = new ConcurrentHashMap<>();
  private final CompletableFuture<@Nullable Void> lost = new CompletableFuture<>();
  private final CompletableFuture<TextSocket> socket;
  private final AtomicLong received = new AtomicLong();
  private final Set<String> registered = ConcurrentHashMap.newKeySet();

  /// Requests that the server was asked for too often go one after the other: where each was
  /// repeated when it may be, all would be so at the same moment, of which one is served and the
  /// others are refused once more.
  private final ReentrantLock lane = new ReentrantLock(true);

  /// When the connection's token expires, in epoch microseconds; 0 where that is not known.
  private long expiresUs;

  /// Where to connect to.
  ///
  /// @param subprotocols what is offered there
  record Address(URI url, List<String> subprotocols) {}

  /// Does not wait until it is open; [#open] does.
  Connection(URI url, Consumer<JsonNode> events) {
    this(new Address(url, List.of()), events);
  }

  private Connection(Address address, Consumer<JsonNode> events) {
    this.events = events;
    this.socket = TextSocket.open(address.url(), address.subprotocols(), Map.of(), this);
  }

  /// @param rooms that the address names
  /// @throws Unanswered where it does not open
  static Connection open(
      Address address, Set<String> rooms, long patienceMs, Consumer<JsonNode> events)
      throws Unanswered, InterruptedException {
    Connection connection = new Connection(address, events);
    connection.registered.addAll(rooms);
    boolean opened = false;
    try {
      connection.socket.get(patienceMs, TimeUnit.MILLISECONDS);
      opened = true;
      return connection;
    } catch (ExecutionException | TimeoutException e) {
      throw new Unanswered();
    } finally {
      if (!opened) {
        connection.cut();
      }
    }
  }

  boolean isOpen() {
    return !lost.isDone();
  }

  /// Waits until the server has told when the connection's token expires. Told of another one since
  /// the last call, it does not wait.
  ///
  /// @return epoch microseconds; 0 where the connection has ended
  synchronized long awaitExpiry() throws InterruptedException {
    while (expiresUs == 0 && isOpen()) {
      wait();
    }
    long told = isOpen() ? expiresUs : 0;
    expiresUs = 0;
    return told;
  }

  /// Every reply tells it that tells as whom the server knows this connection.
  private synchronized void tellExpiry(JsonNode reply) {
    expiresUs = Math.max(expiresUs, Message.timestamp(reply.path("you").path("expires")));
    notifyAll();
  }

  /// How many characters have come.
  long received() {
    return received.get();
  }

  void onLost(Runnable action) {
    var _ = lost.thenRun(action);
  }

  /// Whether the server may have this connection in a room: the address has named it, or it was
  /// asked to join, and has not quit.
  boolean isRegistered(String room) {
    return registered.contains(room);
  }

  void register(String room) {
    registered.add(room);
  }

  void unregister(String room) {
    registered.remove(room);
  }

  /// Sends a frame and waits for its reply, which may be an error.
  ///
  /// @throws Unanswered after `patienceMs`, where the connection ends, where the gateway tells of a
  ///     failure, and where the reply says to repeat the request
  JsonNode request(String action, Map<String, ?> fields, long patienceMs)
      throws Unanswered, InterruptedException {
    int ref = refs.incrementAndGet();
    ObjectNode frame = JSON.valueToTree(fields);
    frame.put("action", action).put("ref", ref);
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    outstanding.put(ref, answer);
    long before = received();
    try {
      if (!isOpen()) {
        throw new Unanswered();
      }
      send(frame.toString(), patienceMs);
      JsonNode reply = answer.get(patienceMs, TimeUnit.MILLISECONDS);
      String code = reply.path("code").asText();
      if (code.equals("not_connected")) {
        cut();
      }
      if (List.of("rate_limited", "unavailable", "not_connected").contains(code)) {
        throw new Unanswered(reply.path("retryAfterMs").asLong(), code.equals("rate_limited"));
      }
      return reply;
    } catch (TimeoutException e) {
      if (received() == before) {
        cut(); // dead, although it was not closed
      }
      throw new Unanswered();
    } catch (ExecutionException e) {
      if (!answer.isDone()) {
        cut(); // it cannot be sent
      }
      throw new Unanswered();
    } finally {
      outstanding.remove(ref);
    }
  }

  /// A request that is safe to repeat, repeated until it is answered.
  ///
  /// @throws Unanswered where the connection has ended
  JsonNode ask(String action, Map<String, ?> fields, Waits waits)
      throws Unanswered, InterruptedException {
    try {
      for (int failures = 0; ; failures++) {
        try {
          return request(action, fields, waits.ms(Wait.REPLY));
        } catch (Unanswered e) {
          long pauseMs = Math.max(e.retryAfterMs(), waits.drawBackOff(failures));
          long at = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(pauseMs);
          if (e.isTooOften() && !lane.isHeldByCurrentThread()) {
            lane.lockInterruptibly();
          }
          if (!isOpen()) {
            throw e;
          }
          TimeUnit.NANOSECONDS.sleep(at - System.nanoTime());
        }
      }
    } finally {
      if (lane.isHeldByCurrentThread()) {
        lane.unlock();
      }
    }
  }

  private synchronized void send(String frame, long patienceMs)
      throws InterruptedException, ExecutionException, TimeoutException {
    socket.join().send(frame).get(patienceMs, TimeUnit.MILLISECONDS);
  }

  /// Ends it without a close frame.
  void cut() {
    var _ = socket.thenAccept(TextSocket::cut);
    closed(0);
  }

  @Override
  public void closed(int code) {
    lost.complete(null);
    unanswered();
    synchronized (this) {
      notifyAll();
    }
  }

  private void unanswered() {
    // A copy: who waits for one may send another at once, and that one is not meant.
    List.copyOf(outstanding.values())
        .forEach(answer -> answer.completeExceptionally(new Unanswered()));
  }

  /// A part of a frame that is malformed is left out; the others are not affected.
  @Override
  public void text(String json) {
    received.addAndGet(json.length());
    JsonNode frame;
    try {
      frame = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return;
    }
    if (frame.isArray()) {
      frame.forEach(this::take);
    } else if (frame.isObject() && !frame.path("type").isTextual()) {
      unanswered(); // the gateway's own, which does not say which request it answers
    } else {
      take(frame);
    }
  }

  private void take(JsonNode json) {
    JsonNode ref = json.path("ref");
    CompletableFuture<JsonNode> answer = ref.isInt() ? outstanding.get(ref.asInt()) : null;
    if (!json.path("type").isTextual()) {
      return;
    }
    if (answer != null) {
      tellExpiry(json);
      answer.complete(json);
    } else {
      events.accept(json);
    }
  }
}
