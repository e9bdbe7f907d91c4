package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.net.Loopback;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.WebSocketHandshakeException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class GatewayConnectTest {
  private static final String OK = "{\"statusCode\":200}";
  private static final String ALLOW =
      """
      {"principalId":"me","policyDocument":{"Version":"2012-10-17","Statement":[
       {"Effect":"Allow","Action":"execute-api:Invoke","Resource":"%s"}]},
       "context":{"text":"a","number":7,"flag":true}}\
      """;

  private final GatewayTester tester = new GatewayTester();

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void theConnectEventIsApiGateways() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    tester.connect("?name=J%C3%BCrgen&name=two", "User-Agent", "tester", "X-One", "1");
    JsonNode event = tester.event("$connect");

    assertEquals("two", event.at("/queryStringParameters/name").asText());
    assertEquals(
        "[\"Jürgen\",\"two\"]", event.at("/multiValueQueryStringParameters/name").toString());
    assertEquals("1", event.at("/headers/X-One").asText());
    assertEquals("[\"1\"]", event.at("/multiValueHeaders/X-One").toString());
    assertEquals("127.0.0.1", event.at("/headers/X-Forwarded-For").asText());
    assertTrue(event.at("/headers/X-Amzn-Trace-Id").asText().startsWith("Root=1-"));
    assertFalse(event.path("headers").has("Upgrade"));
    assertFalse(event.path("isBase64Encoded").asBoolean(true));
    JsonNode context = event.path("requestContext");
    assertEquals("$connect", context.path("routeKey").asText());
    assertEquals("CONNECT", context.path("eventType").asText());
    assertEquals("IN", context.path("messageDirection").asText());
    assertEquals("test", context.path("stage").asText());
    assertEquals("local", context.path("apiId").asText());
    assertEquals("127.0.0.1:" + tester.port(), context.path("domainName").asText());
    assertEquals("127.0.0.1", context.at("/identity/sourceIp").asText());
    assertEquals("tester", context.at("/identity/userAgent").asText());
    assertTrue(
        context
            .path("requestTime")
            .asText()
            .matches("\\d\\d/[A-Z][a-z]{2}/\\d{4}:\\d\\d:\\d\\d:\\d\\d \\+0000"));
    assertTrue(context.path("connectedAt").isIntegralNumber());
    assertTrue(context.path("requestTimeEpoch").isIntegralNumber());
    assertTrue(Ids.isWellFormed(context.path("connectionId").asText()));
    assertTrue(Ids.isWellFormed(context.path("requestId").asText()));
    assertFalse(context.has("authorizer"));
    assertFalse(context.has("messageId"));
    assertFalse(event.has("body"));
  }

  @Test
  void queryFieldsAreThereOnlyWhenSent() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    tester.connect();

    JsonNode event = tester.event("$connect");
    assertFalse(event.has("queryStringParameters"));
    assertFalse(event.has("multiValueQueryStringParameters"));
  }

  @Test
  void withoutAConnectRouteEverybodyIsConnected() throws Exception {
    tester.oneWay("any", _ -> OK).start();

    Client client = tester.connect();
    client.send("{}");

    assertTrue(client.receive().startsWith("{\"message\": \"Forbidden\""));
  }

  @Test
  void everyStatusOf2xxConnects() throws Exception {
    tester
        .oneWay(
            "$connect", e -> "{\"statusCode\":" + e.at("/queryStringParameters/s").asText() + "}")
        .start();

    for (int status = 200; status < 300; status++) {
      tester.connect("?s=" + status);
    }
    assertRefused(502, "?s=199");
    assertRefused(300, "?s=300");
  }

  @Test
  void theStatusOfConnectRefusesTheHandshake() throws Exception {
    tester
        .oneWay(
            "$connect", e -> "{\"statusCode\":" + e.at("/queryStringParameters/s").asText() + "}")
        .start();

    assertRefused(501, "?s=501");
    assertRefused(301, "?s=301");
    assertRefused(304, "?s=304");
    assertRefused(502, "?s=101");
    assertRefused(401, "?s=401");
    assertRefused(403, "?s=403");
  }

  @Test
  void aConnectFunctionThatFailsIs502() throws Exception {
    tester
        .functionTimeout(Duration.ofMillis(100))
        .oneWay(
            "$connect",
            e ->
                switch (e.at("/queryStringParameters/how").asText()) {
                  case "throws" -> throw new IllegalStateException("no");
                  case "sleeps" -> {
                    Thread.sleep(10_000);
                    yield OK;
                  }
                  case "garbles" -> "garbled";
                  case "null" -> "null";
                  case "object" -> "{\"statusCode\":200,\"body\":{}}";
                  default -> "";
                })
        .start();

    assertRefused(502, "?how=throws");
    assertRefused(502, "?how=sleeps");
    assertRefused(502, "?how=garbles");
    assertRefused(502, "?how=null");
    assertRefused(502, "?how=object");
    assertRefused(502, "?how=nothing");
  }

  @Test
  void aConnectFunctionThatOutlastsItsIntegrationIs502() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    tester
        .integrationTimeout(Duration.ofMillis(50))
        .oneWay(
            "$connect",
            _ -> {
              never.await();
              return OK;
            })
        .start();

    assertRefused(502, "");

    never.countDown();
  }

  @Test
  void theAuthorizerIsAskedWithARequestEvent() throws Exception {
    tester.authorizer(GatewayConnectTest::allow).oneWay("$connect", _ -> OK).start();

    tester.connect("?token=t");
    JsonNode event = tester.event("authorizer");

    assertEquals("REQUEST", event.path("type").asText());
    assertEquals(
        "arn:aws:execute-api:us-east-1:000000000000:local/test/$connect",
        event.path("methodArn").asText());
    assertEquals("t", event.at("/queryStringParameters/token").asText());
    assertEquals("[\"t\"]", event.at("/multiValueQueryStringParameters/token").toString());
    assertTrue(event.path("headers").has("Host"));
    assertTrue(event.path("stageVariables").isObject());
    assertEquals("CONNECT", event.at("/requestContext/eventType").asText());
    assertEquals(
        GatewayTester.connectionId(event), GatewayTester.connectionId(tester.event("$connect")));
  }

  @Test
  void whatTheAuthorizerTellsIsInEveryEventAsStrings() throws Exception {
    tester
        .authorizer(GatewayConnectTest::allow)
        .oneWay("$connect", _ -> OK)
        .oneWay("$disconnect", _ -> OK)
        .twoWay("$default", _ -> "{\"statusCode\":200,\"body\":\"done\"}")
        .start();
    String expected = "{\"principalId\":\"me\",\"text\":\"a\",\"number\":\"7\",\"flag\":\"true\"}";

    Client client = tester.connect();
    client.send("hello");
    client.receive();
    client.abort();

    for (String route : new String[] {"$connect", "$default", "$disconnect"}) {
      assertEquals(expected, tester.event(route).at("/requestContext/authorizer").toString());
    }
    tester.event("authorizer");
    assertTrue(tester.hasNoEvent("authorizer"), "it is asked at $connect only");
  }

  @Test
  void theAuthorizersAnswerDecidesTheStatus() throws Exception {
    tester
        .authorizer(
            e ->
                switch (e.at("/queryStringParameters/how").asText()) {
                  case "unauthorized" -> throw new IllegalArgumentException("Unauthorized");
                  case "throws" -> throw new IllegalArgumentException("other");
                  case "denies" -> allow(e).replace("Allow", "Deny");
                  case "elsewhere" -> ALLOW.formatted("arn:aws:execute-api:*:*:other/*");
                  case "wildcard" -> ALLOW.formatted("arn:aws:execute-api:*/$connec?");
                  case "silent" -> "{\"principalId\":\"me\"}";
                  case "anonymous" -> allow(e).replace("principalId", "x");
                  case "list" -> allow(e).replace("true", "[1]");
                  case "null" -> allow(e).replace("true", "null");
                  case "half" -> allow(e).replace("\"a\"", "\"\\ud83d\"");
                  case "large" -> allow(e).replace("\"a\"", "\"" + "a".repeat(9_000) + "\"");
                  case "condition" -> allow(e).replace("\"Action\"", "\"Condition\":{},\"Action\"");
                  default -> "garbled";
                })
        .oneWay("$connect", _ -> OK)
        .start();

    assertRefused(401, "?how=unauthorized");
    assertRefused(500, "?how=throws");
    assertRefused(403, "?how=denies");
    assertRefused(403, "?how=elsewhere");
    assertRefused(500, "?how=silent");
    assertRefused(500, "?how=anonymous");
    assertRefused(500, "?how=list");
    assertRefused(500, "?how=null");
    assertRefused(500, "?how=half");
    assertRefused(500, "?how=large");
    assertRefused(500, "?how=condition");
    assertRefused(500, "?how=garbles");
    assertTrue(tester.hasNoEvent("$connect"));
    tester.connect("?how=wildcard");
  }

  @Test
  void aMissingIdentitySourceIs401AndNobodyIsAsked() throws Exception {
    tester
        .authorizer(GatewayConnectTest::allow)
        .identitySources("route.request.querystring.token", "route.request.header.X-Who")
        .oneWay("$connect", _ -> OK)
        .start();

    assertRefused(401, "?token=t");
    assertRefused(401, "?token=", "X-Who", "me");
    assertTrue(tester.hasNoEvent("authorizer"));
    tester.connect("?token=t", "x-who", "me");
  }

  @Test
  void whatCannotBeHonouredIsRefusedAtTheStart() {
    tester.authorizer(GatewayConnectTest::allow).identitySources("context.sourceIp");

    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, tester::start);

    assertTrue(String.valueOf(e.getMessage()).startsWith("IdentitySource: expected "));
  }

  @Test
  void theSubprotocolIsTheOneThatConnectChose() throws Exception {
    tester
        .oneWay(
            "$connect",
            _ -> "{\"statusCode\":200,\"headers\":{\"sec-websocket-protocol\":\"chat\"}}")
        .start();

    Client client = tester.connect("", "Sec-WebSocket-Protocol", "chat");

    assertEquals("chat", client.socket().getSubprotocol());
    assertEquals("chat", tester.event("$connect").at("/headers/Sec-WebSocket-Protocol").asText());
  }

  @Test
  void aSubprotocolThatCannotBeInAHeaderIs502() throws Exception {
    tester
        .oneWay(
            "$connect",
            _ -> "{\"statusCode\":200,\"headers\":{\"Sec-WebSocket-Protocol\":\"a\\r\\nb\"}}")
        .start();

    assertRefused(502, "");
  }

  @Test
  void nothingReachesAConnectionUntilConnectHasReturned() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    tester
        .oneWay(
            "$connect",
            _ -> {
              entered.countDown();
              released.await();
              return OK;
            })
        .start();

    try (RawClient client = new RawClient(tester.port())) {
      client.sendHandshake("/test");
      assertTrue(entered.await(10, TimeUnit.SECONDS));
      String id = GatewayTester.connectionId(tester.event("$connect"));
      assertEquals(410, tester.connections("POST", id, "early").statusCode());
      released.countDown();
      assertTrue(client.readHead().startsWith("HTTP/1.1 101 "));
      assertEquals(200, tester.connections("POST", id, "in time").statusCode());
      assertEquals("in time", client.receive().text());
    }
  }

  @Test
  void aClientThatLeavesDuringConnectIsDisconnected() throws Exception {
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    tester
        .oneWay(
            "$connect",
            _ -> {
              entered.countDown();
              released.await();
              return OK;
            })
        .oneWay("$disconnect", _ -> OK)
        .start();
    RawClient client = new RawClient(tester.port());

    client.sendHandshake("/test");
    assertTrue(entered.await(10, TimeUnit.SECONDS));
    client.drop();
    String id = GatewayTester.connectionId(tester.event("$connect"));
    released.countDown();

    JsonNode event = tester.event("$disconnect");
    assertEquals(id, GatewayTester.connectionId(event));
    assertEquals(1006, event.at("/requestContext/disconnectStatusCode").asInt());
    assertEquals(410, tester.connections("GET", id, "").statusCode());
  }

  @Test
  void aUrlThatIsTooLongIs414() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    tester.connect("?a=" + "a".repeat(4_096 - "/test?a=".length()));
    assertEquals(414, tester.get("/test?a=" + "a".repeat(4_090)).statusCode());
    assertEquals(414, tester.get("/test?a=" + "a".repeat(40_000)).statusCode());
  }

  @Test
  void aRequestThatIsNoHandshakeIsNotConnected() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    assertEquals(426, tester.get("/test").statusCode());
    try (RawClient client = new RawClient(tester.port())) {
      client.sendHandshake("/other");
      assertTrue(client.readHead().startsWith("HTTP/1.1 403 "));
    }
    assertTrue(tester.hasNoEvent("$connect"));
  }

  @Test
  void bothLoopbackAddressesAreListenedOn() throws Exception {
    tester.oneWay("$connect", _ -> OK).start();

    for (InetAddress loopback : Loopback.addresses()) {
      try (RawClient client = new RawClient(loopback, tester.port())) {
        client.sendHandshake("/test");
        assertTrue(client.readHead().startsWith("HTTP/1.1 101 "));
      }
      assertEquals(
          loopback.equals(Loopback.V4) ? "127.0.0.1" : "::1",
          tester.event("$connect").at("/requestContext/identity/sourceIp").asText());
    }
  }

  @Test
  void aPortThatIsTakenOnEitherLoopbackAddressIsNamedAndTheOtherSetFree() throws Exception {
    for (InetAddress loopback : Loopback.addresses()) {
      try (ServerSocket other = new ServerSocket(Loopback.freePort(), 1, loopback);
          GatewayTester second = new GatewayTester()) {
        int port = other.getLocalPort();

        BindException e = assertThrows(BindException.class, () -> second.start(port));

        assertEquals(
            "%s:%d is taken: stop what uses it"
                .formatted(loopback.equals(Loopback.V4) ? "127.0.0.1" : "[::1]", port),
            e.getMessage());
        if (!loopback.equals(Loopback.V4)) {
          new ServerSocket(port, 1, Loopback.V4).close();
        }
      }
    }
  }

  private static String allow(JsonNode event) {
    return ALLOW.formatted(event.path("methodArn").asText());
  }

  private void assertRefused(int status, String query, String... headers) {
    ExecutionException e =
        assertThrows(ExecutionException.class, () -> tester.connect(query, headers));
    WebSocketHandshakeException refused =
        assertInstanceOf(WebSocketHandshakeException.class, e.getCause());
    assertEquals(status, refused.getResponse().statusCode(), query);
  }
}
