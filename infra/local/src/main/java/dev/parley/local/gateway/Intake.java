package dev.parley.local.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketServerHandshaker13;
import java.util.List;

/// Keeps what a client sends as bytes until the gateway is ready for it. While a channel does not
/// read (auto-read is off), its decoder does not decode either: one read can hold thousands of
/// requests or frames, and each of them costs many times its bytes as an object.
///
/// It is the first in the pipeline and goes with the decoders that it makes: when the channel reads
/// again, they go on with what they have before more is read.
final class Intake extends ChannelOutboundHandlerAdapter {
  @Override
  public void read(ChannelHandlerContext ctx) {
    if (isWanted(ctx)) {
      ctx.fireChannelRead(Unpooled.EMPTY_BUFFER);
    }
    if (isWanted(ctx)) {
      ctx.read();
    }
  }

  private static boolean isWanted(ChannelHandlerContext ctx) {
    return ctx.channel().config().isAutoRead();
  }

  static HttpRequestDecoder requestDecoder(HttpDecoderConfig config) {
    return new HttpRequestDecoder(config) {
      @Override
      protected void decode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> out)
          throws Exception {
        if (isWanted(ctx)) {
          super.decode(ctx, bytes, out);
        }
      }
    };
  }

  static WebSocketServerHandshaker13 handshaker(WebSocketDecoderConfig config) {
    return new WebSocketServerHandshaker13("", null, config) {
      @Override
      protected WebSocketFrameDecoder newWebsocketDecoder() {
        return frameDecoder(decoderConfig());
      }
    };
  }

  static WebSocket13FrameDecoder frameDecoder(WebSocketDecoderConfig config) {
    return new WebSocket13FrameDecoder(config) {
      @Override
      protected void decode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> out)
          throws Exception {
        if (isWanted(ctx)) {
          super.decode(ctx, bytes, out);
        }
      }
    };
  }
}
