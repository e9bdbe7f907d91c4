package dev.parley.bench;

import static java.util.Objects.requireNonNull;

import com.google.gson.JsonObject;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.CDPSession;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.LoadState;
import com.microsoft.playwright.options.WaitUntilState;
import dev.parley.bench.Report.Bound;
import dev.parley.site.SiteFile;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.stream.Stream;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// The page in Chromium: what a first visit takes, and how smooth it is for somebody who reads what
/// was said long ago while much is being said.
///
/// - `visit`: with the network of a slow phone (1.6 Mb/s, 150 ms), medians of 5. The files are as
///   SiteFunction puts them into the bucket; they come over HTTP/1.1. `KB` are the files as they
///   come, compressed; `with headers` adds those, of which HTTP/2 sends little. `drawn` is the
///   first contentful paint; `started` is when the page can be used.
/// - `reading`: a room whose messages the page has all loaded, which are 10,000 in the end and as
///   many as it holds; the reader is at the first one, and the processor is a quarter as fast. `p95
///   ms` is of the times between animation frames in 10 s, beside a plain page, which puts the text
///   of each message into a list of 50.
final class WebPage {
  static final String VISIT = "visit";
  static final String READING = "reading";

  private static final List<String> BROWSERS =
      List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
  private static final double PATIENCE_MS = 120_000;

  private static final int VISITS = 5;
  private static final double VISIT_KB_MAX = 100;
  private static final int LATENCY_MS = 150;
  private static final int DOWN_BYTES_PER_SECOND = 1_600_000 / 8;
  private static final int UP_BYTES_PER_SECOND = 750_000 / 8;

  private static final int LOADED = 10_000;
  private static final int MESSAGES_PER_SECOND = 100;
  private static final int SECONDS = 10;
  private static final int SETTLING_SECONDS = 2;
  private static final int SLOWER = 4;
  private static final int BATCH_MAX = 25;
  private static final int BATCH = 5;

  private static final String CONNECTED = "[data-testid=state][data-phase=connected]";

  /// Loads older messages until the room's first one is there.
  private static final String LOAD_ALL =
      """
      () => {
        const beginning = document.querySelector('[data-testid=beginning], #beginning');
        if (beginning !== null && !beginning.hidden) return true;
        document.getElementById('scroller').scrollTop = 0;
        document.querySelector('[data-testid=older]:not([hidden], [disabled])')?.click();
        return false;
      }
      """;

  /// Bytes of all files that have come, as they came.
  private static final String BODIES =
      """
      () => ['navigation', 'resource']
          .flatMap((type) => performance.getEntriesByType(type))
          .reduce((sum, entry) => sum + entry.encodedBodySize, 0)
      """;

  /// The 95th percentile of the times between frames, how many tasks took longer than 50 ms, and
  /// the longest.
  private static final String FRAMES =
      """
      (ms) => new Promise((resolve) => {
        const frames = [];
        const tasks = [];
        const observer = new PerformanceObserver((list) => {
          tasks.push(...list.getEntries().map(({ duration }) => duration));
        });
        observer.observe({ entryTypes: ['longtask'] });
        requestAnimationFrame((first) => {
          let last = first;
          requestAnimationFrame(function next(now) {
            frames.push(now - last);
            last = now;
            if (now - first < ms) {
              requestAnimationFrame(next);
            } else {
              observer.disconnect();
              frames.sort((a, b) => a - b);
              const p95 = frames[Math.floor(frames.length * 0.95)];
              resolve([p95, tasks.length, Math.max(0, ...tasks)]);
            }
          });
        });
      })
      """;

  private final Cloud cloud;
  private final Report report;
  private final String address;

  WebPage(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
    this.address = "http://localhost:" + cloud.webSocketUrl().getPort() + "/";
  }

  /// The page as SiteFunction puts it into the bucket, in a new folder.
  static Path asDeployed() throws IOException {
    Path folder = Files.createTempDirectory("parley-page");
    for (SiteFile file : SiteFile.in(Path.of("web"))) {
      Path to = folder.resolve(file.key());
      Files.createDirectories(requireNonNull(to.getParent()));
      Files.write(to, file.content());
    }
    return folder;
  }

