package dev.parley.handlers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.parley.TestTables;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DefaultHandlerTest {
  private static final String KNOWN =
      """
      {"connectedAt":"2026-11-21T10:00:00Z","lastActiveAt":"2026-11-21T10:05:00Z",\
      "identity":{"sourceIp":"127.0.0.1","userAgent":"wscat"}}\
      """;

  private HttpServer gateway;
  private DefaultHandler handler;
  private int status = 200;
  private final AtomicInteger asked = new AtomicInteger();
  private final TestConnection ada = TestConnection.open("lobby");

  @BeforeEach
  void start() throws IOException {
    gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    gateway.createContext(
        "/production/@connections/",
        exchange -> {
          asked.incrementAndGet();
          byte[] body = (status == 200 ? KNOWN : "{\"message\":\"\"}").getBytes(UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/json");
          if (status == 410) {
            exchange.getResponseHeaders().add("x-amzn-ErrorType", "GoneException");
          }
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    gateway.start();
    handler =
        new DefaultHandler(
            TestTables.environment(
                "DefaultFunction",
                Map.of(
                    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                    "http://127.0.0.1:" + gateway.getAddress().getPort() + "/production")),
            InstantSource.system());
  }

  @AfterEach
  void stop() {
    gateway.stop(0);
  }

  @Test
  void anUnknownActionIsAnErrorThatTellsOfTheConnection() {
    JsonNode reply = ada.send(handler, "{\"action\":\"dance\",\"ref\":3}");

    assertEquals("error", reply.path("type").asText());
    assertEquals("unknown_action", reply.path("code").asText());
    assertEquals(3, reply.path("ref").asInt());
    assertEquals(ada.id().value(), reply.path("connectionId").asText());
    assertEquals("2026-11-21T10:00:00Z", reply.path("connectedAt").asText());
    assertEquals("2026-11-21T10:05:00Z", reply.path("lastActiveAt").asText());
    assertEquals("127.0.0.1", reply.path("identity").path("sourceIp").asText());
    assertEquals("wscat", reply.path("identity").path("userAgent").asText());
  }

  @Test
  void aTextThatIsNoJsonHasAnErrorCodeOfItsOwn() {
    JsonNode reply = ada.send(handler, "hello?");

    assertEquals("invalid_json", reply.path("code").asText());
    assertEquals("wscat", reply.path("identity").path("userAgent").asText());
  }

  @Test
  void aFrameThatIsRefusedForAnythingElseAsksTheGatewayNothing() {
    JsonNode unusable = ada.send(handler, "{\"action\":\"dance\",\"ref\":[]}");
    JsonNode closed = TestConnection.closed().send(handler, "{\"action\":\"dance\"}");

    assertEquals("invalid_ref", unusable.path("code").asText());
    assertEquals("not_connected", closed.path("code").asText());
    assertFalse(unusable.has("connectedAt") || closed.has("connectedAt"));
    assertEquals(0, asked.get());
  }

  @Test
  void whereTheGatewayFailsTheErrorComesAlone() {
    for (int failure : new int[] {410, 429, 500}) {
      status = failure;

      JsonNode reply = ada.send(handler, "{\"action\":\"dance\",\"ref\":3}");

      assertEquals("unknown_action", reply.path("code").asText());
      assertEquals(3, reply.path("ref").asInt());
      assertFalse(reply.has("connectedAt"));
    }
  }
}
