package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Tracing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class LocalFunctionTest {
  @Test
  void aPojoPassesThroughTheSerializerInBothDirections() {
    LocalFunction function = function(Doubling.class, Map.of());

    String result = invoke(function, "{\"number\":21,\"unknown\":true}");

    assertEquals("{\"number\":42}", result);
  }

  @Test
  void theTypesOfAHandlerAreFoundThroughItsSuperclasses() {
    LocalFunction function = function(Derived.class, Map.of());

    assertEquals("[\"b\",\"a\"]", invoke(function, "[\"a\",\"b\"]"));
  }

  @Test
  void aWebSocketEventIsReadAsLambdaReadsIt() {
    LocalFunction function = function(WebSocketEcho.class, Map.of());
    String event =
        """
        {"requestContext": {"routeKey": "join", "connectionId": "L0SM9cOFvHcCIhw=",
         "authorizer": {"principalId": "me"}, "connectedAt": 1700000000000,
         "disconnectStatusCode": 1001, "identity": {"sourceIp": "127.0.0.1"}},
         "body": "{}", "isBase64Encoded": false}\
        """;

    assertEquals(
        "\"join L0SM9cOFvHcCIhw= me 1700000000000 127.0.0.1 {}\"", invoke(function, event));
  }

  @Test
  void aStreamEventIsReadAsLambdaReadsIt() {
    LocalFunction function = function(StreamEventReader.class, Map.of());
    String event =
        """
        {"Records": [{"eventID": "1", "eventName": "INSERT", "dynamodb": {
         "ApproximateCreationDateTime": 1.7E9, "SequenceNumber": "100",
         "NewImage": {"text": {"S": "hello"}, "size": {"N": "5"}}}}]}\
        """;

    assertEquals("\"INSERT 100 hello 5\"", invoke(function, event));
  }

  @Test
  void aStreamHandlerGetsTheBytes() {
    assertEquals("not json", invoke(function(Copying.class, Map.of()), "not json"));
  }

  @Test
  void theEnvironmentIsGivenToTheConstructorThatTakesIt() {
    assertEquals(
        "\"here\"", invoke(function(Environment.class, Map.of("WHERE", "here")), "\"WHERE\""));
  }

  @Test
  void aHandlerMayNameItsMethod() {
    String handler = Doubling.class.getName() + "::handleRequest";
    LocalFunction function = function(handler, Map.of(), Duration.ofSeconds(5), new MetricStore());

    assertEquals("{\"number\":4}", invoke(function, "{\"number\":2}"));
  }

  @Test
  void theContextTellsOfTheInvocation() {
    LocalFunction function = function(ContextReader.class, Map.of());

    String first = invoke(function, "{}");
    String second = invoke(function, "{}");

    assertTrue(
        first.matches("\"f [0-9a-f-]{36} true true Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0\""),
        first);
    assertNotEquals(first, second);
  }

  @Test
  void aHandlerThatLambdaCouldNotCallIsRefused() {
    assertRefused("dev.parley.Nowhere", "there is no class dev.parley.Nowhere");
    assertRefused(String.class.getName(), "implements neither RequestHandler nor");
    assertRefused(
        NoConstructor.class.getName(),
        "has no constructor that takes (Map, InstantSource), (Map) or ()");
    assertRefused(Raw.class.getName(), "with concrete type parameters");
    assertRefused(Doubling.class.getName() + "::other", "only the method handleRequest");
    assertRefused(Base.class.getName(), "is abstract");
  }

  private static void assertRefused(String handler, String why) {
    IllegalArgumentException e =
        assertThrows(
            IllegalArgumentException.class,
            () -> function(handler, Map.of(), Duration.ofSeconds(5), new MetricStore()));
    assertNotNull(e.getMessage());
    assertTrue(e.getMessage().contains(why), e.getMessage());
  }

  @Test
  void anExceptionIsReportedWithItsClassAndTheInstanceIsUsedAgain() {
    LocalFunction function = function(Failing.class, Map.of());
    int before = Failing.INSTANCES.get();

    FunctionError first = assertThrows(FunctionError.class, () -> invoke(function, "\"one\""));
    FunctionError second = assertThrows(FunctionError.class, () -> invoke(function, "\"two\""));

    assertEquals("java.lang.IllegalStateException", first.errorType());
    assertEquals("one", first.getMessage());
    assertEquals("two", second.getMessage());
    assertEquals(before + 1, Failing.INSTANCES.get());
  }

  /// What a function prints in the embedded metric format is told from its other lines in
  /// `FunctionOutputTest`.
  @Test
  void invocationsAndTheirErrorsAreMeasured() throws Exception {
    MetricStore metrics = new MetricStore();
    LocalFunction function =
        function(Failing.class.getName(), Map.of(), Duration.ofSeconds(5), metrics);

    assertThrows(FunctionError.class, () -> invoke(function, "\"one\""));
    assertThrows(FunctionError.class, () -> invoke(function, "\"two\""));

    Map<String, Double> sums = new TreeMap<>();
    for (JsonNode series : Json.MAPPER.readTree(metrics.json()).path("series")) {
      assertEquals("{\"FunctionName\":\"f\"}", series.path("dimensions").toString());
      series
          .path("points")
          .forEach(
              p -> sums.merge(series.path("name").asText(), p.path(2).asDouble(), Double::sum));
    }
    assertEquals(2, sums.get("Invocations"));
    assertEquals(2, sums.get("Errors"));
    assertEquals(2, sums.get("ConcurrentExecutions"), "one at a time");
    assertTrue(sums.getOrDefault("Duration", 0.0) > 0, sums.toString());
  }

  @Test
  void aFailingConstructorFailsEveryInvocation() {
    LocalFunction function = function(FailingConstructor.class, Map.of());

    for (int i = 0; i < 2; i++) {
      FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "{}"));
      assertEquals("java.lang.UnsupportedOperationException", error.errorType());
    }
  }

  @Test
  void aClassThatCannotBeInitializedFailsEveryInvocation() {
    LocalFunction function = function(Uninitializable.class, Map.of());

    FunctionError first = assertThrows(FunctionError.class, () -> invoke(function, "{}"));
    FunctionError second = assertThrows(FunctionError.class, () -> invoke(function, "{}"));

    assertEquals("java.lang.ExceptionInInitializerError", first.errorType());
    assertEquals("java.lang.NoClassDefFoundError", second.errorType());
  }

  @Test
  void anInvocationThatTakesTooLongIsInterruptedAndItsInstanceIsDiscarded() throws Exception {
    LocalFunction function =
        function(Sleeping.class.getName(), Map.of(), Duration.ofMillis(1_250), new MetricStore());
    int before = Sleeping.INSTANCES.get();

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "true"));
    boolean interrupted = Sleeping.INTERRUPTED.tryAcquire(10, TimeUnit.SECONDS);
    invoke(function, "false");

    assertEquals("Sandbox.Timedout", error.errorType());
    assertTrue(
        String.valueOf(error.getMessage()).endsWith("Task timed out after 1.25 seconds"),
        error.getMessage());
    assertTrue(interrupted);
    assertEquals(before + 2, Sleeping.INSTANCES.get());
  }

  @Test
  void aCallerThatIsInterruptedStillGetsItsResult() {
    LocalFunction function = function(Doubling.class, Map.of());

    Thread.currentThread().interrupt();
    String result = invoke(function, "{\"number\":1}");

    assertTrue(Thread.interrupted());
    assertEquals("{\"number\":2}", result);
  }

  @Test
  void anInstanceIsNeverSharedByTwoInvocationsAtOnce() throws Exception {
    LocalFunction function = function(Exclusive.class, Map.of());
    int invocations = 4 * Handler.INSTANCES_MAX;
    List<Future<String>> results = new ArrayList<>();

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < invocations; i++) {
        results.add(threads.submit(() -> invoke(function, "{}")));
      }
      for (Future<String> result : results) {
        assertEquals("\"alone\"", result.get(20, TimeUnit.SECONDS));
      }
    }
    // The barrier in the handler opens only for as many at once as there may be instances.
    assertEquals(Handler.INSTANCES_MAX, Exclusive.INSTANCES.get());
  }

  @Test
  void invocationsBeyondTheInstancesWait() throws Exception {
    LocalFunction function = function(Held.class, Map.of());

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<String>> results = new ArrayList<>();
      for (int i = 0; i <= Handler.INSTANCES_MAX; i++) {
        results.add(threads.submit(() -> invoke(function, "{}")));
      }
      assertTrue(Held.STARTED.tryAcquire(Handler.INSTANCES_MAX, 10, TimeUnit.SECONDS));
      assertEquals(0, Held.STARTED.availablePermits());
      Held.RELEASED.countDown();
      for (Future<String> result : results) {
        result.get(10, TimeUnit.SECONDS);
      }
      assertTrue(Held.STARTED.tryAcquire(1, 10, TimeUnit.SECONDS));
    }
  }

  @Test
  void aFunctionThatIsClosedInterruptsWhatIsUnderWayAndInvokesNothingMore() throws Exception {
    LocalFunction function = function(Hanging.class, Map.of());

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<FunctionError>> errors = new ArrayList<>();
      for (int i = 0; i <= Handler.INSTANCES_MAX; i++) {
        errors.add(
            threads.submit(() -> assertThrows(FunctionError.class, () -> invoke(function, "{}"))));
      }
      assertTrue(Hanging.STARTED.tryAcquire(Handler.INSTANCES_MAX, 10, TimeUnit.SECONDS));

      function.close();

      for (Future<FunctionError> error : errors) {
        assertTrue(error.get(10, TimeUnit.SECONDS).isStopped(), error.get().errorType());
      }
      assertTrue(Hanging.INTERRUPTED.tryAcquire(Handler.INSTANCES_MAX, 10, TimeUnit.SECONDS));
      assertEquals(0, Hanging.STARTED.availablePermits());
    }
  }

  @Test
  void anInvocationEndsWithTheCodeThatItBeganWithAndTheNextRunsTheNew() throws Exception {
    LocalFunction function = function(Gated.class, Map.of());

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<String> atWork = threads.submit(() -> invoke(function, "{}"));
      assertTrue(Gated.STARTED.tryAcquire(10, TimeUnit.SECONDS));

      function.replace(
          Instances.ofClass("f", Environment.class.getName()), Map.of("WHERE", "there"));

      assertEquals("\"there\"", invoke(function, "\"WHERE\""));
      Gated.OPEN.release();
      assertEquals("\"the old code\"", atWork.get(10, TimeUnit.SECONDS));
      assertEquals("\"there\"", invoke(function, "\"WHERE\""));
    }
  }

  @Test
  void whatIsThreadLocalInOneInvocationIsNotSeenByTheNext() {
    LocalFunction function = function(ThreadLocalUser.class, Map.of());

    assertEquals("true", invoke(function, "{}"));
    assertEquals("true", invoke(function, "{}"));
  }

  private static LocalFunction function(Class<?> handler, Map<String, String> environment) {
    return function(handler.getName(), environment, Duration.ofSeconds(20), new MetricStore());
  }

  private static LocalFunction function(
      String handler, Map<String, String> environment, Duration timeout, MetricStore metrics) {
    return new LocalFunction(
        "f", handler, environment, timeout, Faults.none(), null, Tracing.off(), metrics);
  }

  private static String invoke(LocalFunction function, String event) {
    return new String(function.invoke(event.getBytes(UTF_8)), UTF_8);
  }

  // ---- Handlers

  public static final class Numbered {
    private int number;

    public int getNumber() {
      return number;
    }

    public void setNumber(int number) {
      this.number = number;
    }
  }

  public static final class Doubling implements RequestHandler<Numbered, Numbered> {
    @Override
    public Numbered handleRequest(Numbered event, Context context) {
      event.setNumber(2 * event.getNumber());
      return event;
    }
  }

  public abstract static class Base<X, Y> implements RequestHandler<Y, X> {
    abstract X turn(Y event);

    @Override
    public X handleRequest(Y event, Context context) {
      return turn(event);
    }
  }

  public static class Between<E> extends Base<List<String>, E> {
    @Override
    List<String> turn(E event) {
      return ((List<?>) event).stream().map(String::valueOf).toList().reversed();
    }
  }

  public static final class Derived extends Between<List<String>> {}

  public static final class WebSocketEcho
      implements RequestHandler<APIGatewayV2WebSocketEvent, String> {
    @Override
    public String handleRequest(APIGatewayV2WebSocketEvent event, Context context) {
      APIGatewayV2WebSocketEvent.RequestContext request = event.getRequestContext();
      return String.join(
          " ",
          request.getRouteKey(),
          request.getConnectionId(),
          String.valueOf(request.getAuthorizer().get("principalId")),
          String.valueOf(request.getConnectedAt()),
          request.getIdentity().getSourceIp(),
          event.getBody());
    }
  }

  public static final class StreamEventReader implements RequestHandler<DynamodbEvent, String> {
    @Override
    public String handleRequest(DynamodbEvent event, Context context) {
      DynamodbEvent.DynamodbStreamRecord record = event.getRecords().getFirst();
      return String.join(
          " ",
          record.getEventName(),
          record.getDynamodb().getSequenceNumber(),
          requireNonNull(record.getDynamodb().getNewImage().get("text")).getS(),
          requireNonNull(record.getDynamodb().getNewImage().get("size")).getN());
    }
  }

  public static final class Copying implements RequestStreamHandler {
    @Override
    public void handleRequest(InputStream in, OutputStream out, Context context)
        throws IOException {
      in.transferTo(out);
    }
  }

  public static final class Environment implements RequestHandler<String, String> {
    private final Map<String, String> environment;

    public Environment() {
      throw new AssertionError("Lambda's constructor was called");
    }

    public Environment(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public String handleRequest(String name, Context context) {
      return environment.getOrDefault(name, "");
    }
  }

  public static final class ContextReader implements RequestHandler<Object, String> {
    @Override
    public String handleRequest(Object event, Context context) {
      int remaining = context.getRemainingTimeInMillis();
      context.getLogger().log("");
      return String.join(
          " ",
          context.getFunctionName(),
          context.getAwsRequestId(),
          String.valueOf(remaining > 0 && remaining <= 20_000),
          String.valueOf(context.getMemoryLimitInMB() > 0),
          context.getXrayTraceId());
    }
  }

  public static final class NoConstructor implements RequestHandler<String, String> {
    public NoConstructor(String needed) {
      throw new AssertionError(needed);
    }

    @Override
    public String handleRequest(String event, Context context) {
      return event;
    }
  }

  public static final class Raw<T> implements RequestHandler<T, String> {
    @Override
    public String handleRequest(T event, Context context) {
      return "";
    }
  }

  public static final class Failing implements RequestHandler<String, String> {
    static final AtomicInteger INSTANCES = new AtomicInteger();

    public Failing() {
      INSTANCES.incrementAndGet();
    }

    @Override
    public String handleRequest(String message, Context context) {
      throw new IllegalStateException(message);
    }
  }

  public static final class FailingConstructor implements RequestHandler<Object, String> {
    public FailingConstructor() {
      throw new UnsupportedOperationException();
    }

    @Override
    public String handleRequest(Object event, Context context) {
      return "";
    }
  }

  public static final class Uninitializable implements RequestHandler<Object, String> {
    static final String SETTING = Objects.requireNonNull(System.getProperty("no.such.setting"));

    @Override
    public String handleRequest(Object event, Context context) {
      return SETTING;
    }
  }

  public static final class Hanging implements RequestHandler<Object, String> {
    static final Semaphore STARTED = new Semaphore(0);
    static final Semaphore INTERRUPTED = new Semaphore(0);

    @Override
    public String handleRequest(Object event, Context context) {
      STARTED.release();
      try {
        new CountDownLatch(1).await();
      } catch (InterruptedException _) {
        INTERRUPTED.release();
      }
      return "";
    }
  }

  public static final class Sleeping implements RequestHandler<Boolean, String> {
    static final AtomicInteger INSTANCES = new AtomicInteger();
    static final Semaphore INTERRUPTED = new Semaphore(0);

    public Sleeping() {
      INSTANCES.incrementAndGet();
    }

    @Override
    public String handleRequest(Boolean sleeps, Context context) {
      try {
        if (sleeps) {
          Thread.sleep(20_000);
        }
      } catch (InterruptedException _) {
        INTERRUPTED.release();
      }
      return "";
    }
  }

  public static final class Exclusive implements RequestHandler<Object, String> {
    static final AtomicInteger INSTANCES = new AtomicInteger();
    static final CyclicBarrier BARRIER = new CyclicBarrier(Handler.INSTANCES_MAX);
    private final AtomicBoolean busy = new AtomicBoolean();

    public Exclusive() {
      INSTANCES.incrementAndGet();
    }

    @Override
    public String handleRequest(Object event, Context context) {
      if (!busy.compareAndSet(false, true)) {
        return "shared";
      }
      try {
        BARRIER.await(15, TimeUnit.SECONDS);
        return "alone";
      } catch (Exception e) {
        throw new IllegalStateException(e);
      } finally {
        busy.set(false);
      }
    }
  }

  public static final class Held implements RequestHandler<Object, String> {
    static final Semaphore STARTED = new Semaphore(0);
    static final CountDownLatch RELEASED = new CountDownLatch(1);

    @Override
    public String handleRequest(Object event, Context context) {
      STARTED.release();
      try {
        RELEASED.await();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
      return "";
    }
  }

  public static final class Gated implements RequestHandler<Object, String> {
    static final Semaphore STARTED = new Semaphore(0);
    static final Semaphore OPEN = new Semaphore(0);

    @Override
    public String handleRequest(Object event, Context context) {
      STARTED.release();
      OPEN.acquireUninterruptibly();
      return "the old code";
    }
  }

  public static final class ThreadLocalUser implements RequestHandler<Object, Boolean> {
    private static final ThreadLocal<String> LEFT = new ThreadLocal<>();

    @Override
    public Boolean handleRequest(Object event, Context context) {
      boolean clean = LEFT.get() == null;
      LEFT.set("left");
      return clean;
    }
  }
}
