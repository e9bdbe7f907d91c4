package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The account's quota: frames and calls of `@connections` share it.
@Timeout(30)
final class GatewayQuotaTest {
  private static final String OK = "{\"statusCode\":200}";

  /// More requests than the bucket has, and than come in the time of the test.
  private static final int MANY = 10_000;

  @Test
  void callsBeyondTheQuotaAreAnswered429AndSendNothing() throws Exception {
    try (GatewayTester tester = tester(1, 20)) {
      Client client = tester.connect();
      String id = GatewayTester.connectionId(tester.event("$connect"));

      int taken = 0;
      HttpResponse<String> answer = tester.connections("POST", id, "hello");
      while (answer.statusCode() == 200) {
        taken++;
        assertTrue(taken < MANY, "nothing is refused");
        answer = tester.connections("POST", id, "hello");
      }

      assertEquals(429, answer.statusCode());
      assertEquals(
          "LimitExceededException", answer.headers().firstValue("x-amzn-ErrorType").orElse(""));
      assertEquals("{\"message\":\"Too Many Requests\"}", answer.body());
      for (int i = 0; i < taken; i++) {
        assertEquals("hello", client.receive());
      }
      assertTrue(client.hasNothing());
      assertTrue(tester.gateway().requestsRefused() >= 1);
    }
  }

  /// A call is throttled before it is known what it is about.
  @Test
  void everyCallAndEveryFrameTakesOfTheSameQuota() throws Exception {
    try (GatewayTester tester = tester(1, 20)) {
      Client client = tester.connect();
      String id = GatewayTester.connectionId(tester.event("$connect"));
      client.send("one");
      assertEquals("one", client.receive());

      int calls = 0;
      while (tester.connections("GET", "L0SM9cOFvHcCIhw=", "").statusCode() == 410) {
        calls++;
        assertTrue(calls < MANY, "nothing is refused");
      }
      String frame = "one";
      for (int i = 0; frame.equals("one"); i++) {
        assertTrue(i < MANY, "no frame is refused");
        client.send("one");
        frame = client.receive();
      }

      assertTrue(
          frame.startsWith(
              "{\"message\": \"Too Many Requests\", \"connectionId\":\"%s\", \"requestId\":\""
                  .formatted(id)),
          frame);
    }
  }

  @Test
  void aConnectionWhoseFramesWereRefusedStaysOpen() throws Exception {
    try (GatewayTester tester = tester(20, 1)) {
      Client client = tester.connect();
      boolean refused = false;
      for (int i = 0; !refused; i++) {
        assertTrue(i < MANY, "no frame is refused");
        client.send("again");
        refused = !client.receive().equals("again");
      }

      String frame = "";
      while (!frame.equals("again")) {
        client.send("again");
        frame = client.receive();
      }
    }
  }

  @Test
  void aRouteBeyondItsStagesThrottleIsRefusedAndAnotherIsNot() throws Exception {
    try (GatewayTester tester =
        new GatewayTester()
            .oneWay("$connect", _ -> OK)
            .oneWay("$disconnect", _ -> OK)
            .throttling(1, 5)
            .twoWay("say", e -> "{\"statusCode\":200,\"body\":\"said\"}")
            .twoWay("$default", e -> "{\"statusCode\":200,\"body\":\"heard\"}")
            .start()) {
      Client client = tester.connect();
      String frame = "said";
      for (int i = 0; frame.equals("said"); i++) {
        assertTrue(i < MANY, "no frame is refused");
        client.send("{\"action\":\"say\"}");
        frame = client.receive();
      }

      assertTrue(frame.startsWith("{\"message\": \"Too Many Requests\", "), frame);
      client.send("anything else");
      assertEquals("heard", client.receive());
    }
  }

  @Test
  void aHandshakeBeyondItsRoutesThrottleIsAnswered429AndAsksNobody() throws Exception {
    try (GatewayTester tester =
        new GatewayTester()
            .throttling(1, 2)
            .oneWay("$connect", _ -> OK)
            .oneWay("$disconnect", _ -> OK)
            .start()) {
      WebSocketHandshakeException refused = null;
      for (int i = 0; refused == null; i++) {
        assertTrue(i < MANY, "no handshake is refused");
        try {
          tester.connect();
          tester.event("$connect");
        } catch (ExecutionException e) {
          refused = assertInstanceOf(WebSocketHandshakeException.class, e.getCause());
        }
      }

      assertEquals(429, refused.getResponse().statusCode());
      assertTrue(tester.hasNoEvent("$connect"));
    }
  }

  private static GatewayTester tester(int perSecond, int bucket) throws Exception {
    return new GatewayTester()
        .oneWay("$connect", _ -> OK)
        .oneWay("$disconnect", _ -> OK)
        .twoWay("$default", e -> "{\"statusCode\":200,\"body\":" + e.at("/body") + "}")
        .quota(perSecond, bucket)
        .start();
  }
}
