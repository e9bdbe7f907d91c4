package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import dev.parley.Sha256;
import dev.parley.TestContext;
import dev.parley.client.TextSocket;
import dev.parley.local.LocalCloud;
import dev.parley.site.SiteHandler;
import dev.parley.site.TestAws;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page as it is deployed: put into a bucket by SiteFunction's own code, served with the
/// headers of the template.
class SiteTest extends PageTest {
  private static final String SECRET = "0123456789abcdef0123456789abcdef";

  /// What SiteFunction's package holds.
  @TempDir private static Path root = Path.of("");

  @BeforeAll
  static void unpack() throws Exception {
    Path site = root.resolve("site");
    try (Stream<Path> files = Files.walk(TestCloud.SITE)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path to = site.resolve(TestCloud.SITE.relativize(file).toString());
        Files.createDirectories(requireNonNull(to.getParent()));
        Files.copy(file, to);
      }
    }
  }

  private static void put(TestAws aws, Map<String, Object> config) throws Exception {
    ask(aws, "Create", config);
  }

  private static void ask(TestAws aws, String type, Map<String, Object> config) throws Exception {
    new SiteHandler(aws.environment(root.toString()))
        .handleRequest(
            Map.of(
                "RequestType",
                type,
                "ResponseURL",
                aws.responseUrl(),
                "StackId",
                "stack",
                "RequestId",
                "request " + type,
                "LogicalResourceId",
                "SiteContent",
                "ResourceProperties",
                Map.of(
                    "Bucket", TestAws.BUCKET,
                    "Distribution", TestAws.DISTRIBUTION,
                    "Config", config)),
            new TestContext("SiteFunction", Duration.ofSeconds(60)));
    assertEquals("SUCCESS", aws.answer().path("Status").asText());
  }

  @Test
  void thePageTalksToTheApiUnderThePolicyOfTheTemplate() throws Exception {
    try (TestAws aws = new TestAws();
        TestCloudFront cloudFront = new TestCloudFront(aws, cloud, "")) {
      put(aws, cloudFront.config());

      twoPeopleTalk(cloudFront, " ws://localhost:" + cloud.port());
    }
  }

  /// Then nobody comes in by the API's own address.
  @Test
  void thePageTalksThroughItsOwnDomain() throws Exception {
    try (TestAws aws = new TestAws();
        LocalCloud behind =
            TestCloud.start(
                TestCloud.TEMPLATE,
                Map.of("SocketSecret", SECRET, "SocketSecretSha256", Sha256.hex(SECRET)));
        TestCloudFront cloudFront = new TestCloudFront(aws, behind, SECRET)) {
      put(aws, cloudFront.config());

      twoPeopleTalk(cloudFront, "");

      assertEquals(
          Set.of("198.51.100.10"),
          Set.copyOf(
              behind
                  .dynamoDb()
                  .client()
                  .scan(scan -> scan.tableName("ChatSessions"))
                  .items()
                  .stream()
                  .map(session -> requireNonNull(session.get("source_ip")).s())
                  .toList()));
      assertEquals(401, handshake(behind, Map.of()));
      assertEquals(401, handshake(behind, Map.of("X-Parley-Socket-Secret", "guessed")));
      assertEquals(101, handshake(behind, Map.of("X-Parley-Socket-Secret", SECRET)));
    }
  }

  private static int handshake(LocalCloud cloud, Map<String, String> headers) {
    return TextSocket.handshake(cloud.webSocketUrl(), headers);
  }

  /// @param socket what the page may talk to beside its own host
  private static void twoPeopleTalk(TestCloudFront cloudFront, String socket) {
    String address = "http://localhost:" + cloudFront.port() + "/";
    TestPage ada = open(address);
    TestPage bob = open(address);

    ada.say("from behind the policy");
    assertThat(bob.texts()).hasText(new String[] {"from behind the policy"});
    bob.say("<img src='http://evil.example/'>");
    assertThat(ada.texts().last()).hasText("<img src='http://evil.example/'>");

    assertEquals(List.of(), violations(ada.page()), "what the page does, it may do");
    assertEquals(List.of(), violations(bob.page()));
    assertEquals(
        "refused",
        ada.page().evaluate("fetch('http://127.0.0.1:1/').then(() => 'sent', () => 'refused')"));
    assertEquals(
        Set.of("connect-src"), Set.copyOf(violations(ada.page())), "the policy is in force");
    Map<String, String> headers = new TreeMap<>(ada.page().request().get(address).headers());
    headers.keySet().removeAll(Set.of("connection", "content-length", "content-type", "etag"));
    assertEquals(
        Map.of(
            "cache-control", "no-cache",
            "content-encoding", "gzip",
            "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
                    + (" connect-src 'self'" + socket + ";")
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "cross-origin-opener-policy", "same-origin",
            "referrer-policy", "no-referrer",
            "strict-transport-security", "max-age=31536000",
            "vary", "Accept-Encoding",
            "x-content-type-options", "nosniff",
            "x-frame-options", "DENY"),
        headers);
  }

  private static TestPage open(String address) {
    BrowserContext visitor = browser.newContext();
    visitor.addInitScript(
        """
        window.violations = [];
        addEventListener('securitypolicyviolation', (e) => violations.push(e.effectiveDirective));
        """);
    TestPage page = new TestPage(visitor.newPage());
    page.page().navigate(address + "#/r/site");
    page.awaitConnected();
    assertThat(page.element("room-title")).containsText("site");
    return page;
  }

  @SuppressWarnings("unchecked")
  private static List<Object> violations(Page page) {
    return (List<Object>) page.evaluate("window.violations");
  }

  /// All that comes with the first visit, libraries too, compressed as CloudFront does for who
  /// takes gzip alone; without the headers, which are the same each time.
  @Test
  void aFirstVisitTakesNoMoreThan100Kilobytes() throws Exception {
    try (TestAws aws = new TestAws();
        TestCloudFront cloudFront = new TestCloudFront(aws, cloud, "")) {
      put(aws, cloudFront.config());
      TestPage ada = open("http://localhost:" + cloudFront.port() + "/");

      int bytes =
          (int)
              ada.page()
                  .evaluate(
                      """
                      ['navigation', 'resource']
                          .flatMap((type) => performance.getEntriesByType(type))
                          .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
                      """);

      assertTrue(bytes > 50_000 && bytes <= 100_000, bytes + " bytes");
    }
  }

  @Test
  void theFunctionUsesWhatItsRoleHoldsAndNothingElse() throws Exception {
    try (TestAws aws = new TestAws()) {
      put(aws, Map.of("webSocketUrl", "/before"));
      aws.objects().put("left over", new TestAws.Stored(new byte[0], "text/plain"));
      ask(aws, "Update", Map.of("webSocketUrl", "/after"));
      ask(aws, "Delete", Map.of());

      Set<String> used = new TreeSet<>();
      for (String call : aws.calls()) {
        used.add(
            call.replaceFirst(TestAws.BUCKET + "/.*", "SiteBucket/*")
                .replace(TestAws.BUCKET, "SiteBucket")
                .replace(TestAws.DISTRIBUTION, "SiteDistribution"));
      }
      assertEquals(RawTemplate.read().grants().get("SiteFunction"), used);
    }
  }

  // ---- Compression ----------------------------------------------------------------------------

  @Test
  void theDistributionAndTheLocalCloudSendFilesAlike() throws Exception {
    try (TestAws aws = new TestAws();
        TestCloudFront cloudFront = new TestCloudFront(aws, cloud, "")) {
      put(aws, cloudFront.config());

      for (int port : new int[] {cloud.port(), cloudFront.port()}) {
        for (String file : List.of("index.html", "style.css", "lib/marked/marked.esm.js")) {
          byte[] content = Files.readAllBytes(TestCloud.SITE.resolve(file));
          var plain = get(port, file, Map.of());
          var small = get(port, file, Map.of("Accept-Encoding", "br, gzip"));

          assertArrayEquals(content, plain.body(), file);
          assertTrue(small.body().length < content.length / 2, file);
          try (var body = new GZIPInputStream(new ByteArrayInputStream(small.body()))) {
            assertArrayEquals(content, body.readAllBytes(), file);
          }
          String etag = header(plain, "ETag");
          assertEquals("W/" + etag, header(small, "ETag"));
          assertEquals("gzip", header(small, "Content-Encoding"));
          assertEquals("Accept-Encoding", header(small, "Vary"));
          assertEquals("Accept-Encoding", header(plain, "Vary"));
          var known = Map.of("If-None-Match", "\"other\", W/" + etag, "Accept-Encoding", "gzip");
          assertEquals(304, get(port, file, known).statusCode());
          assertEquals(0, get(port, file, known).body().length);
        }
        var icon = get(port, "icon.svg", Map.of("Accept-Encoding", "gzip"));
        assertEquals("", header(icon, "Content-Encoding"), "smaller than 1,000 bytes");
      }
    }
  }

  private static HttpResponse<byte[]> get(int port, String path, Map<String, String> headers)
      throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://localhost:%d/%s".formatted(port, path)));
      headers.forEach(request::header);
      return http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  // ---- config.json ----------------------------------------------------------------------------

  @Test
  void aConfigurationThatCannotBeUsedIsToldOnThePageUntilItIsMended() {
    Map<String, String> told =
        Map.of(
            "{", "it is not JSON",
            "[]", "expected an object",
            "{}", "webSocketUrl: expected ws://…, wss://… or a path, not undefined",
            "{\"webSocketUrl\": \"https://chat.example\"}",
                "webSocketUrl: expected ws://…, wss://… or a path, not \"https://chat.example\"",
            "{\"webSocketUrl\": \"/a\", \"traceUrl\": \"javascript:1\"}",
                "traceUrl: expected https://… or a path, not \"javascript:1\"");
    Page page = browser.newPage();
    told.forEach(
        (config, problem) -> {
          page.unroute("**/config.json");
          page.route("**/config.json", route -> answer(route, 200, config));
          page.navigate("http://localhost:" + cloud.port() + "/");

          assertThat(page.getByTestId("bad-config"))
              .hasText("This page is not set up rightly. Its config.json: " + problem);
          page.waitForSelector("[data-testid=state][data-phase=offline]");
        });

    page.unroute("**/config.json");
    page.getByTestId("retry").click();

    page.waitForSelector("[data-testid=state][data-phase=connected]");
    assertThat(page.getByTestId("bad-config")).isEmpty();
  }

  @Test
  void aConfigurationThatIsNotThereIsToldAndAServerThatIsBusyIsTriedAgain() {
    Page page = browser.newPage();
    page.route("**/config.json", route -> answer(route, 404, ""));
    page.navigate("http://localhost:" + cloud.port() + "/");
    assertThat(page.getByTestId("bad-config")).containsText("there is none (status 404)");

    page.unroute("**/config.json");
    page.route("**/config.json", route -> answer(route, 503, ""));
    page.reload();
    page.waitForSelector("[data-testid=state][data-phase=offline]");

    assertThat(page.getByTestId("bad-config")).isEmpty();
    page.unroute("**/config.json");
    page.waitForSelector("[data-testid=state][data-phase=connected]");
  }

  /// As when a deployment puts the WebSocket behind the page's domain, and closes the API's
  /// address.
  @Test
  void aPageThatIsOpenFollowsTheWebSocketToAnotherAddress() throws Exception {
    BrowserContext visitor = browser.newContext(new Browser.NewContextOptions().setBypassCSP(true));
    TestPage ada = new TestPage(visitor.newPage());
    try (LocalCloud before = TestCloud.start()) {
      String config = "{\"webSocketUrl\": \"%s\"}".formatted(before.webSocketUrl());
      ada.page().route("**/config.json", route -> answer(route, 200, config));
      ada.page().navigate("http://localhost:" + cloud.port() + "/#/r/moved");
      ada.awaitConnected();
      ada.page().unroute("**/config.json");
    }

    ada.say("at another address");

    assertThat(ada.texts()).hasText(new String[] {"at another address"});
  }

  @Test
  void aPageWhoseConfigurationCannotBeHadGoesOnWithTheOneItKnows() {
    TestPage ada = new TestPage(browser.newPage());
    ada.page().navigate("http://localhost:" + cloud.port() + "/#/r/kept");
    ada.awaitConnected();
    ada.page().route("**/config.json", route -> answer(route, 503, ""));

    ada.element("name").fill("Ada on a new connection");
    ada.element("name").press("Enter");

    assertThat(ada.element("members")).containsText("Ada on a new connection");
  }

  private static void answer(Route route, int status, String body) {
    route.fulfill(
        new Route.FulfillOptions()
            .setStatus(status)
            .setContentType("application/json")
            .setBody(body));
  }
}
