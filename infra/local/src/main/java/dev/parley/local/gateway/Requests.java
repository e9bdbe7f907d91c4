package dev.parley.local.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.EmptyHttpHeaders;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The HTTP requests of one socket, each whole, one at a time: the next is not read before the
/// response to this one has left, so a client that does not read gets, and costs, one response.
///
/// A client has a while to send a request, from its first moment or its last response; then its
/// socket is closed, however busily it sends bytes. How long a response takes to be made does not
/// count.
///
/// Only `@connections` and X-Ray take bodies; one that is too large is answered as by the former,
/// and dropped.
final class Requests extends ChannelDuplexHandler {
  /// Each costs many times its shortest form, so bytes alone do not limit them. Browsers and SDKs
  /// send about 20; AWS's own limit is not known [?].
  static final int HEADERS_MAX = 100;

  /// Segment documents of a whole trace, quoted in JSON. AWS's own limit is not known [?].
  static final int XRAY_BYTES_MAX = 1024 * 1024;

  private final Duration patience;
  private @Nullable HttpRequest head;
  private @Nullable ByteBuf body;
  private boolean dropping;
  private boolean headOnly;
  private boolean waiting = true;
  private long waitingSinceNanos;
  private @Nullable Future<?> timer;

  /// @param patience how long to wait for a request
  Requests(Duration patience) {
    this.patience = patience;
  }

  @Override
  public void handlerAdded(ChannelHandlerContext ctx) {
    waitingSinceNanos = nanoTime(ctx);
    awaitRequest(ctx, patience.toNanos());
  }

  private static long nanoTime(ChannelHandlerContext ctx) {
    return ctx.channel().eventLoop().ticker().nanoTime();
  }

  /// A request does not touch the timer: when it fires, it looks how long there was none.
  private void awaitRequest(ChannelHandlerContext ctx, long delayNanos) {
    timer =
        ctx.executor()
            .schedule(
                () -> {
                  long waitedNanos = waiting ? nanoTime(ctx) - waitingSinceNanos : 0;
                  if (waitedNanos < patience.toNanos()) {
                    awaitRequest(ctx, patience.toNanos() - waitedNanos);
                  } else {
                    var _ = ctx.close();
                  }
                },
                delayNanos,
                TimeUnit.NANOSECONDS);
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    try {
      if (message instanceof HttpRequest request) {
        boolean cutOff = request.decoderResult().isFailure();
        begin(ctx, request);
        if (cutOff && !(message instanceof HttpContent)) {
          add(ctx, LastHttpContent.EMPTY_LAST_CONTENT); // the decoder gives nothing more of it
        }
      }
      if (message instanceof HttpContent content) {
        add(ctx, content);
      }
    } finally {
      ReferenceCountUtil.release(message);
    }
  }

  private void begin(ChannelHandlerContext ctx, HttpRequest request) {
    head = request;
    dropping = false;
    headOnly = request.method().equals(HttpMethod.HEAD);
    if (request.headers().size() > HEADERS_MAX) {
      request.setDecoderResult(
          DecoderResult.failure(
              new TooLongHttpHeaderException("more than " + HEADERS_MAX + " headers")));
    }
    boolean asks = HttpUtil.is100ContinueExpected(request);
    if (HttpUtil.getContentLength(request, 0L) > bytesMax(request)) {
      drop(ctx, asks);
    } else if (asks) {
      var _ =
          ctx.writeAndFlush(
              new DefaultFullHttpResponse(
                  HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE, Unpooled.EMPTY_BUFFER));
    }
  }

  private static int bytesMax(HttpRequest request) {
    return request.uri().startsWith(HttpHandler.XRAY) ? XRAY_BYTES_MAX : Quotas.MESSAGE_BYTES_MAX;
  }

  private void add(ChannelHandlerContext ctx, HttpContent content) {
    HttpRequest request = head;
    if (request == null) {
      return; // its socket is about to be closed
    }
    int size = content.content().readableBytes();
    if (!dropping && size + (body == null ? 0 : body.readableBytes()) > bytesMax(request)) {
      drop(ctx, false);
    }
    if (!dropping && size > 0) {
      // Copied, because each part holds the whole read that it came in.
      ByteBuf all = body == null ? ctx.alloc().buffer(size) : body;
      body = all.writeBytes(content.content());
    }
    if (!(content instanceof LastHttpContent)) {
      return;
    }
    head = null;
    if (dropping) {
      waitingSinceNanos = nanoTime(ctx);
      return;
    }
    FullHttpRequest whole =
        new DefaultFullHttpRequest(
            request.protocolVersion(),
            request.method(),
            request.uri(),
            body == null ? Unpooled.EMPTY_BUFFER : body,
            request.headers(),
            EmptyHttpHeaders.INSTANCE);
    body = null;
    whole.setDecoderResult(
        request.decoderResult().isFailure() ? request.decoderResult() : content.decoderResult());
    waiting = false;
    ctx.channel().config().setAutoRead(false);
    ctx.fireChannelRead(whole);
  }

  /// @param close whether the rest of the request will not be sent
  private void drop(ChannelHandlerContext ctx, boolean close) {
    dropping = true;
    releaseBody();
    if (!ctx.channel().isWritable()) {
      var _ = ctx.close(); // it sends one after the other and reads no answer
      return;
    }
    var written = ctx.writeAndFlush(ConnectionsApi.tooLarge());
    if (close) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  @Override
  public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
    if (!(message instanceof FullHttpResponse response)) {
      var _ = ctx.write(message, promise);
      return;
    }
    waiting = true;
    waitingSinceNanos = nanoTime(ctx);
    FullHttpResponse sent = response;
    if (headOnly) {
      sent = response.replace(Unpooled.EMPTY_BUFFER); // its Content-Length stays
      response.release();
    }
    // Not at once: this may be within the decoder's loop, and others have their turn in between.
    ctx.write(sent, promise)
        .addListener(
            written -> {
              if (written.isSuccess()) {
                ctx.executor().execute(() -> ctx.channel().config().setAutoRead(true));
              } else {
                var _ = ctx.close();
              }
            });
  }

  private void releaseBody() {
    if (body != null) {
      body.release();
      body = null;
    }
  }

  @Override
  public void handlerRemoved(ChannelHandlerContext ctx) {
    releaseBody();
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
