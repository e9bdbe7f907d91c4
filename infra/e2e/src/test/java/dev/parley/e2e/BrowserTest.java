package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static com.sun.net.httpserver.SimpleFileServer.OutputLevel.NONE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Keyboard;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page, in a real browser.
class BrowserTest extends PageTest {
  private static final double CLIENT_TESTS_MS_MAX = 180_000;
  private static final Pattern LIST =
      Pattern.compile("\"action\":\"(rooms|members)\"(,\"mine\":true)?");

  @Test
  void twoPagesTalkInTwoRooms() {
    TestPage ada = open("Ada", "red");
    TestPage bob = open("Bob", "red");
    ada.element("join-room").fill("blue");
    ada.element("join").click();
    assertThat(ada.element("room-title")).containsText("blue");
    bob.element("join-room").fill("blue");
    bob.element("join").click();
    assertThat(bob.element("room-title")).containsText("blue");
    assertThat(ada.element("members")).containsText("Bob");

    ada.say("hello blue");
    assertThat(bob.texts()).hasText(new String[] {"hello blue"});
    bob.say("<b>hello</b> <script>document.title = 'hacked'</script>");

    for (TestPage page : new TestPage[] {ada, bob}) {
      assertThat(page.texts())
          .containsText(
              new String[] {
                "hello blue", "<b>hello</b> <script>document.title = 'hacked'</script>"
              });
    }
    assertEquals(0, bob.page().locator("#messages b, #messages script").count(), "text is text");

    ada.element("room-red").click();
    assertThat(ada.messages()).hasCount(0);
    ada.say("hello red");
    bob.element("room-red").click();
    assertThat(bob.texts()).hasText(new String[] {"hello red"});
  }

  @Test
  void aRoomThatThePageWasTakenOutOfClosesWithALineOfTextAndStaysClosed() {
    TestPage mallory = open("Mallory", "square");
    mallory.say("buy!");
    assertThat(mallory.texts()).containsText(new String[] {"buy!"});
    try (TestClient warden =
        TestClient.connect(cloud.webSocketUrl(), "?name=Warden&rooms=square")) {
      TestCloud.makeAdmin(cloud, "Warden");
      mallory.say("buy now!");
      String user = warden.awaitMessage("buy now!").path("user").asText();

      String fields = "\"room\":\"square\",\"user\":\"%s\"".formatted(user);
      assertEquals("kicked", warden.request("kick", fields).path("type").asText());

      assertThat(mallory.element("notice")).hasText("You were taken out of #square.");
      assertThat(mallory.element("room-title")).not().containsText("square");
      mallory.page().reload();
      mallory.awaitConnected();
      assertThat(mallory.element("room-title")).not().containsText("square");
      warden.request("sendMessage", "\"room\":\"square\",\"message\":\"quiet now\"");
      warden.awaitMessage("quiet now");
      assertEquals(1, warden.request("members", "\"room\":\"square\"").path("members").size());
    }
  }

  @Test
  void aMessagesDetailsTellHowLongItTookAndLeadToItsTrace() {
    TestPage ada = open("Ada", "traced");
    ada.page().evaluate("window.dispatchEvent(new Event('online'))"); // a ping tells the time
    ada.say("follow me");
    assertThat(ada.texts()).containsText(new String[] {"follow me"});

    Locator details = ada.messages().getByLabel("Details");
    details.click();

    assertThat(details).hasAttribute("aria-expanded", "true");
    Locator shown = ada.element("details");
    assertThat(shown)
        .containsText(Pattern.compile("on screen after [0-9]+ ± [0-9]+ ms · trace 1-"));
    Page viewer = ada.page().context().waitForPage(shown.getByRole(AriaRole.LINK)::click);
    assertThat(viewer.getByText("SendMessageFunction").first()).isVisible();
    details.click();
    assertThat(shown).hasCount(0);
  }

  @Test
  void oneTabLeadsToTheDetailsAndTheArrowKeysFromMessageToMessage() {
    TestPage ada = open("Ada", "tabs");
    for (String text : List.of("one", "two", "three")) {
      ada.say(text);
    }
    assertThat(ada.texts()).hasText(new String[] {"one", "two", "three"});
    Locator buttons = ada.messages().getByLabel(Pattern.compile("Details of Ada, \\d+.*"));
    Keyboard keyboard = ada.page().keyboard();

    ada.element("composer").focus();
    keyboard.press("Shift+Tab");
    assertThat(buttons.nth(2)).isFocused();
    keyboard.press("ArrowUp");
    assertThat(buttons.nth(1)).isFocused();
    open("Bob", "tabs").say("four");
    assertThat(ada.messages()).hasCount(4);
    keyboard.press("Home");
    keyboard.press("ArrowUp");
    keyboard.press("Enter");
    assertThat(ada.messages().first().getByTestId("details")).isVisible();
    assertThat(ada.page().locator("#messages .about:not([tabindex='-1'])")).hasCount(1);
    keyboard.press("End");

    assertThat(ada.messages().nth(3).getByLabel("Details of Bob")).isFocused();
  }

