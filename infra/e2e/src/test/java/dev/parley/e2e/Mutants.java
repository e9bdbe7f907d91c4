package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.SimpleFileServer;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Shows that tests catch a client that does something wrong. Each mutant is one small change to a
/// copy of a client: it must still apply, and problems must be found that are not found without it.
/// They are found by a few schedules of [RecoveryTest]. Where those would find them only on a fast
/// machine, or not at all, one test of `web/test` does.
///
/// Its name keeps it out of `mvn verify`, for it takes minutes: `-Dtest=Mutants` runs it.
class Mutants {
  private static final Path JAVA = Path.of("..", "client", "src", "main", "java");
  private static final Path JAVA_CLIENT = Path.of("dev", "parley", "client");

  private static final int SCHEDULES = 5;

  /// A mutant is caught by problems that last as long as this once faults have stopped. Without a
  /// mutant none do.
  private static final int PATIENCE_S = 10;

  private static final double PAGE_MS_MAX = 180_000;

  /// Finds problems that a client makes.
  private sealed interface Check {}

  /// @param seed which chooses what goes wrong
  private record Schedules(long seed) implements Check {}

  /// @param only the name of the test
  private record InPage(String only) implements Check {}

  private static final Schedules NETWORK = new Schedules(1);
  private static final Schedules FUNCTIONS = new Schedules(2);
  private static final Schedules PUSHES = new Schedules(5);

  @TempDir private Path copies = Path.of("");

  /// Two runs at a time: they wait more than they work.
  private final ExecutorService executor = Executors.newFixedThreadPool(2);

  /// A change to a client.
  ///
  /// @param does what it does wrong
  /// @param file whose name tells which client it belongs to
  /// @param original which stands in the file once
  private record Mutant(String does, String file, String original, String changed, Check check) {
    boolean isJava() {
      return file.endsWith(".java");
    }
  }

  private static final List<Mutant> MUTANTS =
      List.of(
          new Mutant(
              "repairs no gap",
              "membership.js",
              "if (hasGap(this.room.stretch)) this.#repairTimer",
              "if (false) this.#repairTimer",
              PUSHES),
          new Mutant(
              "lets a message that is ahead of its time move the watermark",
              "chain.js",
              "if (timestamp <= this.#limit) this.#watermark",
              "this.#watermark",
              PUSHES),
          new Mutant(
              "sends each attempt with another id",
              "sender.js",
              "{ action: 'sendMessage', room: name, id, message, after }",
              "{ action: 'sendMessage', room: name, id: id.slice(16) + Date.now(), message, after"
                  + " }",
              FUNCTIONS),
          new Mutant(
              "does not send after a reload what was written before",
              "sender.js",
              "const drafts = this.#around.outbox.list(name, Date.now());",
              "const drafts = [];",
              NETWORK),
          new Mutant(
              "ignores the heads that a pong tells",
              "pings.js",
              "else if (isTimestamp(head)) membership.apply({ type: 'head', head });",
              "",
              new InPage("aLostLastPushIsFoundByAPing")),
          new Mutant(
              "does not join again where a pong says that it is no member",
              "pings.js",
              "if (head === null) membership.enter();",
              "if (head === null) continue;",
              new InPage("aForgottenMembershipIsRenewed")),
          new Mutant(
              "lets a busy room postpone the looks at the others",
              "pings.js",
              "membership.looks.heardAt = performance.now();",
              "for (const m of this.#live()) m.looks.heardAt = performance.now();",
              new InPage("aBusyRoomDoesNotPostponeTheLooksAtAQuietOne")),
          new Mutant(
              "takes the late timers of a hidden page for a sleep",
              "hints.js",
              "this.attention === 'hidden' ? tickHiddenMs : tickMs",
              "tickMs",
              new InPage("aHiddenPageGoesStraightToTheLongestWait")),
          new Mutant(
              "believes that nothing was handed out before an event without a prev",
              "chain.js",
              "prev === null ? (this.#watermark ?? 0) === 0 :",
              "prev === null ? true :",
              new InPage("anEventWithoutAPrevLeavesAGapOnceSomethingWasSaid")),
          new Mutant(
              "shows a message twice that is pushed twice",
              "stretch.js",
              "m.timestamp >= from && !has(messages, m.timestamp)",
              "m.timestamp >= from",
              new InPage("liveMessagesAreShownInOrderOfTheirTimestampsEachOnce")),
          new Mutant(
              "sends without the newest timestamp that it knows",
              "sender.js",
              "const after = seen === 0 ? undefined : seen;",
              "const after = undefined;",
              new InPage("aMessageFromTheFutureDoesNotStopSends")),
          new Mutant(
              "repairs no gap",
              "Room.java",
              "if (joined != connection || !timeline.hasGap()) {",
              "if (true) {",
              PUSHES),
          new Mutant(
              "lets a message that is ahead of its time move the watermark",
              "Timeline.java",
              "if (timestamp <= limit) {\n      watermark",
              "if (true) {\n      watermark",
              PUSHES),
          new Mutant(
              "sends each attempt with another id",
              "Sender.java",
              "fields.put(\"id\", send.id());",
              "fields.put(\"id\", send.id() + System.nanoTime());",
              FUNCTIONS));

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  @TestFactory
  Stream<DynamicTest> eachMutantIsCaughtAndNothingIsWithoutOne() {
    List<DynamicTest> tests = new ArrayList<>();
    MUTANTS.stream()
        .map(Mutant::check)
        .distinct()
        .forEach(check -> tests.add(test("no mutant, " + check, () -> verifyPasses(check))));
    for (Mutant mutant : MUTANTS) {
      tests.add(test(mutant.file() + " " + mutant.does(), () -> verifyIsCaught(mutant)));
    }
    return tests.stream();
  }

