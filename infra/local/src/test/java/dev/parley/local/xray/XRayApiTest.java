package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.BEGAN;
import static dev.parley.local.xray.TestSegments.TRACE;
import static dev.parley.local.xray.TestSegments.ask;
import static dev.parley.local.xray.TestSegments.change;
import static dev.parley.local.xray.TestSegments.dynamoDb;
import static dev.parley.local.xray.TestSegments.entity;
import static dev.parley.local.xray.TestSegments.id;
import static dev.parley.local.xray.TestSegments.json;
import static dev.parley.local.xray.TestSegments.segment;
import static dev.parley.local.xray.TestSegments.sqs;
import static dev.parley.local.xray.TestSegments.traceId;
import static dev.parley.local.xray.TestSegments.with;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class XRayApiTest {
  private static final String QUEUE = "https://sqs.us-east-1.amazonaws.com/000000000000/Segments";

  private final Traces traces = new Traces();

  /// A send, and the fan-out of its message, which ask tables and a queue.
  private void putChat() {
    ObjectNode lambda = segment(1, "Send", 0, 0.5).put("origin", "AWS::Lambda");
    lambda.putObject("http").putObject("response").put("status", 200);
    ObjectNode function =
        segment(2, "Send", 0.1, 0.5).put("origin", "AWS::Lambda::Function").put("parent_id", id(1));
    function.putObject("annotations").put("outcome", "sent");
    put(lambda);
    put(
        with(
            function,
            with(entity(3, "write", 0.2, 0.4), dynamoDb(4, "PutItem", "Messages", 0.2, 0.4))));
    ObjectNode fanout =
        segment(5, "Fanout", 0.7, 1.5)
            .put("origin", "AWS::Lambda::Function")
            .put("parent_id", id(3));
    fanout.putObject("annotations").put("room", "lobby").put("members", 1_200);
    put(
        with(
            fanout,
            with(
                entity(6, "read members", 0.7, 0.9),
                dynamoDb(7, "Query", "Connections", 0.7, 0.9),
                change(
                    dynamoDb(8, "Query", "Connections", 0.9, 0.95),
                    call -> call.put("throttle", true).put("error", true))),
            with(entity(9, "enqueue", 1, 1.4), sqs(10, QUEUE, 1.1, 1.3))));
  }

  private void put(ObjectNode document) {
    assertEquals(null, traces.put(document.toString()));
  }

  @Test
  void aSummarySaysWhatTheTraceIs() {
    putChat();

    JsonNode answer = summaries("");
    JsonNode summary = answer.at("/TraceSummaries/0");

    assertEquals(1, answer.path("TracesProcessedCount").asInt());
    assertEquals(TRACE, summary.path("Id").asText());
    assertEquals(BEGAN, summary.path("StartTime").asDouble());
    assertEquals(1.5, summary.path("Duration").asDouble(), 1e-6);
    assertEquals(0.5, summary.path("ResponseTime").asDouble(), 1e-6);
    assertFalse(summary.path("HasFault").asBoolean());
    assertFalse(summary.path("HasError").asBoolean());
    assertTrue(summary.path("HasThrottle").asBoolean());
    assertFalse(summary.path("IsPartial").asBoolean());
    assertEquals(200, summary.at("/Http/HttpStatus").asInt());
    assertEquals("Send", summary.at("/EntryPoint/Name").asText());
    assertEquals("AWS::Lambda", summary.at("/EntryPoint/Type").asText());
    assertEquals("lobby", summary.at("/Annotations/room/0/AnnotationValue/StringValue").asText());
    assertEquals(1_200, summary.at("/Annotations/members/0/AnnotationValue/NumberValue").asInt());
    assertEquals("Fanout", summary.at("/Annotations/members/0/ServiceIds/0/Name").asText());
    assertEquals(
        List.of("Send", "Send", "Fanout", "Messages", "Connections", QUEUE),
        texts(summary.path("ServiceIds"), "Name"));
  }

  @Test
  void aTraceInProgressIsPartialAndHasNoResponseTime() {
    ObjectNode begun = segment(1, "Send", 0, 1).put("in_progress", true);
    begun.remove("end_time");
    put(begun);

    JsonNode summary = summaries("").at("/TraceSummaries/0");

    assertTrue(summary.path("IsPartial").asBoolean());
    assertTrue(summary.path("ResponseTime").isMissingNode());
  }

  @Test
  void onlyTheFirst50AnnotationsAreIndexed() {
    ObjectNode segment = segment(1, "Send", 0, 1);
    ObjectNode annotations = segment.putObject("annotations");
    for (int i = 0; i < 60; i++) {
      annotations.put("a" + i, i);
    }
    put(segment);

    assertEquals(
        FullTrace.ANNOTATIONS_MAX, summaries("").at("/TraceSummaries/0/Annotations").size());
    assertEquals(
        1,
        summaries(",\"FilterExpression\":\"annotation.a49 = 49\"").path("TraceSummaries").size());
    assertEquals(
        0,
        summaries(",\"FilterExpression\":\"annotation.a50 = 50\"").path("TraceSummaries").size());
  }

  @ParameterizedTest
  @CsvSource({
    "TraceId, 0, 0.5, true",
    "TraceId, -1, 0, false",
    "TraceId, 0.5, 9, false",
    "Event, 1.4, 9, true",
    "Event, -9, 0.1, true",
    "Event, 1.6, 9, false",
    "Event, -9, 0, false",
    "Service, 1.4, 1.6, true",
    "Service, 0.6, 0.8, false"
  })
  void aRangeIsOfTraceIdsOfEventsOrOfServices(String type, double from, double to, boolean found) {
    putChat();
    String request =
        "{\"StartTime\":%s,\"EndTime\":%s,\"TimeRangeType\":\"%s\"}"
            .formatted(BEGAN + from, BEGAN + to, type);

    assertEquals(
        found ? 1 : 0, ask(traces, "TraceSummaries", request).at("/TraceSummaries").size());
  }

  @Test
  void summariesComeInPagesTheNewestFirst() {
    int count = 2 * XRayApi.SUMMARIES_MAX + 7;
    for (int i = 0; i < count; i++) {
      put(segment(1, "n", 0, 1).put("trace_id", traceId(i)));
    }

    List<String> found = new ArrayList<>();
    List<Integer> pages = new ArrayList<>();
    String token = "";
    do {
      JsonNode page = summaries(",\"NextToken\":\"%s\"".formatted(token));
      pages.add(page.path("TraceSummaries").size());
      found.addAll(texts(page.path("TraceSummaries"), "Id"));
      token = page.path("NextToken").asText("");
      put(segment(1, "n", 0, 1).put("trace_id", traceId(count + pages.size()))); // meanwhile
    } while (!token.isEmpty());

    assertEquals(List.of(XRayApi.SUMMARIES_MAX, XRayApi.SUMMARIES_MAX, 7), pages);
    assertEquals(traceId(count - 1), found.getFirst());
    assertEquals(traceId(0), found.getLast());
    assertEquals(count, new HashSet<>(found).size());
  }

  @Test
  void aFilterChoosesAmongSummaries() {
    putChat();
    put(segment(1, "Other", 0, 1).put("trace_id", traceId(1)));

    JsonNode answer = summaries(",\"FilterExpression\":\"annotation.room = \\\"lobby\\\"\"");

    assertEquals(List.of(TRACE), texts(answer.path("TraceSummaries"), "Id"));
    assertEquals(2, answer.path("TracesProcessedCount").asInt());
  }

  @Test
  void tracesThatAreNotThereAreLeftOut() {
    putChat();

    JsonNode answer =
        ask(
            traces,
            "Traces",
            "{\"TraceIds\":[\"%s\",\"%s\",\"%s\"]}".formatted(traceId(7), TRACE, TRACE));

    assertEquals(List.of(TRACE), texts(answer.path("Traces"), "Id"));
    assertTrue(answer.path("UnprocessedTraceIds").isEmpty());
  }

  @Test
  void whatIsPutIsReadAndWhatIsRefusedIsAnswered() {
    ObjectNode request = Json.MAPPER.createObjectNode();
    request
        .putArray("TraceSegmentDocuments")
        .add(segment(1, "Good", 0, 1).toString())
        .add(segment(2, "b|d", 0, 1).toString())
        .add("garbage")
        .add("[" + segment(3, "In a list", 0, 1) + "," + segment(4, "Too", 0, 1) + "]");

    JsonNode answer = ask(traces, "TraceSegments", request.toString());

    JsonNode unprocessed = answer.path("UnprocessedTraceSegments");
    assertEquals(2, unprocessed.size());
    assertEquals(id(2), unprocessed.at("/0/Id").asText());
    assertEquals("InvalidName", unprocessed.at("/0/ErrorCode").asText());
    assertTrue(
        unprocessed.at("/0/Message").asText().startsWith("Invalid segment. ErrorCode: InvalidName"),
        unprocessed.toString());
    assertEquals("ParseError", unprocessed.at("/1/ErrorCode").asText());
    assertEquals(Map.of("InvalidName", 1L, "ParseError", 1L), traces.refused());
    assertEquals("Good", TestSegments.document(traces, TRACE, 0).path("name").asText());
    assertEquals("Too", TestSegments.document(traces, TRACE, 2).path("name").asText());
  }

  @Test
  void theServiceGraphHasTheFunctionsTheirClientsAndWhatTheyCall() {
    putChat();

    JsonNode services =
        ask(traces, "ServiceGraph", "{\"StartTime\":%s,\"EndTime\":%s}".formatted(BEGAN, BEGAN + 9))
            .path("Services");

    assertEquals(
        Map.of(
            "client Send",
            List.of("AWS::Lambda Send 1"),
            "AWS::Lambda Send",
            List.of("AWS::Lambda::Function Send 1"),
            "AWS::Lambda::Function Send",
            List.of("AWS::DynamoDB::Table Messages 1", "AWS::Lambda::Function Fanout 1"),
            "AWS::Lambda::Function Fanout",
            List.of("AWS::DynamoDB::Table Connections 2", "AWS::SQS::Queue " + QUEUE + " 1"),
            "AWS::DynamoDB::Table Messages",
            List.of(),
            "AWS::DynamoDB::Table Connections",
            List.of(),
            "AWS::SQS::Queue " + QUEUE,
            List.of()),
        edges(services));
    JsonNode connections = service(services, "Connections");
    assertEquals(1, connections.at("/SummaryStatistics/OkCount").asInt());
    assertEquals(1, connections.at("/SummaryStatistics/ErrorStatistics/ThrottleCount").asInt());
    assertEquals(2, connections.at("/SummaryStatistics/TotalCount").asInt());
    assertEquals(0.25, connections.at("/SummaryStatistics/TotalResponseTime").asDouble(), 1e-5);
    assertEquals("unknown", connections.path("State").asText());
    assertEquals(2, connections.path("ResponseTimeHistogram").size());
    assertEquals("active", service(services, "Fanout").path("State").asText());
    assertEquals(BEGAN + 0.7, service(services, "Fanout").path("StartTime").asDouble(), 1e-5);
  }

  @Test
  void aQueueIsLinkedWithTheFunctionThatTakesItsMessages() {
    putChat();
    ObjectNode push =
        segment(20, "Push", 2.1, 2.4).put("trace_id", traceId(9)).put("origin", "AWS::Lambda");
    push.putArray("links").addObject().put("trace_id", TRACE).put("id", id(9));
    put(push);

    JsonNode services =
        ask(traces, "TraceGraph", "{\"TraceIds\":[\"%s\",\"%s\"]}".formatted(TRACE, traceId(9)))
            .path("Services");

    JsonNode edge = service(services, QUEUE).at("/Edges/0");
    assertEquals("link", edge.path("EdgeType").asText());
    assertEquals(
        service(services, "Push").path("ReferenceId").asInt(), edge.path("ReferenceId").asInt());
    assertEquals(1.0, edge.at("/ReceivedEventAgeHistogram/0/Value").asDouble(), 1e-6);
  }

  @Test
  void aFaultOfTheFunctionIsCountedOnItsNodeAndItsEdge() {
    put(segment(1, "Send", 0, 1).put("fault", true).put("error", true));

    JsonNode services =
        ask(traces, "TraceGraph", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE)).path("Services");

    assertEquals(1, services.at("/0/SummaryStatistics/FaultStatistics/TotalCount").asInt());
    assertEquals(0, services.at("/0/SummaryStatistics/ErrorStatistics/TotalCount").asInt());
    assertEquals(1, services.at("/1/Edges/0/SummaryStatistics/FaultStatistics/TotalCount").asInt());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "TraceSummaries | {} | StartTime and EndTime",
        "TraceSummaries | {\"StartTime\":2,\"EndTime\":1} | EndTime is before StartTime",
        "TraceSummaries | {\"StartTime\":\"1\",\"EndTime\":2} | StartTime and EndTime",
        "TraceSummaries | {\"StartTime\":1,\"EndTime\":2,\"TimeRangeType\":\"x\"} | TimeRangeType"
            + " is",
        "TraceSummaries | {\"StartTime\":1,\"EndTime\":2,\"NextToken\":\"?\"} | NextToken",
        "TraceSummaries | {\"StartTime\":1,\"EndTime\":2,\"FilterExpression\":\"x\"} | `x` is no"
            + " keyword",
        "TraceSummaries | nonsense | not JSON",
        "TraceSummaries | [] | no JSON object",
        "Traces | {} | TraceIds",
        "Traces | {\"TraceIds\":[]} | TraceIds",
        "Traces | {\"TraceIds\":[1]} | TraceIds",
        "Traces | {\"TraceIds\":[\"x\"]} | TraceIds",
        "TraceGraph | {} | TraceIds",
        "ServiceGraph | {} | StartTime and EndTime",
        "ServiceGraph | {\"StartTime\":1,\"EndTime\":2,\"GroupName\":\"g\"} | no group",
        "TraceSegments | {} | TraceSegmentDocuments"
      })
  void aRequestThatBreaksARuleIsRefusedWithTheReason(String operation, String body, String why) {
    XRayApi.Answer answer = new XRayApi(traces).answer(operation, body.getBytes(UTF_8));

    assertEquals(400, answer.status());
    assertEquals("InvalidRequestException", answer.errorType());
    assertTrue(json(answer.json()).path("Message").asText().contains(why), answer.json());
  }

  @Test
  void moreThan5TracesAreNotGivenAtOnce() {
    ObjectNode request = Json.MAPPER.createObjectNode();
    for (int i = 0; i <= XRayApi.TRACE_IDS_MAX; i++) {
      request.withArrayProperty("TraceIds").add(traceId(i));
    }

    assertEquals(
        "InvalidRequestException",
        new XRayApi(traces).answer("Traces", request.toString().getBytes(UTF_8)).errorType());
  }

  @Test
  void otherOperationsAreNotSupported() {
    XRayApi.Answer answer = new XRayApi(traces).answer("GetSamplingRules", "{}".getBytes(UTF_8));

    assertEquals(404, answer.status());
    assertTrue(answer.json().contains("GetSamplingRules"), answer.json());
  }

  private JsonNode summaries(String more) {
    return ask(
        traces,
        "TraceSummaries",
        "{\"StartTime\":%s,\"EndTime\":%s%s}".formatted(BEGAN, BEGAN + 60, more));
  }

  private static List<String> texts(JsonNode list, String field) {
    List<String> texts = new ArrayList<>();
    list.forEach(one -> texts.add(one.path(field).asText()));
    return texts;
  }

  private static JsonNode service(JsonNode services, String name) {
    for (JsonNode service : services) {
      if (service.path("Name").asText().equals(name)) {
        return service;
      }
    }
    throw new AssertionError(name + " is not in " + services);
  }

  /// Each service with its edges, as `type name` and with the number of calls.
  private static Map<String, List<String>> edges(JsonNode services) {
    Map<Integer, String> names = new TreeMap<>();
    for (JsonNode service : services) {
      names.put(
          service.path("ReferenceId").asInt(),
          service.path("Type").asText() + " " + service.path("Name").asText());
    }
    Map<String, List<String>> edges = new TreeMap<>();
    for (JsonNode service : services) {
      List<String> to = new ArrayList<>();
      for (JsonNode edge : service.path("Edges")) {
        to.add(
            names.get(edge.path("ReferenceId").asInt())
                + " "
                + edge.at("/SummaryStatistics/TotalCount").asText());
      }
      to.sort(null);
      edges.put(String.valueOf(names.get(service.path("ReferenceId").asInt())), to);
    }
    return edges;
  }
}
