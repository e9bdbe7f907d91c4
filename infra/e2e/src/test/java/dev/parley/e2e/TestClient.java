package dev.parley.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// A client with a real socket. It keeps all that it is sent, frames of several events taken apart.
final class TestClient implements WebSocket.Listener, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final StringBuilder text = new StringBuilder();
  private final List<JsonNode> received = new ArrayList<>();
  private @Nullable Integer closeCode;
  private int refs;
  private final WebSocket socket;

  private TestClient(URI uri) {
    this.socket = HTTP.newWebSocketBuilder().buildAsync(uri, this).join();
  }

  /// @param query for example `?name=Ada&rooms=lobby`, or nothing
  static TestClient connect(URI webSocketUrl, String query) {
    return new TestClient(URI.create(webSocketUrl + query));
  }

  /// The status of a handshake that must fail.
  static int refusal(URI webSocketUrl, String query) {
    try {
      connect(webSocketUrl, query).close();
    } catch (CompletionException e) {
      if (e.getCause() instanceof WebSocketHandshakeException refused) {
        return refused.getResponse().statusCode();
      }
      throw e;
    }
    throw new AssertionError("connected with " + query);
  }

  void send(String frame) {
    socket.sendText(frame, true).join();
  }

  void sendBinary(byte[] frame) {
    socket.sendBinary(ByteBuffer.wrap(frame), true).join();
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
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    synchronized (received) {
      while (true) {
        for (JsonNode event : received) {
          if (meant.test(event)) {
            return event;
          }
        }
        waitUntil(deadline, "no such event among " + received);
      }
    }
  }

  JsonNode awaitMessage(String text) {
    return await(
        event ->
            event.path("type").asText().equals("message")
                && event.path("message").asText().equals(text));
  }

  JsonNode awaitPresence(String member, String state) {
    return await(
        event ->
            event.path("member").asText().equals(member)
                && event.path("state").asText().equals(state));
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

  /// Cuts the connection without a word.
  void cut() {
    socket.abort();
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
  public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
    text.append(data);
    if (last) {
      try {
        JsonNode frame = JSON.readTree(text.toString());
        synchronized (received) {
          if (frame.isArray()) {
            frame.forEach(received::add);
          } else {
            received.add(frame);
          }
          received.notifyAll();
        }
      } catch (JsonProcessingException e) {
        throw new AssertionError(text.toString(), e);
      }
      text.setLength(0);
    }
    from.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
    synchronized (received) {
      closeCode = code;
      received.notifyAll();
    }
    return null;
  }

  @Override
  public void close() {
    if (!socket.isOutputClosed()) {
      socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
    }
  }
}
