package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.parley.local.LocalCloud;
import java.net.URI;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Links of strangers into the two pages that users sign in by.
class SignInTest {
  private static LocalCloud cloud;
  private static Playwright playwright;
  private static Browser browser;

  @BeforeAll
  static void start() throws Exception {
    cloud = LocalCloud.start(TestCloud.options(TestCloud.TEMPLATE, Map.of()).withIssuer(true));
    playwright = TestBrowser.playwright();
    browser = TestBrowser.launch(playwright);
  }

  @AfterAll
  static void stop() {
    browser.close();
    playwright.close();
    cloud.close();
  }

  @Test
  void aLinkDoesNotSignAnybodyInAsAnotherUser() {
    try (BrowserContext visitor = browser.newContext()) {
      Page page = visitor.newPage();
      page.navigate(url("/#tokens=%2F_local%2Fissuer%2Ftoken%3Fuser%3Dmallory%26seconds%3D600"));
      TestPage opened = new TestPage(page);

      opened.awaitConnected();
      assertThat(opened.element("sign-in")).isVisible();
      assertThat(opened.element("name")).isEnabled();
      assertNull(page.evaluate("sessionStorage.getItem('parley.tokens')"));
    }
  }

  @Test
  void theIssuersPageGoesBackToItsOwnHostOnly() {
    try (BrowserContext visitor = browser.newContext()) {
      for (String elsewhere :
          new String[] {
            "/.//127.0.0.1:" + cloud.port() + "/x", "//127.0.0.1:" + cloud.port() + "/x", "/x"
          }) {
        Page page = visitor.newPage();
        page.navigate(url("/_local/issuer/?return=" + elsewhere));
        page.locator("#sign-in").click();

        page.waitForURL(to -> !to.contains("/_local/issuer/?"));
        assertEquals("localhost", URI.create(page.url()).getHost(), elsewhere);
      }
    }
  }

  private static String url(String path) {
    return "http://localhost:" + cloud.port() + path;
  }
}
