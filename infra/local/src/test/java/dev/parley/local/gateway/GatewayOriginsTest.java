package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Who is let in, and what the gateway takes for the host that was asked.
@Timeout(30)
final class GatewayOriginsTest {
  private static final String OK = "{\"statusCode\":200}";

  private static final String HANDSHAKE =
      """
      Connection: Upgrade\r
      Upgrade: websocket\r
      Sec-WebSocket-Version: 13\r
      Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
      """;

  private final GatewayTester tester =
      new GatewayTester().oneWay("$connect", _ -> OK).oneWay("$disconnect", _ -> OK);

  @TempDir private Path site;

  @AfterEach
  void stop() {
    tester.close();
  }

  private void start(String origins) throws Exception {
    Files.writeString(site.resolve("index.html"), "<p>page");
    tester.site(site).origins(origins).start();
  }

  /// @param headers each with its line end
  private String request(String line, String headers) throws Exception {
    try (RawClient client = new RawClient(tester.port())) {
      client.write(line + " HTTP/1.1\r\n" + headers + "Content-Length: 0\r\n\r\n");
      String head = client.readHead();
      assertFalse(head.toLowerCase(Locale.ROOT).contains("access-control"), head);
      return head;
    }
  }

  private void assertStatus(int status, String line, String headers) throws Exception {
    String head = request(line, headers);
    assertTrue(head.startsWith("HTTP/1.1 " + status + " "), line + "\n" + headers + "\n" + head);
  }

  /// What a browser asks after the name of a stranger's page was made to resolve to 127.0.0.1.
  @Test
  void aHostThatIsNotThisMachineReadsAndReachesNothing() throws Exception {
    start("");
    tester.connect();
    String id = GatewayTester.connectionId(tester.event("$connect"));
    String host = "Host: evil.example:" + tester.port() + "\r\n";
    String push = "/test/@connections/" + id.replace("=", "%3D");

    for (String path :
        List.of(
            "/",
            "/index.html",
            "/config.json",
            "/_local/",
            "/_local/traces",
            "/_local/metrics",
            "/none")) {
      assertStatus(403, "GET " + path, host);
    }
    assertStatus(403, "POST /_local/xray/TraceSummaries", host);
    assertStatus(403, "GET /test", host + HANDSHAKE);
    for (String method : List.of("GET ", "POST ", "DELETE ")) {
      assertStatus(403, method + push, host + "Authorization: " + GatewayTester.SIGNATURE + "\r\n");
    }

    assertTrue(tester.hasNoEvent("$connect"));
    assertTrue(tester.hasNoEvent("$disconnect"));
    assertEquals(200, tester.connections("GET", id, "").statusCode());
  }

  @Test
  void aPageOfAnotherOriginReachesNothing() throws Exception {
    start("");
    for (String origin : List.of("https://evil.example", "null", "http://localhost.evil.example")) {
      String headers = "Host: localhost\r\nOrigin: " + origin + "\r\n";

      assertStatus(403, "GET /test", headers + HANDSHAKE);
      assertStatus(403, "GET /config.json", headers);
      assertStatus(403, "POST /_local/xray/TraceSummaries", headers);
      assertStatus(403, "POST /test/@connections/x", headers);
      assertStatus(
          403, "OPTIONS /test/@connections/x", headers + "Access-Control-Request-Method: POST\r\n");
    }
    assertTrue(tester.hasNoEvent("$connect"));
  }

  @Test
  void aRefusalSaysWhichOptionAdmits() throws Exception {
    start("");

    assertEquals(
        "{\"message\":\"Pages of the origin https://evil.example are not admitted;"
            + " -Dparley.origins=https://evil.example admits them.\"}",
        tester.get("/", "Origin", "https://evil.example").body());
  }

  @Test
  void toolsAndPagesOfThisMachineConnect() throws Exception {
    start("");
    String here = "Host: localhost:" + tester.port() + "\r\n";

    assertStatus(101, "GET /test", here + HANDSHAKE);
    for (String origin :
        List.of("http://localhost:3000", "http://127.0.0.1:" + tester.port(), "http://[::1]:1")) {
      assertStatus(101, "GET /test", here + "Origin: " + origin + "\r\n" + HANDSHAKE);
    }
  }

  @Test
  void listedPagesConnectAndTheirHostIsServed() throws Exception {
    start("https://chat.example,null");

    for (String origin : List.of("https://chat.example", "null")) {
      assertStatus(
          101, "GET /test", "Host: chat.example\r\nOrigin: " + origin + "\r\n" + HANDSHAKE);
    }
    assertStatus(200, "GET /", "Host: chat.example\r\n");
    assertStatus(403, "GET /", "Host: other.example\r\n");
    assertStatus(403, "GET /", "Host: localhost\r\nOrigin: http://chat.example\r\n");
  }

