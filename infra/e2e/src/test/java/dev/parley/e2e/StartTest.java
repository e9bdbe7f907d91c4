package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.WaitUntilState;
import dev.parley.local.LocalCloud;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How the page starts: it says why it cannot, and it needs no network once it was there.
class StartTest extends PageTest {
  private static final String MISSING =
      "Parley could not start: a part of the page was not loaded.";

  /// Whether all is kept that the page has loaded and that is a file of it.
  private static final String KEPT =
      """
      async () => {
        const loaded = performance.getEntriesByType('resource').map((entry) => entry.name);
        const files = [location.href, ...loaded].filter((url) => /\\/$|\\.(js|css|svg)$/.test(
            new URL(url).pathname));
        const kept = await Promise.all(files.map((url) => caches.match(new URL(url).pathname)));
        return kept.every((response) => response !== undefined);
      }
      """;

  private static final String CONTROLLED = "() => navigator.serviceWorker.controller !== null";

  /// Whether the second version of its style is in force.
  private static final String VERSION =
      "() => getComputedStyle(document.documentElement).getPropertyValue('--version') === 'two'";

  // ---- A page that does not start -------------------------------------------------------------

  @Test
  void aPageWithoutOneOfItsModulesSaysSoAndStartsWhenItIsLoadedAgain() {
    Page page = browser.newPage();
    page.route("**/client/outbox.js", Route::abort);
    page.navigate(address(cloud));
    assertThat(failure(page)).containsText(MISSING);

    page.unroute("**/client/outbox.js");
    failure(page).getByRole(AriaRole.BUTTON).click();

    new TestPage(page).awaitConnected();
    assertThat(failure(page)).isHidden();
  }

  @Test
  void aPageWithoutItsStyleSaysSoThoughItWorks() {
    Page page = browser.newPage();
    page.route("**/style.css", Route::abort);
    page.navigate(address(cloud));

    new TestPage(page).awaitConnected();
    assertThat(failure(page)).containsText(MISSING);
  }

  @Test
  void aPageInWhichSomethingGoesWrongSaysSo() {
    Page page = browser.newPage();
    page.route("**/client/outbox.js", route -> script(route, "throw new Error('a bug')"));
    page.navigate(address(cloud));

    assertThat(failure(page))
        .containsText("Parley could not start: something in the page went wrong.");
  }

  @Test
  void aPageSaysInGermanThatItCannotStart() {
    Page page = browser.newContext(new Browser.NewContextOptions().setLocale("de-AT")).newPage();
    page.route("**/client/outbox.js", Route::abort);
    page.navigate(address(cloud));

    assertThat(failure(page))
        .containsText("Parley konnte nicht starten: Ein Teil der Seite wurde nicht geladen.");
    assertThat(failure(page).getByRole(AriaRole.BUTTON)).hasText("Neu laden");
    assertThat(failure(page)).hasAttribute("lang", "de");
  }

  @Test
  void aPageThatWaitsForAModuleSaysSoUntilItHasStarted() {
    AtomicReference<Route> waiting = new AtomicReference<>();
    Page page = browser.newPage();
    page.clock().install();
    page.route("**/client/outbox.js", waiting::set);
    page.navigate(address(cloud), new Page.NavigateOptions().setWaitUntil(WaitUntilState.COMMIT));
    page.waitForCondition(() -> waiting.get() != null);
    assertThat(failure(page)).isHidden();

    page.clock().fastForward(15_000);
    assertThat(failure(page)).containsText("Parley has not started yet.");
    requireNonNull(waiting.get()).resume();

    new TestPage(page).awaitConnected();
    assertThat(failure(page)).isHidden();
  }

  /// Else they come one after another, each when the one before has named it.
  @Test
  void eachModuleIsNamedInAdvance() {
    Page page = browser.newPage();
    page.navigate(address(cloud));
    new TestPage(page).awaitConnected();

    assertEquals(
        List.of(),
        page.evaluate(
            """
            () => {
              const named = [...document.querySelectorAll('link[rel=modulepreload], head script')]
                  .map((element) => element.href ?? element.src);
              return performance.getEntriesByType('resource').map((entry) => entry.name)
                  .filter((url) => url.endsWith('.js') && !named.includes(url));
            }
            """));
  }

  // ---- A page without a network ---------------------------------------------------------------

  @Test
  void aPageThatWasThereOnceNeedsNoNetwork() {
    BrowserContext visitor = browser.newContext();
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "kept");
    await(ada.page(), KEPT);

    visitor.setOffline(true);
    ada.page().reload();

    assertThat(ada.element("composer")).isVisible();
    assertThat(failure(ada.page())).isHidden();
    ada.awaitOffline();
    visitor.setOffline(false);
    ada.awaitConnected();
  }

  @Test
  void aNewVersionIsShownAtOnceAndOutlivesItsServer(@TempDir Path site) throws Exception {
    copy(TestCloud.SITE, site);
    BrowserContext visitor = browser.newContext();
    Page page = visitor.newPage();
    try (LocalCloud changing =
        LocalCloud.start(TestCloud.options(TestCloud.TEMPLATE, Map.of()).withSite(site))) {
      page.navigate(address(changing));
      await(page, KEPT);
      page.reload();
      page.waitForFunction(CONTROLLED);

      Files.writeString(
          site.resolve("style.css"),
          Files.readString(site.resolve("style.css")) + ":root { --version: two }");
      page.reload();

      page.waitForFunction(VERSION);
      await(page, "async () => (await (await caches.match('/style.css')).text()).includes('two')");
    }

    page.reload();

    page.waitForFunction(VERSION);
    assertThat(failure(page)).isHidden();
  }

  @Test
  void whatIsNoFileOfThePageIsNeitherKeptNorAnswered() {
    Page page = browser.newPage();
    page.navigate(address(cloud));
    await(page, KEPT);
    page.reload();
    page.waitForFunction(CONTROLLED);
    page.evaluate(
        """
        () => Promise.all(['config.json', '_local/style.css', 'test/index.js', 'icon.svg?a=b']
            .map((path) => fetch(path)))
        """);

    @SuppressWarnings("unchecked")
    List<String> kept =
        (List<String>)
            page.evaluate(
                """
                async () => {
                  const [name] = await caches.keys();
                  const requests = await (await caches.open(name)).keys();
                  return requests.map(({ url }) => url);
                }
                """);
    assertEquals(
        List.of(),
        kept.stream().filter(url -> !url.matches("[^?]+/([a-z/.-]+\\.(js|css|svg))?")).toList());
    assertEquals(List.of(), kept.stream().filter(url -> url.contains("/test/")).toList());
    page.route("**/config.json", Route::abort);
    page.reload();
    new TestPage(page).awaitOffline();
  }

  /// Waits until what a function promises is true; `waitForFunction` takes a promise for truth.
  private static void await(Page page, String function) {
    page.waitForCondition(() -> (boolean) page.evaluate(function));
  }

  private static String address(LocalCloud cloud) {
    return "http://localhost:" + cloud.port() + "/";
  }

  private static Locator failure(Page page) {
    return page.getByTestId("start-failed");
  }

  private static void script(Route route, String text) {
    route.fulfill(new Route.FulfillOptions().setContentType("text/javascript").setBody(text));
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path copy = to.resolve(from.relativize(file).toString());
        Files.createDirectories(requireNonNull(copy.getParent()));
        Files.copy(file, copy);
      }
    }
  }
}
