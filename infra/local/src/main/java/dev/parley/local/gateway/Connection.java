package dev.parley.local.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/// An open connection of one client. Safe for use by many threads.
final class Connection {
  /// How long the client has to answer a close frame before its socket is closed.
  private static final int CLOSE_ANSWER_MS = 1_000;

  /// However short, a message that waits takes memory; so there is a limit to empty ones, too.
  private static final int BUFFERED_BYTES_MIN = 256;

  private final Caller caller;
  private final Instant connectedAt;
  private final @Nullable Map<String, String> authorizer;
  private final Channel channel;
  private final Clock clock;
  private final BiConsumer<Connection, CloseReason> onEnd;
  private final AtomicBoolean ended = new AtomicBoolean();
  private final AtomicInteger bufferedBytes = new AtomicInteger();

  /// Only the event loop knows it.
  private boolean closeSent;

  private volatile Instant lastActiveAt;
  private volatile long lastActiveNanos;

  /// @param authorizer null where there is no authorizer
  /// @param onEnd called once, however the connection ends; it does not block
  Connection(
      Caller caller,
      Instant connectedAt,
      @Nullable Map<String, String> authorizer,
      Channel channel,
      Clock clock,
      BiConsumer<Connection, CloseReason> onEnd) {
    this.caller = caller;
    this.connectedAt = connectedAt;
    this.authorizer = authorizer;
    this.channel = channel;
    this.clock = clock;
    this.onEnd = onEnd;
    this.lastActiveAt = connectedAt;
    this.lastActiveNanos = channel.eventLoop().ticker().nanoTime();
  }

  String id() {
    return caller.connectionId();
  }

  Caller caller() {
    return caller;
  }

  Instant connectedAt() {
    return connectedAt;
  }

  @Nullable Map<String, String> authorizer() {
    return authorizer;
  }

  Instant lastActiveAt() {
    return lastActiveAt;
  }

  /// How long ago the last message went in either direction.
  long idleNanos() {
    return channel.eventLoop().ticker().nanoTime() - lastActiveNanos;
  }

  /// A message went in either direction. Pings are none: whether they count on AWS is not known
  /// [?].
  void active() {
    lastActiveAt = clock.instant();
    lastActiveNanos = channel.eventLoop().ticker().nanoTime();
  }

  boolean isOpen() {
    return !ended.get() && channel.isActive();
  }

  /// Sends a text message, in frames that are not too large. Releases `message`.
  ///
  /// Messages arrive in the order in which they were accepted from one thread, and whole. That one
  /// was accepted does not mean that it will arrive: the connection may end first.
  ///
  /// @return false where too much waits for the client already; then nothing was sent
  boolean send(ByteBuf message) {
    int size = Math.max(BUFFERED_BYTES_MIN, message.readableBytes());
    int buffered = bufferedBytes.getAndAdd(size);
    // An empty buffer takes every message, the largest, too.
    if (buffered + size > Quotas.CLIENT_BUFFER_BYTES_MAX) {
      bufferedBytes.getAndAdd(-size);
      message.release();
      return false;
    }
    active();
    // Never at once, even on the event loop: that would overtake what another thread has handed in.
    channel.eventLoop().execute(() -> write(message, size));
    return true;
  }

  /// Sends a text message that is known to be small.
  boolean send(String message) {
    return send(ByteBufUtil.writeUtf8(channel.alloc(), message));
  }

  /// @param size what it takes of the buffer
  private void write(ByteBuf message, int size) {
    if (closeSent) {
      message.release(); // nothing may follow a close frame: RFC 6455 section 5.5.1
      bufferedBytes.getAndAdd(-size);
      return;
    }
    int left = message.readableBytes();
    boolean first = true;
    do {
      int part = Math.min(left, Quotas.FRAME_BYTES_MAX);
      left -= part;
      ByteBuf content = message.readRetainedSlice(part);
      WebSocketFrame frame =
          first
              ? new TextWebSocketFrame(left == 0, 0, content)
              : new ContinuationWebSocketFrame(left == 0, 0, content);
      first = false;
      var written = channel.write(frame);
      if (left == 0) {
        written.addListener(_ -> bufferedBytes.getAndAdd(-size));
      }
    } while (left > 0);
    message.release();
    channel.flush();
  }

  /// Ends it from this side: sends a close frame, and closes the socket when the client has
  /// answered, or after a moment.
  void close(CloseReason reason) {
    if (!end(reason)) {
      return;
    }
    // After the messages that were accepted before.
    channel.eventLoop().execute(() -> sendClose(new CloseWebSocketFrame(reason.status())));
    var _ =
        channel
            .eventLoop()
            .schedule(
                () -> {
                  var _ = channel.close();
                },
                CLOSE_ANSWER_MS,
                TimeUnit.MILLISECONDS);
  }

  /// Sends the one close frame, if it has not been sent. To be called on the event loop.
  void sendClose(CloseWebSocketFrame frame) {
    if (closeSent) {
      frame.release();
      return;
    }
    closeSent = true;
    channel.writeAndFlush(frame).addListener(ChannelFutureListener.CLOSE_ON_FAILURE);
  }

  /// It has ended, however that came; only the first reason counts.
  ///
  /// @return whether this was the first
  boolean end(CloseReason reason) {
    boolean first = ended.compareAndSet(false, true);
    if (first) {
      onEnd.accept(this, reason);
    }
    return first;
  }
}
