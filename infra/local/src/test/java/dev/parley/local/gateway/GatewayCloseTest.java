package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.ConnectException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class GatewayCloseTest {
  private static final String OK = "{\"statusCode\":200}";
  private static final Duration LONG = Duration.ofHours(1);

  private GatewayTester tester;

  @BeforeEach
  void declare() {
    tester =
        new GatewayTester()
            .oneWay("$connect", _ -> OK)
            .oneWay("$disconnect", _ -> OK)
            .twoWay("$default", _ -> "{\"statusCode\":200,\"body\":\"here\"}");
  }

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void theDisconnectEventIsApiGateways() throws Exception {
    tester.start();
    Client client = tester.connect("", "User-Agent", "tester");
    JsonNode connect = tester.event("$connect");

    client.socket().sendClose(4001, "enough").get(10, TimeUnit.SECONDS);

    JsonNode event = tester.event("$disconnect");
    String host = "127.0.0.1:" + tester.port();
    assertEquals(
        "{\"Host\":\"%s\",\"x-api-key\":\"\",\"X-Forwarded-For\":\"\",\"x-restapi\":\"\"}"
            .formatted(host),
        event.path("headers").toString());
    assertEquals(
        "{\"Host\":[\"%s\"],\"x-api-key\":[\"\"],\"X-Forwarded-For\":[\"\"],\"x-restapi\":[\"\"]}"
            .formatted(host),
        event.path("multiValueHeaders").toString());
    assertFalse(event.path("isBase64Encoded").asBoolean(true));
    assertFalse(event.has("body"));
    JsonNode context = event.path("requestContext");
    assertEquals("$disconnect", context.path("routeKey").asText());
    assertEquals("DISCONNECT", context.path("eventType").asText());
    assertEquals("tester", context.at("/identity/userAgent").asText());
    assertFalse(context.has("messageId"));
    assertEquals(
        connect.at("/requestContext/connectedAt"), event.at("/requestContext/connectedAt"));
    assertEquals(GatewayTester.connectionId(connect), GatewayTester.connectionId(event));
    assertEquals(new CloseReason(4001, "enough"), reason(event));
  }

  @Test
  void aCloseWithoutStatusIs1005() throws Exception {
    tester.start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.CLOSE, true, new byte[0]);

      assertEquals(
          new CloseReason(1005, "Client-side close frame status not set"),
          reason(tester.event("$disconnect")));
      assertEquals(0, client.receive().payload().length);
      assertTrue(client.isAtEnd());
    }
  }

  @Test
  void aTabThatIsClosedIs1001WithoutReason() throws Exception {
    tester.start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.CLOSE, true, new byte[] {0x03, (byte) 0xe9});

      assertEquals(new CloseReason(1001, ""), reason(tester.event("$disconnect")));
      assertEquals(1001, client.receive().closeCode());
      assertTrue(client.isAtEnd());
    }
  }

  @Test
  void aSocketThatBreaksIs1006() throws Exception {
    tester.start();

    RawClient.connected(tester.port()).drop();

    assertEquals(
        new CloseReason(1006, "Connection Closed Abnormally"),
        reason(tester.event("$disconnect")));
  }

  @Test
  void aBinaryFrameIs1003() throws Exception {
    tester.start();
    Client client = tester.connect();

    client.socket().sendBinary(ByteBuffer.wrap(new byte[1]), true).get(10, TimeUnit.SECONDS);

    assertEquals(1003, client.closed().code());
    assertEquals(1003, reason(tester.event("$disconnect")).code());
    assertTrue(tester.hasNoEvent("$default"));
  }

  @Test
  void aFrameThatIsTooLargeIs1009() throws Exception {
    tester.start();

    // The JDK's client would split it.
    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.TEXT, true, new byte[Quotas.FRAME_BYTES_MAX + 1]);
      assertEquals(1009, client.receive().closeCode());
    }
    assertEquals(1009, reason(tester.event("$disconnect")).code());
    assertTrue(tester.hasNoEvent("$default"));
  }

  @Test
  void aMessageThatIsTooLargeIs1009() throws Exception {
    tester.start();

    try (RawClient client = RawClient.connected(tester.port())) {
      byte[] frame = new byte[Quotas.FRAME_BYTES_MAX];
      client.send(RawClient.TEXT, false, frame);
      for (int i = 0; i < 3; i++) {
        client.send(RawClient.CONTINUATION, false, frame);
      }
      client.send(RawClient.CONTINUATION, true, new byte[1]);

      RawClient.Frame close = client.receive();
      assertEquals(RawClient.CLOSE, close.opcode());
      assertEquals(1009, close.closeCode());
    }
    assertEquals(1009, reason(tester.event("$disconnect")).code());
    assertTrue(tester.hasNoEvent("$default"));
  }

  @Test
  void whatIsNoUtf8Is1007AndWhatIsNoFrameIs1002() throws Exception {
    tester.start();

    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.TEXT, true, new byte[] {(byte) 0xc3, 0x28});
      assertEquals(1007, client.receive().closeCode());
    }
    assertEquals(1007, reason(tester.event("$disconnect")).code());
    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(0x7, true, new byte[0]);
      assertEquals(1002, client.receive().closeCode());
    }
    assertEquals(1002, reason(tester.event("$disconnect")).code());
  }

  @Test
  void aConnectionWithoutMessagesIs1001GoingAway() throws Exception {
    tester.timers(Duration.ofMillis(50), LONG).start();

    Client client = tester.connect();

    assertEquals(new CloseReason(1001, "Going away"), client.closed());
    assertEquals(new CloseReason(1001, "Going away"), reason(tester.event("$disconnect")));
  }

  @Test
  void messagesInEitherDirectionKeepAConnectionOpenAndPingsDoNot() throws Exception {
    Duration idle = Duration.ofMillis(800);
    tester.timers(idle, LONG).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      String id = GatewayTester.connectionId(tester.event("$connect"));
      long end = System.nanoTime() + 2 * idle.toNanos();
      boolean inward = true;
      while (System.nanoTime() < end) {
        // The pace of a client, not a wait for something: fails only if this is held up for 700 ms.
        if (inward) {
          client.sendText("keep");
          assertEquals("here", client.receive().text());
        } else {
          assertEquals(200, tester.connections("POST", id, "kept").statusCode());
          assertEquals("kept", client.receive().text());
        }
        inward = !inward;
        TimeUnit.MILLISECONDS.sleep(100);
      }
      assertTrue(tester.hasNoEvent("$disconnect"));
      long lastMessage = System.nanoTime();
      RawClient.Frame frame;
      do {
        client.send(RawClient.PING, true, new byte[0]);
        frame = client.receive();
      } while (frame.opcode() == RawClient.PONG);
      assertEquals(1001, frame.closeCode());
      assertTrue(System.nanoTime() - lastMessage < TimeUnit.SECONDS.toNanos(5));
    }
  }

  @Test
  void aConnectionEndsAfterItsDurationWhateverItsTraffic() throws Exception {
    tester.timers(LONG, Duration.ofMillis(300)).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      RawClient.Frame frame;
      do {
        client.sendText("busy");
        frame = client.receive();
      } while (frame.opcode() == RawClient.TEXT);
      assertEquals(1001, frame.closeCode());
    }
    assertEquals(new CloseReason(1001, "Going away"), reason(tester.event("$disconnect")));
  }

  @Test
  void aClientThatDoesNotAnswerACloseIsClosedAnyway() throws Exception {
    tester.timers(Duration.ofMillis(50), LONG).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      assertEquals(1001, client.receive().closeCode());
      assertTrue(client.isAtEnd());
    }
  }

  @Test
  void disconnectIsToldOnceAndItsFailureHarmsNobody() throws Exception {
    tester
        .oneWay(
            "$disconnect",
            _ -> {
              throw new IllegalStateException("no");
            })
        .start();
    Client first = tester.connect();
    Client second = tester.connect();

    first.socket().sendClose(1000, "").get(10, TimeUnit.SECONDS);
    first.closed();
    second.send("hello");

    assertEquals("here", second.receive());
    assertEquals(new CloseReason(1000, ""), reason(tester.event("$disconnect")));
    assertTrue(tester.hasNoEvent("$disconnect"));
  }

  @Test
  void aGatewayThatStopsSaysSoToClientsAndFunctions() throws Exception {
    tester.start();
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      clients.add(tester.connect());
    }

    long start = System.nanoTime();
    int port = tester.port();
    tester.gateway().close();

    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2));
    for (Client client : clients) {
      assertEquals(new CloseReason(1001, "Going away"), client.closed());
      assertEquals(new CloseReason(1001, "Going away"), reason(tester.event("$disconnect")));
    }
    assertThrows(ConnectException.class, () -> new RawClient(port));
  }

  @Test
  void aGatewayStopsThoughAFunctionHangs() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    tester
        .oneWay(
            "$disconnect",
            _ -> {
              never.await();
              return OK;
            })
        .start();
    Client client = tester.connect();

    long start = System.nanoTime();
    tester.gateway().close();

    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2));
    assertEquals(1001, client.closed().code());
    never.countDown();
  }

  private static CloseReason reason(JsonNode event) {
    JsonNode context = event.path("requestContext");
    return new CloseReason(
        context.path("disconnectStatusCode").asInt(), context.path("disconnectReason").asText());
  }
}
