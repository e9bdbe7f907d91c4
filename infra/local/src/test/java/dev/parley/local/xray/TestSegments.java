package dev.parley.local.xray;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.util.function.Consumer;

/// Segment documents for tests, and the API as a test asks it.
final class TestSegments {
  static final String TRACE = "1-6553f100-0123456789abcdef01234567";

  /// When [#TRACE] began, by its id.
  static final double BEGAN = 0x6553f100;

  private TestSegments() {}

  static String traceId(int number) {
    return "1-6553f100-%024x".formatted(number);
  }

  static String id(int number) {
    return "%016x".formatted(number);
  }

  /// A segment of [#TRACE] that begins and ends so many seconds after the trace did.
  static ObjectNode segment(int id, String name, double start, double end) {
    return entity(id, name, start, end).put("trace_id", TRACE);
  }

  static ObjectNode entity(int id, String name, double start, double end) {
    return Json.MAPPER
        .createObjectNode()
        .put("id", id(id))
        .put("name", name)
        .put("start_time", BEGAN + start)
        .put("end_time", BEGAN + end);
  }

  /// A subsegment that is sent alone.
  static ObjectNode alone(int id, int parent, String name, double start, double end) {
    return segment(id, name, start, end).put("type", "subsegment").put("parent_id", id(parent));
  }

  static ObjectNode dynamoDb(int id, String operation, String table, double start, double end) {
    ObjectNode call = entity(id, "DynamoDB", start, end).put("namespace", "aws");
    call.putObject("aws").put("operation", operation).put("table_name", table);
    return call;
  }

  static ObjectNode sqs(int id, String queueUrl, double start, double end) {
    ObjectNode call = entity(id, "SQS", start, end).put("namespace", "aws");
    call.putObject("aws").put("operation", "SendMessageBatch").put("queue_url", queueUrl);
    return call;
  }

  /// Adds subsegments.
  static ObjectNode with(ObjectNode entity, ObjectNode... subsegments) {
    for (ObjectNode subsegment : subsegments) {
      entity.withArrayProperty("subsegments").add(subsegment);
    }
    return entity;
  }

  static ObjectNode change(ObjectNode entity, Consumer<ObjectNode> change) {
    change.accept(entity);
    return entity;
  }

  /// An answer of the API, as JSON.
  static JsonNode ask(Traces traces, String operation, String request) {
    return json(new XRayApi(traces).answer(operation, request.getBytes(UTF_8)).json());
  }

  static JsonNode json(String text) {
    try {
      return Json.MAPPER.readTree(text);
    } catch (IOException e) {
      throw new AssertionError(text, e);
    }
  }

  /// The document of a segment or subsegment of a trace, by its place in the answer.
  static JsonNode document(Traces traces, String traceId, int place) {
    JsonNode answer = ask(traces, "Traces", "{\"TraceIds\":[\"%s\"]}".formatted(traceId));
    return json(answer.at("/Traces/0/Segments/%d/Document".formatted(place)).asText());
  }
}
