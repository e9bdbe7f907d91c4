package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import dev.parley.local.template.Template;
import dev.parley.platform.Priming;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.reflect.Constructor;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// What a snapshot of a function holds (SnapStart): everything that makes a first invocation quick,
/// and nothing that must be another one in each function that is restored from it.
@Timeout(300)
class SnapshotTest {
  /// All that can change of what outlives an invocation, and what it is in a snapshot. Whatever is
  /// added must be fit to be restored in many functions, later: no moment, no secret, no connection
  /// and nothing that is to differ among them.
  private static final Map<String, String> LASTING =
      new TreeMap<>(
          Map.ofEntries(
              // The first invocation after a restore says that it is one.
              Map.entry("platform.Invocations.cold", "true"),
              // A full bucket of tokens, whatever the clock says then.
              Map.entry("fanout.Pace.begun", "false"),
              Map.entry("fanout.Pace.nextAt", "0"),
              // Pushes that may begin at once: all of them.
              Map.entry("fanout.Pusher.permits", "128"),
              // The rooms that have lately been large: none.
              Map.entry("fanout.Audiences.large", "{}"),
              // The connections that were enqueued in the last minute: none.
              Map.entry("connection.PruneQueue.remembered", "{}"),
              // The client of X-Ray: it is made when it is needed first.
              Map.entry("platform.TraceDocuments$Target.xray", "null"),
              // The client of the gateway: the first connection that is closed makes it.
              Map.entry("handlers.Toll.gateway", "null"),
              // The issuer's keys: they are asked for when a token comes.
              Map.entry("token.SigningKeys.known", "null"),
              Map.entry("token.SigningKeys.asked", "1970-01-01T00:00:00Z"),
              // What the hooks are for.
              Map.entry("platform.Priming.REGISTERED", "19")));

  /// Objects of libraries that ours keep. Rooms, heads and members are in none of them.
  private static final Set<String> LASTING_TYPES =
      new TreeSet<>(
          Set.of(
              // Clients: they have no connection yet, and their retries all their tokens.
              "software.amazon.awssdk.services.dynamodb.DefaultDynamoDbClient",
              "software.amazon.awssdk.services.sqs.DefaultSqsClient",
              "software.amazon.awssdk.services.apigatewaymanagementapi"
                  + ".DefaultApiGatewayManagementApiClient",
              "software.amazon.awssdk.http.apache5.Apache5HttpClient",
              "software.amazon.awssdk.http.auth.aws.internal.signer.DefaultAwsV4HttpSigner",
              // It has asked for no credentials yet.
              "software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider",
              // It ends calls that take too long: there are none.
              "java.util.concurrent.ScheduledThreadPoolExecutor",
              // It asks the operating system for each number.
              "java.security.SecureRandom",
              // The step that an invocation is in, while it runs.
              "java.lang.ScopedValue",
              // Counted above.
              "java.util.concurrent.Semaphore",
              // They know types, names and levels only.
              "com.fasterxml.jackson.databind.ObjectMapper",
              "com.fasterxml.jackson.databind.json.JsonMapper",
              "com.fasterxml.jackson.databind.node.JsonNodeFactory",
              "org.apache.logging.slf4j.Log4jLogger",
              "software.amazon.awssdk.core.interceptor.ExecutionAttribute",
              "software.amazon.awssdk.regions.Region"));

  private static final Set<String> SEEDED =
      Set.of(
          "java/util/concurrent/ThreadLocalRandom",
          "java/util/Random",
          "java/util/SplittableRandom",
          "java/util/random/RandomGenerator",
          // They have one of their own.
          "java/lang/Math.random()D",
          "java/lang/StrictMath.random()D",
          "java/util/Collections.shuffle(Ljava/util/List;)V");

  private static final String CREDENTIALS =
      """
      {"AccessKeyId": "a", "SecretAccessKey": "b", "Token": "c",
       "Expiration": "2100-01-01T00:00:00Z"}
      """;

  /// What first calls answer, apart from functions that take batches.
  private static final Map<String, String> ANSWERS =
      Map.ofEntries(
          answer("Authorizer", "\"Effect\":\"Allow\""),
          answer("Connect", "\"statusCode\":200"),
          answer("Disconnect", "\"statusCode\":200"),
          answer("Join", "\\\"type\\\":\\\"joined\\\""),
          answer("Quit", "\\\"type\\\":\\\"quit\\\""),
          answer("SendMessage", "\\\"type\\\":\\\"sent\\\""),
          answer("History", "\\\"messages\\\":[{"),
          answer("Members", "\\\"members\\\":[{"),
          answer("Rooms", "\\\"rooms\\\":[{"),
          answer("Report", "\\\"type\\\":\\\"reported\\\""),
          answer("Ping", "\\\"type\\\":\\\"pong\\\""),
          answer("Auth", "\\\"type\\\":\\\"authenticated\\\""),
          answer("Role", "\\\"type\\\":\\\"created\\\""),
          answer("Default", "\\\"lastActiveAt\\\""));

