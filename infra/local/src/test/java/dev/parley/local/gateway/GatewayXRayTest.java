package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import dev.parley.local.xray.Traces;
import dev.parley.local.xray.XRayApi;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// X-Ray's API, as the gateway serves it.
@Timeout(30)
final class GatewayXRayTest {
  private static final String RANGE = "{\"StartTime\":1.6e9,\"EndTime\":1.8e9}";

  private final GatewayTester tester = new GatewayTester();

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void whatIsPutIsRead() throws Exception {
    tester.xray(new XRayApi(new Traces())::answer).start();

    HttpResponse<String> put =
        post("TraceSegments", segments(1, "\"ü\""), "Authorization", signed());
    HttpResponse<String> read = post("TraceSummaries", RANGE);

    assertEquals(200, put.statusCode());
    assertEquals("{\"UnprocessedTraceSegments\":[]}", put.body());
    assertEquals("application/json", read.headers().firstValue("content-type").orElse(""));
    JsonNode summaries = Json.MAPPER.readTree(read.body()).path("TraceSummaries");
    assertEquals(
        "1-6553f100-0123456789abcdef01234567", summaries.at("/0/Id").asText(), read.body());
  }

  @Test
  void anErrorIsMarkedAsTheSdksReadIt() throws Exception {
    tester.start();

    HttpResponse<String> refused = post("TraceSummaries", "{}");

    assertEquals(400, refused.statusCode());
    assertEquals(
        "InvalidRequestException", refused.headers().firstValue("x-amzn-ErrorType").orElse(""));
    assertTrue(refused.body().startsWith("{\"Message\":\"StartTime"), refused.body());
  }

  @Test
  void segmentsOfAWholeTraceMayComeAtOnce() throws Exception {
    tester.start();
    String body = segments(8, "m".repeat(60_000));
    assertTrue(body.length() > Quotas.MESSAGE_BYTES_MAX);

    HttpResponse<String> put = post("TraceSegments", body, "Authorization", signed());
    assertEquals(200, put.statusCode());
    assertEquals("{\"UnprocessedTraceSegments\":[]}", put.body());
    assertEquals(
        413,
        post("TraceSegments", segments(20, "m".repeat(60_000)), "Authorization", signed())
            .statusCode());
  }

  /// As on every other port, so that no page's form adds to the traces.
  @Test
  void whatWritesMustLookSigned() throws Exception {
    tester.start();

    HttpResponse<String> refused = post("TraceSegments", segments(1, ""));

    assertEquals(403, refused.statusCode());
    assertTrue(refused.body().contains("must be signed"), refused.body());
  }

  @Test
  void anApiThatFailsIsAnswered500() throws Exception {
    tester
        .xray(
            (_, _) -> {
              throw new IllegalStateException("of the test");
            })
        .start();

    assertEquals(500, post("TraceSummaries", RANGE).statusCode());
  }

  @Test
  void whatIsNotPostedIsNotThere() throws Exception {
    tester.start();

    assertEquals(404, tester.get("/_local/xray/TraceSummaries").statusCode());
    assertEquals(403, tester.request("DELETE", "/_local/xray/TraceSummaries", "").statusCode());
  }

  private HttpResponse<String> post(String operation, String body, String... headers)
      throws Exception {
    return tester.request("POST", "/_local/xray/" + operation, body, headers);
  }

  private static String signed() {
    return GatewayTester.SIGNATURE;
  }

  private static String segments(int count, String metadata) {
    ObjectNode document =
        Json.MAPPER
            .createObjectNode()
            .put("trace_id", "1-6553f100-0123456789abcdef01234567")
            .put("name", "a")
            .put("start_time", 1.7e9)
            .put("end_time", 1.7e9);
    document.putObject("metadata").put("m", metadata);
    ObjectNode request = Json.MAPPER.createObjectNode();
    for (int i = 0; i < count; i++) {
      document.put("id", "%016x".formatted(i + 1));
      request.withArrayProperty("TraceSegmentDocuments").add(document.toString());
    }
    return request.toString();
  }
}
