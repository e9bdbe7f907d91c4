package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.api.client.AWSLambda;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.parley.fanout.FanoutHandler;
import dev.parley.local.LocalCloud;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A function as it is packaged, in a process of its own, under the runtime interface client that
/// AWS runs Java functions with: what it tells X-Ray is what it tells the local one.
@Timeout(120)
class LambdaRuntimeTest {
  private static final Path ZIP = Path.of("..", "..", "fanout", "target", "fanout.zip");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SENDER_TRACE = "1-5759e988-bd862e3fe1be46a994272793";
  private static final String SENDER =
      "Root=" + SENDER_TRACE + ";Parent=53995c3f42cd8ad8;Sampled=1";
  private static final String OWN_TRACE = "1-6a0f1c2d-000000000000000000000001";

  @TempDir private Path folder = Path.of("");

  @Test
  void aPackagedFunctionWritesTheSameDocumentsUnderAwssOwnRuntime() throws Exception {
    assumeTrue(Files.exists(ZIP), "mvn verify packages the functions before this test");
    unzip(folder);
    assumeTrue(isOfThisBuild(), "the package is older than the classes");
    try (LocalCloud cloud = TestCloud.start();
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby");
        RuntimeApi api = new RuntimeApi();
        DatagramSocket daemon = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
      ada.request("ping", "");
      daemon.setSoTimeout(60_000);
      Process function = start(cloud, api.port(), daemon.getLocalPort());
      try {
        api.invoke(record("101", 1), "Root=" + OWN_TRACE + ";Parent=1111111111111111;Sampled=1");
        assertEquals("{\"batchItemFailures\":[]}", api.answer());
        ada.awaitMessage("text of 101");

        Map<String, JsonNode> sampled = Map.of();
        while (sampled.size() < 2) {
          sampled = with(sampled, document(daemon));
        }
        JsonNode own = requireNonNull(sampled.get("## handleRequest"));
        assertEquals(OWN_TRACE, own.path("trace_id").asText());
        assertEquals("1111111111111111", own.path("parent_id").asText());
        assertEquals("subsegment", own.path("type").asText());
        JsonNode continued = requireNonNull(sampled.get("FanoutFunction"));
        assertEquals(SENDER_TRACE, continued.path("trace_id").asText());
        assertEquals("53995c3f42cd8ad8", continued.path("parent_id").asText());
        assertFalse(continued.has("type"), "a segment");
        assertEquals(OWN_TRACE, continued.at("/annotations/function_trace").asText());
        assertEquals("id-101", continued.at("/annotations/message_id").asText());
        assertEquals(1, continued.at("/annotations/pushes").asInt());
        assertFalse(TestTraces.step(continued, "push").isMissingNode());

        api.invoke(record("102", 2), "Root=" + OWN_TRACE + ";Parent=1111111111111111;Sampled=0");
        assertEquals("{\"batchItemFailures\":[]}", api.answer());
        ada.awaitMessage("text of 102");
        JsonNode posted = new TestTraces(cloud).documents(SENDER_TRACE).getFirst();
        assertEquals("id-102", posted.at("/annotations/message_id").asText());
        assertFalse(posted.path("annotations").has("function_trace"));
        String output = Files.readString(folder.resolve("output"));
        assertTrue(
            output.contains("\"Service\":\"another-stack\""), "what it measures is its stack's");
      } catch (AssertionError e) {
        throw new AssertionError("it said: " + Files.readString(folder.resolve("output")), e);
      } finally {
        function.destroyForcibly();
      }
    }
  }

  private static Map<String, JsonNode> with(Map<String, JsonNode> documents, JsonNode more) {
    Map<String, JsonNode> all = new HashMap<>(documents);
    all.put(more.path("name").asText(), more);
    return all;
  }

