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
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Tests with a cloud, made anew for a class, and a real browser, which all such classes use in
/// turn: each visitor has a context of its own, which shares nothing with others. What a test opens
/// is closed after it: pages that nobody looks at would go on asking the cloud. Such classes run
/// beside others, which do not drive a browser.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@ExtendWith(PageTest.InTurn.class)
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.PAGES)
@SuppressWarnings("NullAway.Init") // set before the first test
abstract class PageTest {
  private static final double PATIENCE_MS = 40_000;
  static LocalCloud cloud;
  static Browser browser;

  /// Of the class's cloud. Who is away has left after a second.
  Options options() {
    return TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "1"));
  }

  @BeforeAll
  void start() throws StartException {
    cloud = LocalCloud.start(options());
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
  }

  /// Hands the browser from class to class.
  static final class InTurn implements BeforeAllCallback {
    @Override
    public void beforeAll(ExtensionContext context) throws Exception {
      PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
      browser =
          context
              .getRoot()
              .getStore(ExtensionContext.Namespace.GLOBAL)
              .computeIfAbsent(Launched.class)
              .browser();
    }
  }

  /// The browser, until the last test has ended.
  static final class Launched implements AutoCloseable {
    private final Playwright playwright = TestBrowser.playwright();
    private @Nullable Browser browser;

    /// Another one after a crash.
    Browser browser() throws IOException, InterruptedException {
      Browser launched = browser;
      if (launched == null || !launched.isConnected()) {
        launched = TestBrowser.launch(playwright);
        browser = launched;
      }
      return launched;
    }

    @Override
    public void close() {
      playwright.close();
    }
  }
}
