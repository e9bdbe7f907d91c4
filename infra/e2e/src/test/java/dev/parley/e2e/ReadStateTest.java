package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Locator;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What the page takes for read, and how it tells of what is not.
class ReadStateTest extends PageTest {
  private static final String TALL = "line\n".repeat(9) + "end of ";

  /// In place of the browser's own, which a machine can neither see nor hear.
  private static final String STUBS =
      """
      window.notified = [];
      window.played = 0;
      window.Notification = class {
        static permission = 'granted';
        static async requestPermission() { return 'granted'; }
        constructor(title, { body }) { window.notified.push(`${title}: ${body}`); }
      };
      window.AudioContext = class {
        currentTime = 0;
        destination = {};
        createOscillator() {
          return { frequency: {}, connect: (to) => to, start() { window.played++; }, stop() {} };
        }
        createGain() {
          const gain = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
          return { gain, connect: (to) => to };
        }
      };
      """;

  @Test
  void theLineNewStandsBeforeTheFirstUnreadMessageAndGoesWithAnAnswer() {
    try (TestClient bob = connect("Bob", "line")) {
      say(bob, "line", "one");
      TestPage ada = TestVisitor.called(browser, "Ada", "line", "desk").open(cloud, "desk");
      assertThat(ada.page()).hasTitle("#desk · Parley");
      say(bob, "line", "two");
      say(bob, "line", "three");
      assertThat(count(ada, "line")).hasText("2");
      assertThat(ada.page()).hasTitle("(2) #desk · Parley");
      assertThat(icon(ada)).hasAttribute("href", "icon-unread.svg");

      ada.element("room-line").click();

      assertThat(afterTheLine(ada)).hasText("two");
      assertThat(ada.page()).hasTitle("#line · Parley");
      assertThat(icon(ada)).hasAttribute("href", "icon.svg");
      assertThat(count(ada, "line")).hasCount(0);
      assertThat(ada.element("newer")).hasCount(0); // All is before the reader's eyes.
      ada.say("four");
      assertThat(ada.texts()).hasText(new String[] {"one", "two", "three", "four"});
      assertThat(ada.element("new")).hasCount(0);
    }
  }

  @Test
  void aReaderBeginsAtTheFirstUnreadMessageAndIsLedBackToIt() {
    TestHistory.write(cloud, "tower", Instant.now().minusSeconds(3_600), "old", 40);
    TestPage ada = TestVisitor.called(browser, "Ada", "tower", "desk").open(cloud, "desk");
    try (TestClient bob = connect("Bob", "tower")) {
      sayAll(bob, "tower", "news", 40);
      assertThat(count(ada, "tower")).hasText("40");

      ada.element("room-tower").click();

      Locator first = ada.messages().filter(with("news 0"));
      assertThat(first).isInViewport();
      assertThat(ada.messages().filter(with("news 39"))).not().isInViewport();
      assertEquals(0.25, placeInView(first), 0.05);
      assertThat(afterTheLine(ada)).hasText("news 0");
      assertThat(ada.element("to-new")).hasCount(0);

      ada.element("newer").click();
      assertThat(ada.messages().filter(with("news 39"))).isInViewport();
      assertThat(count(ada, "tower")).hasCount(0);
      assertThat(ada.element("to-new")).isVisible();
      ada.element("to-new").click();

      assertThat(first).isInViewport();
      assertThat(ada.element("new")).isInViewport();
      assertThat(ada.element("to-new")).hasCount(0);
    }
  }

