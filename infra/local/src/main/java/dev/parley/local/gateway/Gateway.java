package dev.parley.local.gateway;

import dev.parley.local.faults.Faults;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import dev.parley.local.template.WebSocketApi;
import dev.parley.local.xray.XRayApi;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/// API Gateway's WebSocket side, and the site beside it, on one port of both loopback addresses,
/// plain and by TLS.
///
/// - `/{stage}`: clients connect here
/// - `/{stage}/@connections/{connection id}`: the back end sends to them
/// - `/config.json`: `{"webSocketUrl": "ws://…/{stage}"}`, by the `Host` that was asked, or what a
///   proxy says of it in `X-Forwarded-Proto` and `X-Forwarded-Host`
/// - `/_local/xray/…`: X-Ray's API
/// - `/_local/issuer/…`: an issuer of tokens, where there is one
/// - `/_local/traces`: a page of the traces that X-Ray's API gives
/// - `/_local/`: a page with charts of `/_local/metrics`
/// - everything else: the files of the site
///
/// Requests for other hosts, and those of other people's pages, get 403: see [Origins].
///
/// Frames of one connection are handled side by side, as AWS does; where there are many, clients
/// take turns ([Turns]). Nothing waits without bound: a client that does not read makes
/// `@connections` answer 429, and holds up nobody else. There is a limit to everything that a
/// client can make the gateway keep, sockets included.
///
/// Safe for use by many threads.
public final class Gateway implements AutoCloseable {
  /// `Unlike AWS:` where request line and headers are 10,240 bytes in all (quotas of HTTP APIs,
  /// "Total combined size of request line and header values"): a cookie belongs to a host, whatever
  /// its port, so a browser sends those of every other program on `localhost` as well. Servers in
  /// which such programs run take 8 to 16 KB of them; this is ample beside that.
  ///
  /// A URL that is too long is to be told apart, so the line has room of its own.
  private static final int HEADERS_BYTES_MAX = 64 * 1024;

  private static final int REQUEST_LINE_BYTES_MAX = 4 * Quotas.URL_CHARACTERS_MAX;

  /// Browsers and load tests connect in bursts.
  private static final int ACCEPT_BACKLOG = 4_096;

  /// What the kernel holds for a client that does not read comes on top of
  /// [Quotas#CLIENT_BUFFER_BYTES_MAX]; left to itself it would take megabytes.
  private static final int SOCKET_SEND_BUFFER_BYTES = 128 * 1024;

  /// The largest read, and with it what waits undecoded of a client that sends ahead.
  private static final int READ_BYTES_MAX = 16 * 1024;

  /// How long a socket that is refused may take to read why.
  private static final int REFUSAL_MS = 1_000;

  /// How long functions have when the gateway is closed.
  private static final Duration FUNCTIONS_PATIENCE = Duration.ofSeconds(1);

