package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.contexts.LambdaSegmentContext;
import com.amazonaws.xray.contexts.SegmentContextResolverChain;
import com.amazonaws.xray.contexts.ThreadLocalSegmentContextResolver;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.strategy.IgnoreErrorContextMissingStrategy;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TraceTest {
  private static final String HEADER =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

  private final AWSXRayRecorder before = AWSXRay.getGlobalRecorder();
  private final List<String> sent = new ArrayList<>();

  @AfterEach
  void restore() {
    System.clearProperty("com.amazonaws.xray.traceHeader");
    AWSXRay.clearTraceEntity();
    AWSXRay.setGlobalRecorder(before);
  }

  @Test
  void stepsRunAlsoWithoutATrace() {
    AWSXRay.setGlobalRecorder(recorder(new SegmentContextResolverChain()));

    assertEquals(7, Trace.step("outer", () -> Trace.step("inner", () -> 7)));
    assertNull(Trace.step("write", TraceTest::headerOrNull).value());
    Trace.annotate("outcome", "sent");
    assertThrows(
        IllegalStateException.class,
        () ->
            Trace.step(
                "failing",
                () -> {
                  throw new IllegalStateException("as before");
                }));
  }

  @Test
  void stepsNestUnderTheInvocationsSegment() {
    SegmentContextResolverChain chain = new SegmentContextResolverChain();
    chain.addResolver(new ThreadLocalSegmentContextResolver());
    AWSXRay.setGlobalRecorder(recorder(chain));
    Segment segment = AWSXRay.beginSegment("SendMessageFunction");

    String header =
        Trace.step(
                "handleRequest",
                () -> {
                  Trace.annotate("outcome", "sent");
                  return Trace.step("write", TraceTest::headerOrNull);
                })
            .value();

    Subsegment handling = segment.getSubsegmentsCopy().getFirst();
    Subsegment write = handling.getSubsegmentsCopy().getFirst();
    AWSXRay.endSegment();
    assertEquals("## handleRequest", handling.getName());
    assertEquals("sent", handling.getAnnotations().get("outcome"));
    assertEquals("## write", write.getName());
    assertEquals(
        "Root=%s;Parent=%s;Sampled=1".formatted(segment.getTraceId(), write.getId()), header);
  }

  /// On Lambda the segment is Lambda's own. The SDK knows it by the header only, and sends
  /// subsegments alone.
  @Test
  void onLambdaStepsBelongToTheTraceOfTheHeader() {
    SegmentContextResolverChain chain = new SegmentContextResolverChain();
    chain.addResolver(LambdaSegmentContext::new);
    AWSXRay.setGlobalRecorder(recorder(chain));
    System.setProperty("com.amazonaws.xray.traceHeader", HEADER);

    String header = Trace.step("write", TraceTest::headerOrNull).value();

    assertNotNull(header);
    assertTrue(header.startsWith("Root=1-5759e988-bd862e3fe1be46a994272793;Parent="), header);
    assertEquals(1, sent.size());
    assertTrue(sent.getFirst().contains("\"name\":\"## write\""), sent.toString());
    assertTrue(sent.getFirst().contains("\"parent_id\":\"53995c3f42cd8ad8\""), sent.toString());
  }

  private record Header(@Nullable String value) {}

  private static Header headerOrNull() {
    return new Header(Trace.header());
  }

  private AWSXRayRecorder recorder(SegmentContextResolverChain chain) {
    AWSXRayRecorder recorder =
        AWSXRayRecorderBuilder.standard()
            .withSamplingStrategy(new AllSamplingStrategy())
            .withContextMissingStrategy(new IgnoreErrorContextMissingStrategy())
            .withSegmentContextResolverChain(chain)
            .withEmitter(
                new Emitter() {
                  @Override
                  public boolean sendSegment(Segment segment) {
                    return sent.add(segment.serialize());
                  }

                  @Override
                  public boolean sendSubsegment(Subsegment subsegment) {
                    return sent.add(subsegment.streamSerialize());
                  }
                })
            .build();
    return recorder;
  }
}