  @Test
  void whatCameWhileThePageWasClosedIsCountedOverAReloadToo() {
    TestVisitor ada = TestVisitor.called(browser, "Ada", "closed", "desk");
    try (TestClient bob = connect("Bob", "closed")) {
      say(bob, "closed", "seen");
      TestPage before = ada.open(cloud, "closed");
      assertThat(before.texts()).hasText(new String[] {"seen"});
      before.element("room-desk").click();
      before.page().close();
      sayAll(bob, "closed", "missed", 7);

      TestPage after = ada.open(cloud, "desk");

      assertThat(count(after, "closed")).hasText("7");
      assertThat(after.page()).hasTitle("(7) #desk · Parley");
      after.page().reload();
      assertThat(count(after, "closed")).hasText("7");
      say(bob, "closed", "live");
      assertThat(count(after, "closed")).hasText("8");
    }
  }

  @Test
  void beyond99UnreadNoneIsReadThatTheReaderHasNotSeen() {
    TestVisitor ada = TestVisitor.called(browser, "Ada", "flood", "desk");
    TestPage before = ada.open(cloud, "flood");
    assertThat(before.element("beginning")).isVisible();
    before.page().close();
    TestHistory.write(cloud, "flood", Instant.now(), "missed", 120);

    TestPage elsewhere = ada.open(cloud, "desk");
    assertThat(count(elsewhere, "flood")).hasText("99+");
    assertThat(elsewhere.page()).hasTitle("(99+) #desk · Parley");
    elsewhere.page().close();
    TestPage there = ada.open(cloud, "flood");

    assertThat(there.messages().filter(with("missed 0"))).isInViewport();
    assertThat(afterTheLine(there)).hasText("missed 0");
    assertThat(there.element("newer")).containsText(Pattern.compile("^(99\\+|9\\d|1\\d\\d) new"));
  }

  @Test
  void mentionsAreCountedApartAndMarked() {
    TestPage ada = TestVisitor.called(browser, "Ada", "meant", "desk").open(cloud, "desk");
    try (TestClient bob = connect("Bob", "meant")) {
      for (String text :
          List.of("nobody", "hello @ada!", "@room lunch", "@Adam not you", "`@Ada` is code")) {
        say(bob, "meant", text);
      }

      assertThat(count(ada, "meant")).hasText("5");
      assertThat(ada.element("mentions-meant")).hasText("@2");
      ada.element("room-meant").click();
      assertThat(ada.page().locator("#messages .meant .text"))
          .hasText(new String[] {"hello @ada!", "@room lunch"});
      assertThat(ada.page().locator("#messages mark")).hasText(new String[] {"@ada", "@room"});
      assertThat(ada.element("mentions-meant")).hasCount(0);
    }
  }

  @Test
  void whatIsBelowTheViewIsUnreadUntilItIsScrolledTo() {
    try (TestClient bob = connect("Bob", "below")) {
      for (int i = 0; i < 8; i++) {
        say(bob, "below", TALL + "old " + i);
      }
      TestPage ada = TestVisitor.called(browser, "Ada", "below").open(cloud, "below");
      ada.page().setViewportSize(1100, 600);
      assertThat(ada.messages()).hasCount(8);
      ada.page() // It goes to the end once more for its new size.
          .waitForFunction(
              "() => innerWidth === 1100"
                  + " && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 1");
      scroll(ada, "s.scrollTop = 0");
      assertThat(ada.element("newer")).hasText("To the newest");

      for (int i = 0; i < 10; i++) {
        say(bob, "below", TALL + "news " + i);
      }

      assertThat(ada.element("newer")).hasText("10 new messages");
      assertThat(count(ada, "below")).hasText("10");
      assertThat(ada.page()).hasTitle("(10) #below · Parley");

      ada.page().reload(); // The reader begins at the first of them.
      assertThat(ada.element("newer")).hasText("9 new messages");
      ada.messages().filter(with("news 3")).evaluate("m => m.scrollIntoView({ block: 'end' })");
      assertThat(ada.element("newer")).hasText("6 new messages");
      assertThat(afterTheLine(ada)).containsText("news 0");
      assertThat(count(ada, "below")).hasText("6");
      scroll(ada, "s.scrollTop -= 900"); // What is read stays read.
      assertThat(ada.element("newer")).hasText("6 new messages");
      ada.messages().filter(with("news 8")).evaluate("m => m.scrollIntoView({ block: 'end' })");
      assertThat(ada.element("newer")).hasText("1 new message");
      scroll(ada, "s.scrollTop = s.scrollHeight");

      assertThat(ada.element("newer")).hasCount(0);
      assertThat(count(ada, "below")).hasCount(0);
      assertThat(afterTheLine(ada)).containsText("news 0");
    }
  }