  void run(List<String> steps) throws Exception {
    try (Playwright playwright =
            Playwright.create(
                new Playwright.CreateOptions()
                    .setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        Browser browser = launch(playwright)) {
      visit(browser); // what runs for the first time takes longer, here as on the other side
      for (String step : steps) {
        if (step.equals(VISIT)) {
          visits(browser);
        } else {
          reading(browser);
        }
      }
    }
  }

  /// The Chromium of this machine, else Playwright's own.
  private static Browser launch(Playwright playwright) {
    BrowserType.LaunchOptions options =
        new BrowserType.LaunchOptions()
            .setArgs(List.of("--no-sandbox", "--disable-gpu", "--disable-background-networking"));
    Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator, -1))
        .flatMap(folder -> BROWSERS.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst()
        .ifPresent(options::setExecutablePath);
    return playwright.chromium().launch(options);
  }

  // ---- A first visit --------------------------------------------------------------------------

  private record Visit(
      double kb,
      double withHeadersKb,
      double requests,
      double drawnMs,
      double connectedMs,
      double startedMs) {}

  private void visits(Browser browser) {
    List<Visit> visits = Stream.generate(() -> visit(browser)).limit(VISITS).toList();
    double kb = median(visits, Visit::kb);
    report.row(
        "a first visit, slow 4G",
        figures(
            OF_A_VISIT,
            List.of(
                kb,
                median(visits, Visit::withHeadersKb),
                median(visits, Visit::requests),
                median(visits, Visit::drawnMs),
                median(visits, Visit::connectedMs),
                median(visits, Visit::startedMs))));
    report.target("KB of a first visit", kb, Bound.AT_MOST, VISIT_KB_MAX);
  }

  private static double median(List<Visit> visits, Function<Visit, Double> of) {
    return Report.median(visits.stream().map(of).toList());
  }

  private Visit visit(Browser browser) {
    try (BrowserContext visitor = browser.newContext()) {
      Page page = visitor.newPage();
      CDPSession session = visitor.newCDPSession(page);
      List<Double> received = new ArrayList<>();
      session.on(
          "Network.loadingFinished",
          event -> received.add(event.get("encodedDataLength").getAsDouble()));
      session.send("Network.enable");
      JsonObject network = new JsonObject();
      network.addProperty("offline", false);
      network.addProperty("latency", LATENCY_MS);
      network.addProperty("downloadThroughput", DOWN_BYTES_PER_SECOND);
      network.addProperty("uploadThroughput", UP_BYTES_PER_SECOND);
      session.send("Network.emulateNetworkConditions", network);

      page.navigate(
          address + "#/r/visited", new Page.NavigateOptions().setWaitUntil(WaitUntilState.COMMIT));
      double connectedMs = since(page, CONNECTED);
      double startedMs = since(page, "html[data-started]");
      page.waitForLoadState(LoadState.NETWORKIDLE);
      double drawnMs =
          number(
              page.evaluate(
                  "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"));
      double bodies = number(page.evaluate(BODIES));
      double bytes = received.stream().mapToDouble(Double::doubleValue).sum();
      return new Visit(bodies / 1e3, bytes / 1e3, received.size(), drawnMs, connectedMs, startedMs);
    }
  }

  /// When there is an element, in milliseconds since the page was asked for.
  private static double since(Page page, String selector) {
    return number(
        page.waitForFunction(
                "(selector) => document.querySelector(selector) && performance.now()", selector)
            .jsonValue());
  }

  // ---- Reading while others talk --------------------------------------------------------------

  private record Smoothness(double p95Ms, double longTasks, double longestMs) {}

  private void reading(Browser browser) throws Exception {
    String room = "reading";
    int coming = MESSAGES_PER_SECOND * (SECONDS + SETTLING_SECONDS);
    put(room, LOADED - coming);
    Smoothness smoothness;
    try (BrowserContext visitor = browser.newContext()) {
      Page page = visitor.newPage();
      page.setDefaultTimeout(PATIENCE_MS);
      page.navigate(address + "#/r/" + room);
      page.waitForSelector(CONNECTED);
      page.waitForFunction(
          LOAD_ALL, null, new Page.WaitForFunctionOptions().setPollingInterval(20));
      page.evaluate("() => { document.getElementById('scroller').scrollTop = 0; }");
      smoothness = whileOthersTalk(room, page);
    }
    Smoothness plain;
    try (BrowserContext visitor = browser.newContext()) {
      Page page = visitor.newPage();
      page.route(
          address + "plain",
          route ->
              route.fulfill(
                  new Route.FulfillOptions().setContentType("text/html").setBody(plain(room))));
      page.navigate(address + "plain");
      plain = whileOthersTalk(room, page);
    }
    report.row("reading, 100 messages/s", figures(smoothness, plain));
    report.row("a plain page, 100 messages/s", figures(plain, plain));
  }

