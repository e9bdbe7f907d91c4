package dev.parley.e2e;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/// Tests with a cloud and a real browser, each made anew for a class. What a test opens is closed
/// after it: pages that nobody looks at would go on asking the cloud.
abstract class PageTest {
  private static final double PATIENCE_MS = 40_000;
  private static Playwright playwright;
  static LocalCloud cloud;
  static Browser browser;

  @BeforeAll
  static void start() throws StartException, IOException, InterruptedException {
    PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
    playwright = TestBrowser.playwright();
    browser = TestBrowser.launch(playwright);
    cloud = TestCloud.start();
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
