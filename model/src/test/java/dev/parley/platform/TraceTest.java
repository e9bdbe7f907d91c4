package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import com.amazonaws.xray.entities.TraceID;
import com.amazonaws.xray.strategy.IgnoreErrorContextMissingStrategy;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestTables;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;

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

    assertEquals(
        7, Trace.invocation(() -> Trace.step("outer", () -> Trace.step("inner", () -> 7))));
    assertEquals(Optional.empty(), Trace.invocation(() -> Trace.step("write", Trace::context)));
    Trace.annotate("outcome", "sent");
    assertThrows(
        IllegalStateException.class,
        () ->
            Trace.invocation(
                () -> {
                  throw new IllegalStateException("as before");
                }));
  }

  @Test
  void stepsNestUnderTheInvocationsSegment() {
    Segment segment = segment();

    Optional<Trace.Context> context =
        Trace.invocation(
            () -> {
              Trace.annotate("outcome", "sent");
              Trace.annotate("members", 3);
              return Trace.step("write", Trace::context);
            });

    Subsegment handling = segment.getSubsegmentsCopy().getFirst();
    Subsegment write = handling.getSubsegmentsCopy().getFirst();
    assertEquals("## handleRequest", handling.getName());
    assertEquals(Map.of("outcome", "sent", "members", 3L), handling.getAnnotations());
    assertEquals("write", write.getName());
    double rounding = 0.001; // the SDK's own times are in milliseconds
    assertTrue(write.getStartTime() >= handling.getStartTime() - rounding);
    assertTrue(write.getEndTime() <= handling.getEndTime() + rounding);
    assertEquals(
        Optional.of(new Trace.Context(segment.getTraceId().toString(), write.getId())), context);
    assertEquals(Optional.empty(), Trace.context(), "nothing is recorded after the invocation");
  }

  @Test
  void aStepThatFailsIsAFaultAndSoIsTheInvocation() {
    Segment segment = segment();

    assertThrows(
        IllegalStateException.class,
        () ->
            Trace.invocation(
                () ->
                    Trace.step(
                        "write",
                        () -> {
                          throw new IllegalStateException("no");
                        })));

    Subsegment handling = segment.getSubsegmentsCopy().getFirst();
    assertTrue(handling.isFault());
    assertTrue(handling.getSubsegmentsCopy().getFirst().isFault());
  }

  @Test
  void whatAnInvocationDoesOnOtherThreadsIsInItsSteps() {
    Segment segment = segment();
    InvocationExecutor executor = new InvocationExecutor();

    Trace.invocation(
        () ->
            Trace.step(
                "read",
                () ->
                    CompletableFuture.supplyAsync(() -> Trace.step("page", () -> 1), executor)
                        .join()));

    Subsegment read = segment.getSubsegmentsCopy().getFirst().getSubsegmentsCopy().getFirst();
    assertEquals("page", read.getSubsegmentsCopy().getFirst().getName());
  }

  @Test
  void anUnsampledInvocationRecordsNothingButAPartThatContinuesAnothersTrace() {
    AWSXRay.setGlobalRecorder(recorder(threadLocal()));
    AWSXRay.getGlobalRecorder().beginNoOpSegment(TraceID.create());

    Trace.invocation(
        () -> {
          assertTrue(Trace.current().isEmpty());
          Trace.part("room", false, part -> assertTrue(part.span().isEmpty()));
          Trace.part(
              "room",
              true,
              part -> {
                Trace.step("push", () -> Trace.annotate("pushes", 3));
                assertEquals(
                    "push", part.span().orElseThrow().json().at("/subsegments/0/name").textValue());
                assertEquals(Optional.empty(), Trace.context(), "it has no trace of its own");
              });
          assertTrue(Trace.current().isEmpty());
          return 0;
        });
  }

  @Test
  void aPartIsAStepOfTheInvocationToo() {
    Segment segment = segment();

    Trace.invocation(
        () -> {
          Trace.part("room", true, part -> Trace.annotate("room", "kitchen"));
          return Trace.step("after", () -> 0);
        });

    List<Subsegment> steps = segment.getSubsegmentsCopy().getFirst().getSubsegmentsCopy();
    assertEquals(List.of("room", "after"), steps.stream().map(Subsegment::getName).toList());
    assertEquals("kitchen", steps.getFirst().getAnnotations().get("room"));
  }

  /// On Lambda the segment is Lambda's own. The SDK knows it by the header only, and sends
  /// subsegments alone.
  @Test
  void onLambdaStepsBelongToTheTraceOfTheHeader() throws Exception {
    SegmentContextResolverChain chain = new SegmentContextResolverChain();
    chain.addResolver(LambdaSegmentContext::new);
    AWSXRay.setGlobalRecorder(recorder(chain));
    System.setProperty("com.amazonaws.xray.traceHeader", HEADER);

    Trace.Context context =
        Trace.invocation(() -> Trace.step("write", Trace::context)).orElseThrow();

    assertEquals("1-5759e988-bd862e3fe1be46a994272793", context.traceId());
    assertEquals(1, sent.size());
    JsonNode handling = new ObjectMapper().readTree(sent.getFirst());
    assertEquals("53995c3f42cd8ad8", handling.path("parent_id").textValue());
    assertEquals("write", handling.at("/subsegments/0/name").textValue());
    assertEquals(context.parentId(), handling.at("/subsegments/0/id").textValue());
  }

  @Test
  void onLambdaAnUnsampledInvocationSendsNothing() {
    SegmentContextResolverChain chain = new SegmentContextResolverChain();
    chain.addResolver(LambdaSegmentContext::new);
    AWSXRay.setGlobalRecorder(recorder(chain));
    System.setProperty("com.amazonaws.xray.traceHeader", HEADER.replace("Sampled=1", "Sampled=0"));

    assertEquals(Optional.empty(), Trace.invocation(() -> Trace.step("write", Trace::context)));
    assertEquals(List.of(), sent);
  }

  @Test
  void aCallOfTheSdkIsANodeOfItsStepAndManyAreOne() {
    Segment segment = segment();
    DynamoDbClient dynamoDb =
        new Aws(new Settings(TestTables.environment("SendMessageFunction", Map.of()))).dynamoDb();

    Trace.invocation(
        () ->
            Trace.step(
                "read",
                () -> {
                  for (int i = 0; i < 3; i++) {
                    dynamoDb.describeTable(describe -> describe.tableName("ChatRooms"));
                  }
                  assertThrows(
                      ResourceNotFoundException.class,
                      () -> dynamoDb.describeTable(describe -> describe.tableName("Nothing")));
                  return 0;
                }));

    List<Subsegment> calls =
        segment
            .getSubsegmentsCopy()
            .getFirst()
            .getSubsegmentsCopy()
            .getFirst()
            .getSubsegmentsCopy();
    assertEquals(2, calls.size(), "one for each table");
    Subsegment rooms = calls.getFirst();
    assertEquals("DynamoDB", rooms.getName());
    assertEquals("aws", rooms.getNamespace());
    assertEquals(Map.of("operation", "DescribeTable", "table_name", "ChatRooms"), rooms.getAws());
    assertEquals(Map.of("default", Map.of("calls", 3L)), rooms.getMetadata());
    assertFalse(rooms.isError());
    assertTrue(calls.getLast().isError());
  }

  @Test
  void aTreeOfStepsHasABound() {
    Segment segment = segment();

    Trace.invocation(
        () -> {
          for (int i = 0; i < 10 * Span.NODES_MAX; i++) {
            Trace.step("step", () -> {});
            Trace.part("room", false, part -> Trace.step("push", () -> {}));
          }
          return 0;
        });

    AWSXRay.endSegment();
    assertTrue(segment.getTotalSize().intValue() <= Span.NODES_MAX);
    int bytes = sent.stream().mapToInt(String::length).max().orElseThrow();
    assertTrue(bytes < 64 * 1024, bytes + " bytes");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1",
        "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8;Sampled=1",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;x",
        "Sampled=1"
      })
  void whatIsNoHeaderOfASampledTraceIsNoContext(String header) {
    assertEquals(Optional.empty(), Trace.Context.of(header));
  }

  @Test
  void aHeaderIsAContextAndBack() {
    assertEquals(HEADER, Trace.Context.of(HEADER).orElseThrow().header());
    assertEquals(HEADER, Trace.Context.of(HEADER + ";Lineage=25:abc:0").orElseThrow().header());
    assertEquals(Optional.empty(), Trace.Context.of(null));
  }

  private Segment segment() {
    AWSXRay.setGlobalRecorder(recorder(threadLocal()));
    return AWSXRay.beginSegment("SendMessageFunction");
  }

  private static SegmentContextResolverChain threadLocal() {
    SegmentContextResolverChain chain = new SegmentContextResolverChain();
    chain.addResolver(new ThreadLocalSegmentContextResolver());
    return chain;
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
