package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.CLI;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.PlaywrightException;
import com.microsoft.playwright.impl.driver.Driver;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// A Chromium to test with: the one that this machine has, else Playwright's own, else Debian's.
/// And the Node.js of Playwright.
final class TestBrowser {
  private static final List<String> NAMES =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  private static final List<Path> ELSEWHERE =
      List.of(
          Path.of("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
          Path.of("/Applications/Chromium.app/Contents/MacOS/Chromium"));

  /// It talks to nobody but this machine, which has all names under `example`, too.
  private static final List<String> ARGUMENTS =
      List.of(
          "--no-sandbox",
          "--host-resolver-rules=MAP *.example 127.0.0.1",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync");

  private TestBrowser() {}

  /// The driver; it does not download browsers by itself.
  static Playwright playwright() {
    return Playwright.create(
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
  }

  static Browser launch(Playwright playwright) throws IOException, InterruptedException {
    Optional<Path> found = installed();
    if (found.isEmpty()) {
      if (run(downloadCommand())) {
        try {
          return playwright.chromium().launch(options());
        } catch (PlaywrightException e) {
          // Downloaded, but not for this system.
        }
      }
      if (run(List.of("apt-get", "update"))
          && run(List.of("apt-get", "install", "-y", "chromium"))) {
        found = installed();
      }
    }
    Path browser =
        found.orElseThrow(
            () ->
                new AssertionError(
                    "The page's tests need a browser: install Chromium or Google Chrome"));
    return playwright.chromium().launch(options().setExecutablePath(browser));
  }

  /// Runs a script in the Node.js that Playwright brings.
  ///
  /// @return what it said, and its status where that is not 0
  static String node(Path script, String... arguments) throws IOException, InterruptedException {
    String node =
        Driver.ensureDriverInstalled(Map.of(), false).createProcessBuilder().command().getFirst();
    List<String> command = new ArrayList<>(List.of(node, script.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream output = process.getInputStream()) {
      String said = new String(output.readAllBytes(), UTF_8);
      int status = process.waitFor();
      return status == 0 ? said : said + "status " + status;
    }
  }

  private static BrowserType.LaunchOptions options() {
    return new BrowserType.LaunchOptions().setHeadless(true).setArgs(ARGUMENTS);
  }

  private static Optional<Path> installed() {
    Stream<Path> onPath =
        Arrays.stream(System.getenv("PATH").split(File.pathSeparator, -1))
            .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)));
    return Stream.concat(onPath, ELSEWHERE.stream()).filter(Files::isExecutable).findFirst();
  }

  private static List<String> downloadCommand() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-cp",
        System.getProperty("java.class.path"),
        CLI.class.getName(),
        "install",
        "chromium");
  }

  /// Whether a command could be started and ended well.
  private static boolean run(List<String> command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(5, TimeUnit.MINUTES)) {
        process.destroyForcibly();
        return false;
      }
      return process.exitValue() == 0;
    } catch (IOException e) {
      return false;
    }
  }
}