  @Test
  void howLongAMessageTookIsNotSaidWhereTheReaderSawItLater() {
    TestPage ada = open("Ada", "seen");
    TestPage bob = open("Bob", "seen");
    ada.page().evaluate("window.dispatchEvent(new Event('online'))"); // a ping tells the time
    bob.say("at once");
    assertThat(ada.texts()).hasText(new String[] {"at once"});
    ada.element("join-room").fill("elsewhere");
    ada.element("join").click();
    assertThat(ada.element("room-title")).containsText("elsewhere");
    bob.say("in another room");
    assertThat(ada.element("room-seen").locator(".badge")).hasText("1");
    ada.element("room-seen").click();
    assertThat(ada.texts()).hasText(new String[] {"at once", "in another room"});
    ada.page().setViewportSize(1000, 300);
    bob.say("line\n".repeat(60));
    assertThat(ada.messages()).hasCount(3);
    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
    assertThat(ada.element("newer")).isVisible();
    bob.say("below");
    assertThat(ada.element("newer")).hasText("1 new message");

    for (int i = 0; i < 4; i++) {
      ada.messages().nth(i).locator(".about").click();
    }

    assertThat(ada.element("details")).hasCount(4);
    assertEquals(
        List.of("at once", "later", "at once", "later"),
        ada.element("details").all().stream()
            .map(d -> d.textContent().contains("on screen after") ? "at once" : "later")
            .toList());
  }

  @Test
  void historyIsThereOnJoinAndARoomThatIsQuitIsGone() {
    TestPage ada = open("Ada", "archive");
    ada.say("for those who come later");
    assertThat(ada.messages()).hasCount(1);

    TestPage bob = open("Bob", "archive");

    assertThat(bob.texts()).containsText("for those who come later");
    assertThat(ada.element("members")).containsText("Bob");
    bob.element("quit-archive").click();
    assertThat(bob.element("room-archive")).hasCount(0);
    assertThat(ada.element("members")).not().containsText("Bob");
  }

  /// A list is pages of reads, and costs as much as pings.
  @Test
  void listsAreAskedForOnceAndLaterOnlyWhileSomebodyUsesThePage() {
    BrowserContext visitor = browser.newContext();
    visitor.clock().install();
    Page page = visitor.newPage();
    List<String> lists = new CopyOnWriteArrayList<>();
    page.onWebSocket(
        socket ->
            socket.onFrameSent(
                frame -> {
                  Matcher list = LIST.matcher(frame.text());
                  if (list.find()) {
                    lists.add(list.group(1) + (list.group(2) == null ? "" : " mine"));
                  }
                }));
    page.navigate("http://localhost:" + cloud.port() + "/#/r/lists");
    assertThat(page.getByTestId("member-count")).hasText("1");
    assertEquals(List.of("rooms", "rooms mine", "members"), lists);

    visitor.clock().fastForward("04:00");
    visitor.clock().fastForward("01:30"); // by now nobody has used it for 5 min
    TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=lists");
    bob.request("sendMessage", "\"room\":\"lists\",\"message\":\"anybody there?\"");
    assertThat(new TestPage(page).texts()).hasText(new String[] {"anybody there?"});
    assertEquals(List.of("rooms", "rooms mine", "members"), lists);

    page.keyboard().press("Shift");

    page.waitForCondition(() -> lists.size() > 3);
    assertEquals(List.of("rooms", "rooms mine", "members", "rooms"), lists);
    bob.close();
  }

  @Test
  void aReloadFindsEverythingAgain() {
    TestPage ada = open("Ada", "reload");
    ada.say("before the reload");
    assertThat(ada.messages()).hasCount(1);

    ada.page().reload();

    ada.awaitConnected();
    assertThat(ada.element("name")).hasValue("Ada");
    assertThat(ada.texts()).containsText("before the reload");
  }

  /// As Safari tells of it: Enter ends the composition, but the event does not say that one is
  /// under way.
  @Test
  void aKeyThatAnInputMethodHasProcessedMeansNothingToThePage() {
    TestPage ada = open("Ada", "composed");
    ada.element("composer").fill("nihongo");
    ada.pressComposing("Enter");
    assertThat(ada.element("composer")).hasValue("nihongo");
    assertThat(ada.drafts()).hasCount(0);

    ada.element("name").fill("Augusta");
    ada.pressComposing("Enter");
    assertThat(ada.element("name")).isFocused();
    ada.pressComposing("Escape");
    assertThat(ada.element("name")).hasValue("Augusta");

    ada.element("join-room").fill("elsewhere");
    ada.pressComposing("Enter");
    assertThat(ada.element("room-elsewhere")).hasCount(0);
    assertThat(ada.element("join-room")).hasValue("elsewhere");

    ada.page().setViewportSize(400, 700);
    ada.element("show-rooms").click();
    ada.pressComposing("Escape");
    assertThat(ada.element("show-rooms")).hasAttribute("aria-expanded", "true");
    ada.page().keyboard().press("Escape");
    assertThat(ada.element("show-rooms")).hasAttribute("aria-expanded", "false");

    ada.element("composer").press("Enter");
    assertThat(ada.texts()).hasText(new String[] {"nihongo"});
  }

