package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class TraceDocumentsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Trace.Context SENDER =
      new Trace.Context("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8");

  private static final Trace.Context OTHER =
      new Trace.Context("1-5759e988-bd862e3fe1be46a994272794", "0000000000000001");

  private static final Trace.Context OWN =
      new Trace.Context("1-6a0f1c2d-000000000000000000000001", "1111111111111111");

  /// The bodies of `PutTraceSegments`.
  private final BlockingQueue<JsonNode> posts = new LinkedBlockingQueue<>();

  private final List<String> authorizations = new ArrayList<>();
  private final HttpServer xray;
  private final TestDaemon daemon;
  private int status = 200;
  private CountDownLatch answering = new CountDownLatch(0);
  private String daemonAddress;

  TraceDocumentsTest() throws IOException {
    daemon = new TestDaemon();
    daemonAddress = daemon.address();
    xray = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    xray.createContext(
        "/_local/xray/TraceSegments",
        exchange -> {
          authorizations.add(exchange.getRequestHeaders().getFirst("Authorization"));
          posts.add(JSON.readTree(exchange.getRequestBody().readAllBytes()));
          exchange.sendResponseHeaders(status, 0);
          try (OutputStream answer = exchange.getResponseBody()) {
            while (!answering.await(100, TimeUnit.MILLISECONDS)) {
              answer.write(' '); // so that no timeout of the socket ends it
              answer.flush();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    xray.start();
  }

  @AfterEach
  void stop() {
    answering.countDown();
    xray.stop(0);
    daemon.close();
  }

  private TraceDocuments.Target target() {
    Map<String, String> environment = new HashMap<>();
    environment.put("AWS_REGION", "eu-central-1");
    environment.put("AWS_ACCESS_KEY_ID", "a");
    environment.put("AWS_SECRET_ACCESS_KEY", "b");
    environment.put("NO_PROXY", "*");
    environment.put("AWS_LAMBDA_FUNCTION_NAME", "FanoutFunction");
    environment.put("AWS_XRAY_DAEMON_ADDRESS", daemonAddress);
    environment.put(
        "AWS_ENDPOINT_URL_XRAY",
        "http://127.0.0.1:%d/_local/xray".formatted(xray.getAddress().getPort()));
    Settings settings = new Settings(environment);
    return new TraceDocuments.Target(new Aws(settings), settings);
  }

  /// A part of an invocation for a message that has waited for a second.
  private void handOut(boolean sampled, List<TraceDocuments.Origin> origins) {
    invocation(
        sampled,
        () -> {
          try (TraceDocuments documents = new TraceDocuments(target())) {
            Trace.part(
                "room",
                true,
                part -> {
                  Trace.step("push", () -> Trace.called("Gateway", "Post", Instant.now(), 7, 1, 0));
                  Trace.annotate("pushes", 7);
                  documents.write(part, origins);
                });
          }
        });
  }

  private void invocation(boolean sampled, Runnable handler) {
    String header = sampled ? OWN.header() : OWN.header().replace("Sampled=1", "Sampled=0");
    assertTrue(
        daemon.onLambda(
            header,
            () ->
                Trace.invocation(
                    daemon.client(),
                    () -> {
                      handler.run();
                      return true;
                    })));
  }

  private static TraceDocuments.Origin origin(Trace.Context context, String message) {
    return new TraceDocuments.Origin(
        context, "stream", Instant.now().minusSeconds(1), Map.of("message_id", message));
  }

  @Test
  void aSampledInvocationWritesASegmentOfItsOwnIntoEachTraceByTheDaemon() throws Exception {
    handOut(true, List.of(origin(SENDER, "m1"), origin(OTHER, "m2")));

    JsonNode first = daemon.document();
    JsonNode second = daemon.document();
    assertEquals(SENDER.traceId(), first.path("trace_id").textValue());
    assertEquals(SENDER.parentId(), first.path("parent_id").textValue());
    assertEquals("FanoutFunction", first.path("name").textValue());
    assertEquals("AWS::Lambda::Function", first.path("origin").textValue());
    assertFalse(first.has("type"), "a segment, not a subsegment");
    assertEquals("m1", first.at("/annotations/message_id").textValue());
    assertEquals(7, first.at("/annotations/pushes").intValue());
    assertEquals(OWN.traceId(), first.at("/annotations/function_trace").textValue());
    assertEquals("m2", second.at("/annotations/message_id").textValue());
    assertEquals(OTHER.traceId(), second.path("trace_id").textValue());
    JsonNode waited = first.at("/subsegments/0");
    assertEquals("wait in stream", waited.path("name").textValue());
    assertTrue(
        waited.path("end_time").doubleValue() - waited.path("start_time").doubleValue() >= 1);
    assertEquals("push", first.at("/subsegments/1/name").textValue());
    JsonNode pushes = first.at("/subsegments/1/subsegments/0");
    assertEquals("aws", pushes.path("namespace").textValue());
    assertEquals(7, pushes.at("/metadata/default/calls").intValue());
    assertTrue(pushes.path("throttle").booleanValue());
    assertNested(first);
    assertTrue(posts.isEmpty());
    assertEquals(
        SENDER.traceId() + " " + OTHER.traceId(),
        daemon.document().at("/annotations/continues").textValue());
  }

  private static void assertNested(JsonNode node) {
    for (JsonNode inside : node.path("subsegments")) {
      assertTrue(inside.path("start_time").doubleValue() >= node.path("start_time").doubleValue());
      assertTrue(inside.path("end_time").doubleValue() <= node.path("end_time").doubleValue());
      assertNotEquals(node.path("id"), inside.path("id"));
      assertNested(inside);
    }
  }

  @Test
  void anUnsampledInvocationPostsThem() throws Exception {
    handOut(false, List.of(origin(SENDER, "m1"), origin(OTHER, "m2")));

    JsonNode documents = posts.take().path("TraceSegmentDocuments");
    assertEquals(2, documents.size());
    JsonNode document = JSON.readTree(documents.get(0).textValue());
    assertEquals("m1", document.at("/annotations/message_id").textValue());
    assertFalse(document.path("annotations").has("function_trace"));
    assertTrue(authorizations.getFirst().contains("/eu-central-1/xray/aws4_request"));
  }

  @Test
  void anInvocationInTheSendersOwnTraceDoesNotWriteItTwice() throws Exception {
    handOut(
        true,
        List.of(
            origin(new Trace.Context(OWN.traceId(), "0000000000000001"), "m1"),
            origin(SENDER, "m2")));

    assertEquals("m2", daemon.document().at("/annotations/message_id").textValue());
  }

  @Test
  void whatXRayRefusesFailsNothing() throws Exception {
    status = 429;

    handOut(false, List.of(origin(SENDER, "m1")));

    posts.take();
    xray.stop(0);
    handOut(false, List.of(origin(SENDER, "m1")));
  }

  @Test
  void aMessageThatIsInABatchTwiceHasOneDocument() throws Exception {
    handOut(false, List.of(origin(SENDER, "m1"), origin(SENDER, "m1")));

    assertEquals(1, posts.take().path("TraceSegmentDocuments").size());
  }

  @Test
  void aPartWhoseStepThrewIsAFault() throws Exception {
    assertThrows(
        IllegalStateException.class,
        () ->
            invocation(
                true,
                () -> {
                  try (TraceDocuments documents = new TraceDocuments(target())) {
                    Trace.part("room", true, part -> fail(documents, part));
                  }
                }));

    JsonNode document = daemon.document();
    assertTrue(document.path("fault").booleanValue());
    assertTrue(document.at("/subsegments/1/fault").booleanValue());
  }

  private static void fail(TraceDocuments documents, Trace.Part part) {
    try {
      Trace.step(
          "enqueue",
          () -> {
            throw new IllegalStateException("refused");
          });
    } finally {
      documents.write(part, List.of(origin(SENDER, "m1")));
    }
  }

  @Test
  void anAnswerOfXRayThatDoesNotEndIsNotWaitedFor() throws Exception {
    answering = new CountDownLatch(1);

    handOut(false, List.of(origin(SENDER, "m1")));

    posts.take();
  }

  @Test
  void aDaemonThatHasNoAddressFailsNothing() throws Exception {
    daemonAddress = "no-such-host.invalid:2000";

    handOut(true, List.of(origin(SENDER, "m1")));
  }

  /// A sender's clock may be ahead of this function's.
  @Test
  void aMessageOfTheFutureHasNotWaited() throws Exception {
    handOut(
        true,
        List.of(
            new TraceDocuments.Origin(
                SENDER, "stream", Instant.now().plus(Duration.ofHours(1)), Map.of())));

    JsonNode document = daemon.document();
    assertNested(document);
    assertEquals(document.path("start_time"), document.at("/subsegments/0/end_time"));
  }
}
