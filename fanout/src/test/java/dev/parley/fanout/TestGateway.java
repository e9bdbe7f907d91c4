package dev.parley.fanout;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.parley.TestTables;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;

/// `POST @connections` as it misbehaves: each connection answers what it is told to, and what it
/// was sent is kept.
final class TestGateway implements AutoCloseable {
  /// Answers nothing until the gateway is closed.
  static final int SILENT = 0;

  private final HttpServer server;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Map<String, Integer> statuses = new ConcurrentHashMap<>();
  private final Map<String, List<String>> received = new ConcurrentHashMap<>();
  private final Set<String> throttledOnce = ConcurrentHashMap.newKeySet();
  private final Map<String, Integer> framesMax = new ConcurrentHashMap<>();
  private volatile CountDownLatch gathering = new CountDownLatch(0);
  private volatile IntSupplier delayMs = () -> 0;
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicInteger underWayMax = new AtomicInteger();

  TestGateway() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(executor);
    server.createContext("/production/@connections/", this::answer);
    server.start();
  }

  /// What a function of the template would get, so that it pushes here.
  Map<String, String> environment(String function, Map<String, String> instead) {
    Map<String, String> environment = new HashMap<>(TestQueues.environment());
    environment.put(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        "http://127.0.0.1:" + server.getAddress().getPort() + "/production");
    environment.put("DIRECT_PUSH_MS", "10000"); // few tests are about time
    environment.putAll(instead);
    return TestTables.environment(function, environment);
  }

  /// The next push to a connection is throttled; those behind it are taken.
  void throttleOnce(String connection) {
    throttledOnce.add(connection);
  }

  /// A connection takes so many frames, and is throttled from then on.
  void take(String connection, int frames) {
    framesMax.put(connection, frames);
  }

  void answer(String connection, int status) {
    statuses.put(connection, status);
  }

  /// The frames that a connection took, in order.
  List<String> received(String connection) {
    return received.getOrDefault(connection, List.of());
  }

  /// Answers nobody before this many pushes are under way at once.
  void gather(int pushes) {
    gathering = new CountDownLatch(pushes);
  }

  int underWay() {
    return underWay.get();
  }

  /// How long each push waits before it is handled, in ms.
  void delay(IntSupplier delayMs) {
    this.delayMs = delayMs;
  }

  int underWayMax() {
    return underWayMax.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      int status = take(exchange);
      if (status == SILENT) {
        return;
      }
      if (status != 200) {
        exchange
            .getResponseHeaders()
            .add(
                "x-amzn-ErrorType",
                switch (status) {
                  case 410 -> "GoneException";
                  case 429 -> "LimitExceededException";
                  case 400 -> "BadRequestException";
                  default -> "InternalServerErrorException";
                });
      }
      byte[] body =
          (status == 400 ? "{\"message\":\"Invalid connectionId\"}" : "{}").getBytes(UTF_8);
      exchange.getResponseHeaders().add("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// A push that is answered is no longer under way.
  ///
  /// @return the status
  private int take(HttpExchange exchange) throws IOException, InterruptedException {
    underWayMax.accumulateAndGet(underWay.incrementAndGet(), Math::max);
    try {
      gathering.countDown();
      gathering.await();
      Thread.sleep(delayMs.getAsInt());
      String raw = exchange.getRequestURI().getRawPath();
      String connection = URLDecoder.decode(raw.substring(raw.lastIndexOf('/') + 1), UTF_8);
      String frame = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      boolean throttled =
          throttledOnce.remove(connection)
              || received(connection).size()
                  >= framesMax.getOrDefault(connection, Integer.MAX_VALUE);
      int status = throttled ? 429 : statuses.getOrDefault(connection, 200);
      if (status == SILENT) {
        closed.await();
      } else if (status == 200) {
        received.computeIfAbsent(connection, c -> new CopyOnWriteArrayList<>()).add(frame);
      }
      return status;
    } finally {
      underWay.decrementAndGet();
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    executor.close();
  }
}
