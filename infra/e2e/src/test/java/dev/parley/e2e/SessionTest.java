package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The reader's own connection: what the page tells of it, and what the reader has to say in it.
class SessionTest extends PageTest {
  private static final Pattern NONE = Pattern.compile("^–$");

  @Test
  void theSessionIsThisConnectionAndItsTimeGoesOn() {
    BrowserContext visitor = browser.newContext();
    visitor.clock().install();
    TestPage ada = TestPage.open(cloud, visitor, "Sessile", "session");
    show(ada);

    assertThat(ada.element("connection-id")).hasText(TestCloud.connectionOf(cloud, "Sessile"));
    assertThat(ada.element("connected-since")).hasText(Pattern.compile("\\d\\d:\\d\\d:\\d\\d"));
    assertThat(ada.element("session-time")).hasText(Pattern.compile("^00:\\d\\d$"));
    assertThat(ada.element("who-am-i"))
        .hasText(Pattern.compile("Sessile\\s+· Guest\\s*guest:\\S+\\s*from \\S+"));

    visitor.clock().fastForward("01:05:00");

    assertThat(ada.element("session-time")).hasText(Pattern.compile("^1:0[56]:\\d\\d$"));
  }

  @Test
  void aHeartbeatIsSentWhenItIsAskedFor() {
    AtomicInteger pings = new AtomicInteger();
    BrowserContext visitor = browser.newContext();
    visitor.onPage(
        page ->
            page.onWebSocket(
                socket ->
                    socket.onFrameSent(
                        frame -> {
                          if (frame.text().contains("\"action\":\"ping\"")) {
                            pings.incrementAndGet();
                          }
                        })));
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "heart");
    show(ada);
    int before = pings.get();

    ada.element("ping").click();

