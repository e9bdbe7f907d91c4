package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import dev.parley.Text;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What strangers say, are called and make links to, on the page. `web/test/xss.json` has the
/// texts; `web/test/living.test.js` draws each of them alone.
class LivingTextTest extends PageTest {
  /// The page draws only the messages around what the reader sees.
  private static final int SAID_AT_ONCE = 40;

  private static final int NAMES = 40;
  private static final int ADDRESSES_OPENED = 8;

  /// The elements that are no part of a message's text as it may be drawn, with their attributes.
  private static final String STRANGE_IN_TEXTS =
      """
      () => {
        const allowed = new Set(['p', 'br', 'strong', 'em', 'del', 'code', 'pre tabindex',
          'blockquote', 'ul', 'ol', 'li', 'li value', 'a href rel target', 'mark class', 'span class',
          'div class', 'button class data-copy type']);
        return [...document.querySelectorAll('[data-testid=message] .text *')]
          .map(e => [e.localName, ...e.getAttributeNames().sort()].join(' '))
          .concat([...document.querySelectorAll('[data-testid=message] .text a')]
            .map(a => a.protocol === 'http:' || a.protocol === 'https:' ? 'a href rel target' : a.href))
          .filter(kind => !allowed.has(kind));
      }
      """;

  /// What no page of ours has, wherever.
  private static final String STRANGE_IN_THE_PAGE =
      """
      () => [...document.querySelectorAll('*')]
        .filter(e => e.matches('script:not([src]), style, iframe, frame, object, embed,'
            + ' base, template, audio, video, [src=x], meta[http-equiv=refresh]')
          || e.getAttributeNames().some(name => name.startsWith('on')))
        .map(e => e.outerHTML)
      """;

  /// Afterwards what images and scripts of before have to do is done.
  private static final String FAIL_AN_IMAGE =
      """
      () => new Promise(failed => {
        const image = new Image();
        image.onerror = () => failed();
        image.src = 'data:,';
      })
      """;

  private static List<String> texts() throws IOException {
    Path file = TestCloud.SITE.resolve("test").resolve("xss.json");
    return new ObjectMapper().readValue(file.toFile(), new TypeReference<>() {});
  }

  private final List<String> incidents = new CopyOnWriteArrayList<>();
  private BrowserContext visitor;

  @BeforeEach
  void watch() {
    visitor = browser.newContext();
    visitor.exposeFunction("tell", told -> incidents.add(told[0].toString()));
    visitor.addInitScript(
        "document.addEventListener('securitypolicyviolation',"
            + " e => tell(e.effectiveDirective + ' refused ' + e.blockedURI + e.sample))");
    visitor.onPage(
        page ->
            page.onDialog(
                dialog -> {
                  incidents.add("dialog " + dialog.message());
                  dialog.dismiss();
                }));
    visitor.onRequest(
        request -> {
          if (!request.url().startsWith("http://localhost:" + cloud.port() + "/")) {
            incidents.add("request " + request.url());
          }
        });
  }

  @AfterEach
  void nothingHappened() {
    assertEquals(List.of(), incidents);
  }

  private static void checkHarmless(Page page) {
    page.evaluate(FAIL_AN_IMAGE);
    assertEquals(List.of(), page.evaluate(STRANGE_IN_TEXTS));
    assertEquals(List.of(), page.evaluate(STRANGE_IN_THE_PAGE));
    assertEquals(false, page.evaluate("'hacked' in window"));
  }

  private static Locator message(Page page, long timestamp) {
    return page.locator("#messages [data-timestamp='" + timestamp + "']");
  }

  /// @return the message's timestamp
  private static long say(TestClient client, String text) {
    String fields = "\"room\":\"strange\",\"message\":" + TextNode.valueOf(text);
    return client.request("sendMessage", fields).path("timestamp").asLong();
  }

  @Test
  void whatAStrangerSaysIsNothingButText() throws IOException {
    Page ada = TestPage.open(cloud, visitor, "Ada", "strange").page();
    List<String> texts = texts();
    try (TestClient mallory =
        TestClient.connect(cloud.webSocketUrl(), "?name=Mallory&rooms=strange")) {
      for (int from = 0; from < texts.size(); from += SAID_AT_ONCE) {
        List<Long> said = new ArrayList<>();
        for (String text : texts.subList(from, Math.min(texts.size(), from + SAID_AT_ONCE))) {
          said.add(say(mallory, text));
        }

        for (long timestamp : said) {
          assertThat(message(ada, timestamp).locator(".text")).hasCount(1);
        }
        checkHarmless(ada);
      }
    }
  }

  @Test
  void whatAStrangerIsCalledIsNothingButText() throws IOException {
    Page ada = TestPage.open(cloud, visitor, "Ada", "strange").page();
    List<String> names =
        texts().stream().map(Text::cleanName).filter(Text::isName).distinct().toList();
    int step = names.size() / NAMES;
    for (int i : IntStream.range(0, NAMES).map(i -> i * step).toArray()) {
      String encoded = URLEncoder.encode(names.get(i), UTF_8).replace("+", "%20");
      try (TestClient stranger =
          TestClient.connect(cloud.webSocketUrl(), "?rooms=strange&name=" + encoded)) {
        long timestamp = say(stranger, "I am number " + i);

        assertThat(message(ada, timestamp).locator(".sender")).hasText(names.get(i));
        checkHarmless(ada);
      }
    }
  }

  @Test
  void anAddressThatAStrangerMadeNamesARoomOrNothing() throws IOException {
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "strange");
    List<String> texts = texts();
    for (String text : texts) {
      ada.page().evaluate("text => { location.hash = '/r/' + text; }", text);
    }
    checkHarmless(ada.page());
    ada.page().evaluate("() => { location.hash = '/r/another'; }");
    assertThat(ada.element("room-title")).containsText("another");
    checkHarmless(ada.page());

    int step = texts.size() / ADDRESSES_OPENED;
    for (int i = 0; i < texts.size(); i += step) {
      TestPage opened = new TestPage(visitor.newPage());
      opened.page().navigate("http://localhost:" + cloud.port() + "/#/r/" + texts.get(i));
      opened.awaitConnected();
      checkHarmless(opened.page());
      opened.page().close();
    }
  }
}
