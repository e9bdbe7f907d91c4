package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import dev.parley.local.Options;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Who may do what, by the page: signing in, private rooms, direct messages, kicks and bans.
class TrustTest extends PageTest {
  private static final Pattern PRIVATE_ADDRESS = Pattern.compile(".*#/r/p\\.[\\w-]+$");

  @Override
  Options options() {
    return TestCloud.options(TestCloud.TEMPLATE, Map.of("PresenceOutSeconds", "1"))
        .withIssuer(true);
  }

  @Test
  void aUserSignsInAndOutByThePageAndOthersSeeWhoHasDoneSo() {
    TestPage bob = open("Bob", "square");
    TestPage grace = signIn("grace", "Grace H.", "", "square");
    assertThat(grace.element("name")).isDisabled();
    assertThat(member(bob, "Grace H.").getByLabel("Signed in")).isVisible();
    assertThat(member(grace, "Bob").getByLabel("Signed in")).hasCount(0);
    grace.element("show-session").click();
    assertThat(grace.element("who-am-i")).containsText("Grace H. · Signed in");
    assertThat(grace.element("who-am-i").locator("code").first()).hasText("grace");
    assertThat(grace.element("server")).isDisabled();
    close(grace);

    grace.element("sign-out").click();

    assertThat(grace.element("sign-in")).isVisible();
    grace.awaitConnected();
    assertThat(grace.element("name")).isEnabled();
    grace.element("show-session").click();
    assertThat(grace.element("who-am-i")).containsText("· Guest");
    assertThat(grace.element("who-am-i").locator("code").first())
        .hasText(Pattern.compile("guest:.+"));
    assertThat(member(bob, "Grace H.")).hasCount(0);
  }

  @Test
  void aPrivateRoomIsForThoseWhoAreInvitedUntilTheyLeaveForGood() {
    TestPage ada = signIn("ada", "Ada", "", "hall");
    TestPage bob = open("Bob", "hall");
    TestPage cid = open("Cid", "hall");
    create(ada, "Plans");
    assertThat(ada.page()).hasURL(PRIVATE_ADDRESS);
    String address = ada.page().url();

    invite(ada, "Bob");
    assertThat(ada.element("notice")).hasText("Bob is invited.");
    assertThat(bob.element("notice")).hasText("Ada invites you to “Plans”.");
    bob.element("notice-action").click();
    assertThat(bob.element("room-title")).hasText("Plans");
    assertThat(bob.page()).hasURL(address);
    bob.say("what are we up to?");
    assertThat(ada.texts()).hasText(new String[] {"what are we up to?"});
    ada.say("a picnic");
    assertThat(bob.texts()).hasText(new String[] {"what are we up to?", "a picnic"});
    assertThat(bob.element("known-rooms").getByText("Plans")).hasCount(0);
    cid.page().navigate(address);
    assertThat(cid.element("notice"))
        .hasText("Could not join Private room: There is no such room, or you were not invited.");
    assertThat(cid.element("room-title")).hasText("#hall");

    bob.element("show-room").click();
    assertThat(bob.element("invitee")).hasCount(0);
    bob.element("leave").click();

    assertThat(bob.element("room-title")).hasText("#hall");
    assertThat(bob.element("room-list")).not().containsText("Plans");
    assertThat(member(ada, "Bob")).hasCount(0);
    bob.page().navigate(address);
    assertThat(bob.element("notice")).containsText("There is no such room");
    assertThat(bob.element("room-list")).not().containsText("Private room");
  }

  @Test
  void whoIsInvitedWhileAwayFindsTheRoomInTheList() {
    TestPage ada = signIn("ada-two", "Ada", "", "lobby");
    TestPage bob = open("Bob", "lobby");
    assertThat(member(ada, "Bob")).isVisible();
    String user = member(ada, "Bob").getAttribute("data-user");
    bob.page().close();
    create(ada, "Later");
    ada.element("show-room").click();
    ada.element("invitee").fill(user);
    ada.element("invite").click();
    assertThat(ada.element("notice")).containsText("is invited.");

    TestPage again = TestPage.open(cloud, bob.page().context(), "lobby");

    Locator invitation = again.element("known-rooms").getByText("Later");
    assertThat(again.element("known-rooms")).containsText("invitation");
    invitation.click();
    assertThat(again.element("room-title")).hasText("Later");
  }