  private static Map.Entry<String, String> answer(String route, String part) {
    return Map.entry("dev.parley.handlers." + route + "Handler", part);
  }

  private static final ConcurrentLinkedQueue<String> requests = new ConcurrentLinkedQueue<>();
  private static final List<String> printed = new ArrayList<>();

  /// By another process, which takes no snapshot.
  private static final List<String> printedByAnother = new ArrayList<>();

  private static final Set<String> handlers = new TreeSet<>();

  @BeforeAll
  static void takeASnapshot(@TempDir Path folder) throws Exception {
    HttpServer services =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    services.createContext(
        "/",
        exchange -> {
          requests.add(
              exchange.getRequestMethod()
                  + " "
                  + exchange.getRequestURI()
                  + " "
                  + exchange.getRequestHeaders().getFirst("Authorization"));
          byte[] answer = CREDENTIALS.getBytes(UTF_8);
          exchange.sendResponseHeaders(200, answer.length);
          exchange.getResponseBody().write(answer);
          exchange.close();
        });
    services.start();
    try {
      String url = "http://127.0.0.1:" + services.getAddress().getPort();
      printed.addAll(run("restored", url, folder.resolve("output")));
      printedByAnother.addAll(run("made", url, folder.resolve("another")));
    } finally {
      services.stop(0);
    }
  }

