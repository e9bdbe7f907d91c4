package dev.parley.client;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One WebSocket: requests and their replies, and the events between them.
final class Connection implements WebSocket.Listener {
  static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final Consumer<JsonNode> events;
  private final AtomicInteger refs = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> outstanding = new ConcurrentHashMap<>();
  private final CompletableFuture<@Nullable Void> lost = new CompletableFuture<>();
  private final CompletableFuture<WebSocket> socket;
  private final StringBuilder text = new StringBuilder();
  private final AtomicLong received = new AtomicLong();

  /// The rooms that the server may have this connection in.
  final Set<String> registered = ConcurrentHashMap.newKeySet();

  /// To a server that need not be there; [#open] waits until it is.
  Connection(URI address, Consumer<JsonNode> events) {
    this.events = events;
    this.socket = HTTP.newWebSocketBuilder().buildAsync(address, this);
  }

  /// @param rooms that the address names
  /// @throws Unanswered where it does not open
  static Connection open(URI address, Set<String> rooms, long patienceMs, Consumer<JsonNode> events)
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

  /// How many characters have come.
  long received() {
    return received.get();
  }

  void onLost(Runnable action) {
    var _ = lost.thenRun(action);
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
        throw new Unanswered(reply.path("retryAfterMs").asLong());
      }
      return reply;
    } catch (TimeoutException e) {
      if (received() == before) {
        cut(); // dead, although nobody has closed it
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

  private synchronized void send(String frame, long patienceMs)
      throws InterruptedException, ExecutionException, TimeoutException {
    socket.join().sendText(frame, true).get(patienceMs, TimeUnit.MILLISECONDS);
  }

  /// Ends it without a word.
  void cut() {
    var _ = socket.thenAccept(WebSocket::abort);
    end();
  }

  private void end() {
    lost.complete(null);
    unanswered();
  }

  private void unanswered() {
    outstanding.values().forEach(answer -> answer.completeExceptionally(new Unanswered()));
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    received.addAndGet(data.length());
    text.append(data);
    if (last) {
      receive(text.toString());
      text.setLength(0);
    }
    from.request(1);
    return null;
  }

  /// Something odd in a frame costs itself, and not the others of the frame.
  void receive(String json) {
    JsonNode frame;
    try {
      frame = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      return;
    }
    if (frame.isArray()) {
      frame.forEach(this::take);
    } else if (frame.isObject() && !frame.path("type").isTextual()) {
      unanswered(); // the gateway's own, which says of none what it answers
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
      answer.complete(json);
    } else {
      events.accept(json);
    }
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    end();
    return null;
  }

  @Override
  public void onError(WebSocket from, Throwable error) {
    end();
  }
}