  private static JsonNode document(DatagramSocket daemon) throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    daemon.receive(packet);
    return JSON.readTree(
        new String(packet.getData(), 0, packet.getLength(), UTF_8).split("\n", 2)[1]);
  }

  private static String record(String sequence, long timestamp) {
    return """
    {"Records": [{
      "eventID": "e%1$s", "eventName": "INSERT", "eventSource": "aws:dynamodb",
      "eventSourceARN":
        "arn:aws:dynamodb:us-east-1:000000000000:table/ChatMessages/stream/2026-11-25T21:28:00.000",
      "dynamodb": {
        "ApproximateCreationDateTime": 1764133333, "SequenceNumber": "%1$s",
        "Keys": {"room_id": {"S": "lobby"}, "timestamp": {"N": "%2$d"}},
        "NewImage": {"room_id": {"S": "lobby"}, "timestamp": {"N": "%2$d"}, "id": {"S": "id-%1$s"},
          "user": {"S": "guest:1"}, "sender": {"S": "Eve"}, "message": {"S": "text of %1$s"},
          "trace": {"S": "%3$s"}}}}]}
    """
        .formatted(sequence, timestamp, SENDER);
  }

  private boolean isOfThisBuild() throws IOException {
    String name = "dev/parley/fanout/FanoutHandler.class";
    try (InputStream built = FanoutHandler.class.getResourceAsStream("/" + name)) {
      return Arrays.equals(
          requireNonNull(built).readAllBytes(), Files.readAllBytes(folder.resolve(name)));
    }
  }

  private static void unzip(Path to) throws IOException {
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(ZIP))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path path = to.resolve(entry.getName());
        if (entry.isDirectory()) {
          Files.createDirectories(path);
        } else {
          Files.createDirectories(requireNonNull(path.getParent()));
          Files.copy(zip, path);
        }
      }
    }
  }

  /// As Lambda's managed runtime does: the function's classes, its libraries, then AWS's.
  private Process start(LocalCloud cloud, int apiPort, int daemonPort) throws Exception {
    String classPath =
        String.join(
            ":",
            folder.toString(),
            folder.resolve("lib") + "/*",
            jar(AWSLambda.class),
            jar(PojoSerializer.class),
            jar(Context.class));
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            classPath,
            AWSLambda.class.getName(),
            "dev.parley.fanout.FanoutHandler::handleRequest");
    Map<String, String> environment = builder.environment();
    environment.clear();
    environment.putAll(
        requireNonNull(
                Template.read(TestCloud.TEMPLATE, Map.of()).functions().get("FanoutFunction"))
            .environment());
    environment.putAll(cloud.dynamoDb().environment());
    environment.putAll(cloud.sqs().environment());
    String gateway = "http://127.0.0.1:" + cloud.port();
    environment.put("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", gateway + "/" + cloud.stage());
    environment.put("AWS_ENDPOINT_URL_XRAY", gateway + "/_local/xray");
    environment.put("DIRECT_PUSH_MS", "10000"); // a JVM's first push takes its time
    environment.put("PUSH_TIMEOUT_MS", "2000");
    environment.put("AWS_LAMBDA_FUNCTION_NAME", "FanoutFunction");
    environment.put("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:" + apiPort);
    environment.put("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:" + daemonPort);
    environment.put("LAMBDA_TASK_ROOT", folder.toString());
    environment.put("_HANDLER", "dev.parley.fanout.FanoutHandler::handleRequest");
    environment.put("AWS_EXECUTION_ENV", "AWS_Lambda_java25");
    environment.put("POWERTOOLS_SERVICE_NAME", "another-stack");
    return builder
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("output").toFile())
        .start();
  }

  private static String jar(Class<?> type) throws URISyntaxException {
    return Path.of(requireNonNull(type.getProtectionDomain().getCodeSource()).getLocation().toURI())
        .toString();
  }

  /// Lambda's runtime API: hands out invocations, one after another.
  ///
  /// Source: "Using the Lambda runtime API for custom runtimes", Lambda developer guide.
  private static final class RuntimeApi implements AutoCloseable {
    private record Invocation(String event, String traceHeader) {}

    private final BlockingQueue<Invocation> invocations = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final HttpServer server;

    RuntimeApi() throws IOException {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
      server.createContext("/2018-06-01/runtime/", this::answer);
      server.start();
    }

    int port() {
      return server.getAddress().getPort();
    }

    void invoke(String event, String traceHeader) {
      invocations.add(new Invocation(event, traceHeader));
    }

    String answer() throws InterruptedException {
      return requireNonNull(answers.poll(60, TimeUnit.SECONDS), "the function did not answer");
    }

    private void answer(HttpExchange exchange) throws IOException {
      try (exchange;
          InputStream body = exchange.getRequestBody()) {
        if (exchange.getRequestURI().getPath().endsWith("/next")) {
          Invocation next = invocations.take();
          Map<String, String> headers =
              Map.of(
                  "Aws-Request-Id", UUID.randomUUID().toString(),
                  "Deadline-Ms", Long.toString(Instant.now().plusSeconds(60).toEpochMilli()),
                  "Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:F",
                  "Trace-Id", next.traceHeader());
          headers.forEach(
              (name, value) -> exchange.getResponseHeaders().add("Lambda-Runtime-" + name, value));
          // The client's native part takes it for granted.
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          byte[] event = next.event().getBytes(UTF_8);
          exchange.sendResponseHeaders(200, event.length);
          exchange.getResponseBody().write(event);
        } else {
          answers.add(new String(body.readAllBytes(), UTF_8));
          exchange.sendResponseHeaders(202, -1);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      server.stop(0);
    }
  }
}
