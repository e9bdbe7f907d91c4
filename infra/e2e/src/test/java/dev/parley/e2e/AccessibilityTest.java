package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ForcedColors;
import com.microsoft.playwright.options.ReducedMotion;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The page for those who do not see it, or see it otherwise: axe-core's rules (WCAG 2.2 AA and its
/// best practices) in the states of the page, and what axe-core cannot tell.
class AccessibilityTest extends PageTest {
  static final String AXE = axe();

  /// All findings of axe-core, one a line.
  static final String FINDINGS =
      """
      async () => {
        const { violations } = await axe.run(document, {
          resultTypes: ['violations'], rules: { 'target-size': { enabled: true } } });
        return violations.flatMap(({ id, nodes }) => nodes.map(({ target, html, any, all, none }) =>
          `${id} at ${target}: ${[...any, ...all, ...none].map((c) => c.message)} ${html}`));
      }\
      """;

  /// Borders of fields with less than 3 : 1 against what is around them.
  private static final String FAINT_BORDERS =
      """
      () => {
        const canvas = document.createElement('canvas').getContext('2d');
        const rgba = (colour) => {
          canvas.clearRect(0, 0, 1, 1);
          canvas.fillStyle = colour;
          canvas.fillRect(0, 0, 1, 1);
          return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        const luminance = (colour) => rgba(colour).slice(0, 3).map((c) => c / 255)
          .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
          .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
        const around = (element) => {
          for (let e = element.parentElement; e !== null; e = e.parentElement) {
            const { backgroundColor } = getComputedStyle(e);
            if (rgba(backgroundColor)[3] === 255) return backgroundColor;
          }
          return 'white';
        };
        return [...document.querySelectorAll('input, select, textarea')]
          .filter((e) => !e.disabled && e.checkVisibility({ visibilityProperty: true }))
          .map((e) => {
            const [a, b] = [luminance(getComputedStyle(e).borderTopColor), luminance(around(e))];
            const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
            return { name: e.dataset.testid, contrast };
          })
          .filter(({ contrast }) => contrast < 3)
          .map(({ name, contrast }) => `${name}: ${contrast.toFixed(2)} : 1`);
      }\
      """;

  /// What a finger cannot hit. The rules except links in a text; a sender's name stands in the line
  /// above its text, and is in the list of members, too.
  private static final String SMALL_TARGETS =
      """
      () => [...document.querySelectorAll('button, a, input, select, textarea, [role=option]')]
        .filter((e) => e.checkVisibility({ visibilityProperty: true }))
        .filter((e) => !e.matches('.text a, .details a, .sender, .skip'))
        .map((e) => ({ e, box: e.getBoundingClientRect() }))
        .filter(({ box }) => box.width < 43.9 || box.height < 43.9)
        .map(({ e, box }) => `${e.outerHTML.slice(0, 80)}: ${box.width} x ${box.height}`)\
      """;

  /// What is wider than where it stands. Code scrolls by itself.
  private static final String WIDE =
      """
      () => [...document.querySelectorAll('*')]
        .filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth > 0 && !e.matches('pre'))
        .filter((e) => e === document.documentElement
          || /auto|scroll/.test(getComputedStyle(e).overflowX))
        .map((e) => `${e.tagName} ${e.id} ${e.className}: ${e.scrollWidth} > ${e.clientWidth}`)\
      """;

  private static final List<String> TEXTS =
      List.of(
          "Hello @Ada, **welcome** to _Parley_ and `code`",
          "> a quote\n\nand\n\n- one\n- two\n\n1. first ~~gone~~",
          "```java\nint answer = 6 * 7; // " + "a long line ".repeat(12) + "\n```",
          "see https://parley.example/docs?q=1",
          "🎉",
          "a line of a long text\n".repeat(30));

  @Test
  void aFaultIsFound() {
    TestPage ada = open("Ada", "faulty");
    ada.page()
        .evaluate(
            """
            () => {
              document.querySelector('#composer').removeAttribute('aria-label');
              document.querySelector('#composer').removeAttribute('placeholder');
              document.querySelector('h2').style.color = '#ccc';
              document.querySelector('#search').style.borderColor = '#ccc';
            }\
            """);

    List<String> findings = new ArrayList<>();
    look(ada, "", findings);

    assertTrue(findings.stream().anyMatch(f -> f.contains("label at #composer")), "label");
    assertTrue(findings.stream().anyMatch(f -> f.contains("color-contrast")), "contrast");
    assertTrue(findings.stream().anyMatch(f -> f.contains("search: 1.")), "border");
  }

