package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.options.BoundingBox;
import dev.parley.local.Options;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Who is in a room, as the page shows it: people, not connections.
class PeopleTest extends PageTest {
  /// Longer than a reload takes on a busy machine.
  private static final String OUT_SECONDS = "10";

  private static final Pattern TAG = Pattern.compile("#\\S{4}");

  /// Who is taken off the list from now on.
  private static final String WATCH_REMOVALS =
      """
      () => {
        window.removed = [];
        new MutationObserver((changes) => changes.forEach(({ removedNodes }) =>
          removedNodes.forEach((n) => n.dataset?.user && window.removed.push(n.dataset.user))))
          .observe(document.querySelector('#people'), { childList: true, subtree: true });
      }\
      """;

  @Override
  Options options() {
    return TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", OUT_SECONDS));
  }

  @Test
  void twoTabsOfAVisitorAreOnePersonWhoseNewNameIsSeenEverywhere() {
    TestPage bob = open("Bob", "crowd");
    BrowserContext visitor = browser.newContext();
    TestPage one = TestPage.open(cloud, visitor, "Ada", "crowd");
    TestPage two = TestPage.open(cloud, visitor, "crowd");
    assertThat(two.element("name")).hasValue("Ada");
    for (TestPage page : List.of(bob, one, two)) {
      assertThat(page.element("members").locator("li")).hasCount(2);
      assertThat(page.element("member-count")).hasText("2");
      assertThat(member(page, "Ada")).hasCount(1);
    }
    bob.page().reload(); // events do not tell of a second tab
    member(bob, "Ada").click();
    assertThat(bob.element("dialog")).containsText(Pattern.compile("Connections\\s*2"));
    bob.element("close").click();

    one.element("name").fill("Augusta");
    one.element("name").press("Enter");

    assertThat(two.element("name")).hasValue("Augusta");
    for (TestPage page : List.of(bob, one, two)) {
      assertThat(member(page, "Augusta")).hasCount(1);
      assertThat(member(page, "Ada")).hasCount(0);
      assertThat(page.element("member-count")).hasText("2");
    }
    two.say("my new name");
    assertThat(bob.messages().locator(".sender")).hasText(new String[] {"Augusta"});
  }

  @Test
  void whoReloadsThePageDoesNotFlickerInTheListsOfOthersAndWhoGoesIsTakenOff() {
    TestPage bob = open("Bob", "calm");
    TestPage ada = open("Ada", "calm");
    assertThat(member(bob, "Ada")).isVisible();
    String user = member(bob, "Ada").getAttribute("data-user");
    bob.page().evaluate(WATCH_REMOVALS);

    ada.page().reload();
    ada.awaitConnected();
    ada.say("back again");

    assertThat(bob.texts()).hasText(new String[] {"back again"});
    assertThat(ada.texts()).hasText(new String[] {"back again"});
    assertEquals(List.of(), bob.page().evaluate("window.removed"));
    assertThat(member(bob, "Ada")).isVisible();
    ada.page().close();
    assertThat(member(bob, "Ada")).hasCount(0);
    assertEquals(List.of(user), bob.page().evaluate("window.removed"));
  }

  @Test
  void whoHasAnothersNameOrIsCalledYouIsToldApartByATag() {
    TestPage bob = open("Bob", "twins");
    TestPage one = open("Ada", "twins");
    assertThat(member(bob, "Ada")).hasText(Pattern.compile("^\\s*A\\s*Ada\\s*$"));

    TestPage two = open("ada", "twins");
    TestPage you = open("You", "twins");
    one.say("I am Ada");
    two.say("no, I am");
    you.say("and I am you");

    assertThat(bob.messages()).hasCount(3);
    assertThat(bob.element("members").locator("li")).hasCount(4);
    List<Locator> all = bob.element("members").locator("li").all();
    for (Locator other : all) {
      String user = other.getAttribute("data-user");
      String text = other.textContent();
      assertEquals(!text.contains("Bob"), TAG.matcher(text).find(), text);
      assertTrue(text.contains("Bob") || text.contains("#" + user.substring(user.length() - 4)));
    }
    for (Locator tag : bob.messages().locator(".tag").all()) {
      assertThat(tag).hasText(TAG);
    }
    bob.say("hello");
    assertThat(bob.messages().last().locator(".by")).not().containsText("#");
    assertThat(you.messages().last().locator(".tag")).isEmpty();
  }

  @Test
  void marksThatAreStackedStayInTheirBubbleAndInTheirLine() {
    TestPage bob = open("Bob", "stacked");
    String stacked = ("o" + "\u0302\u0324\u0338\u0321\u035f".repeat(12)).repeat(6);
    TestPage ada = open("Ada", "stacked");
    ada.element("name").fill("Z" + stacked.substring(0, 20));
    ada.element("name").press("Enter");
    ada.say("before");
    ada.say(stacked);
    ada.say("after");
    assertThat(bob.messages()).hasCount(3);

    for (String clips : List.of("#messages .text >> nth=1", "#messages .by >> nth=0")) {
      assertEquals(
          "hidden",
          bob.page().locator(clips).evaluate("e => getComputedStyle(e).overflowY"),
          clips);
    }
    assertEquals(
        "hidden",
        bob.page().locator("#people .label").last().evaluate("e => getComputedStyle(e).overflowY"));
    BoundingBox before = bob.texts().nth(0).boundingBox();
    BoundingBox zalgo = bob.texts().nth(1).boundingBox();
    BoundingBox after = bob.texts().nth(2).boundingBox();
    assertTrue(before.y + before.height <= zalgo.y, "above");
    assertTrue(zalgo.y + zalgo.height <= after.y, "below");
    assertTrue(zalgo.height < 3 * before.height, "as high as a line or two: " + zalgo.height);
  }

  @Test
  void aPersonsDialogTellsWhoThatIs() {
    TestPage bob = open("Bob", "dialog");
    TestPage ada = open("Ada", "dialog");
    assertThat(member(bob, "Ada")).isVisible();
    String user = member(bob, "Ada").getAttribute("data-user");
    member(bob, "Ada").click();

    assertThat(bob.page().locator("#dialog-title")).hasText("Ada");
    assertThat(bob.element("user")).hasText(user);
    assertThat(bob.element("dialog")).containsText("Guest");
    assertThat(bob.element("write-to")).isVisible();
    bob.page().keyboard().press("Escape");
    assertThat(bob.element("dialog")).isHidden();
    member(bob, "Bob").click();
    assertThat(bob.page().locator("#dialog-title")).hasText("Bob");
    assertThat(bob.element("write-to")).hasCount(0);
    ada.say("me again");
    bob.page().keyboard().press("Escape");
    bob.messages().locator(".sender").click();
    assertThat(bob.element("user")).hasText(user);
  }

  private static Locator member(TestPage page, String name) {
    return page.element("members")
        .locator("li")
        .filter(new Locator.FilterOptions().setHasText(name));
  }

  private static TestPage open(String name, String room) {
    return TestPage.open(cloud, browser.newContext(), name, room);
  }
}
