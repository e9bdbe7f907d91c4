package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.LocalCloud;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// What a local cloud's X-Ray knows, asked by X-Ray's own API.
final class TestTraces {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// The X-Ray SDK tells milliseconds, and what we write has microseconds.
  private static final double ROUNDING_SECONDS_MAX = 1.1e-3;

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI url;

  TestTraces(LocalCloud cloud) {
    this.url = URI.create("http://127.0.0.1:%d/_local/xray".formatted(cloud.port()));
  }

  /// The ids of all traces that a filter expression finds.
  List<String> ids(String filter) {
    List<String> ids = new ArrayList<>();
    ObjectNode request =
        JSON.createObjectNode()
            .put("StartTime", Instant.now().minusSeconds(3_600).getEpochSecond())
            .put("EndTime", Instant.now().plusSeconds(60).getEpochSecond())
            .put("FilterExpression", filter);
    String next;
    do {
      JsonNode page = post("TraceSummaries", request);
      page.path("TraceSummaries").forEach(summary -> ids.add(summary.path("Id").textValue()));
      next = page.path("NextToken").textValue();
      request.put("NextToken", next);
    } while (next != null);
    return ids;
  }

  /// The documents of a trace as they came, from the earliest on.
  List<JsonNode> documents(String traceId) {
    ObjectNode request = JSON.createObjectNode();
    request.putArray("TraceIds").add(traceId);
    List<JsonNode> documents = new ArrayList<>();
    for (JsonNode segment : post("Traces", request).at("/Traces/0/Segments")) {
      documents.add(parse(segment.path("Document").textValue()));
    }
    documents.sort((a, b) -> Double.compare(start(a), start(b)));
    return documents;
  }

  /// The documents of a trace, once they are what is meant, within 20 s.
  List<JsonNode> await(String traceId, Predicate<List<JsonNode>> meant) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (true) {
      List<JsonNode> documents = documents(traceId);
      if (meant.test(documents)) {
        return documents;
      }
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            "not in 20 s: " + documents.stream().map(JsonNode::toString).toList());
      }
      LockSupport.parkNanos(1_000_000); // functions have the processor
    }
  }

  /// Segments of a function's own or of others' work that have a name.
  static List<JsonNode> named(List<JsonNode> documents, String name) {
    return documents.stream().filter(d -> d.path("name").asText().equals(name)).toList();
  }

  /// The segments which a function wrote into a message's trace.
  static List<JsonNode> continued(List<JsonNode> documents, String function) {
    return named(documents, function).stream()
        .filter(d -> d.path("annotations").has("message_id"))
        .toList();
  }

  /// The step of a node under this name; missing where it has none.
  static JsonNode step(JsonNode node, String name) {
    for (JsonNode inside : node.path("subsegments")) {
      if (inside.path("name").asText().equals(name)) {
        return inside;
      }
    }
    return JSON.missingNode();
  }

  /// Where in a trace's nodes the id is: `FanoutFunction > enqueue`, or null.
  static @Nullable String place(List<JsonNode> documents, String id) {
    Map<String, String> places = new TreeMap<>();
    documents.forEach(document -> places(document, "", places));
    return places.get(id);
  }

  private static void places(JsonNode node, String in, Map<String, String> places) {
    String place = in + node.path("name").asText();
    places.put(node.path("id").asText(), place);
    node.path("subsegments").forEach(inside -> places(inside, place + " > ", places));
  }

  /// Each node has its parent in the trace, but for one root; each ends after it began, and a step
  /// is within what it is a step of.
  static void assertWhole(List<JsonNode> documents) {
    Map<String, JsonNode> nodes = new HashMap<>();
    documents.forEach(document -> nodes(document, nodes));
    List<String> roots = new ArrayList<>();
    for (JsonNode document : documents) {
      String parent = document.path("parent_id").textValue();
      if (parent == null) {
        roots.add(document.path("name").asText());
      } else {
        assertTrue(nodes.containsKey(parent), () -> "an orphan: " + document);
        assertTrue(
            start(document) >= start(nodes.get(parent)) - ROUNDING_SECONDS_MAX,
            () -> document + " begins before " + nodes.get(parent));
      }
      assertNested(document);
      assertTrue(document.toString().length() < 64 * 1024, "a document is too large");
    }
    assertEquals(1, roots.size(), roots::toString);
    assertTrue(documents.stream().mapToInt(d -> d.toString().length()).sum() < 500 * 1024);
  }

  private static void nodes(JsonNode node, Map<String, JsonNode> nodes) {
    JsonNode other = nodes.put(node.path("id").asText(), node);
    assertEquals(null, other, () -> "two nodes have one id: " + node);
    node.path("subsegments").forEach(inside -> nodes(inside, nodes));
  }

  private static void assertNested(JsonNode node) {
    assertTrue(end(node) >= start(node), node::toString);
    for (JsonNode inside : node.path("subsegments")) {
      if (inside.path("name").asText().equals("Initialization")) {
        continue; // before the invocation that it is a part of
      }
      assertTrue(start(inside) >= start(node) - ROUNDING_SECONDS_MAX, node::toString);
      assertTrue(end(inside) <= end(node) + ROUNDING_SECONDS_MAX, node::toString);
      assertNested(inside);
    }
  }

  static double start(JsonNode node) {
    return node.path("start_time").doubleValue();
  }

  static double end(JsonNode node) {
    return node.path("end_time").doubleValue();
  }

  private JsonNode post(String operation, JsonNode body) {
    try {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(URI.create(url + "/" + operation))
                  .header("Content-Type", "application/json")
                  .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertEquals(200, response.statusCode(), response.body());
      return parse(response.body());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new AssertionError(json, e);
    }
  }
}