  @Test
  void theFirstVisitAndAConversationAndWhatIsUnreadAreClean() {
    List<String> findings = new ArrayList<>();
    TestPage first = new TestPage(visitor(1280, 720).newPage());
    first.page().navigate("http://localhost:" + cloud.port() + "/");
    assertThat(first.element("beginning")).isVisible();
    look(first, "first visit", findings);
    first.page().context().close();

    TestPage ada = open("Ada", "all-kinds");
    try (TestClient bob = connect("Bob", "all-kinds,elsewhere")) {
      ada.say("What does everything look like?");
      TEXTS.forEach(text -> say(bob, "all-kinds", text));
      ada.say("> a quote\n\nof my own, with `code` and https://parley.example");
      assertThat(ada.messages()).hasCount(TEXTS.size() + 2);
      ada.messages().nth(1).locator(".about").click();
      ada.messages().last().locator(".about").click();
      assertThat(ada.element("details")).hasCount(2);
      ada.element("composer").pressSequentially(":tad");
      assertThat(ada.element("offers")).isVisible();
      look(ada, "conversation", findings);

      ada.element("composer").fill("");
      ada.element("join-room").fill("elsewhere");
      ada.element("join").click();
      assertThat(ada.element("room-title")).hasText("#elsewhere");
      ada.say("I am here");
      assertThat(ada.texts()).hasCount(1);
      ada.element("room-all-kinds").click();
      ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
      assertThat(ada.element("newer")).isVisible();
      say(bob, "all-kinds", "below");
      say(bob, "elsewhere", "@Ada, come back");
      assertThat(ada.element("newer")).hasText("1 new message");
      assertThat(ada.element("mentions-elsewhere")).isVisible();
      look(ada, "unread", findings);
      ada.element("room-elsewhere").click();
      assertThat(ada.element("new")).isVisible();
      look(ada, "the line before what is new", findings);
    }

    assertNone(findings);
  }

  @Test
  void draftsThatWaitOrFailedAndAPageWithoutANetworkAreClean() {
    List<String> findings = new ArrayList<>();
    BrowserContext visitor = visitor(1280, 720);
    new TestVisitor(visitor)
        .answering(
            frame ->
                frame.contains("refuse me")
                    ? TestVisitor.refusal(frame, "invalid_message", "")
                    : frame.contains("lose me") ? "" : null);
    TestPage ada = open(visitor, "Ada", "drafts");
    ada.say("refuse me");
    assertThat(ada.page().locator(".draft.failed")).hasCount(1);
    ada.say("lose me");
    assertThat(ada.page().locator(".draft.sending, .draft.queued")).hasCount(1);
    ada.element("composer").fill("x".repeat(5000));
    assertThat(ada.element("remaining")).containsText("too many");
    look(ada, "drafts", findings);

    visitor.setOffline(true);
    ada.awaitOffline();
    assertThat(ada.element("retry")).isVisible();
    look(ada, "offline", findings);

    assertNone(findings);
  }

  @Test
  void theDialogsAreClean() {
    List<String> findings = new ArrayList<>();
    TestPage ada = open("Ada", "dialogs");
    TestPage bob = open("Bob", "dialogs");
    bob.say("hello");
    assertThat(ada.texts()).hasText(new String[] {"hello"});
    for (String dialog : List.of("settings", "session", "shortcuts", "room")) {
      ada.element("show-" + dialog).click();
      assertThat(ada.element("dialog")).isVisible();
      look(ada, dialog, findings);
      closeDialog(ada);
    }
    ada.element("find").click();
    ada.element("switch").fill("unheard");
    look(ada, "switcher", findings);
    closeDialog(ada);
    ada.messages().locator(".about").click();
    ada.element("details").getByText("Report").click();
    assertThat(ada.element("why")).isFocused();
    look(ada, "report", findings);
    closeDialog(ada);
    TestCloud.makeAdmin(cloud, "Ada");
    ada.element("quit-dialogs").click();
    ada.element("join-room").fill("dialogs"); // which tells her that she is
    ada.element("join").click();
    assertThat(ada.element("members")).containsText("Bob");
    ada.messages().locator(".sender").click();
    assertThat(ada.element("kick")).isVisible();
    look(ada, "person", findings);
    closeDialog(ada);
    ada.element("new-private").click();
    ada.element("title").fill("Plans");
    look(ada, "private", findings);
    ada.element("create").click();
    assertThat(ada.element("room-title")).hasText("Plans");
    ada.element("show-room").click();
    assertThat(ada.element("invitee")).isVisible();
    assertThat(ada.element("invite-Bob")).isVisible();
    look(ada, "private room", findings);

    assertNone(findings);
  }

