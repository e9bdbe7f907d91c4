package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Locator;
import java.time.Instant;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// A room of hundreds of messages: they come as the reader scrolls, and what is read stays where
/// it is.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.PAGES)
class LongRoomTest extends PageTest {
  private static final int DRAWN_MAX = 200;

  /// The elements, and a few markers of the library's beside each.
  private static final int NODES_MAX = 6 * DRAWN_MAX;
  private static final double OFF_PX_MAX = 2;

  @Test
  void olderMessagesComeByThemselvesAndTheReadersPlaceStays() {
    TestPage ada = open("near", 150);
    assertThat(ada.texts().last()).hasText("said 149");
    Locator mark = ada.messages().filter(said(105));
    mark.evaluate("m => m.scrollIntoView({ block: 'start' })");
    assertThat(ada.element("newer")).isVisible();
    double top = top(mark);

    assertThat(ada.messages().filter(said(60))).hasCount(1);

    assertThat(mark).isInViewport();
    assertEquals(top, top(mark), OFF_PX_MAX);
  }

  @Test
  void aReaderWhoScrollsToTheTopSeesEachMessageAndFewElementsAreDrawn() {
    TestPage ada = open("six-hundred", 600);
    assertThat(ada.texts().last()).hasText("said 599");

    @SuppressWarnings("unchecked")
    List<Integer> seen =
        (List<Integer>)
            ada.page()
                .evaluate(
                    """
                    async () => {
                      const scroller = document.getElementById('scroller');
                      const seen = [];
                      let most = 0;
                      const frame = () => new Promise((drawn) => requestAnimationFrame(drawn));
                      const look = () => {
                        const messages = '#messages [data-testid=message]';
                        const all = [...document.querySelectorAll(messages)];
                        most = Math.max(most, all.length);
                        const { top, bottom } = scroller.getBoundingClientRect();
                        const inView = all.filter((m) => m.getBoundingClientRect().bottom > top
                          && m.getBoundingClientRect().top < bottom);
                        for (const m of inView.reverse()) {
                          const number = Number(m.querySelector('.text').textContent.slice(5));
                          if (!seen.includes(number)) seen.push(number);
                        }
                      };
                      const isOver = () => scroller.scrollTop === 0
                        && !document.querySelector('[data-testid=beginning]').hidden
                        && seen.includes(0);
                      const end = performance.now() + 60_000;
                      while (performance.now() < end && !isOver()) {
                        look();
                        scroller.scrollTop -= scroller.clientHeight - 100;
                        await frame();
                        await frame();
                        look();
                      }
                      return [most, ...seen];
                    }
                    """);

    assertTrue(seen.getFirst() <= DRAWN_MAX, seen.getFirst() + " elements");
    assertEquals(
        IntStream.iterate(599, i -> i >= 0, i -> i - 1).boxed().toList(),
        seen.subList(1, seen.size()));
    ada.element("newer").click();
    assertThat(ada.messages().filter(said(599))).isInViewport();
    assertTrue(ada.messages().count() <= DRAWN_MAX);
    int nodes = (int) ada.page().evaluate("document.getElementById('messages').childNodes.length");
    assertTrue(nodes <= NODES_MAX, nodes + " nodes: what has gone has left something behind");
  }

  @Test
  void theReadersPlaceStaysWhileOthersWriteAndWhenTheWindowTurns() {
    TestPage ada = open("turned", 60);
    Locator mark = ada.messages().filter(said(30));
    assertThat(ada.texts().last()).hasText("said 59");
    mark.evaluate("m => m.scrollIntoView({ block: 'start' })");
    assertThat(ada.element("newer")).isVisible();
    double top = top(mark);
    try (TestClient bob = TestClient.connect(cloud.webSocketUrl(), "?name=Bob&rooms=turned")) {
      for (int i = 0; i < 50; i++) {
        bob.request(
            "sendMessage", "\"room\":\"turned\",\"message\":" + TextNode.valueOf("news " + i));
      }
    }
    assertThat(ada.element("newer")).hasText("50 new messages");
    assertEquals(top, top(mark), OFF_PX_MAX);

    for (int[] size : new int[][] {{500, 900}, {900, 500}, {1280, 720}}) {
      ada.page().setViewportSize(size[0], size[1]);
      assertThat(mark).isInViewport();
      ada.page()
          .waitForFunction(
              "(m) => Math.abs(m.getBoundingClientRect().top"
                  + " - document.getElementById('scroller').getBoundingClientRect().top) < 4",
              mark.elementHandle());
    }
    ada.element("newer").click();
    assertThat(ada.texts().last()).hasText("news 49");
    for (int[] size : new int[][] {{500, 900}, {900, 500}}) {
      ada.page().setViewportSize(size[0], size[1]);
      assertThat(ada.messages().last()).isInViewport();
      assertThat(ada.element("newer")).hasCount(0);
    }
  }

  @Test
  void olderMessagesThatCannotBeHadSaySoAndComeLater() {
    TestPage ada = open("cut-off", 120);
    assertThat(ada.texts().last()).hasText("said 119");
    ada.page().context().setOffline(true);
    ada.awaitOffline();
    ada.page().locator("#scroller").evaluate("s => { s.scrollTop = 0; }");

    ada.element("older").click();

    assertThat(ada.page().getByText("Older messages cannot be had now.")).isVisible();
    assertThat(ada.element("older")).hasText("Try again");
    assertThat(ada.page().locator("body")).not().isFocused();
    ada.page().context().setOffline(false);
    ada.awaitConnected();
    assertThat(ada.messages().filter(said(30))).hasCount(1);
    assertThat(ada.page().getByText("Older messages cannot be had now.")).hasCount(0);
  }

  /// What was said an hour ago is there: `said 0`, `said 1` and so on.
  private static TestPage open(String room, int count) {
    TestHistory.write(cloud, room, Instant.now().minusSeconds(3_600), "said", count);
    return TestVisitor.called(browser, "Ada", room).open(cloud, room);
  }

  private static Locator.FilterOptions said(int number) {
    return new Locator.FilterOptions().setHasText(Pattern.compile("said " + number + "(?!\\d)"));
  }

  private static double top(Locator element) {
    return element.boundingBox().y;
  }
}
