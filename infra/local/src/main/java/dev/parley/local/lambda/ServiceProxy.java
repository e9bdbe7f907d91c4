package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.dynamodb.ConsumedCapacity;
import dev.parley.local.dynamodb.DynamoDbFaults;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import dev.parley.local.sqs.QueueRequests;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What stands between functions and the services that they call (DynamoDB, SQS, `@connections`,
/// X-Ray, but for its daemon) where faults are to happen there, or what AWS would charge for is to
/// be counted: a reverse proxy on a free port of 127.0.0.1.
///
/// Each instance of a function has a [Route] of its own, so that it is known who calls: once an
/// instance is killed, none of its calls gets anywhere, whichever of its threads makes it; while it
/// is frozen, all of them wait.
///
/// Safe for use by many threads.
public final class ServiceProxy implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ServiceProxy.class);

  /// AWS SDK reference guide, "Service-specific endpoints".
  private static final String ENDPOINT = "AWS_ENDPOINT_URL_";

  /// The most that DynamoDB takes or gives (`BatchWriteItem`, `BatchGetItem`: 16 MB), and room for
  /// its JSON.
  private static final int BODY_BYTES_MAX = 32 * 1024 * 1024;

  /// What belongs to one connection, not to the request or response that it carries.
  private static final Set<String> HOP_BY_HOP =
      Set.of("connection", "content-length", "expect", "host", "transfer-encoding");

  /// A checksum of a body that may be changed here; nobody asks for it where it is missing.
  private static final String CHECKSUM = "x-amz-crc32";

  private static final Set<Fault> FAULTS =
      Set.of(
          Fault.FUNCTION_KILLED_BEFORE_CALL,
          Fault.FUNCTION_KILLED_AFTER_CALL,
          Fault.FUNCTION_FROZEN,
          Fault.DYNAMODB_THROTTLED,
          Fault.DYNAMODB_ANSWER_LOST,
          Fault.DYNAMODB_LATE,
          Fault.INDEX_LAG);

  private final Faults faults;
  private final boolean metered;
  private final DynamoDbFaults dynamoDb;

  /// Without proxies, whatever this JVM was told of them: all of it is on this machine.
  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .proxy(HttpClient.Builder.NO_PROXY)
          .build();

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final EventLoopGroup eventLoops =
      new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
  private final Channel server;
  private final Map<String, Route> routes = new ConcurrentHashMap<>();
  private final AtomicInteger count = new AtomicInteger();

  /// @throws IOException if there is no free port
  public ServiceProxy(Faults faults) throws IOException {
    this(faults, false);
  }

  /// @param metered whether it measures what AWS would charge for the calls
  /// @throws IOException if there is no free port
  public ServiceProxy(Faults faults, boolean metered) throws IOException {
    this.faults = faults;
    this.metered = metered;
    this.dynamoDb = new DynamoDbFaults(faults);
    try {
      server = Loopback.http(eventLoops, BODY_BYTES_MAX, Requests::new);
    } catch (IOException e) {
      stop();
      throw e;
    }
  }

  /// The faults of a plan that only this can bring about, if any.
  public static List<Fault> faultsOf(FaultPlan plan) {
    return plan.rules().keySet().stream().filter(FAULTS::contains).toList();
  }

  /// A new instance's way to the services of an environment.
  ///
  /// @param environment where `AWS_ENDPOINT_URL_DYNAMODB` and the like say where they are
  /// @param metrics gets what AWS would charge for its calls
  Route open(Map<String, String> environment, MetricStore metrics) {
    String id = Integer.toString(count.incrementAndGet());
    Route route = new Route(id, environment, metrics);
    routes.put(id, route);
    return route;
  }

  @Override
  public void close() {
    server.close().awaitUninterruptibly();
    stop();
  }

  private void stop() {
    eventLoops.shutdownGracefully(0, 500, TimeUnit.MILLISECONDS).awaitUninterruptibly(600);
    threads.shutdownNow();
    http.shutdownNow();
  }

  /// How one instance reaches the services, while it lives.
  final class Route {
    private final String id;

    /// By what stands in the proxy's path, for example `DYNAMODB`.
    private final Map<String, String> services = new HashMap<>();

    private final MetricStore metrics;
    private @Nullable Runnable kill;
    private boolean dead;
    private long thawNanos = System.nanoTime();

    private Route(String id, Map<String, String> environment, MetricStore metrics) {
      this.id = id;
      this.metrics = metrics;
      environment.forEach(
          (name, url) -> {
            if (name.startsWith(ENDPOINT)) {
              services.put(name.substring(ENDPOINT.length()), url);
            }
          });
    }

    /// What the instance has in its environment instead of the services' own addresses.
    Map<String, String> endpoints() {
      int port = ((InetSocketAddress) server.localAddress()).getPort();
      Map<String, String> endpoints = new HashMap<>();
      services
          .keySet()
          .forEach(
              service ->
                  endpoints.put(
                      ENDPOINT + service,
                      "http://127.0.0.1:%d/%s/%s".formatted(port, id, service)));
      return endpoints;
    }

    /// An invocation begins.
    ///
    /// @param kill breaks it off
    synchronized void begin(Runnable kill) {
      this.kill = kill;
      if (dead) {
        kill.run(); // by a call of a thread that an earlier invocation had left behind
      }
    }

    /// The invocation has ended.
    ///
    /// @param reusable false where the instance dies with it
    /// @return whether it can be used again
    synchronized boolean end(boolean reusable) {
      kill = null;
      dead |= !reusable;
      if (dead) {
        routes.remove(id);
      }
      return !dead;
    }

    /// @return whether the instance is dead, by now or by this decision
    private synchronized boolean dies(Fault fault) {
      if (!dead && faults.happens(fault)) {
        dead = true;
        if (kill != null) {
          kill.run();
        }
      }
      return dead;
    }

    private synchronized boolean isDead() {
      return dead;
    }

    /// Stands still where the instance is frozen, by now or by this decision.
    void freeze() throws InterruptedException {
      Faults.Occurrence frozen = faults.next(Fault.FUNCTION_FROZEN);
      long now = System.nanoTime();
      long left;
      synchronized (this) {
        long until = frozen == null ? now : now + TimeUnit.MICROSECONDS.toNanos(frozen.micros());
        if (until - thawNanos > 0) {
          thawNanos = until;
        }
        left = thawNanos - now;
      }
      if (left > 0) {
        faults.pause(left);
      }
    }

    /// A clock that the instance may be frozen behind a look at.
    InstantSource freezing(InstantSource clock) {
      return () -> {
        Instant seen = clock.instant();
        try {
          freeze();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt(); // the invocation is over, which the next call finds
        }
        return seen;
      };
    }

    /// @return null where the caller gets no answer
    private DynamoDbFaults.@Nullable Answer call(
        String service, String path, FullHttpRequest request, byte[] body)
        throws IOException, InterruptedException {
      if (dies(Fault.FUNCTION_KILLED_BEFORE_CALL)) {
        return null;
      }
      freeze();
      if (isDead()) {
        return null; // it was killed meanwhile
      }
      String target = request.headers().get("X-Amz-Target", "");
      DynamoDbFaults.Service forward =
          changed -> forward(services.get(service) + path, request, changed);
      DynamoDbFaults.Service called = metered ? metered(service, target, forward) : forward;
      DynamoDbFaults.Answer answer =
          service.equals("DYNAMODB") ? dynamoDb.call(target, body, called) : called.call(body);
      return dies(Fault.FUNCTION_KILLED_AFTER_CALL) ? null : answer;
    }

    private DynamoDbFaults.Service metered(
        String service, String target, DynamoDbFaults.Service forward) {
      return switch (service) {
        case "DYNAMODB" -> sent -> ConsumedCapacity.measured(target, sent, forward, metrics);
        case "SQS" ->
            sent -> {
              metrics.add(Series.ofQueueRequests(queue(sent)), QueueRequests.of(sent.length));
              return forward.call(sent);
            };
        default -> forward;
      };
    }
  }

  /// The last part of the queue's URL.
  private static String queue(byte[] body) throws IOException {
    String url = Json.MAPPER.readTree(body).path("QueueUrl").asText();
    return url.substring(url.lastIndexOf('/') + 1);
  }

  private DynamoDbFaults.Answer forward(String url, FullHttpRequest from, byte[] body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url))
            .method(from.method().name(), HttpRequest.BodyPublishers.ofByteArray(body));
    from.headers()
        .forEach(
            header -> {
              if (!HOP_BY_HOP.contains(header.getKey().toLowerCase(Locale.ROOT))) {
                request.header(header.getKey(), header.getValue());
              }
            });
    HttpResponse<byte[]> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    Map<String, String> headers = new HashMap<>();
    response
        .headers()
        .map()
        .forEach(
            (name, values) -> {
              if (!HOP_BY_HOP.contains(name) && !name.equals(CHECKSUM)) {
                headers.put(name, values.getFirst());
              }
            });
    return new DynamoDbFaults.Answer(response.statusCode(), headers, response.body());
  }

  /// The requests of one socket, each answered before the next is sent.
  private final class Requests extends SimpleChannelInboundHandler<FullHttpRequest> {
    @Override
    protected void channelRead0(ChannelHandlerContext ctx, FullHttpRequest request) {
      HttpHeaders headers = request.headers();
      String refusal =
          Origins.OF_THIS_MACHINE.refusalOfCall(
              headers.getAll("host"), headers.getAll("origin"), headers.get("authorization"));
      if (refusal != null) {
        byte[] json = Origins.json(refusal).getBytes(UTF_8);
        var _ = ctx.writeAndFlush(response(new DynamoDbFaults.Answer(403, Map.of(), json)));
        return;
      }
      byte[] body = ByteBufUtil.getBytes(request.content());
      threads.execute(
          () -> {
            DynamoDbFaults.Answer answer = answer(request, body);
            if (answer == null) {
              var _ = ctx.close();
            } else {
              var _ = ctx.writeAndFlush(response(answer));
            }
          });
    }

    /// @param request without its content, which has been released
    private DynamoDbFaults.@Nullable Answer answer(FullHttpRequest request, byte[] body) {
      // "", id, service, and the path there, which may be none
      String[] parts = request.uri().split("/", 4);
      Route route = parts.length < 3 ? null : routes.get(parts[1]);
      if (route == null) {
        return null; // it is dead and forgotten
      }
      try {
        return route.call(parts[2], parts.length < 4 ? "" : "/" + parts[3], request, body);
      } catch (IOException e) {
        LOG.debug("A call of {} failed", parts[2], e);
        return null;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return null;
      }
    }

    private static FullHttpResponse response(DynamoDbFaults.Answer answer) {
      FullHttpResponse response =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(answer.status()),
              Unpooled.wrappedBuffer(answer.body()));
      answer.headers().forEach((name, value) -> response.headers().set(name, value));
      response.headers().set("content-length", answer.body().length);
      return response;
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
      LOG.debug("A function's socket broke", cause);
      var _ = ctx.close();
    }
  }
}