  @Test
  void theDrawersAreClean() {
    List<String> findings = new ArrayList<>();
    TestPage ada = TestPage.open(cloud, visitor(390, 844), "drawers");
    for (String drawer : List.of("rooms", "people")) {
      ada.page().locator("#show-" + drawer).click();
      assertThat(ada.page().locator("#" + drawer)).hasClass("side open");
      look(ada, drawer, findings);
      ada.page().keyboard().press("Escape");
      assertThat(ada.page().locator("#" + drawer)).hasClass("side");
    }

    assertNone(findings);
  }

  @Test
  void aDrawerTakesTheFocusMakesTheRestInertAndGivesTheFocusBack() {
    TestPage ada = TestPage.open(cloud, visitor(390, 844), "focus");
    assertThat(ada.element("show-members")).hasText("Members 1");
    for (String drawer : List.of("rooms", "people")) {
      String other = drawer.equals("rooms") ? "people" : "rooms";
      Locator opener = ada.page().locator("#show-" + drawer);
      opener.click();

      assertThat(ada.page().locator("#" + drawer + " :focus")).hasCount(1);
      assertThat(ada.page().locator("main[inert], header[inert], #" + other + "[inert]"))
          .hasCount(3);
      for (int i = 0; i < 12; i++) {
        ada.page().keyboard().press("Tab");
        String focused =
            (String)
                ada.page()
                    .evaluate("document.activeElement.closest('main, header, #" + other + "')?.id");
        assertNull(focused, drawer);
      }
      ada.page().keyboard().press("Escape");
      assertThat(opener).isFocused();
      assertThat(ada.page().locator("[inert]:not(.side)")).hasCount(0);
    }
  }

  @Test
  void aDialogGivesTheFocusBackToWhatOpenedIt() {
    TestPage ada = open("Ada", "focus");
    for (String dialog : List.of("settings", "session", "shortcuts", "room")) {
      ada.element("show-" + dialog).focus();
      ada.page().keyboard().press("Enter");
      assertThat(ada.page().locator("#dialog :focus")).hasCount(1);
      ada.page().keyboard().press("Escape");
      assertThat(ada.element("dialog")).isHidden();
      assertThat(ada.element("show-" + dialog)).isFocused();
    }
  }

  /// Of several messages in a row, the eye sees the name above the first one.
  @Test
  void eachMessageTellsAScreenReaderWhoSaidItAndWhen() {
    TestPage ada = open("Ada", "named");
    try (TestClient bob = connect("Bob", "named")) {
      List.of("one", "two", "three").forEach(text -> say(bob, "named", text));
      assertThat(ada.messages()).hasCount(3);
      ada.say("four");
      ada.say("five");
      assertThat(ada.messages()).hasCount(5);
    }
    assertEquals(2, ada.page().locator("#messages .first").count());

    for (int i = 0; i < 5; i++) {
      String told = ada.messages().nth(i).ariaSnapshot();
      assertTrue(told.contains(i < 3 ? "Bob" : "You"), told);
      String time = ada.messages().nth(i).locator("time").textContent();
      assertTrue(Pattern.matches("\\d\\d:\\d\\d [AP]M", time), time);
      assertTrue(told.contains(time), told);
    }
  }

  @Test
  void whatComesIsReadOutOnceInThePagesLiveRegion() {
    TestPage ada = open("Ada", "aloud");
    try (TestClient bob = connect("Bob", "aloud")) {
      say(bob, "aloud", "good morning");
      assertThat(ada.page().locator("#announcer[role=log] p"))
          .hasText(new String[] {"Bob: good morning"});
    }
  }

  /// 400 % of 1280 x 1024.
  @Test
  void enlargedFourTimesThereIsRoomToReadAndNothingScrollsSideways() {
    TestPage ada = TestPage.open(cloud, visitor(320, 256), "enlarged-four-times-with-a-long-name");
    try (TestClient bob = connect("Bob", "enlarged-four-times-with-a-long-name")) {
      TEXTS.forEach(text -> say(bob, "enlarged-four-times-with-a-long-name", text));
    }
    assertThat(ada.messages()).hasCount(TEXTS.size());
    List<String> wide = new ArrayList<>();

    double height = ada.page().locator("#scroller").boundingBox().height;

    assertTrue(height >= 100, "the conversation is " + height + " px high");
    wide.addAll(evaluated(ada, WIDE));
    for (String dialog : List.of("shortcuts", "room")) {
      ada.element("show-" + dialog).click();
      assertThat(ada.element("dialog")).isVisible();
      wide.addAll(evaluated(ada, WIDE));
      closeDialog(ada);
    }
    for (String dialog : List.of("session", "settings")) {
      ada.element("show-rooms").click();
      ada.element("show-" + dialog).click();
      assertThat(ada.element("dialog")).isVisible();
      wide.addAll(evaluated(ada, WIDE));
      closeDialog(ada);
    }
    assertNone(wide);
    assertThat(ada.element("send")).isVisible();
    ada.element("composer").fill("still there");
    ada.element("send").click();
    assertThat(ada.texts().last()).hasText("still there");
  }