  @Test
  void whatIsReadInOneTabIsReadInTheOther() {
    TestVisitor ada = TestVisitor.called(browser, "Ada", "shared", "desk");
    TestPage one = ada.open(cloud, "desk");
    TestPage two = ada.open(cloud, "desk");
    try (TestClient bob = connect("Bob", "shared")) {
      sayAll(bob, "shared", "first", 3);
      assertThat(count(one, "shared")).hasText("3");
      assertThat(count(two, "shared")).hasText("3");

      one.element("room-shared").click();

      assertThat(count(two, "shared")).hasCount(0);
      assertThat(two.page()).hasTitle("#desk · Parley");
      assertThat(icon(two)).hasAttribute("href", "icon.svg");
    }
  }

  @Test
  void escapeAndTheRoomsMenuMarkARoomAsRead() {
    TestVisitor ada = TestVisitor.called(browser, "Ada", "skipped");
    TestPage page = ada.open(cloud, "skipped");
    page.page().setViewportSize(1100, 600);
    TestPage other = ada.open(cloud, "desk");
    try (TestClient bob = connect("Bob", "skipped")) {
      sayAll(bob, "skipped", TALL + "old", 6);
      assertThat(page.messages()).hasCount(6);
      assertThat(page.page()).hasTitle("#skipped · Parley"); // they are seen
      scroll(page, "s.scrollTop = 0");
      assertThat(page.element("newer")).isVisible();
      sayAll(bob, "skipped", "first", 3);
      assertThat(page.element("newer")).hasText("3 new messages");
      assertThat(count(other, "skipped")).hasText("3");

      page.element("composer").press("Escape");

      assertThat(page.element("newer")).hasCount(0);
      assertThat(page.element("new")).hasCount(0);
      assertThat(page.element("composer")).isFocused();
      assertThat(count(other, "skipped")).hasCount(0);

      scroll(page, "s.scrollTop = 0");
      assertThat(page.element("newer")).isVisible();
      sayAll(bob, "skipped", "second", 2);
      assertThat(page.element("newer")).hasText("2 new messages");
      assertThat(count(other, "skipped")).hasText("2");
      page.element("show-room").click();
      page.element("mark-read").click();

      assertThat(page.element("newer")).hasText("To the newest");
      assertThat(page.element("dialog")).isHidden();
      assertThat(count(other, "skipped")).hasCount(0);
    }
  }

  @Test
  void aPageThatNobodySeesReadsNothingAndTheLineNewMovesToWhatCameMeanwhile() {
    TestPage ada = TestVisitor.called(browser, "Ada", "hidden").open(cloud, "hidden");
    try (TestClient bob = connect("Bob", "hidden")) {
      say(bob, "hidden", "seen");
      assertThat(ada.texts()).hasText(new String[] {"seen"});
      assertThat(ada.page()).hasTitle("#hidden · Parley");
      see(ada, "hidden");

      sayAll(bob, "hidden", "missed", 2);

      assertThat(ada.page()).hasTitle("(2) #hidden · Parley");
      see(ada, "visible");
      assertThat(afterTheLine(ada)).hasText("missed 0");
      assertThat(ada.page()).hasTitle("#hidden · Parley");

      see(ada, "hidden");
      say(bob, "hidden", "missed again");
      assertThat(ada.page()).hasTitle("(1) #hidden · Parley");
      see(ada, "visible");
      assertThat(afterTheLine(ada)).hasText("missed again");
      assertThat(ada.element("new")).hasCount(1);
    }
  }

