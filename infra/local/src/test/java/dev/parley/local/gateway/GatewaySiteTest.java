package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.issuer.LocalIssuer;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
final class GatewaySiteTest {
  private final GatewayTester tester = new GatewayTester();

  @TempDir private Path folder;

  @BeforeEach
  void start() throws IOException {
    Path site = folder.resolve("site");
    Files.createDirectories(site.resolve("client"));
    Files.writeString(folder.resolve("secret.txt"), "secret");
    Files.writeString(site.resolve("index.html"), "<p>grüße");
    Files.writeString(site.resolve("client/a b.js"), "1");
    Files.writeString(site.resolve("client/index.html"), "inner");
    Files.write(site.resolve("data.bin"), new byte[] {1});
    Files.createSymbolicLink(site.resolve("link.txt"), folder.resolve("secret.txt"));
    tester.site(site).start();
  }

  @AfterEach
  void stop() {
    tester.close();
  }

  @Test
  void filesComeWithTheirTypes() throws Exception {
    HttpResponse<String> index = tester.get("/");

    assertEquals(200, index.statusCode());
    assertEquals("<p>grüße", index.body());
    assertHeader("text/html; charset=utf-8", index, "content-type");
    assertHeader("nosniff", index, "x-content-type-options");
    assertHeader("no-cache", index, "cache-control");
    assertHeader("text/javascript; charset=utf-8", tester.get("/client/a%20b.js"), "content-type");
    assertHeader("application/octet-stream", tester.get("/data.bin"), "content-type");
    assertEquals("inner", tester.get("/client/").body());
    assertEquals("<p>grüße", tester.get("/?room=a").body());
  }

  @Test
  void aFileThatIsKnownIsNotSentAgainUntilItChanges() throws Exception {
    String etag = tester.get("/index.html").headers().firstValue("etag").orElseThrow();

    HttpResponse<String> again = tester.get("/index.html", "If-None-Match", etag);
    Files.writeString(folder.resolve("site/index.html"), "changed");
    HttpResponse<String> changed = tester.get("/index.html", "If-None-Match", etag);

    assertEquals(304, again.statusCode());
    assertEquals("", again.body());
    assertEquals(200, changed.statusCode());
    assertNotEquals(etag, changed.headers().firstValue("etag").orElseThrow());
  }

