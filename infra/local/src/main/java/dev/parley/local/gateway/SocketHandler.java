package dev.parley.local.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The frames of one client, from the handshake to the end.
final class SocketHandler extends SimpleChannelInboundHandler<WebSocketFrame> {
  /// `Unlike AWS:` where a route is throttled by requests a second, a client with so many messages
  /// in work is not read from until one is done.
  static final int MESSAGES_IN_WORK_MAX = 100;

  /// A longer message counts as several, so that one of the largest is as much as 100 short ones.
  private static final int MESSAGE_CHARACTERS =
      Math.ceilDiv(Quotas.MESSAGE_BYTES_MAX, MESSAGES_IN_WORK_MAX);

  private static final Logger LOG = LoggerFactory.getLogger(SocketHandler.class);

  private final Endpoint endpoint;
  private final Connection connection;
  private final Executor threads;
  private final Bounds bounds;
  private final AtomicInteger inWork = new AtomicInteger();
  private @Nullable ByteBuf parts;
  private @Nullable Future<?> idleTimer;
  private @Nullable Future<?> connectionTimer;

  SocketHandler(Endpoint endpoint, Connection connection, Executor threads, Bounds bounds) {
    this.endpoint = endpoint;
    this.connection = connection;
    this.threads = threads;
    this.bounds = bounds;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    connectionTimer =
        ctx.executor()
            .schedule(
                () -> connection.close(CloseReason.GOING_AWAY),
                bounds.connection().toNanos(),
                TimeUnit.NANOSECONDS);
    awaitIdle(ctx, bounds.idle().toNanos());
  }

  /// A message does not touch the timer: when it fires, it looks how long there was none.
  private void awaitIdle(ChannelHandlerContext ctx, long delayNanos) {
    idleTimer =
        ctx.executor()
            .schedule(
                () -> {
                  long leftNanos = bounds.idle().toNanos() - connection.idleNanos();
                  if (leftNanos > 0) {
                    awaitIdle(ctx, leftNanos);
                  } else {
                    connection.close(CloseReason.GOING_AWAY);
                  }
                },
                delayNanos,
                TimeUnit.NANOSECONDS);
  }

  @Override
  protected void channelRead0(ChannelHandlerContext ctx, WebSocketFrame frame) {
    if (frame instanceof CloseWebSocketFrame close) {
      closed(ctx, close);
      return;
    }
    if (!connection.isOpen()) {
      return; // this side has sent its close frame; what the client still sends is ignored
    }
    switch (frame) {
      case PingWebSocketFrame ping -> {
        // A client that sends pings and does not read gets no pongs.
        if (ctx.channel().isWritable()) {
          var _ = ctx.writeAndFlush(new PongWebSocketFrame(ping.content().retain()));
        }
      }
      case TextWebSocketFrame text when text.isFinalFragment() ->
          received(ctx, text.content().toString(StandardCharsets.UTF_8));
      case TextWebSocketFrame text -> part(ctx, text);
      case ContinuationWebSocketFrame continuation -> part(ctx, continuation);
      case BinaryWebSocketFrame _ -> connection.close(CloseReason.BINARY);
      default -> {} // a pong that nobody asked for
    }
  }

  /// The decoder lets a continuation come only after a text or binary frame, and after a binary
  /// frame the connection is no longer open.
  private void part(ChannelHandlerContext ctx, WebSocketFrame frame) {
    ByteBuf message = parts;
    if (message == null) {
      message = ctx.alloc().buffer(frame.content().readableBytes());
      parts = message;
    }
    // Copied, because a fragment of one byte would hold many times that.
    message.writeBytes(frame.content());
    if (message.readableBytes() > Quotas.MESSAGE_BYTES_MAX) {
      dropParts();
      connection.close(CloseReason.TOO_LARGE);
    } else if (frame.isFinalFragment()) {
      String text = message.toString(StandardCharsets.UTF_8);
      dropParts();
      received(ctx, text);
    }
  }

  private void dropParts() {
    if (parts != null) {
      ByteBuf message = parts;
      parts = null;
      message.release();
    }
  }

  /// Messages of one client are handled side by side: API Gateway does not wait for one to be done
  /// before it takes the next.
  private void received(ChannelHandlerContext ctx, String message) {
    connection.active();
    int share = 1 + message.length() / MESSAGE_CHARACTERS;
    if (inWork.addAndGet(share) >= MESSAGES_IN_WORK_MAX) {
      ctx.channel().config().setAutoRead(false);
    }
    try {
      threads.execute(
          () -> {
            try {
              endpoint.message(connection, message);
            } catch (RuntimeException e) {
              LOG.error("a message of {} could not be handled", connection.id(), e);
            } finally {
              int before = inWork.getAndAdd(-share);
              if (before >= MESSAGES_IN_WORK_MAX && before - share < MESSAGES_IN_WORK_MAX) {
                readAgain(ctx);
              }
            }
          });
    } catch (RejectedExecutionException _) {
      LOG.debug("A message of {} came while the gateway stops", connection.id());
    }
  }

  /// On the event loop, where reading is stopped: done here, it could come just before the stop
  /// that it is to undo, and nothing would ever be read again.
  private void readAgain(ChannelHandlerContext ctx) {
    try {
      ctx.executor()
          .execute(() -> ctx.channel().config().setAutoRead(inWork.get() < MESSAGES_IN_WORK_MAX));
    } catch (RejectedExecutionException _) {
      LOG.debug("A message of {} was done after the gateway had stopped", connection.id());
    }
  }

  private void closed(ChannelHandlerContext ctx, CloseWebSocketFrame close) {
    int code = close.statusCode();
    connection.end(code == -1 ? CloseReason.NO_STATUS : new CloseReason(code, close.reasonText()));
    connection.sendClose(
        code == -1
            ? new CloseWebSocketFrame()
            : new CloseWebSocketFrame(WebSocketCloseStatus.valueOf(code)));
    // Both sides have sent a close frame. An empty write completes after what was written before.
    ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
    if (cause instanceof CorruptedWebSocketFrameException corrupted) {
      WebSocketCloseStatus status = corrupted.closeStatus();
      connection.close(
          status.code() == WebSocketCloseStatus.MESSAGE_TOO_BIG.code()
              ? CloseReason.TOO_LARGE
              : new CloseReason(status.code(), status.reasonText()));
    } else {
      LOG.debug("The socket of {} broke", connection.id(), cause);
      var _ = ctx.close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    connection.end(CloseReason.ABNORMAL);
    if (idleTimer != null) {
      idleTimer.cancel(false);
    }
    if (connectionTimer != null) {
      connectionTimer.cancel(false);
    }
    dropParts();
  }
}