  @Test
  void notificationsAndSoundsComeOnlyForWhatTheReaderHasChosen() {
    TestVisitor visitor = TestVisitor.called(browser, "Ada", "bell", "desk");
    visitor.context().addInitScript(STUBS);
    TestPage ada = visitor.open(cloud, "desk");
    try (TestClient bob = connect("Bob", "bell")) {
      say(bob, "bell", "@Ada by default");
      assertThat(count(ada, "bell")).hasText("1");
      assertEquals(List.of(), ada.page().evaluate("window.notified"));
      assertEquals(0, ada.page().evaluate("window.played"));

      choose(ada, "mentions");
      say(bob, "bell", "nobody");
      assertThat(count(ada, "bell")).hasText("2");
      say(bob, "bell", "@Ada meant");
      assertThat(count(ada, "bell")).hasText("3");
      assertEquals(List.of("Bob · bell: @Ada meant"), ada.page().evaluate("window.notified"));
      assertEquals(1, ada.page().evaluate("window.played"));

      choose(ada, "all");
      say(bob, "bell", "everybody");
      assertThat(count(ada, "bell")).hasText("4");
      ada.element("room-bell").click();
      assertThat(ada.texts()).hasCount(4);
      say(bob, "bell", "before the reader's eyes");
      assertThat(ada.texts()).hasCount(5);

      assertEquals(
          List.of("Bob · bell: @Ada meant", "Bob · bell: everybody"),
          ada.page().evaluate("window.notified"));
    }
  }

  private static void choose(TestPage page, String choice) {
    page.element("show-settings").click();
    page.element("setting-notifications").selectOption(choice);
    page.element("setting-sounds").selectOption(choice);
    page.element("close").click();
    assertThat(page.element("dialog")).isHidden();
  }

  /// As the browser says when the tab comes to the front, or goes.
  private static void see(TestPage page, String state) {
    page.page()
        .evaluate(
            """
            (state) => {
              Object.defineProperty(document, 'visibilityState',
                { configurable: true, get: () => state });
              document.dispatchEvent(new Event('visibilitychange'));
            }
            """,
            state);
  }

  /// @param change of the element `s` that scrolls
  private static void scroll(TestPage page, String change) {
    page.page().locator("#scroller").evaluate("s => { " + change + "; }");
  }

  /// How far below the upper edge of the conversation it begins, in heights of the conversation.
  private static double placeInView(Locator message) {
    return ((Number)
            message.evaluate(
                """
                (m) => {
                  const s = document.getElementById('scroller');
                  const top = m.getBoundingClientRect().top - s.getBoundingClientRect().top;
                  return top / s.clientHeight;
                }
                """))
        .doubleValue();
  }

  private static Locator.FilterOptions with(String text) {
    return new Locator.FilterOptions().setHasText(Pattern.compile(text + "(?!\\d)"));
  }

  /// What stands in the list of rooms beside a room's name.
  private static Locator count(TestPage page, String room) {
    return page.element("room-" + room).locator(".badge:not(.mentions)");
  }

  private static Locator icon(TestPage page) {
    return page.page().locator("link[rel=icon]");
  }

  /// What the message says that stands behind the line "New".
  private static Locator afterTheLine(TestPage page) {
    return page.page().locator("#messages [data-testid=new] + [data-testid=message] .text");
  }

  private static TestClient connect(String name, String room) {
    return TestClient.connect(cloud.webSocketUrl(), "?name=%s&rooms=%s".formatted(name, room));
  }

  private static void say(TestClient client, String room, String text) {
    client.request(
        "sendMessage", "\"room\":\"%s\",\"message\":%s".formatted(room, TextNode.valueOf(text)));
  }

  private static void sayAll(TestClient client, String room, String text, int count) {
    for (int i = 0; i < count; i++) {
      say(client, room, text + " " + i);
    }
  }
}
