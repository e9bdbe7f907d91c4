package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Keyboard;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.options.AriaRole;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// How a reader gets from room to room and from message to message: by addresses, by the browser's
/// own buttons, and by keys. The focus is never lost on the way.
class NavigationTest extends PageTest {

  // Addresses

  @Test
  void theLinkOfAMessageLeadsToItWhoeverFollowsIt() {
    List<Long> timestamps = write("linked", 151);
    TestVisitor visitor =
        TestVisitor.called(
            browser,
            new Browser.NewContextOptions()
                .setPermissions(List.of("clipboard-read", "clipboard-write")),
            "Ada",
            "linked");
    TestPage ada = visitor.open(cloud, "linked");
    ada.messages().last().getByLabel("Details").click();
    ada.element("details").getByText("Copy link").click();
    assertThat(ada.element("notice")).hasText("Copied.");
    String last = (String) ada.page().evaluate("navigator.clipboard.readText()");
    assertTrue(last.endsWith("/#/r/linked/" + timestamps.getLast()), last);

    ada.page()
        .navigate(last.replace(timestamps.getLast().toString(), timestamps.get(1).toString()));
    assertShows(ada, "said 1");
    ada.page().reload();
    assertShows(ada, "said 1");
    TestPage bob =
        TestVisitor.called(browser, "Bob").openAt(cloud, "#/r/linked/" + timestamps.getFirst());
    assertShows(bob, "said 0");
    assertThat(bob.element("room-title")).hasText("#linked");
    bob.element("newer").click();
    assertThat(bob.messages().last()).isInViewport();
    assertThat(bob.texts().last()).hasText("said 150");
  }

  @Test
  void aLinkToAMessageThatIsNotThereSaysSoAndLinksOfEarlierVersionsLeadToTheirRoom() {
    long first = write("gone", 3).getFirst();
    TestPage ada = TestVisitor.called(browser, "Ada").openAt(cloud, "#/r/gone/" + (first + 7));

    assertThat(ada.element("notice")).hasText("That message is not here, or too far back.");
    assertThat(ada.texts()).hasText(new String[] {"said 0", "said 1", "said 2"});
    assertThat(ada.page().locator(".target")).hasCount(0);

    TestPage bob = TestVisitor.called(browser, "Bob").openAt(cloud, "#room=gone");
    assertThat(bob.element("room-title")).hasText("#gone");
    assertThat(bob.page()).hasURL(Pattern.compile("/#/r/gone$"));
    assertThat(bob.texts()).hasCount(3);
  }

  @Test
  void backAndForwardLeadThroughTheRoomsThatWereShown() {
    TestPage ada = open("Ada", "a", "b", "c");
    ada.element("room-b").click();
    ada.element("room-c").click();
    assertTitle(ada, "c");

    ada.page().goBack();
    assertTitle(ada, "b");
    assertThat(ada.element("composer")).isFocused();
    ada.page().goBack();
    assertTitle(ada, "a");
    ada.page().goForward();
    assertTitle(ada, "b");
    ada.page().goForward();
    assertTitle(ada, "c");
  }

  @Test
  void backClosesWhatLiesOverThePageFirst() {
    TestPage ada = open("Ada", "a", "b");
    ada.element("room-b").click();
    assertTitle(ada, "b");
    ada.element("show-settings").click();
    assertThat(ada.element("dialog")).isVisible();
    ada.page().goBack();
    assertThat(ada.element("dialog")).isHidden();
    assertTitle(ada, "b");

    ada.page().setViewportSize(390, 800);
    ada.element("show-rooms").click();
    assertThat(ada.element("show-rooms")).hasAttribute("aria-expanded", "true");
    ada.page().goBack();
    assertThat(ada.element("show-rooms")).hasAttribute("aria-expanded", "false");
    assertThat(ada.element("show-rooms")).isFocused();
    ada.element("show-rooms").click();
    ada.element("room-b").click(); // Where the reader is already.
    assertThat(ada.element("show-rooms")).hasAttribute("aria-expanded", "false");
    assertTitle(ada, "b");

    ada.page().goBack();

    assertTitle(ada, "a");
  }

  @Test
  void aRoomThatIsQuitInItsMenuStaysQuit() {
    TestPage ada = open("Ada", "a", "b");
    ada.element("room-b").click();
    assertTitle(ada, "b");
    ada.element("show-room").click();

    ada.element("quit-room").click();

    assertTitle(ada, "a");
    assertThat(ada.element("room-b")).hasCount(0);
    assertThat(ada.element("dialog")).isHidden();
    assertThat(ada.page()).hasURL(Pattern.compile("/#/r/a$"));
    assertThat(ada.element("composer")).isFocused();
    ada.page().reload();
    ada.awaitConnected();
    assertTitle(ada, "a");
    assertThat(ada.element("room-b")).hasCount(0);
  }

