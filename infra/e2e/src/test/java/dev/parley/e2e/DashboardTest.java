package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.impl.driver.Driver;
import com.microsoft.playwright.options.ColorScheme;
import dev.parley.local.LocalCloud;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The page `/_local/`, in a real browser, and its pure parts in Node.js.
@SuppressWarnings("NullAway.Init") // set before the first test
class DashboardTest {
  private static final double PATIENCE_MS = 20_000;

  private static Playwright playwright;
  private static Browser browser;
  private static LocalCloud cloud;

  private static TestClient ada;

  @BeforeAll
  static void start() throws Exception {
    PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
    playwright = TestBrowser.playwright();
    browser = TestBrowser.launch(playwright);
    cloud = TestCloud.start();
    ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=attic");
    ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"Hello\"");
    ada.awaitMessage("Hello");
    ada.request("quit", "\"room\":\"nowhere\"");
    LocalMetrics.await(
        cloud, m -> m.count("AcceptToPush") >= 1 && m.newest("ConnectionsOpen") == 1);
  }

  @AfterAll
  static void stop() {
    ada.close();
    cloud.close();
    playwright.close();
  }

  @Test
  void whatHappensInTheChatIsShown() {
    try (Page page = browser.newPage()) {
      List<String> complaints = new CopyOnWriteArrayList<>();
      page.onConsoleMessage(message -> complaints.add(message.text()));
      page.onPageError(complaints::add);

      page.navigate("http://localhost:" + cloud.port() + "/_local/");

      assertThat(page.locator("#state")).hasText("live");
      assertThat(page.locator(".tile").first()).hasText("1connections open");
      assertThat(page.locator("[data-panel='Frames refused'] .legend span"))
          .hasText("not_a_member");
      assertThat(page.locator("[data-panel='Accept to push'] .legend span"))
          .hasText(new String[] {"p50", "p99"});
      assertThat(page.locator("[data-panel='Accept to push'] .legend b").first())
          .hasText(Pattern.compile("[0-9.]+ m?s"));
      assertThat(page.locator("#functions")).containsText("FanoutFunction");
      assertThat(page.locator("#tables th")).hasCount(5);
      assertEquals(List.of(), complaints);
    }
  }

  /// The pointer marks the same moment in all charts.
  @Test
  void thePointerAsksAllChartsForOneMoment() {
    try (Page page = browser.newPage()) {
      page.navigate("http://127.0.0.1:" + cloud.port() + "/_local/");
      assertThat(page.locator("#functions tr").first()).isVisible();

      page.locator("[data-panel='Pushes'] .plot").hover();

      assertThat(page.locator("#when")).hasText(Pattern.compile("\\d\\d:\\d\\d:\\d\\d.*"));
      String cursor = page.locator("[data-panel='Frames'] .cursor").getAttribute("d");
      assertTrue(cursor.matches("M\\d+(\\.\\d+)? 0V96"), cursor);
      assertEquals(cursor, page.locator("[data-panel='Connections'] .cursor").getAttribute("d"));

      page.locator("h1").hover();
      assertThat(page.locator("#when")).hasText("");
    }
  }

  @Test
  void thePageSaysWhenNobodyAnswersAndGoesOnWhenSomebodyDoes() {
    try (Page page = browser.newPage()) {
      page.route("**/_local/metrics", route -> route.abort());
      page.navigate("http://localhost:" + cloud.port() + "/_local/");
      assertThat(page.locator("#state")).hasText("the local cloud does not answer");

      page.unroute("**/_local/metrics");

      assertThat(page.locator("#state")).hasText("live");
    }
  }

  @Test
  void thePageFitsAPhoneAndHasADarkSide() {
    try (Page page =
        browser.newPage(
            new Browser.NewPageOptions()
                .setViewportSize(390, 800)
                .setColorScheme(ColorScheme.DARK))) {
      page.navigate("http://localhost:" + cloud.port() + "/_local/");
      assertThat(page.locator("#state")).hasText("live");

      assertEquals(
          390, page.evaluate("document.documentElement.scrollWidth"), "nothing sticks out");
      assertEquals(
          "rgb(17, 22, 21)", page.evaluate("getComputedStyle(document.body).backgroundColor"));
    }
  }

  @Test
  void thePurePartsOfTheDashboardPassTheirTests() throws Exception {
    String node =
        Driver.ensureDriverInstalled(Map.of(), false).createProcessBuilder().command().getFirst();
    Process process =
        new ProcessBuilder(
                node,
                "--test",
                Path.of("..", "local", "src", "test", "pages", "charts.test.mjs").toString())
            .redirectErrorStream(true)
            .start();

    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertEquals(0, process.waitFor(), said);
    assertTrue(said.contains("pass 10"), said);
  }
}
