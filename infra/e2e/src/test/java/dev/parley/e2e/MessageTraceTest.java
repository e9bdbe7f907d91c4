package dev.parley.e2e;

import static dev.parley.e2e.TestTraces.assertWhole;
import static dev.parley.e2e.TestTraces.continued;
import static dev.parley.e2e.TestTraces.end;
import static dev.parley.e2e.TestTraces.named;
import static dev.parley.e2e.TestTraces.place;
import static dev.parley.e2e.TestTraces.start;
import static dev.parley.e2e.TestTraces.step;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.wire.Traced;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A message's whole way is one trace: from the sender's function, through the table and its
/// stream, to the last push.
@Timeout(300)
class MessageTraceTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @Test
  void aMessageToASmallRoomIsOneTrace() throws Exception {
    try (LocalCloud cloud = TestCloud.start();
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby");
        TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=lobby");
        TestClient eve = TestClient.connect(cloud.webSocketUrl(), "?name=Eve&rooms=lobby")) {
      JsonNode sent = say(ada, "lobby", "hello");
      bob.awaitMessage("hello");
      eve.awaitMessage("hello");

      List<JsonNode> trace =
          new TestTraces(cloud)
              .await(
                  sent.path("trace").textValue(), t -> !continued(t, "FanoutFunction").isEmpty());

      assertWhole(trace);
      assertEquals(Map.of(), cloud.traces().refused());
      JsonNode send = named(trace, "SendMessageFunction").getLast();
      JsonNode handling = step(send, "## handleRequest");
      JsonNode write = step(handling, "write");
      assertEquals(List.of("charge", "membership", "write"), names(handling));
      assertEquals(Set.of("ChatMessages"), tables(write));
      assertEquals(sent.path("id"), handling.at("/annotations/message_id"));
      JsonNode fanout = continued(trace, "FanoutFunction").getFirst();
      assertEquals(write.path("id"), fanout.path("parent_id"));
      assertEquals("AWS::Lambda::Function", fanout.path("origin").asText());
      List<String> steps = ordered(fanout);
      assertEquals("wait in stream", steps.getFirst());
      assertEquals(Set.of("read room", "read members"), Set.copyOf(steps.subList(1, 3)));
      assertEquals(List.of("push"), steps.subList(3, steps.size()));
      assertEquals(Set.of("ChatConnections"), tables(step(fanout, "read members")));
      JsonNode pushes = step(step(fanout, "push"), "ApiGatewayManagementApi");
      assertEquals("PostToConnection", pushes.at("/aws/operation").asText());
      assertEquals(3, pushes.at("/metadata/default/calls").asInt());
      assertAnnotations(
          fanout,
          Map.of("room", "lobby", "members", "3", "pushes", "3", "gone", "0", "throttled", "0"));
      assertAnnotations(fanout, Map.of("given_up", "0", "batch_size", "1"));
      assertEquals(sent.path("id"), fanout.at("/annotations/message_id"));
      JsonNode waited = step(fanout, "wait in stream");
      double accepted = sent.path("timestamp").longValue() / 1e6;
      assertEquals(accepted, start(waited), 1e-4, "it waits from its timestamp on");
      assertTrue(end(waited) - start(waited) < 20);

      // The function's own trace, and back.
      String own = fanout.at("/annotations/function_trace").textValue();
      assertNotNull(own);
      new TestTraces(cloud).await(own, t -> t.toString().contains(sent.path("trace").textValue()));
      assertEquals(
          List.of(sent.path("trace").textValue()),
          new TestTraces(cloud)
              .ids("annotation.message_id = \"" + sent.path("id").textValue() + "\""));
    }
  }

  @Test
  void aMessageToALargeRoomIsOneTraceThroughItsSegmentsAndRetries() throws Exception {
    try (LocalCloud cloud =
        TestCloud.start(
            TestCloud.TEMPLATE,
            Map.of("SegmentSize", "100"),
            FaultPlan.parse("disconnect.lost=1"))) {
      List<WebSocket> sockets = connect(cloud.webSocketUrl(), 1_200);
      String throttled = TestCloud.connectionOf(cloud, "M7");
      cloud.faults().throttle(Set.of(throttled));
      sockets.get(8).abort();
      while (cloud.faults().injected(Fault.DISCONNECT_LOST) == 0) {
        LockSupport.parkNanos(1_000_000);
      }
      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=arena")) {
        JsonNode sent = say(ada, "arena", "to all of you");
        TestTraces traces = new TestTraces(cloud);

        List<JsonNode> trace =
            traces.await(
                sent.path("trace").textValue(),
                t ->
                    sum(continued(t, "PushFunction"), "members", 0) == 1_201
                        && continued(t, "RetryFunction").stream().anyMatch(p -> attempt(p) == 2));

        assertWhole(trace);
        assertEquals(Map.of(), cloud.traces().refused());
        JsonNode fanout = continued(trace, "FanoutFunction").getFirst();
        int segments = fanout.at("/annotations/segments").asInt();
        assertTrue(segments >= 8 && segments <= 16, segments + " segments");
        JsonNode enqueue = step(fanout, "enqueue");
        assertTrue(
            step(enqueue, "SQS").at("/aws/queue_url").asText().endsWith("PushSegments.fifo"),
            enqueue::toString);
        List<JsonNode> pushes = continued(trace, "PushFunction");
        assertEquals(1, sum(pushes, "gone", 0));
        assertEquals(1, sum(pushes, "throttled", 0));
        for (JsonNode push : pushes) {
          assertEquals(
              "FanoutFunction > enqueue", place(trace, push.path("parent_id").textValue()));
          assertTrue(ordered(push).containsAll(List.of("wait in queue", "read members", "push")));
        }
        for (JsonNode retry : continued(trace, "RetryFunction")) {
          assertEquals(
              (attempt(retry) == 1 ? "PushFunction" : "RetryFunction") + " > enqueue",
              place(trace, retry.path("parent_id").textValue()),
              "a retry is caused by a push");
          assertEquals(1, retry.at("/annotations/throttled").asInt());
          assertTrue(
              step(step(retry, "push"), "ApiGatewayManagementApi").path("throttle").asBoolean());
        }
      } finally {
        sockets.forEach(WebSocket::abort);
      }
    }
  }

  @Test
  void aPingIsNotTraced() throws Exception {
    try (LocalCloud cloud = TestCloud.start();
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby")) {
      assertEquals("pong", ada.request("ping", "\"rooms\":[\"lobby\"]").path("type").asText());
      ada.request("rooms", "");

      TestTraces traces = new TestTraces(cloud);
      while (traces.ids("service(\"RoomsFunction\")").isEmpty()) {
        LockSupport.parkNanos(1_000_000);
      }
      assertEquals(List.of(), traces.ids("service(\"PingFunction\")"));
    }
  }

  /// However large the room is.
  @Test
  void atMost64PartsOfAFanOutAreInATrace() throws Exception {
    try (LocalCloud cloud = TestCloud.start(TestCloud.TEMPLATE, Map.of("SegmentSize", "2"))) {
      // Estimated from three of them: so many look like 128 once in 40,000 times.
      List<WebSocket> sockets = connect(cloud.webSocketUrl(), 1_000);
      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=arena")) {
        JsonNode sent = say(ada, "arena", "to all of you");
        ada.awaitMessage("to all of you");

        TestTraces traces = new TestTraces(cloud);
        String id = sent.path("trace").textValue();
        int segments =
            continued(
                    traces.await(id, t -> !continued(t, "FanoutFunction").isEmpty()),
                    "FanoutFunction")
                .getFirst()
                .at("/annotations/segments")
                .asInt();
        assertTrue(segments > 64, segments + " segments");
        // Each segment is pushed once.
        LocalMetrics.await(cloud, metrics -> metrics.count("AcceptToPush") >= segments);

        List<JsonNode> trace =
            traces.await(id, t -> continued(t, "PushFunction").size() >= Traced.JOBS_MAX - 1);
        assertEquals(Traced.JOBS_MAX - 1, continued(trace, "PushFunction").size());
        assertWhole(trace);
        assertEquals(Map.of(), cloud.traces().refused());
      } finally {
        sockets.forEach(WebSocket::abort);
      }
    }
  }

  @Test
  void theTraceTellsThatAMessageWasPushedTwice() throws Exception {
    try (LocalCloud cloud =
            TestCloud.start(
                TestCloud.TEMPLATE,
                Map.of("MessageCostMs", "1"),
                FaultPlan.parse("seed=3,function.killed.before.call=0.2"));
        TestClient ada = connectInTheEnd(cloud, "?name=Ada&rooms=lobby")) {
      String twice = null;
      for (int i = 0; i < 2_000 && twice == null; i++) {
        int before = ada.received().size();
        ada.send(
            i % 50 == 49 // where the membership fell victim to a killed function
                ? "{\"action\":\"join\",\"room\":\"lobby\"}"
                : "{\"action\":\"sendMessage\",\"room\":\"lobby\",\"message\":\"m%d\"}"
                    .formatted(i));
        while (ada.received().size() == before) {
          LockSupport.parkNanos(1_000_000); // a reply, an error or an earlier message
        }
        twice = traceOfAMessageThatCameTwice(ada);
      }
      assertNotNull(
          twice,
          () ->
              "nothing came twice among "
                  + ada.received().stream()
                      .collect(
                          Collectors.groupingBy(
                              frame -> frame.path("type").asText() + frame.path("code").asText(),
                              Collectors.counting())));

      List<JsonNode> trace =
          new TestTraces(cloud)
              .await(
                  twice,
                  t ->
                      continued(t, "FanoutFunction").stream()
                              .filter(fanout -> !step(fanout, "push").isMissingNode())
                              .count()
                          >= 2);

      assertWhole(trace);
      assertEquals(Map.of(), cloud.traces().refused());
    }
  }

  /// Tries until neither the authorizer nor `$connect` is killed.
  private static TestClient connectInTheEnd(LocalCloud cloud, String query) {
    for (int i = 0; i < 50; i++) {
      try {
        return TestClient.connect(cloud.webSocketUrl(), query);
      } catch (CompletionException e) {
        assertTrue(e.getCause() instanceof WebSocketHandshakeException, e::toString);
      }
    }
    throw new AssertionError("never connected");
  }

  /// Of a message whose send was answered; null where there is none yet.
  private static @Nullable String traceOfAMessageThatCameTwice(TestClient client) {
    Set<String> once = new HashSet<>();
    Set<String> twice = new HashSet<>();
    for (JsonNode event : client.messages("lobby")) {
      String id = event.path("id").asText();
      if (!once.add(id)) {
        twice.add(id);
      }
    }
    return client.received().stream()
        .filter(frame -> frame.path("type").asText().equals("sent"))
        .filter(frame -> twice.contains(frame.path("id").asText()))
        .map(frame -> frame.path("trace").textValue())
        .findFirst()
        .orElse(null);
  }

  /// A tenth of the sends is sampled; whether Fanout's own invocation is, too, is another decision.
  @Test
  void aSampledSendHasItsWholeTraceAndAnotherHasNone() throws Exception {
    try (LocalCloud cloud =
            LocalCloud.start(
                TestCloud.options(TestCloud.TEMPLATE, Map.of("MessageCostMs", "1"))
                    .withSampling(0.1));
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby")) {
      TestTraces traces = new TestTraces(cloud);
      List<JsonNode> sampled = new ArrayList<>();
      List<JsonNode> others = new ArrayList<>();
      for (int i = 0; i < 1_000; i++) {
        ada.send(
            "{\"action\":\"sendMessage\",\"room\":\"lobby\",\"message\":\"m%d\",\"ref\":%d}"
                .formatted(i, i));
        if (i % 50 == 49) {
          // No batch has more of them than an invocation may trace.
          ada.await(i + 1, event -> event.path("type").asText().equals("message"));
        }
      }
      for (JsonNode sent : ada.await(1_000, MessageTraceTest::isSent)) {
        (sent.has("trace") ? sampled : others).add(sent);
      }
      assertEquals(1_000, sampled.size() + others.size());
      assertEquals(100, sampled.size(), 30);
      int withOwn = 0;
      for (JsonNode sent : sampled) {
        List<JsonNode> trace =
            traces.await(
                sent.path("trace").textValue(), t -> !continued(t, "FanoutFunction").isEmpty());
        assertWhole(trace);
        assertEquals(Map.of(), cloud.traces().refused());
        JsonNode fanout = continued(trace, "FanoutFunction").getFirst();
        assertEquals(sent.path("id"), fanout.at("/annotations/message_id"));
        withOwn += fanout.path("annotations").has("function_trace") ? 1 : 0;
      }
      assertTrue(withOwn < sampled.size(), "some Fanout invocations were not sampled");
      assertEquals(
          sampled.size(),
          traces.ids("service(\"SendMessageFunction\") AND service(\"FanoutFunction\")").size());
      for (JsonNode sent : others.subList(0, 50)) {
        assertEquals(
            List.of(), traces.ids("annotation.message_id = \"" + sent.path("id").asText() + "\""));
      }
    }
  }

  private static boolean isSent(JsonNode frame) {
    return frame.path("type").asText().equals("sent");
  }

  private static JsonNode say(TestClient client, String room, String text) {
    JsonNode sent =
        client.request("sendMessage", "\"room\":\"%s\",\"message\":\"%s\"".formatted(room, text));
    assertEquals("sent", sent.path("type").asText(), sent.toString());
    return sent;
  }

  private static List<WebSocket> connect(URI url, int count) {
    List<WebSocket> sockets = new ArrayList<>();
    for (int from = 0; from < count; from += 50) {
      List<CompletableFuture<WebSocket>> some = new ArrayList<>();
      for (int i = from; i < Math.min(count, from + 50); i++) {
        some.add(
            HTTP.newWebSocketBuilder()
                .connectTimeout(Duration.ofSeconds(30))
                .buildAsync(
                    URI.create(url + "?name=M" + i + "&rooms=arena"), new WebSocket.Listener() {}));
      }
      some.forEach(socket -> sockets.add(socket.orTimeout(60, TimeUnit.SECONDS).join()));
    }
    return sockets;
  }

  private static int attempt(JsonNode push) {
    return push.at("/annotations/attempt").asInt();
  }

  private static int sum(List<JsonNode> pushes, String annotation, int attempt) {
    return pushes.stream()
        .filter(push -> attempt(push) == attempt)
        .mapToInt(push -> push.path("annotations").path(annotation).asInt())
        .sum();
  }

  private static void assertAnnotations(JsonNode node, Map<String, String> expected) {
    expected.forEach(
        (name, value) ->
            assertEquals(
                value, node.path("annotations").path(name).asText(), name + " of " + node));
  }

  private static List<String> names(JsonNode node) {
    return StreamSupport.stream(node.path("subsegments").spliterator(), false)
        .map(step -> step.path("name").asText())
        .toList();
  }

  /// The steps of a node, from the earliest on.
  private static List<String> ordered(JsonNode node) {
    return StreamSupport.stream(node.path("subsegments").spliterator(), false)
        .sorted((a, b) -> Double.compare(start(a), start(b)))
        .map(step -> step.path("name").asText())
        .toList();
  }

  private static Set<String> tables(JsonNode step) {
    Set<String> tables = new TreeSet<>();
    step.path("subsegments").forEach(call -> tables.add(call.at("/aws/table_name").asText()));
    assertFalse(tables.isEmpty(), step.toString());
    return tables;
  }
}