  @Test
  void aDirectMessageReachesTheOneItIsForUntilThatOneBansTheSender() {
    TestPage ada = open("Ada", "party");
    TestPage bob = open("Bob", "party");
    person(ada, "Bob");
    ada.element("write-to").click();
    assertThat(ada.element("room-title")).hasText("Bob");
    assertThat(bob.element("notice")).hasText("Ada writes to you.");
    bob.element("notice-action").click();
    assertThat(bob.element("room-title")).hasText("Ada");
    ada.say("psst");
    assertThat(bob.texts()).hasText(new String[] {"psst"});

    bob.messages().locator(".sender").click();
    assertThat(bob.element("kick")).hasCount(0);
    bob.element("ban-ever").click();

    assertThat(bob.element("notice")).hasText("Ada is banned.");
    assertThat(ada.element("notice")).hasText("You were banned from Bob.");
    assertThat(ada.element("room-title")).hasText("#party");
    person(ada, "Bob");
    ada.element("write-to").click();
    assertThat(ada.element("notice")).hasText("You or that person may not enter this room.");
    assertThat(ada.element("room-title")).hasText("#party");
  }

  @Test
  void theOwnerOfAPrivateRoomTakesMembersOutAndBansThemAndMembersDoNot() {
    TestPage ada = open("Ada", "court");
    TestPage bob = open("Bob", "court");
    create(ada, "Club");
    invite(ada, "Bob");
    bob.element("notice-action").click();
    assertThat(bob.element("room-title")).hasText("Club");
    person(bob, "Ada");
    assertThat(bob.element("write-to")).isVisible();
    assertThat(bob.element("kick")).hasCount(0);
    assertThat(bob.element("ban-ever")).hasCount(0);
    close(bob);

    person(ada, "Bob");
    ada.element("kick").click();

    assertThat(ada.element("notice")).hasText("Bob was taken out of the room.");
    assertThat(bob.element("notice")).hasText("You were taken out of Club.");
    assertThat(bob.element("room-title")).hasText("#court");
    assertThat(bob.element("room-list")).not().containsText("Club");
    assertThat(member(ada, "Bob")).hasCount(0);
    invite(ada, "Bob");
    assertThat(bob.element("notice")).hasText("Ada invites you to “Club”.");
    bob.element("notice-action").click();
    assertThat(bob.element("room-title")).hasText("Club");
    person(ada, "Bob");
    ada.element("ban-3600").click();
    assertThat(bob.element("notice")).hasText("You were banned from Club.");
    assertThat(ada.element("notice")).hasText("Bob is banned.");
    ada.element("notice-action").click();
    assertThat(ada.element("notice")).hasText("Bob may come back.");
  }

  @Test
  void anAdminModeratesPublicRoomsAndOthersDoNot() {
    TestPage mallory = open("Mallory", "market");
    TestPage root = signIn("root", "Root", "chat-admin", "market");
    person(mallory, "Root");
    assertThat(mallory.element("write-to")).isVisible();
    assertThat(mallory.element("kick")).hasCount(0);
    assertThat(mallory.element("ban-ever")).hasCount(0);
    close(mallory);
    root.element("show-session").click();
    assertThat(root.element("who-am-i")).containsText("Signed in · moderates public rooms");
    close(root);

    person(root, "Mallory");
    root.element("kick").click();
    assertThat(mallory.element("notice")).hasText("You were taken out of #market.");
    assertThat(mallory.element("room-market")).hasCount(0);
    join(mallory, "market");
    assertThat(member(root, "Mallory")).isVisible();

    person(root, "Mallory");
    root.element("ban-ever").click();
    assertThat(root.element("notice")).hasText("Mallory is banned.");
    root.element("notice-action").click();
    assertThat(root.element("notice")).hasText("Mallory may come back.");
    assertThat(mallory.element("notice")).hasText("You were banned from #market.");
    join(mallory, "market");
    assertThat(member(root, "Mallory")).isVisible();
    mallory.say("sorry");
    assertThat(mallory.texts()).hasText(new String[] {"sorry"});
    assertThat(root.texts()).hasText(new String[] {"sorry"});

    root.messages().locator(".sender").click();
    root.element("ban-86400").click();
    assertThat(mallory.element("notice")).hasText("You were banned from #market.");
    mallory.element("join-room").fill("market");
    mallory.element("join").click();
    assertThat(mallory.element("notice"))
        .hasText("Could not join #market: You or that person may not enter this room.");
    assertThat(mallory.element("room-market")).hasCount(0);
  }

