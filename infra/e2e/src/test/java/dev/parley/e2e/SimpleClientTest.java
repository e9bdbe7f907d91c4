package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.microsoft.playwright.Page;
import dev.parley.local.Options;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Clients as tutorials write them, which know nothing of this protocol's finer points.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.PAGES)
class SimpleClientTest extends PageTest {
  private static final int BURST = 1_000;

  /// A page as a beginner writes it, whose own address has what a test varies.
  private static final String PAGE =
      """
      <!doctype html><title>beginner</title><ul></ul><script>
      const subprotocols = location.hash.length > 1 ? location.hash.slice(1).split(',') : [];
      const socket = new WebSocket(
        `ws://${location.host}/production${location.search}`, subprotocols);
      socket.onmessage = (event) => {
        const frame = JSON.parse(event.data);
        if (frame.type !== 'message') return;
        const item = document.createElement('li');
        item.textContent = frame.message;
        document.querySelector('ul').append(item);
      };
      </script>
      """;

  @TempDir static Path site;

  @Override
  Options options() {
    try {
      Files.writeString(site.resolve("beginner.html"), PAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return super.options().withSite(site);
  }

  @Test
  void aPageThatTakesEachFrameForOneMessageShowsEachOfABurst() {
    Page page = beginner("?name=Newcomer&rooms=burst");
    List<String> said = IntStream.range(0, BURST).mapToObj(i -> "said " + i).toList();
    try (TestClient ada =
        TestClient.connect(cloud.webSocketUrl(), "?name=Ada&batch=true&rooms=burst")) {
      said.forEach(
          text ->
              ada.send(
                  "{\"action\":\"sendMessage\",\"room\":\"burst\",\"message\":\"%s\"}"
                      .formatted(text)));

      assertThat(page.locator("li")).hasCount(BURST);

      Set<String> shown = page.locator("li").allTextContents().stream().collect(Collectors.toSet());
      assertEquals(Set.copyOf(said), shown);
    }
  }

  /// Browsers give up a connection of which no subprotocol is accepted.
  @Test
  void aPageThatOffersASubprotocolOfItsOwnIsConnected() {
    Page page = beginner("?rooms=offered", "chat,superchat");

    assertEquals("chat", page.evaluate("socket.protocol"));
  }

  @Test
  void theTextOfARelayIsHeard() {
    try (TestClient relay = TestClient.connect(cloud.webSocketUrl(), "?rooms=global");
        TestClient other = TestClient.connect(cloud.webSocketUrl(), "?rooms=global")) {
      relay.send("{\"actionn\":\"sendMessage\",\"data\":\"hi\"}");
      assertEquals("unknown_action", relay.await(SimpleClientTest::isError).path("code").asText());

      relay.send("{\"action\":\"sendMessage\",\"data\":\"hi\"}");
      other.awaitMessage("hi");
    }
  }

  @Test
  void aHeartbeatIsAnsweredAndNobodyHearsIt() {
    String beat = "{\"action\":\"sendmessage\",\"room\":\"beats\",\"message\":\"ping\"}";
    try (TestClient ada =
            TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=beats&heartbeat=ping");
        TestClient ben = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=beats")) {
      ada.send(beat);
      JsonNode answer = ada.await(event -> event.path("type").asText().equals("pong"));
      assertEquals("pong", answer.path("message").asText());
      assertEquals(2, answer.size());

      // Ben has named no heartbeat: he says it.
      ben.send(beat);
      ada.awaitMessage("ping");
      ada.request("sendMessage", "\"room\":\"beats\",\"message\":\"end\"");
      ben.awaitMessage("end");
      assertEquals(
          List.of("Ben: ping", "Ada: end"),
          ben.messages("beats").stream()
              .map(m -> m.path("sender").asText() + ": " + m.path("message").asText())
              .toList());
    }
  }

  /// What a connection has asked for holds in the rooms that it joins later, too.
  @Test
  void aRoomThatIsJoinedLaterIsHeardInTheSameFraming() {
    Page page = beginner("?rooms=first");
    page.evaluate("socket.send('{\"action\":\"join\",\"room\":\"second\"}')");
    try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?batch=true&rooms=second")) {
      ada.await(event -> event.path("state").asText().equals("in"));
      List<String> said = IntStream.range(0, 20).mapToObj(i -> "later " + i).toList();
      said.forEach(
          text ->
              ada.send(
                  "{\"action\":\"sendMessage\",\"room\":\"second\",\"message\":\"%s\"}"
                      .formatted(text)));

      assertThat(page.locator("li")).hasCount(20);
      assertTrue(page.locator("li").allTextContents().containsAll(said));
    }
  }

  @Test
  void anOptionThatIsNotThereRefusesTheHandshake() {
    assertEquals(400, TestClient.refusal(cloud.webSocketUrl(), "?batch=maybe"));
    assertEquals(400, TestClient.refusal(cloud.webSocketUrl(), "?heartbeat="));
  }

  private static boolean isError(JsonNode event) {
    return event.path("type").asText().equals("error");
  }

  private static Page beginner(String query) {
    return beginner(query, "");
  }

  /// The page, connected.
  ///
  /// @param subprotocols separated by commas, or nothing
  private static Page beginner(String query, String subprotocols) {
    Page page = browser.newPage();
    page.navigate(
        "http://localhost:%d/beginner.html%s#%s".formatted(cloud.port(), query, subprotocols));
    page.waitForFunction("socket.readyState === WebSocket.OPEN");
    return page;
  }
}
