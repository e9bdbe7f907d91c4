package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Wait;
import java.io.IOException;
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
        new CloseReason(1006, "Connection Closed Abnormally"), reason(tester.event("$disconnect")));
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
  void theLongestReasonIsToldWholeAndOneThatIsNoUtf8Is1007() throws Exception {
    tester.start();
    String longest = "ü".repeat(60) + "..."; // 123 bytes
    byte[] close = ("\u0003\u0000" + longest).getBytes(UTF_8);
    close[1] = (byte) 0xe8; // 1000

    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.CLOSE, true, close);
      assertEquals(1000, client.receive().closeCode());
    }
    assertEquals(new CloseReason(1000, longest), reason(tester.event("$disconnect")));
    try (RawClient client = RawClient.connected(tester.port())) {
      close[3] = 0x28;
      client.send(RawClient.CLOSE, true, close);
      assertEquals(1007, client.receive().closeCode());
    }
    assertEquals(1007, reason(tester.event("$disconnect")).code());
    try (RawClient client = RawClient.connected(tester.port())) {
      client.send(RawClient.CLOSE, true, new byte[126]);
      assertEquals(1002, client.receive().closeCode());
    }
  }

  @Test
  void aConnectionWithoutMessagesIs1001GoingAway() throws Exception {
    tester.durations(Duration.ofMillis(50), LONG).start();

    Client client = tester.connect();

    assertEquals(new CloseReason(1001, "Going away"), client.closed());
    assertEquals(new CloseReason(1001, "Going away"), reason(tester.event("$disconnect")));
  }

  @Test
  void aConnectionEndsAfterItsDurationWhateverItsTraffic() throws Exception {
    tester.durations(LONG, Duration.ofMillis(300)).start();

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
    tester.durations(Duration.ofMillis(50), LONG).start();

    try (RawClient client = RawClient.connected(tester.port())) {
      assertEquals(1001, client.receive().closeCode());
      assertTrue(client.isAtEnd());
    }
  }

  @Test
  void disconnectIsToldOnceAndItsFailureHasNoEffect() throws Exception {
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
    tester.gateway().close(); // which waits for every other that was begun
    assertEquals(1001, reason(tester.event("$disconnect")).code());
    assertTrue(tester.hasNoEvent("$disconnect"));
  }

  @Test
  void aStopOfTheGatewayIsToldToClientsAndFunctions() throws Exception {
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
  void aStopOfTheGatewayIsToldToClientsAlsoWithoutADisconnectRoute() throws Exception {
    for (int round = 0; round < 20; round++) {
      try (GatewayTester bare = new GatewayTester().start()) {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
          clients.add(bare.connect());
        }

        bare.gateway().close();

        for (Client client : clients) {
          assertEquals(new CloseReason(1001, "Going away"), client.closed());
        }
      }
    }
  }

  @Test
  void aClientThatIsConnectedWhileTheGatewayStopsIsDisconnected() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    CountDownLatch told = new CountDownLatch(1);
    tester
        .oneWay(
            "$connect",
            _ -> {
              released.await();
              return OK;
            })
        .oneWay(
            "$disconnect",
            _ -> {
              TimeUnit.MILLISECONDS.sleep(50); // as a function that writes to a table
              told.countDown();
              return OK;
            })
        .start();
    try (RawClient client = new RawClient(tester.port())) {
      client.sendHandshake("/test");
      String id = GatewayTester.connectionId(tester.event("$connect"));

      Thread closing = Thread.ofPlatform().start(tester.gateway()::close);
      Wait.until(() -> isRefused(tester.port()));
      released.countDown();
      closing.join();

      assertEquals(0, told.getCount());
      JsonNode event = tester.event("$disconnect");
      assertEquals(id, GatewayTester.connectionId(event));
      assertEquals(new CloseReason(1001, "Going away"), reason(event));
    }
  }

  private static boolean isRefused(int port) {
    try (RawClient _ = new RawClient(port)) {
      return false;
    } catch (IOException _) {
      return true;
    }
  }

  @Test
  void aMessageInWorkIsFinishedBeforeTheGatewayHasStopped() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    CountDownLatch finished = new CountDownLatch(1);
    tester
        .oneWay(
            "$default",
            _ -> {
              entered.countDown();
              released.await();
              TimeUnit.MILLISECONDS.sleep(50); // longer than $disconnect
              finished.countDown();
              return OK;
            })
        .oneWay(
            "$disconnect",
            _ -> {
              released.countDown();
              return OK;
            })
        .start();
    Client client = tester.connect();
    client.send("last");
    assertTrue(entered.await(10, TimeUnit.SECONDS));

    tester.gateway().close();

    assertEquals(0, finished.getCount());
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
