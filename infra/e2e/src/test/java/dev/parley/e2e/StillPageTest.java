package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.WebSocketRoute;
import com.microsoft.playwright.options.BoundingBox;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// What does not move, is not drawn again, and is not read out without a reason.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.PAGES)
class StillPageTest extends PageTest {

  @Test
  void aDraftStaysWhereItIsWhenItsMessageComes() {
    TestVisitor visitor = TestVisitor.called(browser, "Ada", "drafts");
    Gate gate = new Gate(visitor);
    TestPage ada = visitor.open(cloud, "drafts");
    assertThat(ada.element("beginning")).isVisible();
    for (String text : List.of("first of a group", "second of a group")) {
      gate.isOpen = false;
      ada.say(text);
      assertThat(ada.drafts()).hasText(new String[] {text});
      BoundingBox draft = ada.drafts().boundingBox();

      gate.open();

      Locator message = ada.texts().last();
      assertThat(message).hasText(text);
      assertThat(ada.element("draft")).hasCount(0);
      BoundingBox sent = message.boundingBox();
      assertEquals(draft.x, sent.x, 1, text);
      assertEquals(draft.y, sent.y, 1, text);
      assertEquals(draft.width, sent.width, 1, text);
      assertEquals(draft.height, sent.height, 1, text);
    }
  }

  @Test
  void nothingIsDrawnAgainInARoomWhileAnotherOneChanges() {
    TestHistory.write(cloud, "quiet", Instant.now().minusSeconds(60), "said", 30);
    TestPage ada = TestVisitor.called(browser, "Ada", "quiet", "loud").open(cloud, "quiet");
    assertThat(ada.texts()).hasCount(30);
    assertThat(ada.element("member-count")).hasText("1");
    ada.page()
        .evaluate(
            """
            window.changes = 0;
            const count = (found) => { window.changes += found.length; };
            new MutationObserver(count).observe(document.getElementById('messages'),
              { subtree: true, childList: true, attributes: true, characterData: true });
            """);
    try (TestClient bob = connect("loud,quiet")) {
      for (int i = 0; i < 5; i++) {
        bob.request("sendMessage", "\"room\":\"loud\",\"message\":\"news " + i + "\"");
      }
      assertThat(ada.element("room-loud")).containsText("5");
      assertEquals(0, ada.page().evaluate("window.changes"));

      bob.request("sendMessage", "\"room\":\"quiet\",\"message\":\"seen\"");
      assertThat(ada.texts()).hasCount(31);
      ada.page().waitForCondition(() -> (int) ada.page().evaluate("window.changes") > 0);
    }
  }

  @Test
  void whatComesLiveIsReadOutAndHistoryIsNot() {
    TestHistory.write(cloud, "aloud", Instant.now().minusSeconds(60), "said", 120);
    TestPage ada = TestVisitor.called(browser, "Ada", "aloud", "other").open(cloud, "aloud");
    assertThat(ada.texts().last()).hasText("said 119");
    Locator announced = ada.page().locator("#announcer > *");
    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");
    assertThat(ada.messages().filter(said(30))).hasCount(1);
    ada.element("room-other").click();
    assertThat(ada.element("beginning")).isVisible();
    ada.element("room-aloud").click();
    assertThat(ada.messages().filter(said(30))).hasCount(1);
    assertThat(announced).hasCount(0);

    try (TestClient bob = connect("aloud")) {
      bob.request("sendMessage", "\"room\":\"aloud\",\"message\":\"good morning\"");

      assertThat(announced).hasText(new String[] {"Bob: good morning"});
    }
  }

  @Test
  void aDrawerIsGoneWithItsBackdropWhenTheWindowIsWideEnough() {
    TestPage ada = TestVisitor.called(browser, "Ada", "wide").open(cloud, "wide");
    Locator backdrop = ada.page().locator(".backdrop");
    for (String button : List.of("show-rooms", "show-members")) {
      ada.page().setViewportSize(500, 800);
      ada.element(button).click();
      assertThat(backdrop).isVisible();

      ada.page().setViewportSize(1200, 800);

      assertThat(backdrop).isHidden();
      ada.element("composer").click();
      ada.page().setViewportSize(500, 800);
      assertThat(ada.element(button)).hasAttribute("aria-expanded", "false");
      assertThat(backdrop).isHidden();
    }
  }

  /// The server's meanings are for who writes clients.
  @Test
  void whoWritesTooFastIsToldSoInPlainWordsAndTheMessageIsSent() {
    AtomicInteger sends = new AtomicInteger();
    String fields =
        "\"retryAfterMs\":1500,\"message\":\"This does this too often: again after"
            + " `retryAfterMs`.\"";
    TestVisitor visitor =
        TestVisitor.called(browser, "Ada", "fast")
            .answering(
                frame ->
                    frame.contains("\"sendMessage\"") && sends.getAndIncrement() == 0
                        ? TestVisitor.refusal(frame, "rate_limited", fields)
                        : null);
    TestPage ada = visitor.open(cloud, "fast");

    ada.say("in a hurry");

    assertThat(ada.element("notice"))
        .hasText("You write very fast. It is sent as soon as it may be.");
    assertThat(ada.page().locator("body")).not().containsText("retryAfterMs");
    assertThat(ada.texts()).hasText(new String[] {"in a hurry"});
    assertEquals(2, sends.get());
  }

  @Test
  void aMegabyteIsNotPastedAndTheComposerStaysAsItWas() {
    TestVisitor visitor =
        TestVisitor.called(
            browser,
            new Browser.NewContextOptions()
                .setPermissions(List.of("clipboard-read", "clipboard-write")),
            "Ada",
            "pasted");
    TestPage ada = visitor.open(cloud, "pasted");
    ada.element("composer").fill("before ");
    ada.page().evaluate("navigator.clipboard.writeText('x'.repeat(1_000_000))");

    ada.page().keyboard().press("Control+v");

    assertThat(ada.element("notice"))
        .hasText("That is too long for a message, of at most 4000 characters. Nothing was pasted.");
    assertThat(ada.element("composer")).hasValue("before ");
    ada.page().evaluate("navigator.clipboard.writeText('what fits')");
    ada.page().keyboard().press("Control+v");
    assertThat(ada.element("composer")).hasValue("before what fits");
  }

  private static Locator.FilterOptions said(int number) {
    return new Locator.FilterOptions().setHasText(Pattern.compile("said " + number + "(?!\\d)"));
  }

  private static TestClient connect(String rooms) {
    return TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=" + rooms);
  }

  /// Holds back what the server says.
  private static final class Gate {
    boolean isOpen = true;
    private final List<Runnable> held = new ArrayList<>();

    Gate(TestVisitor visitor) {
      visitor
          .context()
          .routeWebSocket(
              "**/production*",
              socket -> {
                WebSocketRoute server = socket.connectToServer();
                socket.onMessage(frame -> server.send(frame.text()));
                server.onMessage(
                    frame -> {
                      if (isOpen) {
                        socket.send(frame.text());
                      } else {
                        held.add(() -> socket.send(frame.text()));
                      }
                    });
              });
    }

    void open() {
      isOpen = true;
      held.forEach(Runnable::run);
      held.clear();
    }
  }
}
