package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.AWSXRayRecorderBuilder;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.amazonaws.xray.entities.TraceID;
import com.amazonaws.xray.strategy.sampling.AllSamplingStrategy;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
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

  private final AWSXRayRecorder before = AWSXRay.getGlobalRecorder();

  /// The bodies of `PutTraceSegments`.
  private final BlockingQueue<JsonNode> posts = new LinkedBlockingQueue<>();

  private final List<String> authorizations = new ArrayList<>();
  private final HttpServer xray;
  private final DatagramSocket daemon;
  private int status = 200;
  private CountDownLatch answering = new CountDownLatch(0);
  private String daemonAddress;

  TraceDocumentsTest() throws IOException {
    AWSXRay.setGlobalRecorder(
        AWSXRayRecorderBuilder.standard()
            .withSamplingStrategy(new AllSamplingStrategy())
            .withEmitter(
                new Emitter() {
                  @Override
                  public boolean sendSegment(Segment segment) {
                    return true;
                  }

                  @Override
                  public boolean sendSubsegment(Subsegment subsegment) {
                    return true;
                  }
                })
            .build());
    daemon = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    daemon.setSoTimeout(10_000);
    daemonAddress = "127.0.0.1:" + daemon.getLocalPort();
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
    AWSXRay.clearTraceEntity();
    AWSXRay.setGlobalRecorder(before);
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
  private void handOut(List<TraceDocuments.Origin> origins) {
    Trace.invocation(
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
          return 0;
        });
  }

  private static TraceDocuments.Origin origin(Trace.Context context, String message) {
    return new TraceDocuments.Origin(
        context, "stream", Instant.now().minusSeconds(1), Map.of("message_id", message));
  }

  private JsonNode datagram() throws IOException {
    DatagramPacket packet = new DatagramPacket(new byte[65_536], 65_536);
    daemon.receive(packet);
    String[] lines = new String(packet.getData(), 0, packet.getLength(), UTF_8).split("\n", 2);
    assertEquals(JSON.readTree("{\"format\":\"json\",\"version\":1}"), JSON.readTree(lines[0]));
    return JSON.readTree(lines[1]);
  }

  @Test
  void aSampledInvocationWritesASegmentOfItsOwnIntoEachTraceByTheDaemon() throws Exception {
    String own = AWSXRay.beginSegment("FanoutFunction").getTraceId().toString();

    handOut(List.of(origin(SENDER, "m1"), origin(OTHER, "m2")));

    JsonNode first = datagram();
    JsonNode second = datagram();
    assertEquals(SENDER.traceId(), first.path("trace_id").textValue());
    assertEquals(SENDER.parentId(), first.path("parent_id").textValue());
    assertEquals("FanoutFunction", first.path("name").textValue());
    assertEquals("AWS::Lambda::Function", first.path("origin").textValue());
    assertFalse(first.has("type"), "a segment, not a subsegment");
    assertEquals("m1", first.at("/annotations/message_id").textValue());
    assertEquals(7, first.at("/annotations/pushes").intValue());
    assertEquals(own, first.at("/annotations/function_trace").textValue());
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
        AWSXRay.getCurrentSegment()
            .getSubsegmentsCopy()
            .getFirst()
            .getSubsegmentsCopy()
            .getFirst()
            .getAnnotations()
            .get("continues"));
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
    AWSXRay.getGlobalRecorder().beginNoOpSegment(TraceID.create());

    handOut(List.of(origin(SENDER, "m1"), origin(OTHER, "m2")));

    JsonNode documents = posts.take().path("TraceSegmentDocuments");
    assertEquals(2, documents.size());
    JsonNode document = JSON.readTree(documents.get(0).textValue());
    assertEquals("m1", document.at("/annotations/message_id").textValue());
    assertFalse(document.path("annotations").has("function_trace"));
    assertTrue(authorizations.getFirst().contains("/eu-central-1/xray/aws4_request"));
  }

  @Test
  void anInvocationInTheSendersOwnTraceDoesNotWriteItTwice() throws Exception {
    String own = AWSXRay.beginSegment("PushFunction").getTraceId().toString();

    handOut(
        List.of(origin(new Trace.Context(own, "0000000000000001"), "m1"), origin(SENDER, "m2")));

    assertEquals("m2", datagram().at("/annotations/message_id").textValue());
  }

  @Test
  void whatXRayRefusesFailsNothing() throws Exception {
    AWSXRay.getGlobalRecorder().beginNoOpSegment(TraceID.create());
    status = 429;

    handOut(List.of(origin(SENDER, "m1")));

    posts.take();
    xray.stop(0);
    handOut(List.of(origin(SENDER, "m1")));
  }

  @Test
  void aMessageThatIsInABatchTwiceHasOneDocument() throws Exception {
    AWSXRay.getGlobalRecorder().beginNoOpSegment(TraceID.create());

    handOut(List.of(origin(SENDER, "m1"), origin(SENDER, "m1")));

    assertEquals(1, posts.take().path("TraceSegmentDocuments").size());
  }

  @Test
  void aPartWhoseStepThrewIsAFault() throws Exception {
    AWSXRay.beginSegment("FanoutFunction");

    assertThrows(
        IllegalStateException.class,
        () ->
            Trace.invocation(
                () -> {
                  try (TraceDocuments documents = new TraceDocuments(target())) {
                    Trace.part("room", true, part -> fail(documents, part));
                  }
                  return 0;
                }));

    JsonNode document = datagram();
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
    AWSXRay.getGlobalRecorder().beginNoOpSegment(TraceID.create());
    answering = new CountDownLatch(1);

    handOut(List.of(origin(SENDER, "m1")));

    posts.take();
  }

  @Test
  void aDaemonThatHasNoAddressFailsNothing() throws Exception {
    AWSXRay.beginSegment("FanoutFunction");
    daemonAddress = "no-such-host.invalid:2000";

    handOut(List.of(origin(SENDER, "m1")));
  }

  /// A sender's clock may be ahead of this function's.
  @Test
  void aMessageOfTheFutureHasNotWaited() throws Exception {
    AWSXRay.beginSegment("FanoutFunction");

    handOut(
        List.of(
            new TraceDocuments.Origin(
                SENDER, "stream", Instant.now().plus(Duration.ofHours(1)), Map.of())));

    JsonNode document = datagram();
    assertNested(document);
    assertEquals(document.path("start_time"), document.at("/subsegments/0/end_time"));
  }
}
