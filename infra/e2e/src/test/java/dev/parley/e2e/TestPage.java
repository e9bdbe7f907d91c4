package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.google.gson.JsonObject;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.CDPSession;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import dev.parley.local.LocalCloud;

/// The chat's page, opened by somebody.
///
/// @param page for whatever has no name here
record TestPage(Page page) {

  /// Somebody who has chosen a name before, in a room, once it has been joined. Pages of one
  /// visitor are one user.
  static TestPage open(LocalCloud cloud, BrowserContext visitor, String name, String room) {
    TestVisitor visiting = new TestVisitor(visitor).keeping("name", name);
    TestPage opened = visiting.open(cloud, room);
    assertThat(opened.element("name")).hasValue(name);
    return opened;
  }

  /// Whoever the visitor is already.
  static TestPage open(LocalCloud cloud, BrowserContext visitor, String room) {
    TestPage opened = new TestPage(window(visitor));
    opened.page.navigate("http://localhost:" + cloud.port() + "/#/r/" + room);
    opened.awaitConnected();
    assertThat(opened.element("room-title")).containsText(room);
    return opened;
  }

  /// A page in a window of its own: where it shared one, the page that is not in front would be
  /// drawn about once a second.
  static Page window(BrowserContext visitor) {
    if (visitor.pages().isEmpty()) {
      return visitor.newPage();
    }
    JsonObject opener =
        visitor
            .newCDPSession(visitor.pages().getFirst())
            .send("Target.getTargetInfo")
            .getAsJsonObject("targetInfo");
    JsonObject target = new JsonObject();
    target.addProperty("url", "about:blank");
    target.addProperty("newWindow", true);
    target.add("browserContextId", opener.get("browserContextId"));
    CDPSession browser = visitor.browser().newBrowserCDPSession();
    return visitor.waitForPage(() -> browser.send("Target.createTarget", target));
  }

  void say(String text) {
    element("composer").fill(text);
    element("composer").press("Enter");
  }

  /// A key in the element that has the focus, which an input method has processed: its code is 229.
  void pressComposing(String key) {
    JsonObject event = new JsonObject();
    event.addProperty("type", "rawKeyDown");
    event.addProperty("key", key);
    event.addProperty("windowsVirtualKeyCode", 229);
    page.context().newCDPSession(page).send("Input.dispatchKeyEvent", event);
  }

  Locator messages() {
    return page.locator("#messages [data-testid=message]");
  }

  /// What the messages say.
  Locator texts() {
    return page.locator("#messages [data-testid=message] .text");
  }

  /// What the messages that are being sent say.
  Locator drafts() {
    return page.locator("[data-testid=draft] .text");
  }

  void awaitConnected() {
    page.waitForSelector("html[data-started] [data-testid=state][data-phase=connected]");
  }

  void awaitOffline() {
    page.waitForSelector("[data-testid=state]:not([data-phase=connected])");
  }

  Locator element(String testId) {
    return page.getByTestId(testId);
  }
}
