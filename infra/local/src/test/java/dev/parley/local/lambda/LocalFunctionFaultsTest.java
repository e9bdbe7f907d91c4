package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.local.Wait;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.TableResource;
import dev.parley.local.xray.Tracing;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What becomes of invocations and their writes when functions are killed.
@Timeout(60)
final class LocalFunctionFaultsTest {
  private static final BlockingQueue<String> TOLD = new LinkedBlockingQueue<>();
  private static final AtomicInteger INSTANCES = new AtomicInteger();

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static LocalDynamoDb dynamoDb;

  @BeforeAll
  static void start() throws IOException {
    dynamoDb = LocalDynamoDb.inMemory();
    dynamoDb.create(
        List.of(
            new TableResource(
                "Rows",
                "Rows",
                new TableResource.Key("id", null),
                Map.of("id", "S"),
                List.of(),
                null,
                null)));
  }

  @AfterAll
  static void stop() {
    dynamoDb.close();
  }

  @BeforeEach
  void clear() {
    TOLD.clear();
    INSTANCES.set(0);
    rows()
        .forEach(
            id ->
                dynamoDb
                    .client()
                    .deleteItem(
                        d -> d.tableName("Rows").key(Map.of("id", AttributeValue.fromS(id)))));
  }

  private static Set<String> rows() {
    Set<String> ids = new HashSet<>();
    dynamoDb
        .client()
        .scan(scan -> scan.tableName("Rows").consistentRead(true))
        .items()
        .forEach(item -> ids.add(item.getOrDefault("id", AttributeValue.fromS("")).s()));
    return ids;
  }

  @Test
  void aFunctionIsKilledBeforeItRuns() throws Exception {
    Faults faults = faults("function.killed.at.start=1");
    LocalFunction function = function(Puts.class, faults, null);

    assertKilled(function, "a");
    assertTrue(TOLD.isEmpty());
    assertEquals(Set.of(), rows());

    faults.stop();
    assertEquals("put b", invoke(function, "b"));
    assertEquals(2, INSTANCES.get());
  }

  @Test
  void aFunctionIsKilledAfterItsWritesAndItsResultIsLost() throws Exception {
    Faults faults = faults("function.killed.at.end=1");
    LocalFunction function = function(Puts.class, faults, null);

    assertKilled(function, "a");
    assertEquals("put a", TOLD.poll());
    assertEquals(Set.of("a"), rows());

    faults.stop();
    assertEquals("put b", invoke(function, "b"));
    assertEquals(2, INSTANCES.get());
  }

  @Test
  void aFunctionIsKilledAtACallThatDoesNotGetThere() throws Exception {
    Faults faults = faults("function.killed.before.call=1");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Puts.class, faults, proxy);

      assertKilled(function, "a");
      assertEquals(Set.of(), rows());
      assertEquals(1, faults.injected(Fault.FUNCTION_KILLED_BEFORE_CALL));

