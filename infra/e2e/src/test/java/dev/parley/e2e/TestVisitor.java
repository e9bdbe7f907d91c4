package dev.parley.e2e;

import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.WebSocketRoute;
import com.microsoft.playwright.options.ReducedMotion;
import dev.parley.local.LocalCloud;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Somebody who has been here before: the page knows the name and the rooms when it opens, and
/// connects once.
///
/// @param context all tabs of this visitor
record TestVisitor(BrowserContext context) {

  static TestVisitor called(Browser browser, String name, String... rooms) {
    return called(browser, new Browser.NewContextOptions(), name, rooms);
  }

  static TestVisitor called(
      Browser browser, Browser.NewContextOptions options, String name, String... rooms) {
    String list =
        List.of(rooms).stream()
            .map(room -> "\"" + room + "\"")
            .collect(Collectors.joining(",", "[", "]"));
    return new TestVisitor(browser.newContext(options))
        .keeping("name", name)
        .keeping("rooms", list);
  }

  /// What the page finds kept when it is loaded, where it has kept nothing else under that name.
  TestVisitor keeping(String name, String value) {
    context.addInitScript(
        """
        if (localStorage.getItem('parley.%1$s') === null) {
          localStorage.setItem('parley.%1$s', %2$s);
        }
        """
            .formatted(name, TextNode.valueOf(value)));
    return this;
  }

  /// A phone that is held upright.
  static Browser.NewContextOptions phone() {
    return new Browser.NewContextOptions()
        .setViewportSize(390, 844)
        .setHasTouch(true)
        .setIsMobile(true)
        .setReducedMotion(ReducedMotion.REDUCE);
  }

  /// Answers some frames in the server's place, from the next connection on.
  ///
  /// @param answer to a frame: empty for none, and null where the server is to answer
  TestVisitor answering(Function<String, @Nullable String> answer) {
    context.routeWebSocket(
        "**/production*",
        socket -> {
          WebSocketRoute server = socket.connectToServer();
          socket.onMessage(
              frame -> {
                String instead = answer.apply(frame.text());
                if (instead == null) {
                  server.send(frame.text());
                } else if (!instead.isEmpty()) {
                  socket.send(instead);
                }
              });
        });
    return this;
  }

  /// The server's refusal of a frame.
  ///
  /// @param fields beside `code`, or nothing
  static String refusal(String frame, String code, String fields) {
    return "{\"type\":\"error\",\"ref\":%s,\"code\":\"%s\"%s%s}"
        .formatted(
            frame.replaceAll(".*\"ref\":(\\d+).*", "$1"),
            code,
            fields.isEmpty() ? "" : ",",
            fields);
  }

  /// A new tab, in a room, once all of the visitor's rooms have been joined.
  TestPage open(LocalCloud cloud, String room) {
    TestPage opened = TestPage.open(cloud, context, room);
    opened
        .page()
        .waitForFunction(
            """
            () => JSON.parse(localStorage.getItem('parley.rooms'))
                .every((name) => localStorage.getItem(`parley.read/${name}`) !== null)
            """);
    return opened;
  }

  /// A new tab at an address of the page, for example `#/r/lobby/1764146936123456`.
  TestPage openAt(LocalCloud cloud, String hash) {
    Page page = TestPage.window(context);
    page.navigate("http://localhost:" + cloud.port() + "/" + hash);
    TestPage opened = new TestPage(page);
    opened.awaitConnected();
    return opened;
  }
}
