package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import dev.parley.local.lambda.Fence;
import dev.parley.local.lambda.FunctionProcess;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses;
import dev.parley.local.lambda.ProcessHost;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.Template;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A function as it is packaged, in a process of its own that nobody else calls. The others run in
/// this JVM.
@Timeout(120)
class PackagedFunctionTest {
  private static final String SENDER_TRACE = "1-5759e988-bd862e3fe1be46a994272793";
  private static final String SENDER =
      "Root=" + SENDER_TRACE + ";Parent=53995c3f42cd8ad8;Sampled=1";

  /// Beside an invocation that is not sampled there is no X-Ray daemon on AWS.
  @Test
  void anInvocationThatIsNotSampledPostsWhatItDoesForASampledMessage() throws Exception {
    assumeTrue(TestCloud.IN_PROCESSES, "mvn verify runs it once there are packages");
    try (LocalCloud cloud =
            LocalCloud.start(
                TestCloud.options(TestCloud.TEMPLATE, Map.of()).withInProcesses(false));
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby");
        ProcessHost host = new ProcessHost(Fence.closed())) {
      List<String> printed = new CopyOnWriteArrayList<>();
      FunctionProcess fanout = start(cloud, host, "FanoutFunction", printed);
      try {
        fanout.initialize();

        byte[] result = fanout.call(record().getBytes(UTF_8), Duration.ofSeconds(30));

        assertEquals("{\"batchItemFailures\":[]}", new String(result, UTF_8), printed::toString);
        ada.awaitMessage("hello");
        JsonNode posted =
            new TestTraces(cloud).await(SENDER_TRACE, trace -> !trace.isEmpty()).getFirst();
        assertEquals("FanoutFunction", posted.path("name").asText());
        assertEquals("53995c3f42cd8ad8", posted.path("parent_id").asText());
        assertEquals("id-1", posted.at("/annotations/message_id").asText());
        assertEquals(1, posted.at("/annotations/pushes").asInt());
        assertFalse(posted.path("annotations").has("function_trace"), posted::toString);
        assertFalse(TestTraces.step(posted, "push").isMissingNode(), posted::toString);
      } finally {
        fanout.end();
      }
    }
  }

  private static FunctionProcess start(
      LocalCloud cloud, ProcessHost host, String name, List<String> printed) throws Exception {
    FunctionResource function =
        requireNonNull(
            Template.read(TestCloud.TEMPLATE, TestCloud.OF_PROCESSES).functions().get(name));
    Program program =
        new Program(
            name,
            host.java().command(function.handler(), function.memorySizeMb()),
            host.unpack(Packages.zip(function)),
            false);
    Map<String, String> environment = new HashMap<>(function.environment());
    environment.putAll(cloud.dynamoDb().environment());
    environment.putAll(cloud.sqs().environment());
    String gateway = "http://127.0.0.1:" + cloud.port();
    environment.put("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", gateway + "/" + cloud.stage());
    environment.put("AWS_ENDPOINT_URL_XRAY", gateway + "/_local/xray");
    environment.put("AWS_XRAY_DAEMON_ADDRESS", "127.0.0.1:1"); // where none is
    environment.put("AWS_LAMBDA_FUNCTION_NAME", name);
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024");
    FunctionProcesses.addWhatLambdaSets(
        environment, program, function.handler(), function.runtime(), null);
    return FunctionProcess.start(host, program, environment, printed::add);
  }

  /// That a message was written, in the trace of its send.
  private static String record() {
    return """
    {"Records": [{
      "eventID": "e1", "eventName": "INSERT", "eventSource": "aws:dynamodb",
      "eventSourceARN":
        "arn:aws:dynamodb:us-east-1:000000000000:table/ChatMessages/stream/2026-11-25T21:28:00.000",
      "dynamodb": {
        "ApproximateCreationDateTime": 1764133333, "SequenceNumber": "101",
        "Keys": {"room_id": {"S": "lobby"}, "timestamp": {"N": "1"}},
        "NewImage": {"room_id": {"S": "lobby"}, "timestamp": {"N": "1"}, "id": {"S": "id-1"},
          "user": {"S": "guest:1"}, "sender": {"S": "Eve"}, "message": {"S": "hello"},
          "trace": {"S": "%s"}}}}]}
    """
        .formatted(SENDER);
  }
}