  @Test
  void whatIsRefusedIsSaidInWords() {
    TestPage ada = open("Ada", "words");
    String user = member(ada, "Ada").getAttribute("data-user");
    create(ada, "Words");
    ada.element("show-room").click();
    ada.element("invitee").fill(user);
    ada.element("invite").click();

    assertThat(ada.element("notice")).hasText("That is no user id, or your own.");
  }

  @Test
  void aBrowserThatGoesBackLateLeadsNeitherOutOfANewRoomNorOutOfANewDialog() {
    TestPage ada = open("Ada", "late");
    ada.page()
        .evaluate(
            """
            () => {
              window.returns = 0;
              addEventListener('popstate', () => window.returns++);
              history.back = () => {
                window.goBack = () => History.prototype.back.call(history);
              };
            }\
            """);
    create(ada, "Late");
    ada.page().evaluate("() => window.goBack()");
    ada.page().waitForFunction("() => window.returns === 1");
    assertThat(ada.page()).hasURL(PRIVATE_ADDRESS);
    assertThat(ada.element("room-title")).hasText("Late");

    ada.element("show-room").click();
    close(ada);
    ada.element("show-session").click();
    ada.page().evaluate("() => window.goBack()");
    assertThat(ada.element("who-am-i")).isVisible();
    ada.page().waitForFunction("() => window.returns === 2");
    assertThat(ada.element("who-am-i")).isVisible();
  }

  private static void create(TestPage page, String title) {
    page.element("new-private").click();
    page.element("title").fill(title);
    page.element("create").click();
    assertThat(page.element("room-title")).hasText(title);
  }

  private static void invite(TestPage page, String name) {
    page.element("show-room").click();
    page.element("invite-" + name).click();
    assertThat(page.element("dialog")).isHidden();
  }

  private static void join(TestPage page, String room) {
    page.element("join-room").fill(room);
    page.element("join").click();
    assertThat(page.element("room-title")).hasText("#" + room);
  }

  /// Opens the dialog of somebody in the room.
  private static void person(TestPage page, String name) {
    member(page, name).click();
    assertThat(page.element("user")).isVisible();
  }

  private static Locator member(TestPage page, String name) {
    return page.element("members")
        .locator("li")
        .filter(new Locator.FilterOptions().setHasText(name));
  }

  private static void close(TestPage page) {
    page.element("close").click();
    assertThat(page.element("dialog")).isHidden();
  }

  /// A visitor of its own, who is a guest, once the page knows who is in the room: it offers those
  /// to be invited.
  private static TestPage open(String name, String room) {
    TestPage opened = TestPage.open(cloud, browser.newContext(), name, room);
    assertThat(member(opened, name)).isVisible();
    return opened;
  }

  private static TestPage signIn(String user, String name, String roles, String room) {
    TestPage signing = TestPage.open(cloud, browser.newContext(), room);
    signing.element("sign-in").click();
    Page issuer = signing.page();
    issuer.getByLabel("User").fill(user);
    issuer.getByLabel("Name").fill(name);
    issuer.getByLabel("Roles").fill(roles);
    issuer.locator("#sign-in").click();
    signing.awaitConnected();
    signing.element("room-" + room).click();
    assertThat(member(signing, name)).isVisible();
    return signing;
  }
}
