package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.parley.local.LocalCloud;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page in Firefox, where this machine has one.
@SuppressWarnings("NullAway.Init") // set before the first test
class FirefoxTest {
  private static final String SENDER =
      """
      (async () => {
        const composer = document.getElementById('composer');
        composer.value = '%s';
        composer.dispatchEvent(new Event('input', { bubbles: true }));
        composer.form.requestSubmit();
      })()\
      """;

  @TempDir private static Path profile = Path.of("");

  private static TestFirefox firefox;
  private static LocalCloud cloud;

  @BeforeAll
  static void start() throws Exception {
    Optional<TestFirefox> launched = TestFirefox.launch(profile);
    assumeTrue(launched.isPresent(), "there is no firefox-esr on this machine");
    firefox = launched.get();
    cloud = TestCloud.start();
  }

  @AfterAll
  static void stop() throws Exception {
    if (firefox != null) {
      firefox.end();
    }
    if (cloud != null) {
      cloud.close();
    }
  }

  @Test
  void twoPeopleTalkAndReadWhatIsNew() throws Exception {
    String ada = page("/#/r/fox");
    String bob = page("/#/r/fox");
    for (String page : new String[] {ada, bob}) {
      firefox.await(page, "document.querySelector('[data-phase=connected]') !== null");
    }
    String texts = "[...document.querySelectorAll('#messages .text')].map((t) => t.innerText)";

    firefox.evaluate(ada, SENDER.formatted("**hello** :tada: https://parley.example/"));
    firefox.await(bob, texts + ".join() === 'hello :tada: https://parley.example/'");
    firefox.evaluate(bob, "document.querySelector('[data-testid=room-global]').click()");
    firefox.evaluate(ada, SENDER.formatted("one"));
    firefox.evaluate(ada, SENDER.formatted("two"));

    firefox.await(bob, "document.title === '(2) #global · Parley'");
    firefox.evaluate(bob, "history.back()");
    firefox.await(bob, "document.title === '#fox · Parley'");
    firefox.await(bob, "document.querySelector('[data-testid=new]') !== null");
    assertEquals("hello :tada: https://parley.example/,one,two", firefox.evaluate(bob, texts));
    assertEquals("1", firefox.evaluate(bob, "document.querySelectorAll('#messages a').length"));
  }

  @Test
  void whatMessagesLookLikeIsTheSame() throws Exception {
    String page = page("/test/?only=Stranger");

    firefox.await(page, "document.body.dataset.result !== 'running'");

    assertEquals("passed", firefox.evaluate(page, "document.body.dataset.result"));
  }

  private static String page(String path) throws Exception {
    return firefox.open("http://localhost:" + cloud.port() + path);
  }
}
