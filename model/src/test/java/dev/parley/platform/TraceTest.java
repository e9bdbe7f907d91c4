package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestTables;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;

class TraceTest {
  private static final String HEADER =
      "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String UNSAMPLED = HEADER.replace("Sampled=1", "Sampled=0");

  private final TestDaemon daemon;

  TraceTest() throws IOException {
    daemon = new TestDaemon();
  }

  @AfterEach
  void stop() {
    daemon.close();
  }

  private <T> T sampled(Supplier<T> handler) {
    return daemon.onLambda(HEADER, () -> Trace.invocation(daemon.client(), handler));
  }

  private <T> T unsampled(Supplier<T> handler) {
    return daemon.onLambda(UNSAMPLED, () -> Trace.invocation(daemon.client(), handler));
  }

  @Test
  void stepsRunAlsoWithoutATrace() throws Exception {
    assertEquals(7, unsampled(() -> Trace.step("outer", () -> Trace.step("inner", () -> 7))));
    assertEquals(Optional.empty(), unsampled(() -> Trace.step("write", Trace::context)));
    assertEquals(
        Optional.empty(), daemon.onLambda("", () -> Trace.invocation(null, Trace::context)));
    Trace.annotate("outcome", "sent");
    assertThrows(
        IllegalStateException.class,
        () ->
            unsampled(
                () -> {
                  throw new IllegalStateException("as before");
                }));
    daemon.assertEmpty();
  }

  /// On Lambda the segment is Lambda's own, and known by the header only.
  @Test
  void stepsAreASubsegmentOfTheInvocationsSegment() throws Exception {
    Optional<Trace.Context> context =
        sampled(
            () -> {
              Trace.annotate("outcome", "sent");
              Trace.annotate("members", 3);
              return Trace.step("write", Trace::context);
            });

    JsonNode write = daemon.document();
    JsonNode handling = daemon.document();
    assertEquals("subsegment", handling.path("type").textValue());
    assertEquals("1-5759e988-bd862e3fe1be46a994272793", handling.path("trace_id").textValue());
    assertEquals("53995c3f42cd8ad8", handling.path("parent_id").textValue());
    assertEquals("## handleRequest", handling.path("name").textValue());
    assertEquals(
        Map.of("outcome", "sent", "members", 3),
        JSON.convertValue(handling.path("annotations"), Map.class));
    assertFalse(handling.has("fault"));
    assertEquals("subsegment", write.path("type").textValue());
    assertEquals(handling.path("trace_id"), write.path("trace_id"));
    assertEquals(handling.path("id"), write.path("parent_id"));
    assertEquals("write", write.path("name").textValue());
    assertTrue(write.path("start_time").doubleValue() >= handling.path("start_time").doubleValue());
    assertEquals(
        Optional.of(
            new Trace.Context(handling.path("trace_id").textValue(), write.path("id").textValue())),
        context);
    assertEquals(Optional.empty(), Trace.context(), "nothing is recorded after the invocation");
    daemon.assertEmpty();
  }

  @Test
  void aStepThatFailsIsAFaultAndSoIsTheInvocation() throws Exception {
    assertThrows(
        IllegalStateException.class,
        () ->
            sampled(
                () ->
                    Trace.step(
                        "write",
                        () -> {
                          throw new IllegalStateException("no");
                        })));

    assertTrue(daemon.document().path("fault").booleanValue());
    JsonNode handling = daemon.document();
    assertEquals("## handleRequest", handling.path("name").textValue());
    assertTrue(handling.path("fault").booleanValue());
  }

  @Test
  void whatAnInvocationDoesOnOtherThreadsIsInItsSteps() throws Exception {
    InvocationExecutor executor = new InvocationExecutor();

    int pages =
        sampled(
            () ->
                Trace.step(
                    "read",
                    () ->
                        CompletableFuture.supplyAsync(() -> Trace.step("page", () -> 1), executor)
                            .join()));

    assertEquals(1, pages);
    assertEquals("page", daemon.document().at("/subsegments/0/name").textValue());
  }

  @Test
  void anUnsampledInvocationRecordsNothingButAPartThatContinuesAnothersTrace() throws Exception {
    int done =
        unsampled(
            () -> {
              assertTrue(Trace.current().isEmpty());
              Trace.part("room", false, part -> assertTrue(part.span().isEmpty()));
              Trace.part(
                  "room",
                  true,
                  part -> {
                    Trace.step("push", () -> Trace.annotate("pushes", 3));
                    assertEquals(
                        "push",
                        part.span().orElseThrow().json().at("/subsegments/0/name").textValue());
                    assertEquals(Optional.empty(), Trace.context(), "it has no trace of its own");
                  });
              assertTrue(Trace.current().isEmpty());
              return 1;
            });

    assertEquals(1, done);
    daemon.assertEmpty();
  }

  @Test
  void aPartIsAStepOfTheInvocationToo() throws Exception {
    int done =
        sampled(
            () -> {
              Trace.part("room", true, part -> Trace.annotate("room", "kitchen"));
              return Trace.step("after", () -> 1);
            });

    assertEquals(1, done);
    JsonNode room = daemon.document();
    assertEquals("room", room.path("name").textValue());
    assertEquals("kitchen", room.at("/annotations/room").textValue());
    assertEquals("after", daemon.document().path("name").textValue());
  }

  @Test
  void aCallOfTheSdkIsANodeOfItsStepAndManyAreOne() throws Exception {
    DynamoDbClient dynamoDb =
        new Aws(new Settings(TestTables.environment("SendMessageFunction", Map.of()))).dynamoDb();

    int done =
        sampled(
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
                      return 1;
                    }));

    assertEquals(1, done);
    JsonNode calls = daemon.document().path("subsegments");
    assertEquals(2, calls.size(), "one for each table");
    JsonNode rooms = calls.get(0);
    assertEquals("DynamoDB", rooms.path("name").textValue());
    assertEquals("aws", rooms.path("namespace").textValue());
    assertEquals(
        "{\"operation\":\"DescribeTable\",\"table_name\":\"ChatRooms\"}",
        rooms.path("aws").toString());
    assertEquals("{\"default\":{\"calls\":3}}", rooms.path("metadata").toString());
    assertFalse(rooms.has("error"));
    assertTrue(calls.get(1).path("error").booleanValue());
  }

  @Test
  void aTreeOfStepsHasABound() throws Exception {
    int done =
        sampled(
            () -> {
              for (int i = 0; i < 10 * Span.NODES_MAX; i++) {
                Trace.step("step", () -> {});
                Trace.part("room", false, part -> Trace.step("push", () -> {}));
              }
              return 1;
            });

    assertEquals(1, done);
    List<JsonNode> documents = new ArrayList<>();
    do {
      documents.add(daemon.document());
    } while (!documents.getLast().path("name").textValue().equals("## handleRequest"));
    assertEquals(Span.NODES_MAX, documents.stream().mapToInt(d -> d.findValues("id").size()).sum());
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
}
