package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.WebSocketRoute;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;

/// What becomes of messages when a page is reloaded, its network fails or its machine sleeps, in a
/// real browser.
class RecoveryBrowserTest extends PageTest {
  @Test
  void whatCouldNotBeSentIsSentAfterAReload() {
    Wires ada = new Wires();
    TestPage page = TestPage.open(cloud, ada.visitor, "Ada", "unsent");
    ada.in = ada.out = false;
    page.say("one");
    page.say("two");
    assertThat(page.drafts()).hasText(new String[] {"one", "two"});

    page.page().reload();
    assertThat(page.drafts()).hasText(new String[] {"one", "two"});
    ada.in = ada.out = true;
    ada.cut();

    assertThat(page.texts()).hasText(new String[] {"one", "two"});
    assertThat(page.drafts()).hasCount(0);
    assertEquals(List.of("one", "two"), table("unsent"));
  }

  @Test
  void whatWasSentButNotAnsweredIsNotDoubledByAReload() {
    Wires ada = new Wires();
    TestPage page = TestPage.open(cloud, ada.visitor, "Ada", "unanswered");
    TestPage bob = TestPage.open(cloud, browser.newContext(), "Bob", "unanswered");
    ada.in = false;
    page.say("hello");
    assertThat(bob.texts()).hasText(new String[] {"hello"});
    assertThat(page.drafts()).hasText(new String[] {"hello"});
    assertThat(page.messages()).hasCount(0);

    ada.in = true;
    page.page().reload();

    assertThat(page.texts()).hasText(new String[] {"hello"});
    assertThat(page.drafts()).hasCount(0);
    page.say("once");
    assertThat(page.texts()).hasText(new String[] {"hello", "once"});
    assertEquals(List.of("hello", "once"), table("unanswered"));
  }

  @Test
  void aNetworkThatIsOffAndOnAgainLosesNothing() {
    BrowserContext visitor = browser.newContext();
    TestPage ada = TestPage.open(cloud, visitor, "Ada", "network");
    TestPage bob = TestPage.open(cloud, browser.newContext(), "Bob", "network");
    visitor.setOffline(true);
    bob.say("while you are away");
    assertThat(bob.texts()).hasText(new String[] {"while you are away"});
    ada.say("while I am away");
    ada.awaitOffline();
    assertThat(ada.messages()).hasCount(0);

    visitor.setOffline(false);

    String[] all = {"while you are away", "while I am away"};
    assertThat(ada.texts()).hasText(all);
    assertThat(bob.texts()).hasText(all);
    assertEquals(List.of(all), table("network"));
  }

  @Test
  void twoTabsSendEachMessageOnceAlsoTheOnesOfAClosedTab() {
    BrowserContext visitor = browser.newContext();
    TestPage one = TestPage.open(cloud, visitor, "Ada", "tabs");
    TestPage two = TestPage.open(cloud, visitor, "tabs");
    assertThat(two.element("name")).hasValue("Ada");
    visitor.setOffline(true);
    one.say("from one");
    two.say("from two");
    assertThat(one.drafts()).hasCount(1);
    two.awaitOffline();
    one.page().close();

    visitor.setOffline(false);

    assertThat(two.messages()).hasCount(2);
    assertThat(two.drafts()).hasCount(0);
    assertEquals(List.of("from one", "from two"), table("tabs").stream().sorted().toList());

    TestPage three = TestPage.open(cloud, visitor, "tabs");
    assertThat(three.messages()).hasCount(2);
    assertThat(three.drafts()).hasCount(0);
  }

  @Test
  void aLaptopThatHasSleptFindsOutThatItsSocketIsDead() {
    Wires ada = new Wires();
    ada.visitor.clock().install();
    TestPage page = TestPage.open(cloud, ada.visitor, "Ada", "sleep");
    TestPage bob = TestPage.open(cloud, browser.newContext(), "Bob", "sleep");
    ada.forget();
    bob.say("while you sleep");
    assertThat(bob.texts()).hasText(new String[] {"while you sleep"});
    assertThat(page.messages()).hasCount(0);

    ada.visitor.clock().fastForward("01:00:00");
    // It looks at once whether it is still connected, and waits 10 s for the answer.
    ada.visitor.clock().runFor("00:12");

    assertThat(page.texts()).hasText(new String[] {"while you sleep"});
  }

  /// What a room's messages say, by a fresh read.
  private static List<String> table(String room) {
    try (TestClient client = TestClient.connect(cloud.webSocketUrl(), "?rooms=" + room)) {
      JsonNode page = client.request("history", "\"room\":\"%s\"".formatted(room));
      return StreamSupport.stream(page.path("messages").spliterator(), false)
          .map(message -> message.path("message").asText())
          .toList();
    }
  }

  /// A visitor whose sockets we hold in our hands.
  private static final class Wires {
    final BrowserContext visitor = browser.newContext();

    /// Whether anything gets through to the page.
    boolean in = true;

    /// Whether anything gets through from the page.
    boolean out = true;

    private final List<WebSocketRoute> sockets = new ArrayList<>();
    private int forgotten;

    Wires() {
      visitor.routeWebSocket(
          "**/production*",
          socket -> {
            int number = sockets.size();
            sockets.add(socket);
            WebSocketRoute server = socket.connectToServer();
            socket.onMessage(
                frame -> {
                  if (out && number >= forgotten) {
                    server.send(frame.text());
                  }
                });
            server.onMessage(
                frame -> {
                  if (in && number >= forgotten) {
                    socket.send(frame.text());
                  }
                });
          });
    }

    /// Nothing gets through any more on the sockets there are, and nobody is told.
    void forget() {
      forgotten = sockets.size();
    }

    /// Ends all connections.
    void cut() {
      sockets.forEach(WebSocketRoute::close);
    }
  }
}