      faults.stop();
      assertEquals("put b", invoke(function, "b"));
      assertEquals("put c", invoke(function, "c"));
      assertEquals(2, INSTANCES.get());
    }
  }

  @Test
  void aFunctionIsKilledAtACallThatHadItsEffect() throws Exception {
    Faults faults = faults("function.killed.after.call=1");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Puts.class, faults, proxy);

      assertKilled(function, "a");
      assertEquals(Set.of("a"), rows());
      assertEquals(1, faults.injected(Fault.FUNCTION_KILLED_AFTER_CALL));

      faults.stop();
      assertEquals("put b", invoke(function, "b"));
      assertEquals(2, INSTANCES.get());
    }
  }

  @Test
  void noThreadOfAKilledInstanceReachesAService() throws Exception {
    Faults faults = faults("function.killed.before.call=1");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Stubborn.class, faults, proxy);

      assertKilled(function, "a");
      faults.stop(); // that one is dead nevertheless
      Stubborn.KILLED.countDown();

      assertEquals("refused", TOLD.poll(30, TimeUnit.SECONDS));
      assertEquals(Set.of(), rows());
    }
  }

  @Test
  void anInvocationThatTimedOutReachesNothingThroughTheProxyEither() throws Exception {
    Faults faults = faults("function.killed.before.call=0");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function =
          new LocalFunction(
              "f",
              Late.class.getName(),
              dynamoDb.environment(),
              Duration.ofSeconds(2),
              faults,
              proxy,
              Tracing.off(),
              new MetricStore());

      FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "a"));
      assertEquals("Sandbox.Timedout", error.errorType());
      Late.TIMED_OUT.countDown();

      assertEquals("refused", TOLD.poll(30, TimeUnit.SECONDS));
      assertEquals(Set.of(), rows());
    }
  }

  @Test
  void theProxyChangesNothingWhereNoFaultHappens() throws Exception {
    Faults faults = faults("function.killed.before.call=0,function.killed.after.call=0");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Puts.class, faults, proxy);

      for (int i = 0; i < 10; i++) {
        assertEquals("put " + i, invoke(function, Integer.toString(i)));
      }
      assertEquals(10, rows().size());
      assertEquals(1, INSTANCES.get());
      assertEquals(10, faults.decisions(Fault.FUNCTION_KILLED_BEFORE_CALL));
    }
  }

  @Test
  void eachInstanceHasAClockOfItsOwnUntilFaultsStop() throws Exception {
    Faults faults = faults("clock.skew=1/1-500ms");
    LocalFunction function = function(Clock.class, faults, null);

    List<Integer> skews = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      skews.add(Integer.parseInt(invoke(function(Clock.class, faults, null), "")));
    }
    assertTrue(skews.stream().allMatch(ms -> ms != 0 && Math.abs(ms) <= 500), skews.toString());
    assertTrue(skews.stream().anyMatch(ms -> ms < 0), skews.toString());
    assertTrue(skews.stream().anyMatch(ms -> ms > 0), skews.toString());
    assertTrue(skews.stream().distinct().count() > 10, skews.toString());

    String own = invoke(function, "");
    assertEquals(own, invoke(function, "")); // the same instance
    faults.stop();
    assertEquals("0", invoke(function, ""));
  }

  @Test
  void aFunctionIsFrozenAtACallAndGoesOn() throws Exception {
    Faults faults = faults("function.frozen=1/60000ms");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Puts.class, faults, proxy);
      CompletableFuture<String> result =
          CompletableFuture.supplyAsync(() -> invoke(function, "a"), Thread::startVirtualThread);
      Wait.until(() -> faults.injected(Fault.FUNCTION_FROZEN) == 1);
      assertEquals(Set.of(), rows());

      faults.stop();

      assertEquals("put a", result.get(30, TimeUnit.SECONDS));
      assertEquals("put b", invoke(function, "b"));
      assertEquals(Set.of("a", "b"), rows());
      assertEquals(1, INSTANCES.get());
    }
  }

  @Test
  void aFunctionThatTimesOutWhileItIsFrozenReachesNothing() throws Exception {
    Faults faults = faults("function.frozen=1/60000ms");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function =
          new LocalFunction(
              "f",
              Puts.class.getName(),
              dynamoDb.environment(),
              Duration.ofSeconds(5),
              faults,
              proxy,
              Tracing.off(),
              new MetricStore());

      FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "a"));
      assertEquals("Sandbox.Timedout", error.errorType());
      faults.stop();

      assertEquals("put b", invoke(function, "b"));
      assertEquals(Set.of("b"), rows());
    }
  }

  @Test
  void aFunctionIsFrozenBehindALookAtItsClock() throws Exception {
    Faults faults = faults("function.frozen=1/300ms");
    try (ServiceProxy proxy = new ServiceProxy(faults)) {
      LocalFunction function = function(Looks.class, faults, proxy);

      assertTrue(Integer.parseInt(invoke(function, "")) >= 300);
      assertEquals(1, faults.injected(Fault.FUNCTION_FROZEN));
    }
  }

  private static Faults faults(String plan) {
    return new Faults(FaultPlan.parse("seed=1," + plan));
  }

  private static LocalFunction function(
      Class<?> handler, Faults faults, @Nullable ServiceProxy proxy) {
    return new LocalFunction(
        "f",
        handler.getName(),
        dynamoDb.environment(),
        Duration.ofSeconds(30),
        faults,
        proxy,
        Tracing.off(),
        new MetricStore());
  }

  private static String invoke(LocalFunction function, String event) {
    String json = new String(function.invoke(("\"" + event + "\"").getBytes(UTF_8)), UTF_8);
    return json.substring(1, json.length() - 1);
  }

  private static void assertKilled(LocalFunction function, String event) {
    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, event));
    assertEquals("Runtime.ExitError", error.errorType());
    assertTrue(
        String.valueOf(error.getMessage())
            .matches("RequestId: [0-9a-f-]{36} Error: Runtime exited with error: signal: killed"),
        error.getMessage());
  }

  // ---- Handlers

  private static DynamoDbClient client(Map<String, String> environment) {
    return ServiceProxyTest.client(environment);
  }

  private static void put(DynamoDbClient client, String id) {
    client.putItem(put -> put.tableName("Rows").item(Map.of("id", AttributeValue.fromS(id))));
  }

  /// Puts its event into the table.
  public static final class Puts implements RequestHandler<String, String> {
    private final DynamoDbClient client;

    public Puts(Map<String, String> environment) {
      INSTANCES.incrementAndGet();
      client = client(environment);
    }

    @Override
    public String handleRequest(String id, Context context) {
      put(client, id);
      TOLD.add("put " + id);
      return "put " + id;
    }
  }

  /// Does not want to see that it is dead: another of its threads goes on.
  public static final class Stubborn implements RequestHandler<String, String> {
    static final CountDownLatch KILLED = new CountDownLatch(1);
    private final DynamoDbClient client;

    public Stubborn(Map<String, String> environment) {
      client = client(environment);
    }

    @Override
    public String handleRequest(String id, Context context) {
      Thread.startVirtualThread(() -> tryLater(client, KILLED, id + " in another thread"));
      put(client, id);
      return "put " + id;
    }
  }

  /// Goes on after its timeout.
  public static final class Late implements RequestHandler<String, String> {
    static final CountDownLatch TIMED_OUT = new CountDownLatch(1);
    private final DynamoDbClient client;

    public Late(Map<String, String> environment) {
      client = client(environment);
    }

    @Override
    public String handleRequest(String id, Context context) {
      Thread late = Thread.startVirtualThread(() -> tryLater(client, TIMED_OUT, id));
      try {
        late.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return id;
    }
  }

  private static void tryLater(DynamoDbClient client, CountDownLatch when, String id) {
    try {
      when.await();
      put(client, id);
      TOLD.add("put " + id);
    } catch (SdkException e) {
      TOLD.add("refused");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Tells how long ago it was what its clock says, in milliseconds.
  public static final class Looks implements RequestHandler<String, String> {
    private final InstantSource clock;

    public Looks(Map<String, String> environment, InstantSource clock) {
      this.clock = clock;
    }

    @Override
    public String handleRequest(String event, Context context) {
      Instant seen = clock.instant();
      return Long.toString(Duration.between(seen, Instant.now()).toMillis());
    }
  }

  /// Tells by how much its clock is wrong.
  public static final class Clock implements RequestHandler<String, String> {
    private final InstantSource clock;

    public Clock(Map<String, String> environment, InstantSource clock) {
      this.clock = clock;
    }

    @Override
    public String handleRequest(String event, Context context) {
      Instant right;
      Duration skew;
      do {
        right = Instant.now();
        skew = Duration.between(right, clock.instant());
      } while (Duration.between(right, Instant.now()).toMillis() > 0);
      return Long.toString(Math.floorDiv(skew.toNanos(), 1_000_000L));
    }
  }
}
