package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiFunction;
import org.crac.Context;
import org.crac.Core;
import org.crac.Resource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullRequest;
import software.amazon.awssdk.http.SdkHttpMethod;

/// Makes a function's first invocation before Lambda takes the snapshot that the function is
/// restored from (SnapStart), so that the snapshot has the classes loaded that an invocation needs,
/// and the code compiled.
///
/// The invocation is one of another instance of the handler, whose services are all a [StandIn]:
/// what it writes is written nowhere, what it prints is dropped, and nothing of it is left in the
/// instance that serves. What the stand-in cannot show, a name service and TLS, is shown by an
/// unsigned request for DynamoDB's front page, whose answer does not matter.
///
/// A function for which this fails is slower at first, and works.
///
/// Sources: "Lambda SnapStart runtime hooks for Java", Lambda developer guide; the hooks run where
/// `JAVA_TOOL_OPTIONS` names Lambda's implementation of them, `org.crac.Core.Compat`
/// (infra/template.yaml).
public final class Priming implements Resource {
  private static final Logger LOG = LoggerFactory.getLogger(Priming.class);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /// Lambda knows its resources by weak references.
  private static final List<Priming> REGISTERED = new ArrayList<>();

  /// Enough for the compiler to have seen what an invocation runs most.
  private static final int INVOCATIONS_MAX = 20;

  /// On a slow machine the compiler sees less: a start is waited for, and Lambda ends one that
  /// takes 130 s.
  private static final Duration INVOCATIONS_TIME_MAX = Duration.ofSeconds(5);

  /// In a network that leads to no service, a snapshot waits no longer than this.
  private static final Duration FRONT_PAGE_MAX = Duration.ofSeconds(2);

  private final Class<?> type;
  private final BiFunction<Map<String, String>, InstantSource, ? extends RequestHandler<?, ?>>
      constructor;
  private final Map<String, String> environment;
  private final Duration invocationsTimeMax;

  /// @param environment that of the function; the others as of [#register]
  public <H extends RequestHandler<?, ?>> Priming(
      Class<H> type,
      BiFunction<Map<String, String>, InstantSource, H> constructor,
      Map<String, String> environment) {
    this(type, constructor, environment, INVOCATIONS_TIME_MAX);
  }

  /// @param invocationsTimeMax after which no further invocation begins
  <H extends RequestHandler<?, ?>> Priming(
      Class<H> type,
      BiFunction<Map<String, String>, InstantSource, H> constructor,
      Map<String, String> environment,
      Duration invocationsTimeMax) {
    this.type = type;
    this.constructor = constructor;
    this.environment = environment;
    this.invocationsTimeMax = invocationsTimeMax;
  }

  /// Has a handler primed before the snapshot. A handler's constructor without arguments calls it,
  /// which only Lambda uses. Beside the handler's class there is `first-calls.json`: an event by
  /// the class's name, the row that each table has, what other services answer, and the settings
  /// that name the tables.
  ///
  /// @param constructor with an environment and a clock
  public static <H extends RequestHandler<?, ?>> void register(
      Class<H> type, BiFunction<Map<String, String>, InstantSource, H> constructor) {
    Priming priming = new Priming(type, constructor, System.getenv());
    REGISTERED.add(priming);
    Core.getGlobalContext().register(priming);
  }

  @Override
  public void beforeCheckpoint(Context<? extends Resource> context) {
    try {
      String result = firstCall();
      LOG.info("primed: {} answers {} characters", type.getSimpleName(), result.length());
    } catch (Throwable e) { // whatever it is, it is no reason to have no function
      LOG.warn("not primed: the first invocation of {} is slow", type.getSimpleName(), e);
    }
  }

  /// Nothing of the first call is left that would have to be renewed.
  @Override
  public void afterRestore(Context<? extends Resource> context) {}

  /// @return the result of the first invocation, JSON
  public String firstCall() throws Exception {
    JsonNode calls = calls();
    byte[] event = MAPPER.writeValueAsBytes(calls.path("events").path(type.getSimpleName()));
    byte[] answer = MAPPER.writeValueAsBytes(answer(calls));
    PrintStream console = System.out;
    System.setOut(new PrintStream(OutputStream.nullOutputStream(), false, console.charset()));
    boolean called;
    String result;
    try (StandIn services = new StandIn(answer)) {
      RequestHandler<?, ?> instance =
          constructor.apply(
              environment(services, calls.path("settings")), InstantSource.fixed(Instant.now()));
      result = Trace.unsent(PrimingContext.TRACE_HEADER, () -> invokeOften(instance, event));
      called = services.wasCalled();
    } finally {
      System.setOut(console);
    }
    if (called) {
      openTheWay();
    }
    return result;
  }