  private String plain(String room) {
    return """
    <!doctype html><title>plain</title><ul></ul><script>
    const list = document.querySelector('ul');
    new WebSocket('%s?batch=true&name=plain&rooms=%s').onmessage = ({ data }) => {
      for (const { type, message } of [JSON.parse(data)].flat()) {
        if (type !== 'message') continue;
        const item = document.createElement('li');
        item.textContent = message;
        list.append(item);
        if (list.children.length > 50) list.firstChild.remove();
      }
    };
    </script>
    """
        .formatted(cloud.webSocketUrl(), room);
  }

  private Smoothness whileOthersTalk(String room, Page page) throws Exception {
    JsonObject rate = new JsonObject();
    rate.addProperty("rate", SLOWER);
    page.context().newCDPSession(page).send("Emulation.setCPUThrottlingRate", rate);
    AtomicBoolean over = new AtomicBoolean();
    Thread others = Thread.ofPlatform().name("others").start(() -> talk(room, over));
    try {
      page.waitForTimeout(SETTLING_SECONDS * 1_000);
      List<?> measured = (List<?>) page.evaluate(FRAMES, SECONDS * 1_000);
      return new Smoothness(
          number(measured.get(0)), number(measured.get(1)), number(measured.get(2)));
    } finally {
      over.set(true);
      others.join();
    }
  }

  /// Evenly.
  private void talk(String room, AtomicBoolean over) {
    long start = System.nanoTime();
    for (int said = 0; !over.get(); said += BATCH) {
      long due = said * 1_000L / MESSAGES_PER_SECOND;
      long elapsed = (System.nanoTime() - start) / 1_000_000;
      try {
        Thread.sleep(Math.max(0, due - elapsed));
      } catch (InterruptedException _) {
        return;
      }
      write(room, micros(), said, BATCH);
    }
  }

  /// What was said in the last hour.
  private void put(String room, int count) {
    long first = micros() - 3_600_000_000L;
    for (int done = 0; done < count; done += BATCH_MAX) {
      write(room, first + done, done, Math.min(BATCH_MAX, count - done));
    }
  }

  private void write(String room, long timestamp, int number, int count) {
    List<WriteRequest> batch = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String text =
          "Number %05d of *what is said*, as on https://example.org/".formatted(number + i);
      batch.add(Cloud.message(room, timestamp + i, text));
    }
    cloud.dynamoDb().batchWriteItem(write -> write.requestItems(Map.of(Cloud.MESSAGES, batch)));
  }

  private static long micros() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000;
  }

  // ---- One table ------------------------------------------------------------------------------

  private static final List<String> OF_A_VISIT =
      List.of("KB", "with headers", "requests", "drawn ms", "connected ms", "started ms");
  private static final List<String> OF_READING =
      List.of("p95 ms", "x plain", "long tasks", "longest ms");

  private static Map<String, Double> figures(Smoothness of, Smoothness plain) {
    return figures(
        OF_READING,
        List.of(of.p95Ms(), of.p95Ms() / plain.p95Ms(), of.longTasks(), of.longestMs()));
  }

  /// Those of one step; the other's columns stay empty.
  private static Map<String, Double> figures(List<String> names, List<Double> values) {
    Map<String, Double> figures = new LinkedHashMap<>();
    Stream.concat(OF_A_VISIT.stream(), OF_READING.stream())
        .forEach(name -> figures.put(name, Double.NaN));
    for (int i = 0; i < names.size(); i++) {
      figures.put(names.get(i), values.get(i));
    }
    return figures;
  }

  private static double number(Object value) {
    return ((Number) value).doubleValue();
  }
}
