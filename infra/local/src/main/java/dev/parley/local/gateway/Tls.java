package dev.parley.local.gateway;

import dev.parley.local.net.Loopback;
import dev.parley.local.tls.Certificates;
import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.ssl.SniHandler;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// TLS on the gateway's port, beside what is plain: a socket's first byte says which it is.
///
/// Who asks for the name of another service of AWS is handed on to it, byte for byte.
///
/// @param certificates of the names
/// @param services the port of 127.0.0.1 of each host that is another service
public record Tls(Certificates certificates, Map<String, Integer> services) {
  /// The first byte of a client's first record (RFC 8446 section 5.1); no HTTP begins so.
  private static final int HANDSHAKE = 22;

  /// RFC 8446 section 5.1: a record's fragment has at most 2^14 bytes, and no client needs two.
  private static final int CLIENT_HELLO_BYTES_MAX = 1 << 14;

  public Tls {
    services = Map.copyOf(services);
  }

  static boolean isSpoken(Channel channel) {
    return channel.pipeline().get(SslHandler.class) != null;
  }

  /// The first of a socket's handlers, which makes way for TLS, or for nothing.
  ///
  /// @param patience how long a client may take to agree
  ChannelHandler detection(Duration patience) {
    return new ByteToMessageDecoder() {
      @Override
      protected void decode(ChannelHandlerContext ctx, ByteBuf bytes, List<Object> out) {
        if (!bytes.isReadable()) {
          return;
        }
        if (bytes.getByte(bytes.readerIndex()) == HANDSHAKE) {
          ctx.pipeline().replace(this, "tls", new Names(patience));
        } else {
          ctx.pipeline().remove(this);
        }
      }
    };
  }

  private final class Names extends SniHandler {
    Names(Duration patience) {
      super(certificates::server, CLIENT_HELLO_BYTES_MAX, patience.toMillis());
    }

    @Override
    protected void replaceHandler(
        ChannelHandlerContext ctx, @Nullable String name, SslContext context) throws Exception {
      Integer service = name == null ? null : services.get(name);
      if (service != null) {
        ChannelPipeline pipeline = ctx.pipeline();
        while (pipeline.last() != this) {
          pipeline.removeLast();
        }
        pipeline.addLast(new Half(connected(ctx.channel(), service)));
      }
      super.replaceHandler(ctx, name, context);
    }
  }

  /// Connects a client's socket with a service. Nothing is read of one side before the other has
  /// taken what was read before.
  private static ChannelFuture connected(Channel client, int port) {
    client.config().setAutoRead(false);
    return new Bootstrap()
        .group(client.eventLoop())
        .channel(NioSocketChannel.class)
        .option(ChannelOption.AUTO_READ, false)
        .option(ChannelOption.TCP_NODELAY, true)
        .handler(new Half(client.newSucceededFuture()))
        .connect(Loopback.V4, port)
        .addListener(
            (ChannelFutureListener)
                connected -> {
                  if (connected.isSuccess()) {
                    connected.channel().read();
                  } else {
                    var _ = client.close();
                  }
                });
  }

  /// Hands on what is read of a socket.
  private static final class Half extends ChannelInboundHandlerAdapter {
    private final ChannelFuture other;

    /// @param other may still be connecting
    Half(ChannelFuture other) {
      this.other = other;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      other.addListener(
          (ChannelFutureListener)
              to ->
                  to.channel()
                      .writeAndFlush(message)
                      .addListener(
                          written -> {
                            if (written.isSuccess()) {
                              ctx.read();
                            } else {
                              var _ = ctx.close();
                            }
                          }));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
      other.addListener(
          (ChannelFutureListener)
              to ->
                  to.channel()
                      .writeAndFlush(Unpooled.EMPTY_BUFFER)
                      .addListener(ChannelFutureListener.CLOSE));
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      var _ = ctx.close();
    }
  }
}
