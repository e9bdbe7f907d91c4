package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.TRACE;
import static dev.parley.local.xray.TestSegments.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.xray.AWSXRay;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class TracingTest {
  private static final String SENDER = "Root=" + TRACE + ";Parent=00000000000000aa;Sampled=1";
  private static final int INVOCATIONS = 1_000;

  private final Traces traces = new Traces();

  @Test
  void anInvocationHasASegmentOfTheServiceAndOneOfTheFunctionBeneath() {
    LocalFunction function = function(1);

    String header = invoke(function, "fine");

    List<JsonNode> segments = segments();
    assertEquals(2, segments.size());
    JsonNode service = segments.get(0);
    JsonNode own = segments.get(1);
    assertEquals("AWS::Lambda", service.path("origin").asText());
    assertEquals(200, service.at("/http/response/status").asInt());
    assertTrue(service.path("resource_arn").asText().endsWith(":function:Worker"));
    assertFalse(service.has("fault"));
    assertEquals("AWS::Lambda::Function", own.path("origin").asText());
    assertEquals(service.path("id"), own.path("parent_id"));
    assertEquals(service.at("/aws/request_id"), own.at("/aws/request_id"));
    assertEquals(
        "Root=%s;Parent=%s;Sampled=1"
            .formatted(own.path("trace_id").asText(), own.path("id").asText()),
        header);
    assertEquals("Initialization", own.at("/subsegments/0/name").asText());
    assertEquals("step", own.at("/subsegments/1/name").asText());
    assertTrue(service.path("start_time").asDouble() <= own.path("start_time").asDouble());
    assertTrue(service.path("end_time").asDouble() >= own.path("end_time").asDouble());

    invoke(function, "fine");

    assertEquals("step", segments().get(1).at("/subsegments/0/name").asText());
    assertEquals(2, traces.newestFirst().size());
    assertEquals(Map.of(), traces.refused());
  }

  /// As where tests start several, or somebody runs two templates in one process.
  @Test
  void aLocalCloudThatBeginsLaterTakesNoSegmentOfAnEarlierOne() {
    LocalFunction function = function(1);
    Traces later = new Traces();
    var _ = new Tracing(later, 1, new Random(2)).collectFromThisProcess();

    invoke(function, "fine");

    assertEquals("step", segments().get(1).at("/subsegments/1/name").asText());
    assertEquals(List.of(), later.newestFirst());
  }

  @Test
  void aFunctionThatThrowsIsAFaultInBoth() {
    LocalFunction function = function(1);

    assertThrows(FunctionError.class, () -> invoke(function, "bad"));

    for (JsonNode segment : segments()) {
      assertTrue(segment.path("fault").asBoolean(), segment.toString());
    }
    assertEquals(
        "bad", segments().get(1).at("/cause/exceptions/0/message").asText(), segments().toString());
    assertEquals(Map.of(), traces.refused());
  }

  @Test
  void aFunctionThatNeverEndsLeavesTheSegmentOfTheService() {
    LocalFunction function = function(1);

    assertThrows(FunctionError.class, () -> invoke(function, "never"));

    assertEquals(1, segments().size());
    assertEquals("AWS::Lambda", segments().getFirst().path("origin").asText());
    assertTrue(segments().getFirst().path("fault").asBoolean());
    Worker.RELEASED.countDown();
  }

  @Test
  void anInvocationWithMessagesBeginsATraceThatIsLinkedToTheirs() {
    LocalFunction function = function(0);
    List<String> senders = new ArrayList<>();
    senders.add(SENDER);
    senders.add("Root=1-6553f100-000000000000000000000001;Parent=00000000000000bb;Sampled=0");
    senders.add("nonsense");
    senders.add("Root=garbage;Parent=00000000000000dd;Sampled=1");
    senders.add("Root=" + TRACE + ";Parent=short;Sampled=1");
    senders.add("Root=" + TRACE + ";Sampled=1");
    senders.add(SENDER);
    for (int i = 0; i < 30; i++) {
      senders.add("Root=%s;Parent=00000000000000cc;Sampled=1".formatted(TestSegments.traceId(i)));
    }

    function.invoke("\"fine\"".getBytes(UTF_8), senders, "request");

    JsonNode service = segments().getFirst();
    assertFalse(service.path("trace_id").asText().equals(TRACE));
    assertEquals(20, service.path("links").size());
    assertEquals(TRACE, service.at("/links/0/trace_id").asText());
    assertEquals("00000000000000aa", service.at("/links/0/id").asText());
    assertFalse(service.toString().contains("00000000000000bb"));
    assertEquals(Map.of(), traces.refused());
  }

  @Test
  void messagesOfUnsampledTracesAreNotSampled() {
    String header = "Root=" + TRACE + ";Parent=00000000000000aa;Sampled=0";

    function(1).invoke("\"fine\"".getBytes(UTF_8), List.of(header, header), "request");

    assertTrue(traces.newestFirst().isEmpty());
  }

  @Test
  void messagesWhoseSenderDidNotDecideLeaveItToTheShare() {
    function(1)
        .invoke("\"fine\"".getBytes(UTF_8), List.of("Root=" + TRACE + ";Sampled=?"), "request");

    assertEquals(2, segments().size());
  }

  @Test
  void anInvocationThatIsNotSampledSaysSoAndLeavesNothing() {
    String header = invoke(function(0), "fine");

    assertTrue(header.startsWith("Root=1-") && header.endsWith(";Sampled=0"), header);
    assertFalse(header.contains("Parent="), header);
    assertTrue(traces.newestFirst().isEmpty());
  }

  @Test
  void theShareOfInvocationsIsSampled() {
    LocalFunction function = function(0.1);
    for (int i = 0; i < INVOCATIONS; i++) {
      invoke(function, "fine");
    }

    int sampled = traces.newestFirst().size();
    assertTrue(Math.abs(sampled - INVOCATIONS / 10) <= 30, sampled + " were sampled");
    for (Trace trace : traces.newestFirst()) {
      assertEquals(2, trace.segments().size());
    }
  }

  @Test
  void aShareIsFrom0To1() {
    for (double share : new double[] {-0.1, 1.1, Double.NaN}) {
      assertThrows(IllegalArgumentException.class, () -> new Tracing(traces, share, new Random(1)));
    }
  }

  private LocalFunction function(double sampling) {
    Tracing tracing = new Tracing(traces, sampling, new Random(7)).collectFromThisProcess();
    return new LocalFunction(
        "Worker",
        Worker.class.getName(),
        Map.of(),
        Duration.ofSeconds(2),
        Faults.none(),
        null,
        tracing,
        new MetricStore());
  }

  private static String invoke(LocalFunction function, String what) {
    return json(new String(function.invoke(("\"" + what + "\"").getBytes(UTF_8)), UTF_8)).asText();
  }

  /// Of the newest trace.
  private List<JsonNode> segments() {
    return List.copyOf(traces.newestFirst().getFirst().segments());
  }

  public static final class Worker implements RequestHandler<String, String> {
    private static final CountDownLatch RELEASED = new CountDownLatch(1);

    @Override
    public String handleRequest(String what, Context context) {
      try (var _ = AWSXRay.beginSubsegment("step")) {
        if (what.equals("bad")) {
          throw new IllegalStateException(what);
        }
        while (what.equals("never") && RELEASED.getCount() > 0) {
          try {
            RELEASED.await();
          } catch (InterruptedException _) {
            // It heeds no interrupt.
          }
        }
        return context.getXrayTraceId();
      }
    }
  }
}