  private static List<String> run(String last, String services, Path output) throws Exception {
    Template template = Template.read(TestCloud.TEMPLATE, Map.of());
    template.functions().values().forEach(f -> handlers.add(f.handler()));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            "-Dlog4j2.configurationFile=log4j2.xml",
            "-Dslf4j.internal.verbosity=WARN",
            "-Dslf4j.provider=org.apache.logging.slf4j.SLF4JServiceProvider"));
    command.add(SnapshotProcess.class.getName());
    command.add(last);
    command.addAll(handlers);
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().clear();
    builder.environment().putAll(environment(template, services));
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    try {
      assertTrue(process.waitFor(280, TimeUnit.SECONDS), "it did not end");
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0, process.exitValue(), Files.readString(output));
    return Files.readAllLines(output, UTF_8);
  }

  /// That of a function that has all settings, as the template gives it.
  private static Map<String, String> environment(Template template, String services) {
    Map<String, String> environment = new HashMap<>();
    template.functions().values().forEach(function -> environment.putAll(function.environment()));
    environment.put("TOKEN_ISSUER", "https://issuer.example/");
    environment.put("TOKEN_AUDIENCE", "chat");
    environment.put("TOKEN_KEYS_URL", services + "/keys");
    environment.put("LAMBDA_TASK_ROOT", "/var/task"); // so that the X-Ray SDK takes it for Lambda
    environment.put("AWS_REGION", "eu-central-1");
    environment.put("AWS_LAMBDA_FUNCTION_NAME", "Function");
    environment.put("NO_PROXY", "*");
    environment.put("AWS_CONTAINER_CREDENTIALS_FULL_URI", services + "/credentials");
    environment.put("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    for (String service : List.of("DYNAMODB", "SQS", "APIGATEWAYMANAGEMENTAPI", "XRAY")) {
      environment.put("AWS_ENDPOINT_URL_" + service, services);
    }
    return environment;
  }

  private static JsonNode state(String when) throws IOException {
    return state(when, printed);
  }

  private static JsonNode state(String when, List<String> output) throws IOException {
    for (String line : output) {
      if (line.startsWith(SnapshotProcess.STATE)) {
        JsonNode state =
            new ObjectMapper().readTree(line.substring(SnapshotProcess.STATE.length()));
        if (state.path("when").asText().equals(when)) {
          return state;
        }
      }
    }
    throw new AssertionError("it printed: " + output);
  }

  @Test
  void eachFunctionOfTheTemplateIsPrimedByTheTemplatesOwnEnvironment() {
    List<String> primed = printed.stream().filter(line -> line.contains("primed: ")).toList();

    assertEquals(handlers.size(), primed.size(), String.join("\n", printed));
    assertFalse(
        printed.stream().anyMatch(line -> line.contains("not primed")), String.join("\n", printed));
  }

  /// A first call that is refused shows the function little of what it will do.
  @Test
  void eachFirstCallSucceeds() throws Exception {
    Map<String, String> environment =
        environment(Template.read(TestCloud.TEMPLATE, Map.of()), "http://127.0.0.1:1");
    for (String handler : handlers) {
      String answer = firstCall(handler, environment);

      String expected = ANSWERS.getOrDefault(handler, "{\"batchItemFailures\":[]}");
      assertTrue(answer.contains(expected), handler + " answers " + answer);
    }
  }

  @SuppressWarnings("unchecked")
  private static <H extends RequestHandler<?, ?>> String firstCall(
      String handler, Map<String, String> environment) throws Exception {
    Class<H> type = (Class<H>) Class.forName(handler);
    Constructor<?> constructor =
        Stream.of(type.getConstructors())
            .max(Comparator.comparingInt(Constructor::getParameterCount))
            .orElseThrow();
    return new Priming(
            type,
            (own, clock) -> {
              try {
                Object[] arguments = {own, clock};
                return type.cast(
                    constructor.newInstance(
                        Arrays.copyOf(arguments, constructor.getParameterCount())));
              } catch (ReflectiveOperationException e) {
                throw new LinkageError(type.getName(), e);
              }
            },
            environment)
        .firstCall();
  }

  /// The authorizer calls no service, and each of the others asks once for DynamoDB's front page,
  /// without a signature, and for credentials, which it throws away.
  @Test
  void primingAsksNoServiceForAnything() {
    Map<String, Long> counted =
        requests.stream().collect(Collectors.groupingBy(r -> r, Collectors.counting()));

    long callers = handlers.size() - 1L;
    assertEquals(Map.of("GET / null", callers, "GET /credentials token", callers), counted);
  }

  @Test
  void primingMeasuresNothingAndLogsNothingOfWhatItDoes() {
    for (String line : printed) {
      assertFalse(line.contains("_aws"), line);
      assertTrue(
          line.startsWith(SnapshotProcess.STATE)
              || line.startsWith("Picked up JAVA_TOOL_OPTIONS")
              || line.contains("primed"),
          line);
    }
  }

  @Test
  void nothingThatMustNotBeIsInASnapshot() throws Exception {
    JsonNode made = state("made");
    JsonNode checkpoint = state("checkpoint");
    JsonNode restored = state("restored");

    Map<String, String> values = new TreeMap<>();
    checkpoint
        .path("values")
        .properties()
        .forEach(value -> values.put(value.getKey(), value.getValue().asText()));
    assertEquals(LASTING, values);
    assertEquals(made.path("values"), checkpoint.path("values"), "priming has left something");
    assertEquals(checkpoint.path("values"), restored.path("values"));
    Set<String> types = new TreeSet<>();
    checkpoint.path("types").forEach(type -> types.add(type.asText()));
    assertEquals(LASTING_TYPES, types);
    assertEquals("[]", checkpoint.path("connections").toString());
  }

  /// What is final is frozen: in all functions of one snapshot it is what it was in the process
  /// that the snapshot was taken of, and in another process it would be something else.
  @Test
  void nothingThatDiffersFromProcessToProcessIsInASnapshot() throws Exception {
    JsonNode constants = state("made").path("constants");
    JsonNode others = state("made", printedByAnother).path("constants");

    for (var constant : constants.properties()) {
      assertEquals(others.path(constant.getKey()), constant.getValue(), constant.getKey());
    }
    assertEquals(constants.size(), others.size());
    assertTrue(constants.size() > 200, constants.size() + " fields");
  }

  /// A generator with a seed goes on alike in all functions that are restored from one snapshot.
  @Test
  void allRandomNumbersAreTheOperatingSystems() throws Exception {
    Set<String> found = new TreeSet<>();
    for (var ours : OurClasses.bytes().entrySet()) {
      seeded(ours.getValue()).forEach(used -> found.add(ours.getKey() + " uses " + used));
    }

    assertEquals(Set.of(), found);
  }

  /// The generators with a seed that a class uses.
  static Set<String> seeded(byte[] type) {
    Set<String> used = new TreeSet<>();
    for (var entry : ClassFile.of().parse(type).constantPool()) {
      switch (entry) {
        case ClassEntry named -> used.add(named.asInternalName());
        case MethodRefEntry method ->
            used.add(
                "%s.%s%s"
                    .formatted(
                        method.owner().asInternalName(),
                        method.name().stringValue(),
                        method.type().stringValue()));
        default -> {}
      }
    }
    used.retainAll(SEEDED);
    return used;
  }
}