  @Test
  void headGivesTheHeadersOnly() throws Exception {
    try (RawClient client = new RawClient(tester.port())) {
      for (String line : List.of("HEAD /", "GET /client/")) {
        client.write(line + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      }

      String head = client.readHead();
      assertTrue(head.startsWith("HTTP/1.1 200 "), head);
      assertTrue(head.contains("content-length: " + "<p>grüße".getBytes(UTF_8).length), head);
      assertTrue(client.readHead().startsWith("HTTP/1.1 200 "), "the next response follows");
    }
  }

  @Test
  void nothingOutsideTheFolderIsGiven() throws Exception {
    for (String target :
        new String[] {
          "/../secret.txt",
          "/%2e%2e/secret.txt",
          "/..%2fsecret.txt",
          "/client/../../secret.txt",
          "/link.txt",
          "//etc/passwd",
          "/%00",
          "/client",
          "/none.txt"
        }) {
      try (RawClient client = new RawClient(tester.port())) {
        client.write("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertTrue(client.readHead().startsWith("HTTP/1.1 404 "), target);
      }
    }
    assertEquals("{\"message\":\"Not Found\"}", tester.get("/none.txt").body());
  }

  @Test
  void theConfigurationNamesTheHostThatWasAsked() throws Exception {
    HttpResponse<String> config = tester.get("/config.json");

    assertEquals(
        "{\"webSocketUrl\":\"%s\",\"traceUrl\":\"/_local/traces?trace={trace}\"}"
            .formatted(tester.webSocketUrl()),
        config.body());
    assertHeader("application/json", config, "content-type");
  }

  @Test
  void anIssuerIsBelowAPathOfItsOwnAndTheSiteIsToldOfItsPage() throws Exception {
    assertEquals(404, tester.get("/_local/issuer/").statusCode());
    assertEquals(404, tester.get("/_local/issuer/token?user=ada").statusCode());
    try (GatewayTester signing = new GatewayTester()) {
      signing.issuer(new LocalIssuer(1, InstantSource.system())).start();

      HttpResponse<String> page = signing.get("/_local/issuer/");
      assertEquals(200, page.statusCode());
      assertHeader("text/html; charset=utf-8", page, "content-type");
      HttpResponse<String> token = signing.get("/_local/issuer/token?user=ada");
      assertEquals(200, token.statusCode());
      assertHeader("text/plain; charset=utf-8", token, "content-type");
      assertEquals(400, signing.get("/_local/issuer/token").statusCode());
      assertEquals(404, signing.get("/_local/issuer/none").statusCode());
      assertTrue(signing.get("/_local/issuer/jwks").body().contains("P-256"));
      assertEquals(
          403,
          signing
              .get("/_local/issuer/token?user=ada", "Origin", "https://evil.example")
              .statusCode());
      assertTrue(
          signing.get("/config.json").body().endsWith(",\"signInUrl\":\"/_local/issuer/\"}"));
    }
  }

  @Test
  void theLocalCloudsOwnPagesLoadNothingFromElsewhere() throws Exception {
    HttpResponse<String> page = tester.get("/_local/");

    assertEquals(200, page.statusCode());
    assertHeader("text/html; charset=utf-8", page, "content-type");
    assertHeader("text/javascript; charset=utf-8", tester.get("/_local/charts.js"), "content-type");
    assertHeader("text/css; charset=utf-8", tester.get("/_local/style.css"), "content-type");
    String policy = page.headers().firstValue("content-security-policy").orElseThrow();
    assertTrue(
        policy.startsWith("default-src 'none'; script-src 'self'; style-src 'self'"), policy);
    assertTrue(policy.contains("frame-ancestors 'none'"), policy);
    for (String none :
        List.of("none.js", "a/b/c.js", "%2e%2e/gateway/Pages.class", "index", "x/", ".js")) {
      assertEquals(404, tester.get("/_local/" + none).statusCode(), none);
    }
  }

  @Test
  void theTracesPageLoadsNothingFromElsewhereAndLeadsToNoOtherFile() throws Exception {
    HttpResponse<String> page = tester.get("/_local/traces");

    assertEquals(200, page.statusCode());
    assertHeader("text/html; charset=utf-8", page, "content-type");
    assertHeader(Pages.POLICY, page, "content-security-policy");
    assertTrue(Pages.POLICY.startsWith("default-src 'none'; script-src 'self'; style-src 'self';"));
    assertEquals(page.body(), tester.get("/_local/traces/?trace=1-a").body());
    HttpResponse<String> script = tester.get("/_local/traces/app.js");
    assertHeader("text/javascript; charset=utf-8", script, "content-type");
    String etag = script.headers().firstValue("etag").orElseThrow();
    assertEquals(
        304, tester.get("/_local/traces/app.js", "If-None-Match", etag).statusCode(), "known");
    for (String none :
        List.of("none", "traces/none.js", "traces/%2e%2e/a.js", "%2e%2e/gateway/Pages.class")) {
      assertEquals(404, tester.get("/_local/" + none).statusCode(), none);
    }
  }

  @Test
  void theMetricsAreJson() throws Exception {
    HttpResponse<String> metrics = tester.get("/_local/metrics");

    assertTrue(metrics.body().startsWith("{\"periodMs\":5000"), metrics.body());
    assertHeader("application/json", metrics, "content-type");
    assertHeader("no-cache", metrics, "cache-control");
  }

  @Test
  void everythingElseIsRefused() throws Exception {
    assertEquals(403, tester.request("POST", "/", "x").statusCode());
    assertEquals(403, tester.get("/test/other").statusCode());
    assertEquals("{\"message\":\"Forbidden\"}", tester.request("DELETE", "/x", "").body());
    try (RawClient client = new RawClient(tester.port())) {
      client.write("nonsense\r\n\r\n");
      assertTrue(client.readHead().startsWith("HTTP/1.1 400 "));
    }
  }

  @Test
  void aSiteThatIsNoFolderIsRefusedAtTheStart() {
    GatewayTester other = new GatewayTester().site(folder.resolve("none"));

    assertThrows(IllegalArgumentException.class, other::start);

    other.close();
  }

  private static void assertHeader(String expected, HttpResponse<?> response, String name) {
    assertEquals(expected, response.headers().firstValue(name).orElse(null));
  }
}
