package dev.parley.local.net;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.ServerSocket;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/// The addresses at which programs on this machine, and no others, reach the local cloud. A
/// resolver gives either for `localhost`.
public final class Loopback {
  /// 127.0.0.1, also where the JVM prefers IPv6.
  public static final InetAddress V4 = address("127.0.0.1");

  private static final InetAddress V6 = address("::1");

  /// Below those that a system gives to sockets which name none, all outgoing ones among them: from
  /// 32,768 on Linux, and from 49,152 on macOS and Windows.
  private static final int FREE_PORT_MIN = 10_000;

  private static final int FREE_PORT_MAX = 32_767;
  private static final int FREE_PORT_TRIES_MAX = 100;

  /// What a runtime tells X-Ray of an error is a header of up to 1 MB (`LambdaRuntimeApiClientImpl`
  /// of `aws-lambda-java-runtime-interface-client`).
  private static final int HEADERS_BYTES_MAX = 1_100_000;

  private Loopback() {}

  private static InetAddress address(String literal) {
    try {
      return InetAddress.getByName(literal);
    } catch (UnknownHostException e) {
      throw new AssertionError("A literal is not looked up", e);
    }
  }

  /// 127.0.0.1, then ::1 where this machine has it.
  public static List<InetAddress> addresses() {
    try {
      return NetworkInterface.getByInetAddress(V6) == null ? List.of(V4) : List.of(V4, V6);
    } catch (SocketException _) {
      return List.of(V4);
    }
  }

  /// A port that is free at all [#addresses]. Until it is taken, nobody gets it but who asks for
  /// it, or is given the same one by chance: one of 22,768.
  public static int freePort() throws IOException {
    boolean both = addresses().contains(V6);
    for (int tries = 1; ; tries++) {
      int port = ThreadLocalRandom.current().nextInt(FREE_PORT_MIN, FREE_PORT_MAX + 1);
      try (ServerSocket v4 = new ServerSocket(port, 1, V4);
          ServerSocket _ = both ? new ServerSocket(port, 1, V6) : v4) {
        return port;
      } catch (BindException e) {
        if (tries == FREE_PORT_TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  /// Takes HTTP requests, each with its whole body, on a free port of 127.0.0.1.
  ///
  /// @param bodyBytesMax a request with more is answered with 413
  /// @param handler made for each socket; it gets a `FullHttpRequest` after the other
  /// @throws IOException if there is no free port
  public static Channel http(
      EventLoopGroup loops, int bodyBytesMax, Supplier<? extends ChannelHandler> handler)
      throws IOException {
    ChannelFuture bound =
        new ServerBootstrap()
            .group(loops)
            .channel(NioServerSocketChannel.class)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel
                        .pipeline()
                        .addLast(
                            new HttpServerCodec(
                                new HttpDecoderConfig().setMaxHeaderSize(HEADERS_BYTES_MAX)))
                        .addLast(new HttpObjectAggregator(bodyBytesMax))
                        .addLast(handler.get());
                  }
                })
            .bind(new InetSocketAddress(V4, 0))
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      throw new IOException("no free port", bound.cause());
    }
    return bound.channel();
  }

  /// Why nothing can listen there, and what to do about it: `[::1]:8080 is taken: stop what uses
  /// it`.
  public static BindException refusal(InetSocketAddress address, Throwable cause) {
    boolean permitted = true;
    for (Throwable e = cause; e != null; e = e.getCause()) {
      permitted &= !String.valueOf(e.getMessage()).startsWith("Permission denied"); // EACCES
    }
    BindException refusal =
        new BindException(
            "%s:%d is %s"
                .formatted(
                    address.getAddress().equals(V6) ? "[::1]" : "127.0.0.1",
                    address.getPort(),
                    permitted
                        ? "taken: stop what uses it"
                        : "not permitted to this user: start as one who may listen there"));
    refusal.initCause(cause);
    return refusal;
  }
}
