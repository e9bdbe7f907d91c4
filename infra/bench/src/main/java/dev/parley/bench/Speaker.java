package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.client.TextSocket;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// One connection that does what it is told and nothing else.
final class Speaker implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final int REPLY_MAX_MS = 30_000;

  private final TextSocket socket;
  private final Map<Integer, CompletableFuture<JsonNode>> awaited;
  private final AtomicInteger refs = new AtomicInteger();

  private Speaker(TextSocket socket, Map<Integer, CompletableFuture<JsonNode>> awaited) {
    this.socket = socket;
    this.awaited = awaited;
  }

  /// @param guest a secret, by which a user is the same on several connections
  static Speaker connect(URI url, String guest, String room) throws Exception {
    Map<Integer, CompletableFuture<JsonNode>> awaited = new ConcurrentHashMap<>();
    TextSocket.Listener listener =
        new TextSocket.Listener() {
          @Override
          public void text(String text) {
            try {
              JsonNode json = JSON.readTree(text);
              CompletableFuture<JsonNode> reply = awaited.remove(json.path("ref").asInt());
              if (reply != null) {
                reply.complete(json);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          }

          @Override
          public void closed(int code) {}
        };
    URI address =
        URI.create("%s?batch=true&name=Ada&guest=%s&rooms=%s".formatted(url, guest, room));
    return new Speaker(
        TextSocket.open(address, Map.of(), listener).get(REPLY_MAX_MS, TimeUnit.MILLISECONDS),
        awaited);
  }

  /// Connects, and is refused.
  static void connectInVain(URI url, String guest, String room) {
    URI address = URI.create("%s?batch=true&guest=%s&rooms=%s".formatted(url, guest, room));
    int status = TextSocket.handshake(address, Map.of());
    if (status != 429) {
      throw new IllegalStateException("the handshake was answered " + status);
    }
  }

  /// Sends a frame that is refused, and waits for the error.
  void refused(String fields) throws Exception {
    JsonNode answer = answer(fields);
    if (!answer.path("type").asText().equals("error")) {
      throw new IllegalStateException("%s was answered %s".formatted(fields, answer));
    }
  }

  /// Sends a frame and waits for its reply.
  ///
  /// @param fields a JSON object
  JsonNode request(String fields) throws Exception {
    JsonNode answer = answer(fields);
    if (answer.path("type").asText().equals("error")) {
      throw new IllegalStateException("%s was answered %s".formatted(fields, answer));
    }
    return answer;
  }

  private JsonNode answer(String fields) throws Exception {
    int ref = refs.incrementAndGet();
    CompletableFuture<JsonNode> reply = new CompletableFuture<>();
    awaited.put(ref, reply);
    ObjectNode frame = (ObjectNode) JSON.readTree(fields.replace('\'', '"'));
    var _ = socket.send(frame.put("ref", ref).toString());
    return reply.get(REPLY_MAX_MS, TimeUnit.MILLISECONDS);
  }

  @Override
  public void close() {
    socket.close();
  }
}