    ada.page().waitForCondition(() -> pings.get() > before);
    assertThat(ada.element("heartbeat"))
        .containsText(Pattern.compile("answered 00:0\\d ago, in \\d+ ms"));
  }

  @Test
  void whoDisconnectsStaysSoUntilConnectingAgain() {
    BrowserContext visitor = browser.newContext();
    visitor.clock().install();
    TestPage ada = TestPage.open(cloud, visitor, "Hermit", "hermitage");
    TestPage bob = TestPage.open(cloud, browser.newContext(), "Bob", "hermitage");
    assertThat(bob.element("members")).containsText("Hermit");
    show(ada);
    ada.element("disconnect").click();
    assertThat(state(ada)).hasAttribute("data-phase", "disconnected");
    assertThat(ada.element("connection-id")).hasText(NONE);
    assertThat(ada.element("ping")).isDisabled();
    assertThat(bob.element("members")).not().containsText("Hermit");

    ada.page().evaluate("window.dispatchEvent(new Event('online'))");
    visitor.clock().fastForward("30:00");
    ada.element("close").click();
    ada.say("from the cave");
    assertThat(ada.drafts()).hasText(new String[] {"from the cave"});
    assertThat(state(ada)).hasAttribute("data-phase", "disconnected");
    assertThat(bob.messages()).hasCount(0);

    ada.element("retry").click();
    assertThat(bob.texts()).hasText(new String[] {"from the cave"});
    assertThat(bob.element("members")).containsText("Hermit");
    show(ada);
    ada.element("disconnect").click();
    assertThat(state(ada)).hasAttribute("data-phase", "disconnected");
    ada.element("connect").click();
    ada.awaitConnected();
    ada.element("close").click();
    ada.say("back");
    assertThat(bob.texts().last()).hasText("back");
  }

  @Test
  void whatTheSessionTellsIsOfTheConnectionThatThereIs() {
    TestPage ada = TestPage.open(cloud, browser.newContext(), "Phoenix", "ashes");
    show(ada);
    Locator id = ada.element("connection-id");
    assertThat(id).hasText(TestCloud.connectionOf(cloud, "Phoenix"));
    String before = id.textContent();

    ada.element("disconnect").click();
    assertThat(id).hasText(NONE);
    ada.element("connect").click();

    assertThat(id).not().hasText(NONE);
    assertThat(id).not().hasText(before);
    TestPage tab = TestPage.open(cloud, ada.page().context(), "ashes");
    String second = id.textContent();
    tab.element("name").fill("Simurgh"); // each tab takes another connection
    tab.element("name").press("Enter");
    assertThat(ada.element("who-am-i")).containsText("Simurgh");
    assertThat(id).not().hasText(second);
    assertThat(id).not().hasText(NONE);
  }

  @Test
  void aReloadConnectsAgainWhoHasDisconnected() {
    TestPage ada = TestPage.open(cloud, browser.newContext(), "Ada", "reloaded");
    show(ada);
    ada.element("disconnect").click();
    assertThat(state(ada)).hasAttribute("data-phase", "disconnected");

    ada.page().reload();

    ada.awaitConnected();
  }

  @Test
  void aSessionEndsAfterTheMinutesThatTheReaderHasSet() {
    BrowserContext visitor = browser.newContext();
    visitor.clock().install();
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "brief");
    show(ada);
    setMinutes(ada, "5");
    setMinutes(ada, "-3");
    assertThat(ada.element("disconnect-after")).hasValue("5");
    setMinutes(ada, "1441");
    assertThat(ada.element("disconnect-after")).hasValue("5");
    ada.page().reload();
    ada.awaitConnected();

    visitor.clock().fastForward("04:30");
    ada.say("still here");
    assertThat(ada.texts()).hasText(new String[] {"still here"});
    assertThat(state(ada)).hasAttribute("data-phase", "connected");
    visitor.clock().fastForward("00:31");

    assertThat(state(ada)).hasAttribute("data-phase", "disconnected");
    assertThat(ada.element("notice"))
        .hasText("Disconnected after 5 min, as you have set it under Session.");
    ada.element("retry").click();
    ada.awaitConnected();
    ada.say("and again");
    assertThat(ada.texts()).hasText(new String[] {"still here", "and again"});
  }

  /// As where the policy of the site lets the page connect there.
  @Test
  void anotherServerIsUsedAndRememberedUntilItIsReset() throws StartException {
    BrowserContext visitor = browser.newContext(new Browser.NewContextOptions().setBypassCSP(true));
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "port");
    String own = "ws://localhost:" + cloud.port() + "/" + cloud.stage();
    ada.say("at home");
    assertThat(ada.texts()).hasText(new String[] {"at home"});
    try (LocalCloud other = TestCloud.start();
        TestClient abroad = connect(other, "Bob", "port")) {
      show(ada);
      assertThat(ada.element("server")).hasValue(own);
      assertThat(ada.element("reset-server")).isDisabled();
      ada.element("server").fill(other.webSocketUrl().toString());
      ada.element("use-server").click();
      ada.awaitConnected();
      ada.element("close").click();

      assertThat(ada.element("members")).containsText("Bob");
      ada.say("abroad");
      abroad.awaitMessage("abroad");
      say(abroad, "port", "welcome");
      assertThat(ada.texts().last()).hasText("welcome");
      ada.page().reload();
      ada.awaitConnected();
      assertThat(ada.texts()).hasText(new String[] {"abroad", "welcome"});

      show(ada);
      assertThat(ada.element("server")).hasValue(other.webSocketUrl().toString());
      ada.element("reset-server").click();
      assertThat(ada.element("server")).hasValue(own);
      ada.awaitConnected();
      ada.element("close").click();
      ada.page().reload();
      ada.awaitConnected();
      assertThat(ada.texts()).hasText(new String[] {"at home"});
      assertThat(ada.element("members")).not().containsText("Bob");
    }
  }

  @Test
  void whatIsNoServerIsRefusedAndChangesNothing() {
    TestPage ada = TestPage.open(cloud, browser.newContext(), "Ada", "nonsense");
    show(ada);
    String id = ada.element("connection-id").textContent();
    String none =
        "A server is wss://…, or a path of this host; ws://… where this page is no https one.";
    for (String nonsense :
        new String[] {"", "http://nowhere.example", "//nowhere.example", "ws://", "server"}) {
      ada.element("server").fill(nonsense);
      ada.element("use-server").click();

      assertEquals(none, ada.element("server").evaluate("e => e.validationMessage"), nonsense);
      assertNull(ada.page().evaluate("localStorage.getItem('parley.server')"), nonsense);
    }
    ada.element("server").press("End");
    ada.element("server").press("x");
    assertEquals("", ada.element("server").evaluate("e => e.validationMessage"));
    assertThat(state(ada)).hasAttribute("data-phase", "connected");
    assertThat(ada.element("connection-id")).hasText(id);
    assertThat(ada.element("reset-server")).isDisabled();
  }

  private static void show(TestPage page) {
    page.element("show-session").click();
    assertThat(page.element("connection-id")).not().hasText(NONE);
  }

  private static Locator state(TestPage page) {
    return page.element("state");
  }

  private static void setMinutes(TestPage page, String minutes) {
    page.element("disconnect-after").fill(minutes);
    page.element("disconnect-after").press("Tab");
  }

  private static TestClient connect(LocalCloud to, String name, String room) {
    return TestClient.connect(to.webSocketUrl(), "?name=" + name + "&rooms=" + room);
  }

  private static void say(TestClient client, String room, String text) {
    client.request("sendMessage", "\"room\":\"%s\",\"message\":\"%s\"".formatted(room, text));
  }
}