  @Test
  void eachRoomKeepsItsPlaceAndWhatStandsInItsComposer() {
    write("kept", 60);
    TestPage ada = open("Ada", "kept", "other");
    Locator mark = ada.messages().filter(said(20));
    ada.element("composer").fill("half a thought");
    assertThat(ada.texts().last()).hasText("said 59");
    mark.evaluate("m => m.scrollIntoView({ block: 'start' })");
    assertThat(ada.element("newer")).isVisible();
    double top = top(mark);

    ada.element("room-other").click();
    assertTitle(ada, "other");
    assertThat(ada.element("composer")).hasValue("");
    ada.element("composer").fill("another one");
    ada.element("room-kept").click();
    assertTitle(ada, "kept");
    assertThat(ada.element("composer")).hasValue("half a thought");
    assertThat(mark).isInViewport();
    assertEquals(top, top(mark), 2);

    ada.page().reload();
    assertThat(ada.element("composer")).hasValue("half a thought");
    assertThat(mark).isInViewport();
    assertThat(ada.element("newer")).hasText("To the newest");
    assertEquals(top, top(mark), 2);
    ada.element("room-other").click();
    assertThat(ada.element("composer")).hasValue("another one");
  }

  // Focus and keys

  @Test
  void theFocusIsInTheComposerAfterWhateverHasTakenItAway() {
    write("focus", 60);
    TestPage ada = open("Ada", "focus", "other", "third");
    ada.element("room-other").click();
    assertFocusInComposer(ada, "other");
    ada.element("quit-third").focus();
    ada.page().keyboard().press("Enter");
    assertThat(ada.element("room-third")).hasCount(0);
    assertFocusInComposer(ada, "other");
    ada.element("room-other").focus();
    ada.page().keyboard().press("Delete");
    assertThat(ada.element("room-other")).hasCount(0);
    assertFocusInComposer(ada, "focus");
    ada.element("join-room").fill("joined");
    ada.element("join").click();
    assertFocusInComposer(ada, "joined");
    ada.element("known-other").click();
    assertFocusInComposer(ada, "other");
    ada.element("find").click();
    ada.element("switch").fill("focus");
    ada.page().keyboard().press("Enter");
    assertThat(ada.element("dialog")).isHidden();
    assertFocusInComposer(ada, "focus");

    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
    assertThat(ada.element("beginning")).isVisible();
    ada.element("newer").click();
    assertFocusInComposer(ada, "focus");
    ada.element("composer").fill("said by a click");
    ada.element("send").click();
    assertThat(ada.texts().last()).hasText("said by a click");
    assertFocusInComposer(ada, "focus");
  }

  @Test
  void theFocusIsInTheComposerAfterASecondAttempt() {
    AtomicInteger refused = new AtomicInteger();
    TestVisitor visitor =
        TestVisitor.called(browser, "Ada", "again")
            .answering(
                frame ->
                    frame.contains("sendMessage") && refused.getAndIncrement() == 0
                        ? TestVisitor.refusal(frame, "invalid_message", "")
                        : null);
    TestPage ada = visitor.open(cloud, "again");
    ada.say("once more");
    Locator again = ada.element("draft").getByText("Send again");
    assertThat(ada.element("draft")).containsText("Not sent: The server does not take this text.");

    again.click();

    assertThat(ada.texts()).hasText(new String[] {"once more"});
    assertFocusInComposer(ada, "again");
  }

  @Test
  void whoIsInNoRoomHasTheFocusWhereARoomIsNamed() {
    TestPage ada = open("Ada", "last");
    ada.element("quit-last").focus();

    ada.page().keyboard().press("Enter");

    assertThat(ada.page().getByText("You are in no room.")).isVisible();
    assertThat(ada.element("join-room")).isFocused();
  }