  @Test
  void anAbsoluteTargetNamesTheHostInsteadOfTheHeader() throws Exception {
    start("");
    String evil = "Host: evil.example\r\n";
    String here = "http://localhost:" + tester.port();

    assertStatus(200, "GET " + here + "/", evil);
    assertStatus(200, "GET " + here, evil);
    assertStatus(200, "GET HTTP://LOCALHOST/index.html?a=b", evil);
    assertStatus(101, "GET " + here + "/test?name=Ada", evil + HANDSHAKE);
    JsonNode event = tester.event("$connect");
    assertEquals("Ada", event.at("/queryStringParameters/name").asText());
    assertEquals("localhost:" + tester.port(), event.at("/requestContext/domainName").asText());
    String id = GatewayTester.connectionId(event).replace("=", "%3D");
    tester.event("$disconnect");
    assertStatus(
        410,
        "GET " + here + "/test/@connections/" + id,
        evil + "Authorization: " + GatewayTester.SIGNATURE + "\r\n");

    assertStatus(403, "GET http://evil.example/", "Host: localhost\r\n");
    assertStatus(403, "GET http://evil.example/test", "Host: localhost\r\n" + HANDSHAKE);
  }

  @Test
  void aRequestThatDoesNotSayWhatItWantsOrOfWhomIs400() throws Exception {
    start("");
    String here = "Host: localhost\r\n";

    assertStatus(400, "GET /", "");
    assertStatus(400, "GET /", here + here);
    assertStatus(400, "GET /", "Host:\r\n");
    assertStatus(400, "GET /", "Host: ada@localhost\r\n");
    assertStatus(400, "GET http://ada:secret@localhost/", here);
    assertStatus(400, "GET http:///index.html", here);
    assertStatus(400, "GET ftp://localhost/", here);
    assertStatus(400, "GET index.html", here);
    assertStatus(400, "CONNECT localhost:80", here);
    assertStatus(400, "GET *", here);
    assertStatus(403, "OPTIONS *", here);
    try (RawClient old = new RawClient(tester.port())) {
      old.write("GET /config.json HTTP/1.0\r\n\r\n");
      assertTrue(old.readHead().startsWith("HTTP/1.1 200 "), "HTTP 1.0 needs no Host");
    }
  }

  /// Browsers send the cookies of every other program on `localhost`, too.
  @Test
  void manyCookiesAreNoReasonToRefuse() throws Exception {
    start("");
    String here = "Host: localhost\r\n";
    String twelveKb = ("Cookie: a=" + "x".repeat(4_000) + "\r\n").repeat(3);
    String sixtyKb = ("Cookie: a=" + "x".repeat(4_000) + "\r\n").repeat(15);

    for (String cookies : List.of(twelveKb, sixtyKb)) {
      assertStatus(200, "GET /", here + cookies);
      assertStatus(200, "GET /config.json", here + cookies);
      assertStatus(101, "GET /test", here + cookies + HANDSHAKE);
    }
    assertStatus(431, "GET /", here + twelveKb + sixtyKb);
  }

  @Test
  void theConfigurationNamesWhatTheBrowserAsksOfAProxy() throws Exception {
    start("https://chat.example");

    for (String[] headersAndUrl :
        new String[][] {
          {"X-Forwarded-Proto", "https", "X-Forwarded-Host", "chat.example", "wss://chat.example"},
          {
            "X-Forwarded-Proto",
            "https, http",
            "X-Forwarded-Host",
            "chat.example, localhost",
            "wss://chat.example"
          },
          {"X-Forwarded-Proto", "HTTPS", "X-Other", "", "wss://127.0.0.1:" + tester.port()},
          {"X-Forwarded-Proto", "http", "X-Other", "", "ws://127.0.0.1:" + tester.port()},
          {"X-Forwarded-Proto", "javascript", "X-Other", "", "ws://127.0.0.1:" + tester.port()},
          {"X-Other", "", "X-Forwarded-Host", "localhost:5173", "ws://localhost:5173"},
          {"X-Forwarded-Proto", "", "X-Forwarded-Host", "", "ws://127.0.0.1:" + tester.port()},
        }) {
      var config =
          tester.get(
              "/config.json",
              headersAndUrl[0],
              headersAndUrl[1],
              headersAndUrl[2],
              headersAndUrl[3]);

      assertTrue(
          config.body().startsWith("{\"webSocketUrl\":\"" + headersAndUrl[4] + "/test\","),
          config.body());
      assertEquals(
          "frame-ancestors 'none'; connect-src 'self' " + headersAndUrl[4],
          config.headers().firstValue("Content-Security-Policy").orElse(null));
    }
    assertEquals(403, tester.get("/config.json", "X-Forwarded-Host", "evil.example").statusCode());
  }

  @Test
  void aPageMayBeFramedByNobodyAndConnectsOnlyToItsGateway() throws Exception {
    start("");

    assertEquals(
        "frame-ancestors 'none'; connect-src 'self' ws://127.0.0.1:" + tester.port(),
        tester.get("/").headers().firstValue("Content-Security-Policy").orElse(null));
  }
}