  /// How long an event loop has to write its close frames, where all take as long.
  private static final int CLOSE_FRAMES_PATIENCE_MS = 100;

  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("gateway ", 0).factory());
  private final EventLoopGroup eventLoops;
  private final Throttle throttle;
  private final Endpoint endpoint;
  private final List<Channel> servers = new ArrayList<>();

  /// @param functions by logical id; the routes and the authorizer name them
  /// @param port 0 takes a free one
  /// @param site the folder of the static site, or null for none
  /// @param issuer of tokens, below `/_local/issuer`, or null for none
  /// @param xray X-Ray's API, below `/_local/xray`: answers an operation with a body
  /// @param metrics is `/_local/metrics`, and gets the messages that are charged for
  /// @param origins which hosts may be asked, and which pages may ask
  /// @param tls what answers a client that speaks TLS, or null for none
  /// @param quota of messages and `@connections` together
  /// @param sigv4 whether the signatures of `@connections` are verified
  /// @param faults what happens to pushes, to sockets and to `$disconnect`
  /// @param journal where the open connections are written down; those that an earlier process left
  ///     there are told `$disconnect` from now on, while the gateway serves
  /// @throws BindException if the port is taken or not permitted; its message names the address
  /// @throws IllegalArgumentException if the API has something that cannot be honoured here
  public Gateway(
      WebSocketApi api,
      Map<String, LocalFunction> functions,
      int port,
      @Nullable Path site,
      @Nullable LocalIssuer issuer,
      BiFunction<String, byte[], XRayApi.Answer> xray,
      MetricStore metrics,
      Origins origins,
      @Nullable Tls tls,
      RequestQuota quota,
      boolean sigv4,
      Faults faults,
      ConnectionJournal journal,
      Bounds bounds)
      throws IOException {
    throttle = new Throttle(quota);
    endpoint =
        new Endpoint(
            api,
            functions,
            Clock.systemUTC(),
            threads,
            throttle,
            faults,
            bounds.connectionsMax(),
            journal,
            metrics);
    List<ConnectionJournal.Left> left = journal.left();
    HttpHandler.Services services =
        new HttpHandler.Services(
            endpoint,
            new ConnectionsApi(endpoint, faults, sigv4),
            origins,
            throttle,
            faults,
            Network.isNeeded(faults) ? new Network(faults) : null,
            api.stage(),
            site == null ? null : new Site(site),
            issuer,
            xray,
            metrics::json,
            threads,
            new Turns(threads),
            bounds);
    // Not before everything else is known to be in order: a loop has a selector even before it
    // runs.
    eventLoops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
    ServerBootstrap server =
        new ServerBootstrap()
            .group(eventLoops)
            .channel(NioServerSocketChannel.class)
            .option(ChannelOption.SO_BACKLOG, ACCEPT_BACKLOG)
            .option(ChannelOption.SO_REUSEADDR, true)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childOption(ChannelOption.SO_SNDBUF, SOCKET_SEND_BUFFER_BYTES)
            .childOption(
                ChannelOption.RECVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(64, 2_048, READ_BYTES_MAX))
            .childHandler(new Sockets(services, tls));
    int everywhere = port == 0 ? Loopback.freePort() : port;
    for (InetAddress loopback : Loopback.addresses()) {
      InetSocketAddress address = new InetSocketAddress(loopback, everywhere);
      ChannelFuture bound = server.bind(address).awaitUninterruptibly();
      if (!bound.isSuccess()) {
        stop();
        throw Loopback.refusal(address, bound.cause());
      }
      servers.add(bound.channel());
    }
    endpoint.endLeft(left);
  }

  /// Where it listens.
  public int port() {
    return ((InetSocketAddress) servers.getFirst().localAddress()).getPort();
  }

  /// How many connections are open.
  public int connections() {
    return endpoint.connections();
  }

  /// How many messages and calls of `@connections` were refused because of the quota.
  public long requestsRefused() {
    return throttle.refused();
  }

  /// Ends all connections with 1001, gives functions at work and `$disconnect` a moment, gives up
  /// what they have not done by then, and stops. Takes less than 2 s.
  @Override
  public void close() {
    if (eventLoops.isShuttingDown()) {
      return;
    }
    servers.forEach(server -> server.close().awaitUninterruptibly());
    endpoint.close(FUNCTIONS_PATIENCE);
    // A loop closes its sockets before it runs the tasks that are left, so none must be.
    List<? extends Future<?>> written =
        StreamSupport.stream(eventLoops.spliterator(), false)
            .map(loop -> loop.submit(() -> {}))
            .toList();
    // Of all loops together: each needs the processor only once, but may get it late.
    long end =
        System.nanoTime()
            + TimeUnit.MILLISECONDS.toNanos((long) CLOSE_FRAMES_PATIENCE_MS * written.size());
    written.forEach(
        done -> done.awaitUninterruptibly(end - System.nanoTime(), TimeUnit.NANOSECONDS));
    stop();
  }

  private void stop() {
    eventLoops.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(600);
    threads.shutdownNow();
  }

  private static final class Sockets extends ChannelInitializer<Channel> {
    private final HttpHandler.Services services;
    private final @Nullable Tls tls;
    private final AtomicInteger open = new AtomicInteger();

    Sockets(HttpHandler.Services services, @Nullable Tls tls) {
      this.services = services;
      this.tls = tls;
    }

    @Override
    protected void initChannel(Channel channel) {
      int sockets = open.incrementAndGet();
      int socketsMax = services.bounds().socketsMax();
      channel.closeFuture().addListener(_ -> open.decrementAndGet());
      if (sockets > socketsMax) {
        channel.pipeline().addLast(new HttpResponseEncoder()).addLast(new Refusal(socketsMax));
        return;
      }
      if (tls != null) {
        channel.pipeline().addLast(tls.detection(services.bounds().request()));
      }
      channel
          .pipeline()
          .addLast(new Intake())
          .addLast(
              Intake.requestDecoder(
                  new HttpDecoderConfig()
                      .setMaxInitialLineLength(REQUEST_LINE_BYTES_MAX)
                      .setMaxHeaderSize(HEADERS_BYTES_MAX)))
          .addLast(new HttpResponseEncoder())
          .addLast(new Requests(services.bounds().request()))
          .addLast(new HttpHandler(services));
    }
  }

  /// Answers whatever is asked, at once, that there is one socket too many. It ends when the client
  /// does, because a socket that is closed while its client still sends loses what it was told.
  private static final class Refusal extends ChannelInboundHandlerAdapter {
    private final int socketsMax;

    Refusal(int socketsMax) {
      this.socketsMax = socketsMax;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
      FullHttpResponse response =
          Responses.message(
              HttpResponseStatus.SERVICE_UNAVAILABLE,
              "%d sockets are open, and no more are taken".formatted(socketsMax));
      HttpUtil.setKeepAlive(response, false);
      DuplexChannel socket = (DuplexChannel) ctx.channel();
      ctx.writeAndFlush(response)
          .addListener(
              _ -> {
                var _ = socket.shutdownOutput();
              });
      var _ =
          ctx.executor()
              .schedule(
                  () -> {
                    var _ = socket.close();
                  },
                  REFUSAL_MS,
                  TimeUnit.MILLISECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
      ReferenceCountUtil.release(message);
    }
  }
}
