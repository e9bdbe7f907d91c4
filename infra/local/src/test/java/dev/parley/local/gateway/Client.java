package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The JDK's WebSocket client, with what it received in queues.
public final class Client implements WebSocket.Listener {
  private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
  private final CompletableFuture<CloseReason> closed = new CompletableFuture<>();
  private final CompletableFuture<ByteBuffer> pong = new CompletableFuture<>();
  private final StringBuilder parts = new StringBuilder();
  private @Nullable WebSocket socket;

  public static Client connect(HttpClient http, URI uri, String... headers) throws Exception {
    Client client = new Client();
    WebSocket.Builder builder = http.newWebSocketBuilder();
    for (int i = 0; i < headers.length; i += 2) {
      if (headers[i].equals("Sec-WebSocket-Protocol")) {
        builder.subprotocols(headers[i + 1]);
      } else {
        builder.header(headers[i], headers[i + 1]);
      }
    }
    client.socket = builder.buildAsync(uri, client).get(20, TimeUnit.SECONDS);
    return client;
  }

  @Override
  public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean last) {
    parts.append(text);
    if (last) {
      messages.add(parts.toString());
      parts.setLength(0);
    }
    socket.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onPong(WebSocket socket, ByteBuffer message) {
    pong.complete(message);
    socket.request(1);
    return null;
  }

  @Override
  public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
    closed.complete(new CloseReason(code, reason));
    return null;
  }

  @Override
  public void onError(WebSocket socket, Throwable error) {
    closed.completeExceptionally(error);
  }

  WebSocket socket() {
    if (socket == null) {
      throw new IllegalStateException("not connected");
    }
    return socket;
  }

  public void send(String message) throws Exception {
    socket().sendText(message, true).get(10, TimeUnit.SECONDS);
  }

  public String receive() throws InterruptedException {
    String message = messages.poll(10, TimeUnit.SECONDS);
    assertNotNull(message, "nothing received");
    return message;
  }

  public boolean hasSomething() {
    return !hasNothing();
  }

  boolean hasNothing() {
    return messages.isEmpty();
  }

  public CloseReason closed() throws Exception {
    return closed.get(10, TimeUnit.SECONDS);
  }

  ByteBuffer pong() throws Exception {
    return pong.get(10, TimeUnit.SECONDS);
  }

  /// With 1000, as a program that is done.
  public void close() throws Exception {
    socket().sendClose(WebSocket.NORMAL_CLOSURE, "").get(10, TimeUnit.SECONDS);
  }

  void abort() {
    socket().abort();
  }
}
