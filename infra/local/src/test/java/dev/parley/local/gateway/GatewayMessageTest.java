package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class GatewayMessageTest {
  private static final String OK = "{\"statusCode\":200}";

  private final GatewayTester tester = new GatewayTester();

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void theMessageEventIsApiGateways() throws Exception {
    tester
        .oneWay("$connect", _ -> OK)
        .twoWay("join", _ -> "{\"statusCode\":200,\"body\":\"joined\"}")
        .start();

    Client client = tester.connect("", "User-Agent", "tester");
    client.send("{\"action\":\"join\"}");

    assertEquals("joined", client.receive());
    JsonNode event = tester.event("join");
    JsonNode connect = tester.event("$connect");
    assertEquals("{\"action\":\"join\"}", event.path("body").asText());
    assertFalse(event.path("isBase64Encoded").asBoolean(true));
    assertFalse(event.has("headers"));
    assertFalse(event.has("queryStringParameters"));
    JsonNode context = event.path("requestContext");
    assertEquals("join", context.path("routeKey").asText());
    assertEquals("MESSAGE", context.path("eventType").asText());
    assertTrue(Ids.isWellFormed(context.path("messageId").asText()));
    assertEquals("tester", context.at("/identity/userAgent").asText());
    assertEquals(
        connect.at("/requestContext/connectedAt").asLong(), context.path("connectedAt").asLong());
    assertEquals(GatewayTester.connectionId(connect), GatewayTester.connectionId(event));
  }

  @Test
  void aMessageWithoutARouteGoesToDefault() throws Exception {
    tester
        .twoWay("join", _ -> reply("join"))
        .twoWay("$default", _ -> reply("default"))
        .oneWay("$connect", _ -> OK)
        .oneWay("$disconnect", _ -> OK)
        .start();
    Client client = tester.connect();
    tester.event("$connect");

    for (String message :
        new String[] {
          "not json",
          "{\"action\":\"Join\"}",
          "{\"action\":\"join\"} trailing",
          "{\"action\":\"$connect\"}",
          "{\"action\":\"$disconnect\"}",
          "[\"join\"]",
          "{}",
          "5"
        }) {
      client.send(message);
      assertEquals("default", client.receive(), message);
    }
    assertTrue(tester.hasNoEvent("$connect"));
    assertTrue(tester.hasNoEvent("$disconnect"));
  }

  @Test
  void aMessageWithoutARouteAndWithoutDefaultGetsApiGatewaysErrorAndTheClientStays()
      throws Exception {
    tester.twoWay("join", _ -> reply("joined")).oneWay("$connect", _ -> OK).start();
    Client client = tester.connect();
    String id = GatewayTester.connectionId(tester.event("$connect"));

    client.send("{\"action\":\"nothing\"}");

    assertErrorFrame("Forbidden", id, client.receive());
    client.send("{\"action\":\"join\"}");
    assertEquals("joined", client.receive());
  }

  @Test
  void aFunctionThatFailsGivesApiGatewaysErrorAndTheClientStays() throws Exception {
    tester
        .oneWay("$connect", _ -> OK)
        .oneWay(
            "throws",
            _ -> {
              throw new IllegalStateException("no");
            })
        .oneWay("garbles", _ -> "garbled")
        .oneWay("silent", _ -> "null")
        .twoWay("noBase64", _ -> base64("a body"))
        .twoWay("noUtf8", _ -> base64("/w=="))
        .twoWay("object", _ -> "{\"statusCode\":200,\"body\":{}}")
        .twoWay("large", _ -> reply("a".repeat(Quotas.MESSAGE_BYTES_MAX + 1)))
        .twoWay("fine", _ -> reply("fine"))
        .functionTimeout(Duration.ofMillis(100))
        .twoWay(
            "sleeps",
            _ -> {
              Thread.sleep(10_000);
              return OK;
            })
        .start();
    Client client = tester.connect();
    String id = GatewayTester.connectionId(tester.event("$connect"));

    for (String action :
        List.of("throws", "sleeps", "garbles", "silent", "noBase64", "noUtf8", "object", "large")) {
      client.send("{\"action\":\"%s\"}".formatted(action));
      assertErrorFrame("Internal server error", id, client.receive());
    }
    client.send("{\"action\":\"fine\"}");
    assertEquals("fine", client.receive());
  }

  @Test
  void aFunctionThatOutlastsItsIntegrationGivesTheSameError() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    tester
        .oneWay("$connect", _ -> OK)
        .integrationTimeout(Duration.ofMillis(50))
        .twoWay(
            "$default",
            _ -> {
              released.await();
              return reply("late");
            })
        .start();
    Client client = tester.connect();

    client.send("{}");

    assertErrorFrame(
        "Internal server error",
        GatewayTester.connectionId(tester.event("$connect")),
        client.receive());
    released.countDown();
  }

  private static void assertErrorFrame(String message, String id, String frame) {
    String start =
        "{\"message\": \"" + message + "\", \"connectionId\":\"" + id + "\", \"requestId\":\"";
    assertTrue(frame.startsWith(start), frame);
    assertTrue(frame.endsWith("\"}"), frame);
    assertTrue(Ids.isWellFormed(frame.substring(start.length(), frame.length() - 2)), frame);
  }

  private static String base64(String body) {
    return "{\"statusCode\":200,\"isBase64Encoded\":true,\"body\":\"" + body + "\"}";
  }

  @Test
  void aBodyInBase64IsDecoded() throws Exception {
    tester
        .twoWay("encoded", _ -> base64("Z3LDvMOfZSE="))
        .twoWay("empty", _ -> base64(""))
        .twoWay("bodiless", _ -> "{\"statusCode\":200,\"isBase64Encoded\":true}")
        .twoWay("$default", _ -> reply("Z3LDvMOfZSE="))
        .start();
    Client client = tester.connect();

    for (String action : List.of("empty", "bodiless", "encoded")) {
      client.send("{\"action\":\"%s\"}".formatted(action));
      tester.event(action);
    }
    assertEquals("grüße!", client.receive());
    client.send("{}");
    assertEquals("Z3LDvMOfZSE=", client.receive());
  }

  @Test
  void onlyASuccessWithABodyOnATwoWayRouteIsAnswered() throws Exception {
    tester
        .oneWay("quiet", _ -> reply("not sent"))
        .twoWay("refused", _ -> "{\"statusCode\":400,\"body\":\"not sent\"}")
        .twoWay("empty", _ -> "{\"statusCode\":200}")
        .twoWay("null", _ -> "{\"statusCode\":200,\"body\":null}")
        .twoWay("$default", _ -> reply("sent"))
        .start();
    Client client = tester.connect();

    for (String action : new String[] {"quiet", "refused", "empty", "null"}) {
      client.send("{\"action\":\"%s\"}".formatted(action));
      tester.event(action);
    }
    client.send("{}");

    assertEquals("sent", client.receive());
    assertTrue(client.hasNothing());
  }

  @Test
  void consecutiveMessagesOfOneConnectionAreHandledSideBySide() throws Exception {
    CyclicBarrier both = new CyclicBarrier(2);
    tester
        .twoWay(
            "$default",
            e -> {
              both.await(10, TimeUnit.SECONDS); // passed only while the other is here, too
              return reply(e.path("body").asText());
            })
        .start();
    Client client = tester.connect();

    client.send("one");
    client.send("two");

    String first = client.receive();
    String second = client.receive();
    assertEquals(Set.of("one", "two"), Set.of(first, second));
  }

  @Test
  void aClientThatSendsMoreThanMayBeInWorkIsReadFromAgainLater() throws Exception {
    tester.twoWay("$default", e -> reply(e.path("body").asText())).start();
    int messages = 3 * SocketHandler.MESSAGES_IN_WORK_MAX;
    Set<String> sent = new TreeSet<>();
    Set<String> received = new TreeSet<>();

    try (RawClient client = RawClient.connected(tester.port())) {
      for (int i = 0; i < messages; i++) {
        client.sendText("m" + i);
        sent.add("m" + i);
      }
      for (int i = 0; i < messages; i++) {
        received.add(client.receive().text());
      }
    }
    assertEquals(sent, received);
  }

  @Test
  void aMessageInFramesIsOneMessage() throws Exception {
    tester.twoWay("$default", e -> reply(e.path("body").asText())).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      byte[] text = "grüße".getBytes(UTF_8);
      client.send(RawClient.TEXT, false, Arrays.copyOfRange(text, 0, 3));
      client.send(RawClient.CONTINUATION, false, new byte[0]);
      client.send(RawClient.PING, true, new byte[] {7});
      client.send(RawClient.CONTINUATION, true, Arrays.copyOfRange(text, 3, text.length));

      assertArrayEquals(new byte[] {7}, client.receive().payload());
      assertEquals("grüße", client.receive().text());
    }
  }

  @Test
  void theLargestFrameAndTheLargestMessagePass() throws Exception {
    tester.twoWay("$default", e -> reply(String.valueOf(e.path("body").asText().length()))).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      byte[] frame = "a".repeat(Quotas.FRAME_BYTES_MAX).getBytes(UTF_8);
      client.send(RawClient.TEXT, true, frame);
      assertEquals("32768", client.receive().text());
      client.send(RawClient.TEXT, false, frame);
      client.send(RawClient.CONTINUATION, false, frame);
      client.send(RawClient.CONTINUATION, false, frame);
      client.send(RawClient.CONTINUATION, true, frame);
      assertEquals("131072", client.receive().text());
    }
  }

  @Test
  void aLargeReplyComesInFramesThatAreNotTooLarge() throws Exception {
    String large = "ä".repeat(Quotas.MESSAGE_BYTES_MAX / 2);
    tester.twoWay("$default", _ -> reply(large)).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.sendText("x");
      var bytes = new ByteArrayOutputStream();
      for (int i = 0; i < 4; i++) {
        RawClient.Frame frame = client.receive();
        assertEquals(i == 0 ? RawClient.TEXT : RawClient.CONTINUATION, frame.opcode());
        assertEquals(i == 3, frame.last());
        assertEquals(Quotas.FRAME_BYTES_MAX, frame.payload().length);
        bytes.writeBytes(frame.payload());
      }
      assertEquals(large, bytes.toString(UTF_8));
    }
  }

  @Test
  void aReplyWithHalfASurrogatePairIsStillLegalText() throws Exception {
    tester.twoWay("$default", _ -> reply("a\\ud83d")).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.sendText("x");

      assertEquals("a?", client.receive().text());
    }
  }

  @Test
  void aPingIsAnsweredWithItsContent() throws Exception {
    tester.start();
    Client client = tester.connect();

    client.socket().sendPing(ByteBuffer.wrap(new byte[] {1, 2, 3})).get(10, TimeUnit.SECONDS);

    assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), client.pong());
  }

  private static String reply(String body) {
    return "{\"statusCode\":200,\"body\":\"" + body + "\"}";
  }
}