  @Test
  void keysFindRoomsAndLeadFromOneToTheNext() {
    TestHistory.makeRooms(cloud, List.of("keyhole", "keyholes"));
    TestPage ada = open("Ada", "a", "b", "c");
    Keyboard keyboard = ada.page().keyboard();
    ada.page().keyboard().press("Alt+ArrowDown");
    assertFocusInComposer(ada, "b");
    keyboard.press("Alt+ArrowDown");
    assertFocusInComposer(ada, "c");
    keyboard.press("Alt+ArrowDown");
    assertFocusInComposer(ada, "a");
    keyboard.press("Alt+ArrowUp");
    assertFocusInComposer(ada, "c");

    assertThat(ada.element("known-keyhole")).isVisible();
    for (String room : List.of("b", "keyholes", "keyhole", "Brand-new")) {
      keyboard.press("Control+k");
      assertThat(ada.element("switch")).isFocused();
      keyboard.type(room);
      if (room.equals("Brand-new")) {
        assertThat(ada.element("found")).hasText("Start #Brand-new");
      }
      keyboard.press("Enter");
      assertFocusInComposer(ada, room);
    }
    keyboard.press("Control+k");
    keyboard.type("brand");
    assertThat(ada.element("found").getByText("#Brand-new", exact())).isVisible();
    keyboard.press("ArrowDown");
    assertThat(ada.element("found").locator("button").first()).isFocused();
    keyboard.press("Escape");
    assertThat(ada.element("dialog")).isHidden();
    assertFocusInComposer(ada, "Brand-new");
  }

  @Test
  void aQuestionMarkListsTheKeysAndEscapeGivesTheFocusBack() {
    TestPage ada = open("Ada", "keys");
    ada.element("composer").press("?");
    assertThat(ada.element("composer")).hasValue("?"); // There it is text.
    ada.element("room-keys").focus();

    ada.page().keyboard().press("?");

    assertThat(ada.element("dialog")).containsText("Find a room");
    assertThat(ada.element("dialog")).containsText("Ctrl K");
    ada.page().keyboard().press("Escape");
    assertThat(ada.element("dialog")).isHidden();
    assertThat(ada.element("room-keys")).isFocused();
  }

  @Test
  void hundredsOfRoomsAreOneStopOfTheTabKeyAndAreFoundBySearch() {
    TestHistory.makeRooms(
        cloud, IntStream.range(0, 450).mapToObj("z-many-%03d"::formatted).toList());
    write("crowd", 60);
    TestPage ada = open("Ada", "crowd", "a", "b");
    Locator known = ada.element("known-rooms").getByRole(AriaRole.BUTTON);
    assertThat(known).hasCount(50);
    assertThat(ada.page().getByText(Pattern.compile("and \\d+ more"))).isVisible();
    ada.element("search").fill("MANY-377");
    assertThat(known).hasCount(1);
    assertThat(ada.element("known-z-many-377")).isVisible();
    ada.element("search").fill("");
    assertThat(known).hasCount(50);

    Keyboard keyboard = ada.page().keyboard();
    ada.page().locator("a[href], button, input, textarea, [tabindex]").first().focus();
    assertThat(ada.page().locator(".skip")).isFocused();
    int stops = 1;
    while (!(boolean) ada.page().evaluate("document.activeElement.id === 'composer'")) {
      keyboard.press("Tab");
      stops++;
      assertTrue(stops <= 20, "more than 20 stops before the composer");
    }
    ada.page().locator(".skip").focus();
    keyboard.press("Enter");
    assertThat(ada.element("composer")).isFocused();
    keyboard.type("hello");
    assertThat(ada.element("composer")).hasValue("hello");
  }

  private static Locator.GetByTextOptions exact() {
    return new Locator.GetByTextOptions().setExact(true);
  }

  /// @param rooms the visitor is in them, and begins in the first
  private static TestPage open(String name, String... rooms) {
    return TestVisitor.called(browser, name, rooms).open(cloud, rooms[0]);
  }

  /// Said an hour ago, while nobody was here: `said 0`, `said 1` and so on.
  private static List<Long> write(String room, int count) {
    return TestHistory.write(cloud, room, Instant.now().minusSeconds(3_600), "said", count);
  }

  private static Locator.FilterOptions said(int number) {
    return new Locator.FilterOptions().setHasText(Pattern.compile("said " + number + "(?!\\d)"));
  }

  private static void assertTitle(TestPage page, String room) {
    assertThat(page.element("room-title")).hasText("#" + room);
  }

  private static void assertFocusInComposer(TestPage page, String room) {
    assertTitle(page, room);
    assertThat(page.element("composer")).isFocused();
  }

  private static void assertShows(TestPage page, String text) {
    Locator target = page.page().locator(".target");
    assertThat(target.locator(".text")).hasText(text);
    assertThat(target).isInViewport();
    assertThat(page.element("newer")).isVisible();
  }

  private static double top(Locator element) {
    return element.boundingBox().y;
  }
}
