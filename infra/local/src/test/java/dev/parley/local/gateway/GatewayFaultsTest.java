package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import dev.parley.local.faults.Fault;
import java.io.IOException;
import java.net.SocketException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What clients and the back end see of a gateway on a bad day.
@Timeout(30)
final class GatewayFaultsTest {
  private static final String OK = "{\"statusCode\":200}";

  private GatewayTester tester;

  @BeforeEach
  void declare() {
    tester =
        new GatewayTester()
            .oneWay("$connect", _ -> OK)
            .oneWay("$disconnect", _ -> OK)
            .twoWay("$default", e -> "{\"statusCode\":200,\"body\":" + e.path("body") + "}");
  }

  @AfterEach
  void stop() {
    tester.close();
  }

  private Client start(String plan) throws Exception {
    tester.faults(plan).start();
    return tester.connect();
  }

  private String connectedId() throws InterruptedException {
    return GatewayTester.connectionId(tester.event("$connect"));
  }

  // ---- Pushes

  @Test
  void aPushIsThrottled() throws Exception {
    assertAnswered("push.throttled", 429, "LimitExceededException");
  }

  @Test
  void aPushFindsALivingConnectionGone() throws Exception {
    assertAnswered("push.gone", 410, "GoneException");
  }

  @Test
  void aPushFails() throws Exception {
    assertAnswered("push.failed", 500, "InternalServerErrorException");
  }

  @Test
  void aPushThatWasAcceptedIsLost() throws Exception {
    assertAnswered("push.lost", 200, "");
  }

  /// With the fault each push is answered so, and none arrives; once it is stopped, they do.
  private void assertAnswered(String fault, int status, String type) throws Exception {
    Client client = start("seed=1," + fault + "=1");
    String id = connectedId();

    var answer = tester.connections("POST", id, "first");
    assertEquals(status, answer.statusCode());
    assertEquals(type, answer.headers().firstValue("x-amzn-ErrorType").orElse(""));
    assertEquals(200, tester.connections("GET", id, "").statusCode());
    client.send("still here");
    assertEquals("still here", client.receive());

    tester.faults().stop();
    assertEquals(200, tester.connections("POST", id, "second").statusCode());
    assertEquals("second", client.receive());
  }

  @Test
  void aPushToAClosedConnectionDecidesNoFault() throws Exception {
    start("seed=1,push.lost=1");

    assertEquals(410, tester.connections("POST", "L0SM9cOFvHcCIhw=", "text").statusCode());

    assertEquals(0, tester.faults().decisions(Fault.PUSH_LOST));
  }

  @Test
  void aPushArrivesAndItsAnswerIsLost() throws Exception {
    Client client = start("seed=1,push.answer.lost=1");
    String id = connectedId();

    assertThrows(IOException.class, () -> tester.connections("POST", id, "first"));
    assertEquals("first", client.receive());

    tester.faults().stop();
    assertEquals(200, tester.connections("POST", id, "second").statusCode());
  }

  @Test
  void aPushIsDelayed() throws Exception {
    Client client = start("seed=1,push.delayed=1/300ms");
    String id = connectedId();

    long start = System.nanoTime();
    assertEquals(200, tester.connections("POST", id, "late").statusCode());

    assertTrue(System.nanoTime() - start >= Duration.ofMillis(300).toNanos());
    assertEquals("late", client.receive());
    assertEquals(1, tester.faults().injected(Fault.PUSH_DELAYED));
  }

  // ---- Sockets

  @Test
  void aDisconnectIsNotTold() throws Exception {
    Client client = start("seed=1,disconnect.lost=1");
    String id = connectedId();

    client.abort();
    Wait.until(() -> tester.faults().injected(Fault.DISCONNECT_LOST) == 1);

    assertEquals(410, tester.connections("POST", id, "text").statusCode());
    assertTrue(tester.hasNoEvent("$disconnect"));
    tester.faults().stop();
    tester.connect().abort();
    tester.event("$disconnect");
    assertTrue(tester.hasNoEvent("$disconnect"));
  }

