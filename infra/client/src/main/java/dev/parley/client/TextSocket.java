package dev.parley.client;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/// The JDK's WebSocket, with whole texts instead of parts of them. It knows nothing of what they
/// say: [Client] stands on it, and so do tests that speak the protocol themselves.
///
/// Safe for use by several threads, but one text at a time may be on its way out.
public final class TextSocket implements AutoCloseable {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /// No close frame came.
  private static final int ABNORMAL = 1006;

  private final WebSocket socket;

  /// Hears what comes over a socket, one call at a time.
  public interface Listener {
    void text(String text);

    /// The JDK does not tell of every loss: where the peer ends the TCP connection right behind a
    /// frame, without a close frame, it may stay in CLOSE_WAIT (JDK 25). Only a request without an
    /// answer shows that. Nor does it tell of a [#cut].
    ///
    /// @param code of the close frame, or 1006 where there was none
    void closed(int code);
  }

  private TextSocket(WebSocket socket) {
    this.socket = socket;
  }

  /// @param headers of the handshake, beside those that it needs
  /// @return fails with a [WebSocketHandshakeException] where the server refuses
  public static CompletableFuture<TextSocket> open(
      URI address, Map<String, String> headers, Listener listener) {
    return open(address, List.of(), headers, listener);
  }

  /// As above.
  ///
  /// @param subprotocols what is offered
  public static CompletableFuture<TextSocket> open(
      URI address, List<String> subprotocols, Map<String, String> headers, Listener listener) {
    WebSocket.Builder handshake = HTTP.newWebSocketBuilder();
    headers.forEach(handshake::header);
    if (!subprotocols.isEmpty()) {
      handshake.subprotocols(
          subprotocols.getFirst(),
          subprotocols.subList(1, subprotocols.size()).toArray(String[]::new));
    }
    return handshake.buildAsync(address, new Parts(listener)).thenApply(TextSocket::new);
  }

  /// @return the status of a handshake, which is 101 where the server takes it
  public static int handshake(URI address, Map<String, String> headers) {
    Listener nobody =
        new Listener() {
          @Override
          public void text(String text) {}

          @Override
          public void closed(int code) {}
        };
    try {
      open(address, headers, nobody).join().close();
      return 101;
    } catch (CompletionException e) {
      if (e.getCause() instanceof WebSocketHandshakeException refused) {
        return refused.getResponse().statusCode();
      }
      throw e;
    }
  }

  /// @return done once the text is written, and failed where it cannot be
  public CompletableFuture<?> send(String text) {
    return socket.sendText(text, true);
  }

  /// What the server chose of the subprotocols; empty for none.
  public String subprotocol() {
    return socket.getSubprotocol();
  }

  public CompletableFuture<?> sendBinary(byte[] bytes) {
    return socket.sendBinary(ByteBuffer.wrap(bytes), true);
  }

  /// Ends it without a close frame.
  public void cut() {
    socket.abort();
  }

  /// Sends a close frame, unless that was done or the other side has gone.
  @Override
  public void close() {
    socket.sendClose(WebSocket.NORMAL_CLOSURE, "").exceptionally(_ -> socket).join();
  }

  private static final class Parts implements WebSocket.Listener {
    private final Listener listener;
    private final StringBuilder text = new StringBuilder();

    private Parts(Listener listener) {
      this.listener = listener;
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      text.append(data);
      if (last) {
        String whole = text.toString();
        text.setLength(0);
        listener.text(whole);
      }
      from.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
      listener.closed(code);
      return null;
    }

    @Override
    public void onError(WebSocket from, Throwable error) {
      listener.closed(ABNORMAL);
    }
  }
}
