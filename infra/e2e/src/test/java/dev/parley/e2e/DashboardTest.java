package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The page `/_local/`, in a real browser.
@SuppressWarnings("NullAway.Init") // set before the first test
class DashboardTest extends PageTest {
  private static TestClient ada;

  @BeforeAll
  static void say() throws Exception {
    ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=attic");
    ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"Hello\"");
    ada.awaitMessage("Hello");
    ada.request("quit", "\"room\":\"nowhere\"");
    LocalMetrics.await(
        cloud, m -> m.count("AcceptToPush") >= 1 && m.newest("ConnectionsOpen") == 1);
  }

  @AfterAll
  static void leave() {
    ada.close();
  }

  @Test
  void whatHappensInTheChatIsShown() {
    Page page = browser.newPage();
    List<String> complaints = new CopyOnWriteArrayList<>();
    page.onConsoleMessage(message -> complaints.add(message.text()));
    page.onPageError(complaints::add);

    page.navigate("http://localhost:" + cloud.port() + "/_local/");

    assertThat(page.locator("#state")).hasText("live");
    assertThat(page.locator(".tile").first()).hasText("1connections open");
    assertThat(page.locator("[data-panel='Frames refused'] .legend span")).hasText("not_a_member");
    assertThat(page.locator("[data-panel='Accept to push'] .legend span"))
        .hasText(new String[] {"p50", "p99"});
    assertThat(page.locator("[data-panel='Accept to push'] .legend b").first())
        .hasText(Pattern.compile("[0-9.]+ [mµ]?s"));
    assertThat(page.locator("#functions")).containsText("FanoutFunction");
    assertThat(page.locator("#tables th"))
        .hasCount(RawTemplate.read().ofType(RawTemplate.TABLE).size());
    assertEquals(List.of(), complaints);
  }

  /// The pointer marks the same moment in all charts.
  @Test
  void thePointerAsksAllChartsForOneMoment() {
    Page page = browser.newPage();
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

  @Test
  void thePageSaysWhenNobodyAnswersAndGoesOnWhenSomebodyDoes() {
    Page page = browser.newPage();
    page.route("**/_local/metrics", route -> route.abort());
    page.navigate("http://localhost:" + cloud.port() + "/_local/");
    assertThat(page.locator("#state")).hasText("the local cloud does not answer");

    page.unroute("**/_local/metrics");

    assertThat(page.locator("#state")).hasText("live");
  }

  @Test
  void thePagesOfTheLocalCloudHaveTheSameColours() {
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      Page page = browser.newPage(new Browser.NewPageOptions().setColorScheme(scheme));
      List<Object> colours = new ArrayList<>();
      for (String path : List.of("/_local/", "/_local/traces")) {
        page.navigate("http://localhost:" + cloud.port() + path);
        colours.add(
            page.evaluate(
                "['ground', 'surface', 'line', 'text', 'quiet', 'accent', 'ok', 'fault'].map(name"
                    + " => getComputedStyle(document.body).getPropertyValue('--' + name))"));
      }
      assertEquals(colours.get(0), colours.get(1));
    }
  }

  @Test
  void thePageFitsAPhoneAndHasADarkSide() {
    Page page =
        browser.newPage(
            new Browser.NewPageOptions()
                .setViewportSize(390, 800)
                .setColorScheme(ColorScheme.DARK));
    page.navigate("http://localhost:" + cloud.port() + "/_local/");
    assertThat(page.locator("#state")).hasText("live");

    assertEquals(390, page.evaluate("document.documentElement.scrollWidth"), "nothing sticks out");
    assertEquals(
        "rgb(17, 22, 21)", page.evaluate("getComputedStyle(document.body).backgroundColor"));
  }
}
