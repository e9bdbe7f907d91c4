package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.TraceHeader;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.xray.XRayApi;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeNameForSends;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeValue;

class LocalCloudQueueTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25, Timeout: 10, Tracing: Active}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default: {FunctionArn: !GetAtt Relay.Arn}
        Relay:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudQueueTest$Relay
            Environment: {Variables: {NEXT: !Ref Last}}
            Events:
              First: {Type: SQS, Properties: {Queue: !GetAtt First.Arn}}
        Show:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudQueueTest$Show
            Events:
              Last: {Type: SQS, Properties: {Queue: !GetAtt Last.Arn}}
        First: {Type: AWS::SQS::Queue, Properties: {FifoQueue: true}}
        Last: {Type: AWS::SQS::Queue}
      """;

  private static final BlockingQueue<String> SHOWN = new LinkedBlockingQueue<>();

  @TempDir private Path folder = Path.of("");
  private Path template = Path.of("");

  @BeforeEach
  void write() throws IOException {
    template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    SHOWN.clear();
  }

  /// Sends what it gets to the next queue.
  public static final class Relay implements RequestHandler<SQSEvent, @Nullable Void> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Relay(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public @Nullable Void handleRequest(SQSEvent event, Context context) {
      try (SqsClient client = FunctionClients.sqs(environment)) {
        for (SQSEvent.SQSMessage message : event.getRecords()) {
          client.sendMessage(
              send ->
                  send.queueUrl(environment.get("NEXT"))
                      .messageBody(message.getBody() + ", relayed")
                      .messageSystemAttributes(
                          trace(TraceHeader.fromEntity(AWSXRay.getCurrentSegment()).toString())));
        }
      }
      return null;
    }
  }

  /// Tells the test what came.
  public static final class Show implements RequestHandler<SQSEvent, @Nullable Void> {
    @Override
    public @Nullable Void handleRequest(SQSEvent event, Context context) {
      for (SQSEvent.SQSMessage message : event.getRecords()) {
        SHOWN.add(message.getBody());
      }
      return null;
    }
  }

  private static Map<MessageSystemAttributeNameForSends, MessageSystemAttributeValue> trace(
      String header) {
    return Map.of(
        MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
        MessageSystemAttributeValue.builder().dataType("String").stringValue(header).build());
  }

  @Test
  void aMessageGoesThroughQueuesAndFunctionsAndTheirTracesAreLinked() throws Exception {
    try (LocalCloud cloud = LocalCloud.start(Options.inMemory(template))) {
      cloud
          .sqs()
          .client()
          .sendMessage(
              send ->
                  send.queueUrl("https://sqs.us-east-1.amazonaws.com/000000000000/First.fifo")
                      .messageBody("hello")
                      .messageGroupId("group")
                      .messageDeduplicationId("one")
                      .messageSystemAttributes(
                          trace(
                              "Root=1-67891233-abcdef012345678912345678;"
                                  + "Parent=53995c3f42cd8ad8;Sampled=1")));

      assertEquals("hello, relayed", SHOWN.poll(20, TimeUnit.SECONDS));
      JsonNode relay = traceOf(cloud, "Relay");
      JsonNode show = traceOf(cloud, "Show");
      assertEquals("1-67891233-abcdef012345678912345678", relay.at("/links/0/trace_id").asText());
      assertEquals("53995c3f42cd8ad8", relay.at("/links/0/id").asText());
      assertEquals(relay.path("trace_id"), show.at("/links/0/trace_id"));
      assertNotEquals(relay.path("trace_id"), show.path("trace_id"));
      assertEquals(Map.of(), cloud.traces().refused());
    }
  }

  @Test
  void aProcessWithQueuesPrintsNoMoreThanOneWithoutAndStopsAsQuickly() throws Exception {
    List<String> lines =
        LocalCloudTest.untilStopped(
            LocalCloudTest.run(template, "-Dparley.port=0", "-Dparley.data=memory"));

    assertEquals(7, lines.size(), lines.toString());
    assertEquals("Parley has stopped", lines.getLast());
  }

  /// What Lambda wrote of the one invocation of a function, once it is there.
  private static JsonNode traceOf(LocalCloud cloud, String function) throws Exception {
    XRayApi xray = new XRayApi(cloud.traces());
    String filter = "service(id(name: \"%s\", type: \"AWS::Lambda\"))".formatted(function);
    String request =
        Json.MAPPER
            .createObjectNode()
            .put("StartTime", 0)
            .put("EndTime", 1e10)
            .put("FilterExpression", filter)
            .toString();
    Wait.until(() -> !ask(xray, "TraceSummaries", request).path("TraceSummaries").isEmpty());
    JsonNode id = ask(xray, "TraceSummaries", request).at("/TraceSummaries/0/Id");
    String ids = "{\"TraceIds\":[%s]}".formatted(id);
    return Json.MAPPER.readTree(
        ask(xray, "Traces", ids).at("/Traces/0/Segments/0/Document").asText());
  }

  private static JsonNode ask(XRayApi xray, String operation, String request) throws Exception {
    return Json.MAPPER.readTree(
        xray.answer(operation, request.getBytes(StandardCharsets.UTF_8)).json());
  }
}
