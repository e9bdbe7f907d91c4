package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.options.BoundingBox;
import org.junit.jupiter.api.Test;

/// The page on a phone.
class PhoneTest extends PageTest {
  private static final String LONG =
      "a-room-whose-name-is-as-long-as-it-may-be-on-any-phone-there-is";

  @Test
  void aLongTitleKeepsRoomBesideItsButtons() {
    TestPage ada = open(LONG);
    Locator title = ada.element("room-title");
    assertThat(ada.element("show-members")).hasText("Members 1");

    BoundingBox box = title.boundingBox();

    assertTrue(box.width >= 80, "the title is " + box.width + " px wide");
    for (String button : new String[] {"show-room", "show-members"}) {
      BoundingBox beside = ada.element(button).boundingBox();
      assertTrue(beside.x >= box.x + box.width, button + " covers the title");
      assertTrue(beside.x + beside.width <= 390, button + " is cut off");
    }
  }

  @Test
  void aPhoneThatIsTurnedKeepsTheReadersPlaceAndText() {
    TestPage ada = open("turned");
    try (TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=turned")) {
      for (int i = 1; i <= 40; i++) {
        bob.request(
            "sendMessage", "\"room\":\"turned\",\"message\":\"message number %d\"".formatted(i));
      }
    }
    assertThat(ada.messages()).hasCount(40);
    Locator middle = ada.messages().nth(15);
    middle.evaluate("e => e.scrollIntoView({ block: 'start' })");
    assertThat(ada.element("newer")).isVisible();
    ada.element("composer").fill("half a sentence");

    ada.page().setViewportSize(844, 390);

    assertThat(middle).isInViewport();
    assertThat(ada.element("composer")).hasValue("half a sentence");
    ada.page().setViewportSize(390, 844);
    assertThat(middle).isInViewport();
    assertThat(ada.messages().last()).not().isInViewport();
    ada.element("newer").tap();
    assertThat(ada.messages().last()).isInViewport();
    ada.page().setViewportSize(844, 390);
    assertThat(ada.messages().last()).isInViewport();
  }

  @Test
  void aDrawerThatIsOpenClosesWhereThereIsRoomForIt() {
    TestPage ada = open("drawer");
    ada.element("show-rooms").tap();
    assertThat(ada.page().locator("main")).hasAttribute("inert", "");

    ada.page().setViewportSize(1280, 800);

    assertThat(ada.page().locator("main[inert]")).hasCount(0);
    assertThat(ada.element("search")).isVisible();
    assertThat(ada.element("members")).isVisible();
  }

  @Test
  void aRoomThatIsPickedInTheDrawerClosesItAndBackDoesSoToo() {
    TestPage ada = open("one");
    ada.element("show-rooms").tap();
    ada.element("room-global").tap();
    assertThat(ada.element("room-title")).hasText("#global");
    assertThat(ada.page().locator("#rooms")).hasClass("side");

    ada.element("show-rooms").tap();
    assertThat(ada.page().locator("#rooms")).hasClass("side open");
    ada.page().goBack();
    assertThat(ada.page().locator("#rooms")).hasClass("side");
    assertThat(ada.element("room-title")).hasText("#global");
    ada.page().goBack();
    assertThat(ada.element("room-title")).hasText("#one");
  }

  private static TestPage open(String room) {
    return TestPage.open(cloud, browser.newContext(TestVisitor.phone()), room);
  }
}
