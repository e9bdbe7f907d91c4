package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.client.TextSocket;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/// The Firefox that this machine has, driven by WebDriver BiDi: Playwright drives a Firefox of its
/// own only. For one thread.
///
/// Source: W3C, "WebDriver BiDi", working draft.
final class TestFirefox {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LISTENS = "WebDriver BiDi listening on ";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /// It talks to nobody but this machine.
  private static final String PREFERENCES =
      """
      user_pref("app.normandy.enabled", false);
      user_pref("app.update.enabled", false);
      user_pref("browser.safebrowsing.malware.enabled", false);
      user_pref("browser.safebrowsing.phishing.enabled", false);
      user_pref("datareporting.policy.dataSubmissionEnabled", false);
      user_pref("extensions.update.enabled", false);
      user_pref("network.captive-portal-service.enabled", false);
      user_pref("network.connectivity-service.enabled", false);
      user_pref("services.settings.server", "data:,");
      user_pref("toolkit.telemetry.server", "data:,");
      """;

  private final Process process;
  private final TextSocket socket;
  private final BlockingQueue<String> frames = new LinkedBlockingQueue<>();
  private int requests;

  private TestFirefox(Process process, URI address) throws Exception {
    this.process = process;
    this.socket =
        TextSocket.open(
                address,
                Map.of(),
                new TextSocket.Listener() {
                  @Override
                  public void text(String text) {
                    frames.add(text);
                  }

                  @Override
                  public void closed(int code) {}
                })
            .join();
    request("session.new", Map.of("capabilities", Map.of()));
  }

  /// @param profile an empty folder
  /// @return nothing where this machine has none
  static Optional<TestFirefox> launch(Path profile) throws Exception {
    Optional<Path> firefox =
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
            .map(folder -> Path.of(folder, "firefox-esr"))
            .filter(Files::isExecutable)
            .findFirst();
    if (firefox.isEmpty()) {
      return Optional.empty();
    }
    Files.writeString(profile.resolve("user.js"), PREFERENCES);
    Process process =
        new ProcessBuilder(
                firefox.get().toString(),
                "--headless",
                "--no-remote",
                "--profile",
                profile.toString(),
                "--remote-debugging-port=0")
            .redirectErrorStream(true)
            .start();
    try {
      return Optional.of(new TestFirefox(process, address(process)));
    } catch (Exception e) {
      process.destroy();
      throw e;
    }
  }

  private static URI address(Process process) throws IOException {
    BufferedReader output = process.inputReader(UTF_8);
    for (String line = output.readLine(); line != null; line = output.readLine()) {
      if (line.startsWith(LISTENS)) {
        // What it says later would fill the pipe, and hold it up.
        Thread.ofVirtual().start(() -> output.lines().forEach(ignored -> {}));
        return URI.create(line.substring(LISTENS.length()) + "/session");
      }
    }
    throw new IOException("Firefox ended and did not listen");
  }

  /// Another visitor's page.
  ///
  /// @return its browsing context
  String open(String url) throws Exception {
    String user = request("browser.createUserContext", Map.of()).path("userContext").asText();
    String page =
        request("browsingContext.create", Map.of("type", "window", "userContext", user))
            .path("context")
            .asText();
    request("browsingContext.navigate", Map.of("context", page, "url", url, "wait", "complete"));
    return page;
  }

  /// @param expression JavaScript, whose value or promise becomes a text
  String evaluate(String page, String expression) throws Exception {
    JsonNode result =
        request(
            "script.evaluate",
            Map.of(
                "expression",
                "Promise.resolve(" + expression + ").then(String)",
                "target",
                Map.of("context", page),
                "awaitPromise",
                true));
    if (!result.path("type").asText().equals("success")) {
      throw new AssertionError(expression + ": " + result);
    }
    return result.path("result").path("value").asText();
  }

  /// Waits until an expression is true.
  void await(String page, String expression) throws Exception {
    String pause = "new Promise((then) => setTimeout(then, 50))";
    String loop =
        "(async () => { const end = performance.now() + %d; while (!(%s)) {"
                .formatted(PATIENCE.toMillis() - 5_000, expression)
            + " if (performance.now() > end) return document.body.innerText; await "
            + pause
            + "; } return ''; })()";
    String instead = evaluate(page, loop);
    if (!instead.isEmpty()) {
      throw new AssertionError(expression + " is not true of: " + instead);
    }
  }

  private JsonNode request(String method, Map<String, Object> params) throws Exception {
    int id = ++requests;
    socket
        .send(JSON.writeValueAsString(Map.of("id", id, "method", method, "params", params)))
        .join();
    while (true) {
      String frame = frames.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (frame == null) {
        throw new AssertionError("Firefox does not answer " + method);
      }
      JsonNode reply = parsed(frame);
      if (reply.path("id").asInt(-1) != id) {
        continue; // an event
      }
      if (!reply.path("type").asText().equals("success")) {
        throw new AssertionError(method + ": " + frame);
      }
      return reply.path("result");
    }
  }

  private static JsonNode parsed(String frame) throws JsonProcessingException {
    return JSON.readTree(frame);
  }

  void end() throws Exception {
    request("browser.close", Map.of());
    socket.close();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