  @Test
  void thePageStartsWhateverElseIsStoredUnderItsNames() {
    for (String stored :
        List.of(
            "null",
            "5",
            "{",
            "{\"rooms\": [\"a\"]}",
            "[5, null, true, {}, [\"lobby\"], \"no room\", \"kept\", \"kept\"]",
            "\u0000".repeat(100_000))) {
      BrowserContext visitor = browser.newContext();
      visitor.addInitScript(
          "for (const key of ['rooms', 'name', 'guest', 'draft/kept/x', 'draft/kept'])"
              + " localStorage.setItem('parley.' + key, "
              + new TextNode(stored)
              + ")");

      TestPage page = TestPage.open(cloud, visitor, "stored");

      assertThat(page.element("room-kept")).hasCount(stored.contains("kept") ? 1 : 0);
      page.say("hello " + stored.length());
      assertThat(page.texts().last()).hasText("hello " + stored.length());
    }
  }

  @Test
  void thePageStartsThoughItMayStoreNothing() {
    for (String without :
        List.of(
            "get() { throw new DOMException('no', 'SecurityError'); }",
            "value: null",
            "value: undefined",
            "value: { length: 0, getItem: () => null, key: () => null, removeItem() {},"
                + " setItem() { throw new DOMException('full', 'QuotaExceededError'); } }")) {
      BrowserContext visitor = browser.newContext();
      visitor.addInitScript(
          "Object.defineProperty(window, 'localStorage', { %s })".formatted(without));

      TestPage page = TestPage.open(cloud, visitor, "unstored");

      page.say(without);
      assertThat(page.texts().last()).hasText(without);
    }
  }

  @Test
  void whatShowsNothingIsNotSentAndANameIsCleaned() {
    TestPage ada = open("Ada", "blank");

    for (String text : new String[] {"\u00a0\ufeff", "\u3164", "\u200d\ufe0f"}) {
      ada.element("composer").fill(text);
      assertThat(ada.element("send")).isDisabled();
      ada.element("composer").press("Enter");
    }
    ada.say("\u00a0hello\ufeff");
    ada.element("name").fill("\u202eA\u00a0 d\u200ba\uffff");
    ada.element("name").press("Enter");

    assertThat(ada.texts()).hasText(new String[] {"hello"});
    assertThat(ada.element("name")).hasValue("A da");
    assertThat(ada.element("members")).containsText("A da");
  }

  @Test
  void theClientsOwnTestsPass() {
    Page page = browser.newPage();

    page.navigate("http://localhost:" + cloud.port() + "/test/");

    page.waitForSelector(
        "body:not([data-result=running])",
        new Page.WaitForSelectorOptions().setTimeout(CLIENT_TESTS_MS_MAX));
    assertEquals(
        "passed", page.getAttribute("body", "data-result"), page.locator("#report").textContent());
  }

  /// `web/client/` copied beside a page that another server serves.
  @Test
  void theLinesOfTheReadmeAreAChatInAnybodysPage(@TempDir Path site) throws IOException {
    Files.writeString(site.resolve("index.html"), "<!doctype html>" + linesOfTheReadme());
    Path client = Files.createDirectory(site.resolve("client"));
    try (Stream<Path> files = Files.list(Path.of("..", "..", "web", "client"))) {
      for (Path file : files.toList()) {
        Files.copy(file, client.resolve(file.getFileName()));
      }
    }
    HttpServer server =
        SimpleFileServer.createFileServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), site.toRealPath(), NONE);
    server.start();
    try {
      Page page = browser.newPage();
      page.navigate("http://localhost:" + server.getAddress().getPort() + "/");
      TestPage bob = open("Bob", "lobby");

      page.locator("#text").fill("\u3164");
      page.locator("#text").press("Enter");
      assertThat(page.locator("#text")).hasValue("\u3164"); // the page is still there
      page.locator("#text").fill("hello");
      page.locator("#text").press("Enter");
      assertThat(bob.texts()).hasText(new String[] {"hello"});
      bob.say("hello Ada");

      assertThat(page.locator("#log li")).hasText(new String[] {"Ada: hello", "Bob: hello Ada"});
    } finally {
      server.stop(0);
    }
  }

  private static String linesOfTheReadme() throws IOException {
    Matcher lines =
        Pattern.compile("(?ms)^```html\\n(.*?)^```$")
            .matcher(Files.readString(Path.of("..", "..", "README.md")));
    assertTrue(lines.find(), "README.md shows no page");
    String url = "ws://localhost:8080/production";
    assertTrue(lines.group(1).contains(url), lines.group(1));
    return lines.group(1).replace(url, cloud.webSocketUrl().toString());
  }

  /// A visitor of its own, with nothing stored.
  private static TestPage open(String name, String room) {
    return TestPage.open(cloud, browser.newContext(), name, room);
  }
}