  private JsonNode calls() throws IOException {
    try (InputStream resource = type.getResourceAsStream("first-calls.json")) {
      return MAPPER.readTree(
          Objects.requireNonNull(resource, "there is no first-calls.json beside " + type));
    }
  }

  /// Whatever DynamoDB is asked, it finds the same row; each operation has its own name for it.
  private static ObjectNode answer(JsonNode calls) {
    JsonNode row = calls.path("row");
    ObjectNode answer = calls.path("answer").deepCopy();
    answer.set("Item", row);
    answer.set("Attributes", row);
    answer.putArray("Items").add(row);
    ObjectNode byTable = answer.putObject("Responses");
    calls.path("settings").forEach(table -> byTable.putArray(table.asText()).add(row));
    return answer;
  }

  private Map<String, String> environment(StandIn services, JsonNode settings) {
    Map<String, String> own = new HashMap<>(environment);
    own.remove(Aws.CONTAINER_CREDENTIALS); // the stand-in does not ask who calls
    own.put("AWS_ACCESS_KEY_ID", "none");
    own.put("AWS_SECRET_ACCESS_KEY", "none");
    own.put("NO_PROXY", "*");
    settings.properties().forEach(each -> own.put(each.getKey(), each.getValue().asText()));
    own.putAll(services.environment());
    return own;
  }

  private String invokeOften(RequestHandler<?, ?> instance, byte[] event) throws IOException {
    Deadline deadline = Deadline.in(invocationsTimeMax);
    String first = invoke(instance, event);
    for (int i = 1; i < INVOCATIONS_MAX && !deadline.passed(); i++) {
      invoke(instance, event);
    }
    return first;
  }

  /// As Lambda's runtime does it, with the event's way through its serializers.
  @SuppressWarnings("unchecked")
  private static String invoke(RequestHandler<?, ?> instance, byte[] event) throws IOException {
    Method method =
        Arrays.stream(instance.getClass().getMethods())
            .filter(m -> m.getName().equals("handleRequest") && !m.isBridge())
            .findFirst()
            .orElseThrow();
    Object result =
        ((RequestHandler<@Nullable Object, Object>) instance)
            .handleRequest(
                serializer(method.getParameterTypes()[0]).fromJson(new String(event, UTF_8)),
                new PrimingContext(instance.getClass().getSimpleName()));
    ByteArrayOutputStream json = new ByteArrayOutputStream();
    serializer(method.getReturnType()).toJson(result, json);
    return json.toString(UTF_8);
  }

  @SuppressWarnings("unchecked")
  private static PojoSerializer<Object> serializer(Class<?> type) {
    return LambdaEventSerializers.isLambdaSupportedEvent(type.getName())
        ? LambdaEventSerializers.serializerFor((Class<Object>) type, type.getClassLoader())
        : JacksonFactory.getInstance().getSerializer((Class<Object>) type);
  }

  /// By a client and credentials that are thrown away: no connection is left, and nothing is known
  /// that will have expired.
  private void openTheWay() {
    Aws aws = new Aws(new Settings(environment));
    try (SdkHttpClient http =
        aws.http().connectionTimeout(FRONT_PAGE_MAX).socketTimeout(FRONT_PAGE_MAX).build()) {
      var request =
          SdkHttpFullRequest.builder().method(SdkHttpMethod.GET).uri(aws.dynamoDbUrl()).build();
      var answer = http.prepareRequest(HttpExecuteRequest.builder().request(request).build());
      try (AbortableInputStream body =
          answer.call().responseBody().orElseGet(AbortableInputStream::createEmpty)) {
        body.readAllBytes();
      }
      if (environment.containsKey(Aws.CONTAINER_CREDENTIALS)) {
        // The SDK asks by Java's own HTTP client, which would keep its connection.
        System.setProperty("http.keepAlive", "false");
        aws.credentials().resolveCredentials();
      }
    } catch (IOException | SdkException e) {
      LOG.info("primed without a way to the services: {}", e.getMessage());
    }
  }
}
