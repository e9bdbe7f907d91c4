package dev.parley.e2e;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import dev.parley.local.StartException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Tests with a cloud and a real browser, each made anew for a class. What a test opens is closed
/// after it: pages that nobody looks at would go on asking the cloud. Such classes run beside
/// others, which do not drive a browser.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.PAGES)
@SuppressWarnings("NullAway.Init") // set before the first test
abstract class PageTest {
  private static final double PATIENCE_MS = 40_000;
  private static Playwright playwright;
  static LocalCloud cloud;
  static Browser browser;

  /// Of the class's cloud. Who is away has left after a second.
  Options options() {
    return TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "1"));
  }

  @BeforeAll
  void start() throws StartException, IOException, InterruptedException {
    start(options());
  }

  private static void start(Options options)
      throws StartException, IOException, InterruptedException {
    PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
    playwright = TestBrowser.playwright();
    browser = TestBrowser.launch(playwright);
    cloud = LocalCloud.start(options);
  }

  @AfterEach
  void closePages() {
    List.copyOf(browser.contexts()).forEach(BrowserContext::close);
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
}