  @Test
  void aFingerHitsWhateverItIsMeantFor() {
    TestPage ada = TestPage.open(cloud, browser.newContext(TestVisitor.phone()), "touched");
    List<String> small = new ArrayList<>();
    try (TestClient bob = connect("Bob", "touched")) {
      TEXTS.forEach(text -> say(bob, "touched", text));
      assertThat(ada.element("members")).containsText("Bob");
      ada.element("composer").pressSequentially("@Bo");
      assertThat(ada.element("offers")).isVisible();
    }
    assertThat(ada.messages()).hasCount(TEXTS.size());
    ada.messages().nth(0).locator(".about").click();
    assertThat(ada.element("details")).isVisible();
    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
    assertThat(ada.element("newer")).isVisible();
    small.addAll(evaluated(ada, SMALL_TARGETS));
    ada.messages().first().locator(".sender").click();
    assertThat(ada.element("dialog")).isVisible();
    small.addAll(evaluated(ada, SMALL_TARGETS));
    closeDialog(ada);
    for (String drawer : List.of("rooms", "people")) {
      ada.page().locator("#show-" + drawer).click();
      assertThat(ada.page().locator("#" + drawer)).hasClass("side open");
      small.addAll(evaluated(ada, SMALL_TARGETS));
      ada.page().keyboard().press("Escape");
      assertThat(ada.page().locator("#" + drawer)).hasClass("side");
    }
    for (String dialog : List.of("session", "settings")) {
      ada.element("show-rooms").click();
      ada.element("show-" + dialog).click();
      assertThat(ada.element("dialog")).isVisible();
      small.addAll(evaluated(ada, SMALL_TARGETS));
      closeDialog(ada);
    }

    assertNone(small.stream().distinct().toList());
  }

  private static void closeDialog(TestPage page) {
    page.page().keyboard().press("Escape");
    assertThat(page.element("dialog")).isHidden();
  }

  /// In light, in dark, and in the colours that a system forces on all pages.
  private static void look(TestPage page, String state, List<String> findings) {
    for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
      page.page()
          .emulateMedia(
              new Page.EmulateMediaOptions()
                  .setColorScheme(scheme)
                  .setForcedColors(ForcedColors.NONE));
      add(page, state + ", " + scheme, findings);
      evaluated(page, FAINT_BORDERS)
          .forEach(border -> findings.add(state + ", " + scheme + ": " + border));
    }
    page.page().emulateMedia(new Page.EmulateMediaOptions().setForcedColors(ForcedColors.ACTIVE));
    add(page, state + ", forced colours", findings);
  }

  private static void add(TestPage page, String state, List<String> findings) {
    evaluated(page, FINDINGS).forEach(finding -> findings.add(state + ": " + finding));
  }

  private static List<String> evaluated(TestPage page, String script) {
    return ((List<?>) page.page().evaluate(script)).stream().map(String::valueOf).toList();
  }

  private static void assertNone(List<String> findings) {
    assertEquals("", String.join("\n", findings));
  }

  private static TestPage open(String name, String room) {
    return open(visitor(1280, 720), name, room);
  }

  /// Once the list of members is drawn, which is looked at, too.
  private static TestPage open(BrowserContext visitor, String name, String room) {
    TestPage opened = TestPage.open(cloud, visitor, name, room);
    assertThat(opened.element("members")).containsText(name);
    return opened;
  }

  private static BrowserContext visitor(int width, int height) {
    BrowserContext visitor =
        browser.newContext(
            new Browser.NewContextOptions()
                .setViewportSize(width, height)
                .setReducedMotion(ReducedMotion.REDUCE));
    visitor.addInitScript(AXE);
    return visitor;
  }

  private static TestClient connect(String name, String rooms) {
    return TestClient.connect(cloud.webSocketUrl(), "?name=" + name + "&rooms=" + rooms);
  }

  private static void say(TestClient client, String room, String text) {
    client.request(
        "sendMessage", "\"room\":\"%s\",\"message\":%s".formatted(room, new TextNode(text)));
  }

  private static String axe() {
    try (InputStream script =
        requireNonNull(AccessibilityTest.class.getResourceAsStream("/axe.min.js"))) {
      return new String(script.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
