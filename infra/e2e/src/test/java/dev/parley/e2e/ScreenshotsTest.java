package dev.parley.e2e;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import dev.parley.local.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Takes pictures of the page in its states into `target/screenshots`, or into the folder of
/// `-Dparley.screenshots=`, for example `../../docs/screenshots`.
class ScreenshotsTest extends PageTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("parley.screenshots", "target/screenshots"));

  private static final List<String> ALL =
      List.of("first-visit", "conversation", "unread", "phone", "dark", "offline", "session");

  /// Guests by their secrets: who is who decides the colours of their pictures.
  private static final Map<String, String> SECRETS =
      Map.of(
          "Grace", "screenshots-of-grace-1",
          "Linus", "screenshots-of-linus-22",
          "Ada", "screenshots-of-ada-333");

  /// How many of the pixels are coloured where the browser draws an emoji: a box has none.
  private static final String COLOURED =
      """
      () => {
        const canvas = document.createElement('canvas');
        const context = canvas.getContext('2d', { willReadFrequently: true });
        context.font = `32px ${getComputedStyle(document.body).fontFamily}`;
        context.fillText('🎉', 4, 36);
        const { data } = context.getImageData(0, 0, 64, 64);
        let coloured = 0;
        for (let i = 0; i < data.length; i += 4) {
          const [red, green, blue, alpha] = data.slice(i, i + 4);
          const grey = Math.max(red, green, blue) - Math.min(red, green, blue) < 60;
          if (alpha > 128 && !grey) coloured++;
        }
        return coloured;
      }\
      """;

  @Override
  Options options() {
    return TestCloud.options(TestCloud.TEMPLATE, Map.of()).withIssuer(true);
  }

  @Test
  void thePageInItsStates() throws IOException {
    Files.createDirectories(FOLDER);
    for (String name : ALL) {
      Files.deleteIfExists(file(name));
    }
    try (TestClient grace = connect("Grace", "global,release,books");
        TestClient linus = connect("Linus", "global,release,books")) {
      BrowserContext visitor = visitor(1280, 720);
      visitor.addInitScript(
          """
          if (localStorage.getItem('parley.name') === null) {
            localStorage.setItem('parley.name', 'Ada');
            localStorage.setItem('parley.guest', '%s');
          }\
          """
              .formatted(SECRETS.get("Ada")));
      TestPage ada = new TestPage(visitor.newPage());
      ada.page().navigate("http://localhost:" + cloud.port() + "/");
      assertThat(ada.element("member-count")).hasText("3");
      assertThat(ada.element("known-rooms")).isVisible();
      take(ada, "first-visit");

      join(ada, "books");
      join(ada, "release");
      say(grace, "release", "Good morning! Is **0.15** ready to go?");
      say(grace, "release", "Only the page is left, I think.");
      ada.say(
          """
          Nearly. This was the last one:
          ```js
          const unread = rooms.filter((r) => r.isNew);
          ```\
          """);
      say(
          linus,
          "release",
          "> Is 0.15 ready to go?\n\nYes, @Ada found it: https://parley.example/pull/15");
      say(linus, "release", "What is left:\n- the notes\n- a picture for the `README`");
      say(grace, "release", "🎉");
      assertThat(ada.messages()).hasCount(6);
      assertThat(ada.page().locator(".draft")).hasCount(0);
      ada.element("composer").fill("Off we go 🚀");
      assertThat(ada.element("send")).isEnabled();
      take(ada, "conversation");
      ada.element("composer").fill("");

      ada.page().emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.DARK));
      take(ada, "dark");
      ada.page().emulateMedia(new Page.EmulateMediaOptions().setColorScheme(ColorScheme.LIGHT));

      ada.page().setViewportSize(390, 844);
      take(ada, "phone");
      ada.page().setViewportSize(1280, 720);

      ada.element("show-session").click();
      assertThat(ada.element("connection-id")).not().hasText("–");
      take(ada, "session");
      ada.page().keyboard().press("Escape");

      ada.element("room-books").click();
      assertThat(ada.element("room-title")).hasText("#books");
      say(grace, "release", "Tagged and pushed.");
      say(linus, "release", "@Ada, the notes are yours.");
      say(grace, "global", "Cake in the kitchen!");
      say(linus, "global", "@Ada, come before it is gone");
      assertThat(ada.element("mentions-release")).isVisible();
      assertThat(ada.element("mentions-global")).isVisible();
      ada.element("room-release").click();
      assertThat(ada.element("new")).isVisible();
      take(ada, "unread");

      visitor.setOffline(true);
      ada.awaitOffline();
      ada.say("I am in a tunnel, this goes out later.");
      assertThat(ada.drafts()).hasCount(1);
      take(ada, "offline");
    }

    for (String name : ALL) {
      assertTrue(Files.size(file(name)) > 10_000, name);
    }
  }

  @Test
  void anEmojiIsNotABoxWhereAFontHasIt() {
    Page page = visitor(1280, 720).newPage();
    page.navigate("http://localhost:" + cloud.port() + "/");
    assumeTrue(hasFont(), "this machine has no font with emoji");

    assertTrue(((Number) page.evaluate(COLOURED)).intValue() > 50);
  }

  /// Of the system's fonts, as far as fontconfig knows them.
  private static boolean hasFont() {
    try {
      Process list =
          new ProcessBuilder("fc-list", ":charset=1f389", "family")
              .redirectErrorStream(true)
              .start();
      String fonts = new String(list.getInputStream().readAllBytes(), UTF_8);
      return list.waitFor() == 0 && fonts.contains("Emoji");
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static void join(TestPage page, String room) {
    page.element("join-room").fill(room);
    page.element("join").click();
    assertThat(page.element("room-title")).hasText("#" + room);
    assertThat(page.element("member-count")).hasText("3");
  }

  private static void take(TestPage page, String name) {
    page.page().mouse().move(0, 0); // over nothing
    page.page().screenshot(new Page.ScreenshotOptions().setPath(file(name)));
  }

  private static Path file(String name) {
    return FOLDER.resolve(name + ".png");
  }

  private static BrowserContext visitor(int width, int height) {
    return browser.newContext(
        new Browser.NewContextOptions()
            .setLocale("en-US")
            .setViewportSize(width, height)
            .setColorScheme(ColorScheme.LIGHT)
            .setReducedMotion(ReducedMotion.REDUCE));
  }

  private static TestClient connect(String name, String rooms) {
    return TestClient.connect(
        cloud.webSocketUrl(),
        "?name=%s&guest=%s&rooms=%s".formatted(name, SECRETS.get(name), rooms));
  }

  private static void say(TestClient client, String room, String text) {
    assertEquals(
        "sent",
        client
            .request(
                "sendMessage", "\"room\":\"%s\",\"message\":%s".formatted(room, new TextNode(text)))
            .path("type")
            .asText());
  }
}
