package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The page, in a real browser.
class BrowserTest {
  private static final double PATIENCE_MS = 20_000;
  private static final double CLIENT_TESTS_MS_MAX = 180_000;
  private static LocalCloud cloud;
  private static Playwright playwright;
  private static Browser browser;

  @BeforeAll
  static void start() throws StartException, IOException, InterruptedException {
    PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
    playwright = TestBrowser.playwright();
    browser = TestBrowser.launch(playwright);
    cloud = TestCloud.start();
  }

  @AfterAll
  static void stop() {
    if (cloud != null) {
      cloud.close();
    }
    if (playwright != null) {
      playwright.close();
    }
  }

  @Test
  void twoPagesTalkInTwoRooms() {
    Page ada = open("Ada", "red");
    Page bob = open("Bob", "red");
    byTestId(ada, "join-room").fill("blue");
    byTestId(ada, "join").click();
    assertThat(byTestId(ada, "room-title")).containsText("blue");
    byTestId(bob, "join-room").fill("blue");
    byTestId(bob, "join").click();
    assertThat(byTestId(bob, "room-title")).containsText("blue");
    assertThat(byTestId(ada, "members")).containsText("Bob");

    say(ada, "hello blue");
    say(bob, "<b>hello</b> <script>document.title = 'hacked'</script>");

    for (Page page : new Page[] {ada, bob}) {
      Locator texts = page.locator("#messages [data-testid=message] .text");
      assertThat(texts)
          .containsText(
              new String[] {
                "hello blue", "<b>hello</b> <script>document.title = 'hacked'</script>"
              });
    }
    assertEquals(0, bob.locator("#messages b, #messages script").count(), "text is text");

    byTestId(ada, "room-red").click();
    assertThat(ada.locator("#messages [data-testid=message]")).hasCount(0);
    say(ada, "hello red");
    byTestId(bob, "room-red").click();
    assertThat(bob.locator("#messages [data-testid=message] .text")).containsText("hello red");
  }

  @Test
  void historyIsThereOnJoinAndARoomThatIsQuitIsGone() {
    Page ada = open("Ada", "archive");
    say(ada, "for those who come later");
    assertThat(ada.locator("#messages [data-testid=message]")).hasCount(1);

    Page bob = open("Bob", "archive");

    assertThat(bob.locator("#messages [data-testid=message] .text"))
        .containsText("for those who come later");
    assertThat(byTestId(ada, "members")).containsText("Bob");
    byTestId(bob, "quit-archive").click();
    assertThat(byTestId(bob, "room-archive")).hasCount(0);
    assertThat(byTestId(ada, "members")).not().containsText("Bob");
  }

  @Test
  void aReloadFindsEverythingAgain() {
    Page ada = open("Ada", "reload");
    say(ada, "before the reload");
    assertThat(ada.locator("#messages [data-testid=message]")).hasCount(1);

    ada.reload();

    awaitConnected(ada);
    assertThat(byTestId(ada, "name")).hasValue("Ada");
    assertThat(ada.locator("#messages [data-testid=message] .text"))
        .containsText("before the reload");
  }

  @Test
  void theClientsOwnTestsPass() {
    Page page = browser.newPage();

    page.navigate(url("/test/"));

    page.waitForSelector(
        "body:not([data-result=running])",
        new Page.WaitForSelectorOptions().setTimeout(CLIENT_TESTS_MS_MAX));
    assertEquals(
        "passed", page.getAttribute("body", "data-result"), page.locator("#report").textContent());
  }

  /// A visitor of its own, with nothing stored, in one room.
  private static Page open(String name, String room) {
    BrowserContext visitor = browser.newContext();
    Page page = visitor.newPage();
    page.navigate(url("/#room=" + room));
    awaitConnected(page);
    byTestId(page, "name").fill(name);
    byTestId(page, "name").press("Enter");
    assertThat(byTestId(page, "members")).containsText(name);
    awaitConnected(page);
    assertThat(byTestId(page, "room-title")).containsText(room);
    return page;
  }

  private static void say(Page page, String text) {
    byTestId(page, "composer").fill(text);
    byTestId(page, "composer").press("Enter");
  }

  private static void awaitConnected(Page page) {
    page.waitForSelector("[data-testid=state][data-phase=connected]");
  }

  private static Locator byTestId(Page page, String id) {
    return page.getByTestId(id);
  }

  private static String url(String path) {
    return "http://localhost:" + cloud.port() + path;
  }
}