  private DynamicTest test(String name, Callable<@Nullable Void> run) {
    Future<@Nullable Void> outcome = executor.submit(run);
    return DynamicTest.dynamicTest(
        name,
        () -> {
          try {
            outcome.get();
          } catch (ExecutionException e) {
            throw requireNonNull(e.getCause());
          }
        });
  }

  private @Nullable Void verifyPasses(Check check) throws Exception {
    Outcome outcome = run(check, List.of(), TestCloud.SITE, 0.5);
    assertEquals(Recovery.NO_PROBLEMS, outcome.status(), outcome.output());
    return null;
  }

  private @Nullable Void verifyIsCaught(Mutant mutant) throws Exception {
    Path copy = Files.createTempDirectory(copies, "mutant");
    Outcome outcome;
    if (mutant.isJava()) {
      copy(JAVA, copy);
      apply(mutant, copy.resolve(JAVA_CLIENT));
      outcome = run(mutant.check(), List.of(compile(copy)), TestCloud.SITE, 1);
    } else {
      copy(TestCloud.SITE, copy);
      apply(mutant, copy.resolve("client"));
      outcome = run(mutant.check(), List.of(), copy, 0);
    }
    assertEquals(
        Recovery.PROBLEMS,
        outcome.status(),
        "%s %s, and is not caught: %s".formatted(mutant.file(), mutant.does(), outcome.output()));
    return null;
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        Files.createDirectories(requireNonNull(target.getParent()));
        Files.copy(file, target);
      }
    }
  }

  private static void apply(Mutant mutant, Path folder) throws IOException {
    Path file = folder.resolve(mutant.file());
    String source = Files.readString(file);
    int times = source.split(Pattern.quote(mutant.original()), -1).length - 1;
    assertEquals(1, times, mutant.file() + " holds `" + mutant.original() + "`");
    Files.writeString(file, source.replace(mutant.original(), mutant.changed()));
  }

  /// @return the folder of the classes
  private static Path compile(Path sources) throws IOException {
    Path classes = Files.createDirectory(sources.resolve("classes"));
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (Stream<Path> files = Files.list(sources.resolve(JAVA_CLIENT));
        StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, UTF_8)) {
      List<String> options =
          List.of("-d", classes.toString(), "-proc:none", "-classpath", classPath());
      boolean compiled =
          compiler
              .getTask(
                  null,
                  manager,
                  null,
                  options,
                  null,
                  manager.getJavaFileObjectsFromPaths(files.toList()))
              .call();
      assertEquals(true, compiled, "it does not compile");
    }
    return classes;
  }

  private static String classPath() {
    return System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
  }

  private record Outcome(int status, String output) {}

  private static Outcome run(Check check, List<Path> classes, Path site, double javaShare)
      throws Exception {
    return switch (check) {
      case Schedules schedules -> recover(classes, site, javaShare, schedules.seed());
      case InPage test -> open(site, test.only());
    };
  }

  /// Opens the page of tests in a browser.
  private static Outcome open(Path site, String only) throws Exception {
    HttpServer server =
        SimpleFileServer.createFileServer(
            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
            site.toRealPath(),
            SimpleFileServer.OutputLevel.NONE);
    server.start();
    try (Playwright playwright = TestBrowser.playwright()) {
      Page page = TestBrowser.launch(playwright).newPage();
      page.navigate(
          "http://127.0.0.1:%d/test/index.html?only=%s"
              .formatted(server.getAddress().getPort(), only));
      page.waitForSelector(
          "body:not([data-result=running])",
          new Page.WaitForSelectorOptions().setTimeout(PAGE_MS_MAX));
      boolean passed = page.locator("body").getAttribute("data-result").equals("passed");
      return new Outcome(
          passed ? Recovery.NO_PROBLEMS : Recovery.PROBLEMS, page.locator("#report").innerText());
    } finally {
      server.stop(0);
    }
  }

  /// Goes through the schedules in a process of its own.
  ///
  /// @param classes that take the place of those on the class path
  private static Outcome recover(List<Path> classes, Path site, double javaShare, long seed)
      throws IOException, InterruptedException {
    String classPath =
        Stream.concat(classes.stream().map(Path::toString), Stream.of(classPath()))
            .collect(Collectors.joining(System.getProperty("path.separator")));
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-Daws.configFile=none",
            "-Daws.sharedCredentialsFile=none",
            "-classpath",
            classPath,
            Recovery.class.getName(),
            site.toString(),
            Double.toString(javaShare),
            Integer.toString(PATIENCE_S),
            Long.toString(seed),
            Integer.toString(SCHEDULES)));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (InputStream output = process.getInputStream()) {
      String printed = new String(output.readAllBytes(), UTF_8);
      return new Outcome(process.waitFor(), printed);
    } finally {
      process.destroy();
    }
  }
}
