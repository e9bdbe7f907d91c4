package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.TRACE;
import static dev.parley.local.xray.TestSegments.alone;
import static dev.parley.local.xray.TestSegments.ask;
import static dev.parley.local.xray.TestSegments.change;
import static dev.parley.local.xray.TestSegments.document;
import static dev.parley.local.xray.TestSegments.dynamoDb;
import static dev.parley.local.xray.TestSegments.entity;
import static dev.parley.local.xray.TestSegments.id;
import static dev.parley.local.xray.TestSegments.segment;
import static dev.parley.local.xray.TestSegments.traceId;
import static dev.parley.local.xray.TestSegments.with;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.xray.SegmentDocument.Refusal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class TracesTest {
  private static final int ORDERS = 200;

  private final Traces traces = new Traces();

  /// One trace of two segments, with subsegments that were sent alone, three deep.
  private static List<ObjectNode> documents() {
    ObjectNode begun = alone(12, 11, "query", 0.2, 0.3).put("in_progress", true);
    begun.remove("end_time");
    ObjectNode taken = segment(1, "Send", 0, 1).put("in_progress", true);
    taken.remove("end_time");
    return List.of(
        taken,
        with(segment(1, "Send", 0, 1), entity(10, "parse", 0, 0.1)),
        alone(11, 1, "write", 0.1, 0.5),
        begun,
        alone(12, 11, "query", 0.2, 0.4),
        with(alone(13, 12, "await", 0.25, 0.35), dynamoDb(14, "Query", "Rooms", 0.3, 0.35)),
        segment(2, "Fanout", 0.6, 0.9).put("parent_id", id(11)));
  }

  @Test
  void documentsOfATraceGiveTheSameInAnyOrder() {
    documents().forEach(document -> assertNull(traces.put(document.toString())));
    String expected = ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE)).toString();
    JsonNode whole = document(traces, TRACE, 0);
    assertEquals("parse", whole.at("/subsegments/0/name").asText());
    assertEquals("write", whole.at("/subsegments/1/name").asText());
    JsonNode query = whole.at("/subsegments/1/subsegments/0");
    assertEquals("query", query.path("name").asText());
    assertEquals("await", query.at("/subsegments/0/name").asText());
    assertEquals("DynamoDB", query.at("/subsegments/0/subsegments/0/name").asText());

    for (int seed = 0; seed < ORDERS; seed++) {
      List<ObjectNode> shuffled = new ArrayList<>(documents());
      Collections.shuffle(shuffled, new Random(seed));
      Traces others = new Traces();
      shuffled.forEach(document -> others.put(document.toString()));

      String found = ask(others, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE)).toString();
      assertEquals(expected, found, "seed " + seed);
    }
  }

  @Test
  void aSubsegmentThatWasSentAloneIsInTheDocumentOfItsParent() {
    traces.put(segment(1, "Send", 0, 1).toString());
    traces.put(with(alone(2, 1, "write", 0.1, 0.5), entity(3, "inner", 0.2, 0.3)).toString());

    assertEquals(
        with(
            segment(1, "Send", 0, 1),
            with(entity(2, "write", 0.1, 0.5), entity(3, "inner", 0.2, 0.3))),
        document(traces, TRACE, 0));
    assertTrue(document(traces, TRACE, 0).at("/subsegments/0/trace_id").isMissingNode());
  }

  @Test
  void aSubsegmentWithoutItsParentIsShownAsItCame() {
    ObjectNode orphan = alone(2, 1, "write", 0.1, 0.5);
    traces.put(orphan.toString());

    assertEquals(orphan, document(traces, TRACE, 0));
  }

  @Test
  void subsegmentsThatNameEachOtherAsParentsAreShownAsTheyCame() {
    traces.put(alone(2, 3, "egg", 0.1, 0.5).toString());
    traces.put(alone(3, 2, "hen", 0.1, 0.5).toString());

    assertEquals("egg", document(traces, TRACE, 0).path("name").asText());
    assertEquals("hen", document(traces, TRACE, 1).path("name").asText());
  }

  @Test
  void subsegmentsAreJoinedToADepthAndThoseBelowAreShownAsTheyCame() {
    int count = 2_000;
    traces.put(segment(1, "recursion", 0, 1).toString());
    for (int i = 2; i <= count; i++) {
      assertNull(traces.put(alone(i, i - 1, "call", 0, 1).toString()));
    }

    JsonNode segments =
        ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE)).at("/Traces/0/Segments");
    assertEquals(count - Trace.DEPTH_MAX, segments.size());
    assertEquals(
        1,
        ask(traces, "TraceSummaries", "{\"StartTime\":0,\"EndTime\":1e10}")
            .path("TraceSummaries")
            .size());
  }

  /// What is joined may be deep in itself.
  @Test
  void whatIsDeepInItsDocumentIsNotJoinedToAnyDepth() {
    ObjectNode first = segment(1, "recursion", 0, 1);
    deepen(first, 2, 80);
    traces.put(first.toString());
    ObjectNode second = alone(200, 81, "call", 0, 1);
    deepen(second, 201, 80);
    assertNull(traces.put(second.toString()));
    for (int i = 1_000; i < 2_500; i++) {
      assertNull(traces.put(alone(i, i == 1_000 ? 280 : i - 1, "call", 0, 1).toString()));
    }

    JsonNode summaries = ask(traces, "TraceSummaries", "{\"StartTime\":0,\"EndTime\":1e10}");
    assertEquals(1, summaries.path("TraceSummaries").size());
    JsonNode segments =
        ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE)).at("/Traces/0/Segments");
    assertEquals(1 + 1_500, segments.size(), "nothing is joined below the bound");
  }

  /// Puts so many subsegments in each other into an entity.
  private static void deepen(ObjectNode entity, int from, int count) {
    ObjectNode inner = entity;
    for (int i = from; i < from + count; i++) {
      ObjectNode child = entity(i, "call", 0, 1);
      inner.putArray("subsegments").add(child);
      inner = child;
    }
  }

  @Test
  void aDocumentWithTooManySubsegmentsInEachOtherIsRefused() {
    ObjectNode inner = entity(200, "call", 0, 1);
    for (int i = 199; i > 1; i--) {
      inner = with(entity(i, "call", 0, 1), inner);
    }

    Refusal refusal = traces.put(with(segment(1, "recursion", 0, 1), inner).toString());

    assertNotNull(refusal);
    assertEquals("ParseError", refusal.code());
    assertTrue(refusal.message().contains("nesting depth"), refusal.message());
  }

  @Test
  void aServiceThatSendsNoSegmentsIsInferredFromTheCall() {
    traces.put(
        with(
                segment(1, "Send", 0, 1),
                change(dynamoDb(2, "Query", "Rooms", 0.1, 0.2), call -> call.put("throttle", true)))
            .toString());

    ObjectNode inferred = (ObjectNode) document(traces, TRACE, 1);
    assertEquals(id(2), inferred.path("parent_id").asText());
    assertTrue(inferred.path("inferred").asBoolean());
    assertTrue(inferred.path("throttle").asBoolean());
    assertEquals("AWS::DynamoDB::Table", inferred.path("origin").asText());
    assertEquals("Rooms", inferred.at("/aws/table_name").asText());
    assertTrue(inferred.path("id").asText().matches("[0-9a-f]{16}"), inferred.toString());
  }

  @Test
  void aServiceThatSendsASegmentIsNotInferred() {
    ObjectNode call = entity(2, "api.example.com", 0.1, 0.2).put("namespace", "remote");
    traces.put(with(segment(1, "Send", 0, 1), call).toString());
    traces.put(segment(3, "api.example.com", 0.12, 0.18).put("parent_id", id(2)).toString());

    assertEquals(
        2,
        ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE))
            .at("/Traces/0/Segments")
            .size());
  }

  @Test
  void theNewestTracesAreKept() {
    for (int i = 0; i <= Traces.TRACES_MAX; i++) {
      traces.put(segment(1, "n", 0, 1).put("trace_id", traceId(i)).toString());
    }

    assertNull(traces.trace(traceId(0)));
    assertNotNull(traces.trace(traceId(1)));
    assertEquals(traceId(Traces.TRACES_MAX), traces.newestFirst().getFirst().id());
    assertEquals(Traces.TRACES_MAX, traces.newestFirst().size());
  }

  @Test
  void allTracesTogetherAreBounded() {
    int each = 60_000;
    long fit = Traces.BYTES_MAX / each;
    for (int i = 0; i < fit + 10; i++) {
      traces.put(padded(1, each).put("trace_id", traceId(i)).toString());
    }

    int kept = traces.newestFirst().size();
    assertTrue(kept <= fit && kept > fit - 10, kept + " of " + fit);
    assertEquals(Map.of(), traces.refused());
  }

  @Test
  void aTraceIsBoundedAndSaysSo() {
    for (int i = 0; i < 8; i++) {
      assertNull(traces.put(padded(i, 60_000).toString()));
    }
    assertFalse(limitExceeded());

    Refusal refusal = traces.put(padded(9, 60_000).toString());

    assertNotNull(refusal);
    assertEquals("TraceSizeLimitExceeded", refusal.code());
    assertEquals(id(9), refusal.id());
    assertTrue(limitExceeded());
    assertEquals(Map.of("TraceSizeLimitExceeded", 1L), traces.refused());
  }

  @Test
  void whatReplacesAnotherDocumentTakesItsRoom() {
    for (int i = 0; i < 100; i++) {
      assertNull(traces.put(padded(1, 60_000).toString()), "after " + i);
    }
  }

  private boolean limitExceeded() {
    return ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(TRACE))
        .at("/Traces/0/LimitExceeded")
        .asBoolean();
  }

  private static ObjectNode padded(int id, int bytes) {
    ObjectNode segment = segment(id, "n", 0, 1);
    segment.putObject("metadata").put("m", "m".repeat(bytes - 200));
    return segment;
  }
}