  /// Some of these end it by a reset, others by an end without close frame.
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void aSocketIsCutAtAFrameThatComesInWhichIsLost(int seed) throws Exception {
    tester.faults("seed=%d,socket.cut.in=1".formatted(seed)).start();
    try (RawClient client = RawClient.connected(tester.port())) {
      client.sendText("lost");

      assertCut(client);
    }
    assertEquals(1006, disconnectCode());
    assertTrue(tester.hasNoEvent("$default"));
    assertServedAfterStop();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void aSocketIsCutAtAFrameThatGoesOutWhichIsLost(int seed) throws Exception {
    tester.faults("seed=%d,socket.cut.out=1".formatted(seed)).start();
    try (RawClient client = RawClient.connected(tester.port())) {
      client.sendText("handled");

      assertCut(client);
    }
    assertEquals(1006, disconnectCode());
    assertEquals("handled", tester.event("$default").path("body").asText());
    assertServedAfterStop();
  }

  private static void assertCut(RawClient client) throws IOException {
    try {
      assertTrue(client.isAtEnd());
    } catch (SocketException reset) {
      assertEquals("Connection reset", reset.getMessage());
    }
  }

  private int disconnectCode() throws InterruptedException {
    return tester.event("$disconnect").at("/requestContext/disconnectStatusCode").asInt();
  }

  private void assertServedAfterStop() throws Exception {
    tester.faults().stop();
    Client client = tester.connect();
    client.send("hello");
    assertEquals("hello", client.receive());
  }

  // ---- The network

  @Test
  void whileTheNetworkIsGoneSocketsAreCutAndNewOnesRefused() throws Exception {
    tester.faults("seed=1,network.gone=1/60000ms").start();
    try (RawClient first = RawClient.connected(tester.port());
        RawClient second = RawClient.connected(tester.port())) {
      String id = connectedId();
      first.sendText("lost");

      assertCut(first);
      assertCut(second);
      assertEquals(1006, disconnectCode());
      assertEquals(1006, disconnectCode());
      assertThrows(ExecutionException.class, () -> tester.connect());
      assertThrows(IOException.class, () -> tester.get("/config.json"));
      // Functions are on the gateway's side of it.
      assertEquals(410, tester.connections("POST", id, "text").statusCode());
      assertEquals(200, tester.get("/_local/metrics").statusCode());
      assertEquals(200, tester.get("/_local/traces").statusCode());
    }
    assertTrue(tester.hasNoEvent("$default"));
    assertServedAfterStop();
  }

  @Test
  void aNetworkThatWasGoneIsBackAfterItsTime() throws Exception {
    tester.faults("seed=1,network.gone=1/200ms").start();
    long start = System.nanoTime();
    try (RawClient client = RawClient.connected(tester.port())) {
      client.sendText("lost");
      assertCut(client);
    }

    Wait.until(this::canConnect);

    assertTrue(System.nanoTime() - start >= Duration.ofMillis(200).toNanos());
  }

  private boolean canConnect() {
    try {
      tester.connect();
      return true;
    } catch (Exception refused) {
      return false;
    }
  }

  @Test
  void inAFrozenNetworkEverythingWaitsAndNothingIsLost() throws Exception {
    Client talking = start("seed=1,network.frozen=1/60000ms");
    connectedId();
    Client listening = tester.connect();
    String id = connectedId();

    talking.send("first");
    Wait.until(() -> tester.faults().injected(Fault.NETWORK_FROZEN) == 1);
    talking.send("second");
    for (int i = 0; i < 100; i++) {
      assertEquals(200, tester.connections("POST", id, "push " + i).statusCode());
    }
    assertThrows(ExecutionException.class, () -> tester.connect());
    assertTrue(tester.hasNoEvent("$default"));
    assertTrue(listening.hasNothing());
    assertTrue(talking.hasNothing());

    tester.faults().stop();

    for (int i = 0; i < 100; i++) {
      assertEquals("push " + i, listening.receive());
    }
    // Frames of one connection are handled side by side.
    List<String> replies = new ArrayList<>(List.of(talking.receive(), talking.receive()));
    replies.sort(null);
    assertEquals(List.of("first", "second"), replies);
    assertServedAfterStop();
  }

  @Test
  void aFrozenNetworkGoesOnAfterItsTime() throws Exception {
    Client client = start("seed=1,network.frozen=1/100ms");
    String id = connectedId();

    long start = System.nanoTime();
    client.send("there and back");

    assertEquals("there and back", client.receive());
    // Once on the way in, once on the way out.
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(200).toNanos());
    assertEquals(200, tester.connections("POST", id, "push").statusCode());
    assertEquals("push", client.receive());
    assertEquals(3, tester.faults().injected(Fault.NETWORK_FROZEN));
  }

  @Test
  void theEndOfASocketIsSeenOnceAFrozenNetworkGoesOn() throws Exception {
    Client client = start("seed=1,network.frozen=1/60000ms");
    String id = connectedId();
    client.send("handled later");
    Wait.until(() -> tester.faults().injected(Fault.NETWORK_FROZEN) == 1);

    client.abort();
    assertEquals(200, tester.connections("POST", id, "lost").statusCode());
    assertTrue(tester.hasNoEvent("$disconnect"));
    tester.faults().stop();

    assertEquals("handled later", tester.event("$default").path("body").asText());
    assertEquals(1006, disconnectCode());
  }

  @Test
  void aGatewayWithFaultsCloses() throws Exception {
    Client client = start("seed=1,network.frozen=1/60000ms");
    client.send("held");
    Wait.until(() -> tester.faults().injected(Fault.NETWORK_FROZEN) == 1);

    long start = System.nanoTime();
    tester.gateway().close();

    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(3));
  }
}
