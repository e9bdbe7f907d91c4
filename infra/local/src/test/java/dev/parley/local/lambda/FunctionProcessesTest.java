package dev.parley.local.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.amazonaws.services.lambda.crac.Core;
import com.amazonaws.services.lambda.crac.Resource;
import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.listeners.SegmentListener;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Logs;
import dev.parley.local.Wait;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Traces;
import dev.parley.local.xray.Tracing;
import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipException;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;
import org.slf4j.event.Level;

/// Handlers under AWS's own runtime interface client, and programs that are none.
@Timeout(120)
final class FunctionProcessesTest {
  /// What a function finds in its environment: Lambda's, the template's, and a local service's.
  static final Set<String> ENVIRONMENT =
      Set.of(
          "AWS_ACCESS_KEY_ID",
          "AWS_CONFIG_FILE", // as the next two, so that nothing of this machine counts
          "AWS_EC2_METADATA_DISABLED",
          "AWS_SHARED_CREDENTIALS_FILE",
          "AWS_DEFAULT_REGION",
          "AWS_EXECUTION_ENV",
          "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
          "AWS_LAMBDA_FUNCTION_NAME",
          "AWS_LAMBDA_FUNCTION_VERSION",
          "AWS_LAMBDA_INITIALIZATION_TYPE",
          "AWS_LAMBDA_LOG_GROUP_NAME",
          "AWS_LAMBDA_LOG_STREAM_NAME",
          "AWS_LAMBDA_RUNTIME_API",
          "AWS_REGION",
          "AWS_SECRET_ACCESS_KEY",
          "AWS_SESSION_TOKEN",
          "AWS_XRAY_CONTEXT_MISSING",
          "LAMBDA_TASK_ROOT",
          "LANG",
          "NO_PROXY", // a local service's
          "OF_THE_TEMPLATE",
          "PATH",
          "TZ",
          "_HANDLER");

  /// Where this class and its handlers are: a function's folder as any other.
  private static final Path CODE = folderOf(FunctionProcessesTest.class);

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static ProcessHost host;

  private final List<LocalFunction> functions = new ArrayList<>();
  private final MetricStore metrics = new MetricStore();

  @BeforeAll
  static void start() throws IOException {
    host = new ProcessHost(Fence.closed());
  }

  @AfterAll
  static void stop() throws Exception {
    host.close();
    assertFalse(Files.exists(host.folder()), "it is removed");
  }

  @AfterEach
  void close() {
    functions.forEach(LocalFunction::close);
  }

  private static Path folderOf(Class<?> type) {
    return Path.of(
        URI.create(
            requireNonNull(type.getProtectionDomain().getCodeSource()).getLocation().toString()));
  }

  // ---- Java

  public static final class Reporting implements RequestHandler<Map<String, String>, Object> {
    private int invocations;

    @Override
    public Map<String, Object> handleRequest(Map<String, String> event, Context context) {
      return Map.of(
          "event", event,
          "invocations", ++invocations,
          "process", ProcessHandle.current().pid(),
          "name", context.getFunctionName(),
          "arn", context.getInvokedFunctionArn(),
          "memory", context.getMemoryLimitInMB(),
          "remaining", context.getRemainingTimeInMillis(),
          "trace", String.valueOf(System.getProperty("com.amazonaws.xray.traceHeader")),
          "environment", System.getenv());
    }
  }

  @Test
  void aProcessServesOneInvocationAfterTheOther() throws Exception {
    LocalFunction function = java(Reporting.class, false, Faults.none());

    JsonNode first = report(function, "{\"a\":\"ä\"}");
    JsonNode second = report(function, "{}");

    assertEquals("{\"a\":\"ä\"}", first.path("event").toString());
    assertEquals("f", first.path("name").asText());
    assertEquals("arn:aws:lambda:us-east-1:000000000000:function:f", first.path("arn").asText());
    assertEquals(512, first.path("memory").asInt());
    int remaining = first.path("remaining").asInt();
    assertTrue(remaining > 0 && remaining <= 20_000, remaining + " ms");
    assertTrue(
        first.path("trace").asText().matches("Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0"),
        first.path("trace").asText());
    assertNotEquals(first.path("trace"), second.path("trace"));
    assertEquals(first.path("process"), second.path("process"));
    assertEquals(2, second.path("invocations").asInt());
  }

  @Test
  void itsEnvironmentIsTheTemplatesAndWhatLambdaSets() throws Exception {
    JsonNode environment =
        report(java(Reporting.class, false, Faults.none()), "{}").path("environment");

    Set<String> names = new TreeSet<>();
    environment.fieldNames().forEachRemaining(names::add);
    assertEquals(ENVIRONMENT, names);
    assertEquals("yes", environment.path("OF_THE_TEMPLATE").asText());
    assertEquals(":UTC", environment.path("TZ").asText());
    assertEquals("on-demand", environment.path("AWS_LAMBDA_INITIALIZATION_TYPE").asText());
    assertEquals("AWS_Lambda_java25", environment.path("AWS_EXECUTION_ENV").asText());
    assertEquals(CODE.toString(), environment.path("LAMBDA_TASK_ROOT").asText());
  }

  /// "Defined runtime environment variables", Lambda developer guide: they are not reserved.
  @Test
  void aTemplateMayGiveAFunctionItsOwnPathLanguageAndTimeZone() throws Exception {
    Map<String, String> own =
        Map.of("PATH", "/opt/bin:/usr/bin:/bin", "LANG", "C.UTF-8", "TZ", "Europe/Berlin");
    LocalFunction function =
        java(
            Reporting.class,
            false,
            Faults.none(),
            new Limits(1, Duration.ofMinutes(1)),
            20,
            own,
            Tracing.off());

    JsonNode environment = report(function, "{}").path("environment");

    own.forEach((name, value) -> assertEquals(value, environment.path(name).asText(), name));
  }

  /// What a template must set is set by nobody else: whoever forgets it is to see that here.
  @Test
  void theCommandOfAFunctionNamesNoHooks() {
    assertFalse(host.java().command("A::b", 512).toString().contains("crac"));
  }

  public static final class Failing implements RequestHandler<String, String> {
    @Override
    public String handleRequest(String event, Context context) {
      if (event.startsWith("exit ")) {
        Runtime.getRuntime().halt(Integer.parseInt(event.substring(5)));
      }
      if (event.equals("sleep")) {
        while (true) {
          Thread.onSpinWait(); // and heeds no interrupt
        }
      }
      if (event.equals("long")) {
        return "x".repeat(RuntimeApi.PAYLOAD_BYTES_MAX);
      }
      if (event.equals("memory")) {
        throw new OutOfMemoryError("none left");
      }
      if (event.equals("process")) {
        return Long.toString(ProcessHandle.current().pid());
      }
      throw new IllegalStateException(event);
    }
  }

  @Test
  void anExceptionIsReportedWithItsClassAndTheProcessIsUsedAgain() {
    LocalFunction function = java(Failing.class, false, Faults.none());
    String process = invoke(function, "\"process\"");

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "\"no\""));

    assertEquals("java.lang.IllegalStateException", error.errorType());
    assertEquals("no", error.getMessage());
    assertEquals(process, invoke(function, "\"process\""));
  }

  @Test
  void aProcessThatEndsFailsItsInvocationAndTheNextHasANewOne() {
    LocalFunction function = java(Failing.class, false, Faults.none());
    String process = invoke(function, "\"process\"");

    assertEnds(function, "exit 3", "Runtime exited with error: exit status 3");
    String next = invoke(function, "\"process\"");
    assertNotEquals(process, next);
    assertEnds(function, "exit 0", "Runtime exited without providing a reason");
  }

  private static void assertEnds(LocalFunction function, String event, String how) {
    FunctionError error =
        assertThrows(FunctionError.class, () -> invoke(function, "\"" + event + "\""));
    assertEquals("Runtime.ExitError", error.errorType());
    assertTrue(
        String.valueOf(error.getMessage()).matches("RequestId: [0-9a-f-]{36} Error: " + how),
        error.getMessage());
  }

  @Test
  void anInvocationThatTakesTooLongIsKilledWithItsProcess() {
    LocalFunction function =
        java(Failing.class, false, Faults.none(), new Limits(1, Duration.ofMinutes(1)), 5);
    ProcessHandle process = ProcessHandle.of(number(invoke(function, "\"process\""))).orElseThrow();

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "\"sleep\""));

    assertEquals("Sandbox.Timedout", error.errorType());
    assertTrue(
        String.valueOf(error.getMessage()).endsWith("Task timed out after 5.00 seconds"),
        error.getMessage());
    process.onExit().join();
    assertNotEquals(process.pid(), number(invoke(function, "\"process\"")));
  }

  @Test
  void aFunctionThatIsKilledByAFaultIsKilledIndeed() {
    Faults faults = new Faults(FaultPlan.parse("function.killed.at.end=1"));
    LocalFunction function = java(Failing.class, false, faults);

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "\"process\""));
    faults.stop();

    assertEquals("Runtime.ExitError", error.errorType());
    assertTrue(String.valueOf(error.getMessage()).endsWith("signal: killed"), error.getMessage());
    assertFalse(invoke(function, "\"process\"").isEmpty());
  }

  /// AWS's client ends behind a result that was refused, and behind an error of the JVM itself.
  @Test
  void aProcessThatEndsBehindItsAnswerGetsNoFurtherInvocation() {
    assertEndsBehindCertainAnswers(java(Failing.class, false, Faults.none()));
  }

  private static void assertEndsBehindCertainAnswers(LocalFunction function) {
    Map<String, String> failures =
        Map.of("long", "Function.ResponseSizeTooLarge", "memory", "java.lang.OutOfMemoryError");
    String process = invoke(function, "\"process\"");

    for (Map.Entry<String, String> failure : failures.entrySet()) {
      FunctionError error =
          assertThrows(FunctionError.class, () -> invoke(function, "\"" + failure.getKey() + "\""));
      assertEquals(failure.getValue(), error.errorType());
      String next = invoke(function, "\"process\"");
      assertNotEquals(process, next, failure.getKey());
      process = next;
    }
  }

  /// As on a machine for which AWS has none.
  @Test
  void theClientDoesTheSameWithoutItsNativePart(@TempDir Path folder) throws Exception {
    LocalFunction reporting = function(commandWithoutNativePart(folder, Reporting.class), false);
    JsonNode first = report(reporting, "{\"a\":\"ä\"}");
    JsonNode second = report(reporting, "{}");
    assertEquals("{\"a\":\"ä\"}", first.path("event").toString());
    assertEquals("arn:aws:lambda:us-east-1:000000000000:function:f", first.path("arn").asText());
    int remaining = first.path("remaining").asInt();
    assertTrue(remaining > 0 && remaining <= 20_000, remaining + " ms");
    assertTrue(first.path("trace").asText().startsWith("Root=1-"), first.path("trace").asText());
    assertEquals(first.path("process"), second.path("process"));

    LocalFunction failing = function(commandWithoutNativePart(folder, Failing.class), false);
    assertThrows(FunctionError.class, () -> invoke(failing, "\"no\""));
    assertEndsBehindCertainAnswers(failing);
  }

  private static List<String> commandWithoutNativePart(Path folder, Class<?> handler)
      throws IOException {
    Path own = Files.createTempDirectory(folder, "java-");
    List<String> command =
        new ArrayList<>(new JavaRuntime(own, null).command(handler.getName(), 512));
    command.add(1, "-D" + JavaRuntime.NATIVE_PART + "=/none"); // it ends where it is loaded
    return command;
  }

  @Test
  void aProcessThatIsToEndGetsNoFurtherInvocation() throws Exception {
    FunctionProcess process =
        FunctionProcess.start(
            host,
            new Program("f", List.of("sleep", "1000"), CODE, false),
            Map.of("PATH", "/usr/bin:/bin"),
            line -> {});
    assertTrue(process.take());

    process.end(); // which takes the system a moment

    assertFalse(process.take());
    assertFalse(process.release());
  }

  @Test
  void aTraceHasWhatWasThrownInTheProcess() throws Exception {
    Tracing tracing = new Tracing(new Traces(), 1, new Random(1)).collectFromThisProcess();
    List<String> segments = new CopyOnWriteArrayList<>();
    AWSXRay.getGlobalRecorder()
        .addSegmentListener(
            new SegmentListener() {
              @Override
              public void beforeEndSegment(Segment segment) {
                segments.add(segment.serialize());
              }
            });
    LocalFunction function =
        java(
            Failing.class,
            false,
            Faults.none(),
            new Limits(1, Duration.ofMinutes(1)),
            20,
            Map.of(),
            tracing);

    assertThrows(FunctionError.class, () -> invoke(function, "\"no\""));

    JsonNode thrown = Json.MAPPER.readTree(segments.getFirst()).at("/cause/exceptions/0");
    assertEquals("java.lang.IllegalStateException", thrown.path("type").asText());
    assertEquals("no", thrown.path("message").asText());
    assertEquals(
        "FunctionProcessesTest.handleRequest",
        thrown.at("/stack/0/label").asText(),
        segments::toString);
  }

  @Test
  void atMostSoManyProcessesAreAtWorkAndTheyEndOnceTheyAreIdle() throws Exception {
    LocalFunction function =
        java(Reporting.class, false, Faults.none(), new Limits(2, Duration.ofSeconds(1)), 20);
    Set<Long> processes = new TreeSet<>();

    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<JsonNode>> reports = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        reports.add(threads.submit(() -> report(function, "{}")));
      }
      for (Future<JsonNode> report : reports) {
        processes.add(report.get().path("process").asLong());
      }
    }

    assertEquals(2, processes.size(), processes.toString());
    for (long process : processes) {
      ProcessHandle.of(process).ifPresent(handle -> handle.onExit().join());
    }
    assertFalse(processes.contains(report(function, "{}").path("process").asLong()));
  }

  public static final class FailingConstructor implements RequestHandler<String, String> {
    public FailingConstructor() {
      throw new UnsupportedOperationException("not here");
    }

    @Override
    public String handleRequest(String event, Context context) {
      return event;
    }
  }

  @Test
  void whatCannotBeInitialisedFailsEveryInvocation() {
    LocalFunction function = java(FailingConstructor.class, false, Faults.none());

    for (int i = 0; i < 2; i++) {
      FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "\"\""));
      assertEquals("java.lang.UnsupportedOperationException", error.errorType());
      assertTrue(String.valueOf(error.getMessage()).endsWith("not here"), error.getMessage());
    }
  }

  public static final class Printing implements RequestHandler<String, String> {
    @Override
    public String handleRequest(String event, Context context) {
      System.out.println(
          "{\"_aws\":{\"Timestamp\":"
              + System.currentTimeMillis()
              + ",\"CloudWatchMetrics\":[{\"Namespace\":\"N\",\"Dimensions\":[[]],"
              + "\"Metrics\":[{\"Name\":\"Printed\",\"Unit\":\"Count\"}]}]},\"Printed\":7}");
      System.out.println("{\"level\":\"INFO\"}");
      System.out.println("a line to read");
      System.err.println("an error to read");
      context.getLogger().log(event);
      return event;
    }
  }

  @Test
  void itsLinesArePrintedHereAndItsMetricsKept() {
    PrintStream console = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    System.setOut(new PrintStream(printed, true, UTF_8));
    try {
      FunctionOutput.install();

      LocalFunction function =
          java(
              Printing.class,
              false,
              Faults.none(),
              new Limits(1, Duration.ofMinutes(1)),
              20,
              Map.of("JAVA_TOOL_OPTIONS", "-Da=b"),
              Tracing.off());
      invoke(function, "\"a line without an end\"");
      Wait.until(() -> printed.toString(UTF_8).contains("a line without an end\n"));
      Wait.until(() -> metrics.json().contains("Printed"));
      List<String> lines = printed.toString(UTF_8).lines().sorted().toList();
      assertEquals(
          List.of(
              "f: a line to read",
              "f: a line without an end",
              "f: an error to read",
              "{\"level\":\"INFO\"}"),
          lines);

      invoke(function, "\"{an object: {without an end}}\"");
      Wait.until(() -> printed.toString(UTF_8).contains("\n{an object: {without an end}}\n"));
    } finally {
      System.setOut(console);
    }
  }

  // ---- SnapStart

  public static final class Snapped implements RequestHandler<String, Object>, Resource {
    private final List<String> told = new ArrayList<>();

    public Snapped() {
      Core.getGlobalContext().register(this);
    }

    @Override
    public void beforeCheckpoint(
        com.amazonaws.services.lambda.crac.Context<? extends Resource> context) {
      told.add("before checkpoint");
    }

    @Override
    public void afterRestore(
        com.amazonaws.services.lambda.crac.Context<? extends Resource> context) {
      told.add("after restore");
      if ("fail".equals(System.getenv("OF_THE_TEMPLATE"))) {
        throw new IllegalStateException("not restored");
      }
    }

    @Override
    public List<String> handleRequest(String event, Context context) {
      told.add(String.valueOf(System.getenv("AWS_LAMBDA_INITIALIZATION_TYPE")));
      told.add(String.valueOf(System.getenv("AWS_ACCESS_KEY_ID")));
      try {
        HttpURLConnection keys =
            (HttpURLConnection)
                URI.create(System.getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"))
                    .toURL()
                    .openConnection();
        keys.setRequestProperty(
            "Authorization", System.getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
        try (BufferedReader lines =
            new BufferedReader(new InputStreamReader(keys.getInputStream(), UTF_8))) {
          told.add(lines.readLine().replaceFirst("\"Expiration.*", ""));
        }
      } catch (IOException e) {
        told.add(e.toString());
      }
      return told;
    }
  }

  @Test
  void underSnapStartTheHooksRunAndKeysAreFetched() {
    assertEquals(
        "[\"before checkpoint\",\"after restore\",\"snap-start\",\"null\","
            + "\"{\\\"AccessKeyId\\\":\\\"local\\\",\\\"SecretAccessKey\\\":\\\"local\\\","
            + "\\\"Token\\\":\\\"local\\\",\"]",
        invoke(java(Snapped.class, true, Faults.none()), "\"\""));
  }

  @Test
  void aFunctionThatCannotBeRestoredFailsItsInvocation() {
    LocalFunction function =
        java(
            Snapped.class,
            true,
            Faults.none(),
            new Limits(1, Duration.ofMinutes(1)),
            20,
            Map.of("OF_THE_TEMPLATE", "fail"),
            Tracing.off());

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "\"\""));

    assertEquals("com.amazonaws.services.lambda.crac.RestoreException", error.errorType());
  }

  // ---- Programs in other languages

  @Test
  void aProgramThatIsNoRuntimeFailsItsInvocation() {
    LocalFunction function = function(List.of("/bin/sh", "-c", "exit 5"), false);

    FunctionError error = assertThrows(FunctionError.class, () -> invoke(function, "{}"));

    assertEquals("Runtime.ExitError", error.errorType());
    assertEquals("Error: Runtime exited with error: exit status 5", error.getMessage());
  }

  @Test
  void aFunctionThatIsClosedLeavesNoProcessAndGivesUpTheOneThatStarts() throws Exception {
    Path told = Files.createTempFile("process", "");
    LocalFunction function =
        function(List.of("/bin/sh", "-c", "echo $$ > " + told + "; exec sleep 1000"), false);
    FutureTask<FunctionError> invoking =
        new FutureTask<>(() -> assertThrows(FunctionError.class, () -> invoke(function, "{}")));
    Thread.startVirtualThread(invoking);
    Wait.until(() -> !Files.readString(told).isBlank());
    ProcessHandle process = ProcessHandle.of(number(Files.readString(told).strip())).orElseThrow();

    function.close();

    process.onExit().join();
    assertTrue(invoking.get().isStopped(), invoking.get().errorType());
    Files.delete(told);
  }

  /// As a script does that starts its runtime and waits for it.
  @Test
  void whatAFunctionHasStartedEndsWithIt() throws Exception {
    for (String then : List.of("wait", "exit 3")) {
      Path told = Files.createTempFile("process", "");
      LocalFunction function =
          function(List.of("/bin/sh", "-c", "sleep 1000 & echo $! > " + told + "; " + then), false);
      Thread invoking =
          Thread.startVirtualThread(
              () -> assertThrows(FunctionError.class, () -> invoke(function, "{}")));
      Wait.until(() -> !Files.readString(told).isBlank());
      long child = number(Files.readString(told).strip());

      function.close();

      // After `exit` it may have ended long before.
      ProcessHandle.of(child).ifPresent(process -> process.onExit().join());
      invoking.join();
      Files.delete(told);
    }
  }

  /// Perl's, too, where another one would be taken.
  @ParameterizedTest
  @FieldSource("dev.parley.local.lambda.ProcessHost#SESSION_STARTERS")
  void aSessionIsBegunByTheProcessThatBecomesTheProgram(List<String> starter) throws Exception {
    assumeFalse(Programs.named(starter.getFirst(), Programs.PATH).isEmpty());
    Process process =
        new ProcessBuilder(
                Stream.concat(
                        starter.stream(),
                        Stream.of("/bin/sh", "-c", "echo $$ \"$1\"; kill -0 -$$", "sh", "a  b"))
                    .toList())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();

    assertEquals(process.pid() + " a  b", process.inputReader(UTF_8).readLine());
    assertEquals(0, process.waitFor(), "it leads a group");
  }

  /// Starts a program that would go on for long, and says which.
  static final class Cloud {
    private Cloud() {}

    public static void main(String[] arguments) throws Exception {
      ProcessHost host = new ProcessHost(Fence.closed());
      FunctionProcess process =
          FunctionProcess.start(
              host,
              new Program(
                  "f",
                  List.of("/bin/sh", "-c", "trap '' TERM; sleep 1000 & echo $$ $!; wait"),
                  CODE,
                  false),
              Map.of("PATH", "/usr/bin:/bin"),
              processes -> System.out.println(host.folder() + " " + processes));
      process.initialize();
    }
  }

  @Test
  void processesEndAndTheirFolderIsRemovedWhenTheLocalCloudIsKilled() throws Exception {
    Process cloud =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Cloud.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String[] told = cloud.inputReader(UTF_8).readLine().split(" ", -1);
    Path folder = Path.of(told[0]);
    assertTrue(Files.exists(folder));
    List<ProcessHandle> processes =
        Stream.of(told).skip(1).map(p -> ProcessHandle.of(number(p)).orElseThrow()).toList();
    assertEquals(2, processes.size());

    cloud.destroyForcibly().waitFor();

    processes.forEach(process -> process.onExit().join());
    Wait.until(() -> !Files.exists(folder));
  }

  // ---- Packages

  @Test
  void aPackageIsUnpackedOnceAndOnlyIntoItsFolder(@TempDir Path folder) throws Exception {
    Path good = zip(folder.resolve("good.zip"), "lib/a.txt");
    Path bad = zip(folder.resolve("bad.zip"), "../a.txt");

    Path root = host.unpack(good);

    assertEquals("text", Files.readString(root.resolve("lib/a.txt")));
    assertEquals(root, host.unpack(good));
    assertEquals(folder, host.unpack(folder));
    assertThrows(ZipException.class, () -> host.unpack(bad));
    assertThrows(
        ZipException.class, () -> host.unpack(Files.writeString(folder.resolve("no.zip"), "no")));
  }

  /// A program, or a script that starts it.
  @Test
  void whatIsExecutableInAPackageIsSoWhenItIsUnpacked(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("executable.zip");
    Map<String, ?> options = Map.of("create", true, "enablePosixFileAttributes", true);
    try (FileSystem zip = FileSystems.newFileSystem(file, options)) {
      for (String permissions : List.of("rwxr-xr-x", "rw-r--r--")) {
        Path entry = Files.writeString(zip.getPath(permissions), "text");
        Files.setPosixFilePermissions(entry, PosixFilePermissions.fromString(permissions));
      }
    }

    Path root = host.unpack(file);

    for (String permissions : List.of("rwxr-xr-x", "rw-r--r--")) {
      assertEquals(
          permissions,
          PosixFilePermissions.toString(Files.getPosixFilePermissions(root.resolve(permissions))));
    }
    Path plain = host.unpack(zip(folder.resolve("plain.zip"), "a.txt"));
    assertFalse(Files.isExecutable(plain.resolve("a.txt")), "a package that says nothing of it");
  }

  /// It may be older than what was compiled since.
  @Test
  void whenAPackageWasMadeIsLoggedOnce(@TempDir Path folder) throws Exception {
    Path file = zip(folder.resolve("old.zip"), "a.txt");
    Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-11-01T00:00:00Z")));

    List<String> lines;
    try (Logs.Listening log = Logs.listen()) {
      host.unpack(file);
      host.unpack(file);
      lines = log.lines(Level.INFO);
    }

    assertEquals(1, lines.size(), lines.toString());
    assertTrue(
        lines.getFirst().endsWith(file + " was packaged at 2026-11-01T00:00:00Z"),
        lines.getFirst());
  }

  private static Path zip(Path file, String entry) throws IOException {
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
      zip.putNextEntry(new ZipEntry(entry));
      zip.write("text".getBytes(UTF_8));
    }
    return file;
  }

  // ---- What they have in common

  private LocalFunction java(Class<?> handler, boolean snapStart, Faults faults) {
    return java(handler, snapStart, faults, new Limits(2, Duration.ofMinutes(1)), 20);
  }

  private LocalFunction java(
      Class<?> handler, boolean snapStart, Faults faults, Limits limits, int timeoutSeconds) {
    return java(
        handler,
        snapStart,
        faults,
        limits,
        timeoutSeconds,
        Map.of("OF_THE_TEMPLATE", "yes"),
        Tracing.off());
  }

  private LocalFunction java(
      Class<?> handler,
      boolean snapStart,
      Faults faults,
      Limits limits,
      int timeoutSeconds,
      Map<String, String> environment,
      Tracing tracing) {
    List<String> command = host.java().command(handler.getName(), 512);
    return function(
        new Program("f", command, CODE, snapStart),
        handler.getName(),
        faults,
        limits,
        timeoutSeconds,
        environment,
        tracing);
  }

  private LocalFunction function(List<String> command, boolean snapStart) {
    return function(
        new Program("f", command, CODE, snapStart),
        "none",
        Faults.none(),
        new Limits(1, Duration.ofMinutes(1)),
        20,
        Map.of(),
        Tracing.off());
  }

  private LocalFunction function(
      Program program,
      String handler,
      Faults faults,
      Limits limits,
      int timeoutSeconds,
      Map<String, String> ofTheTemplate,
      Tracing tracing) {
    Map<String, String> environment = new HashMap<>(ofTheTemplate);
    environment.putAll(LocalClients.environment());
    environment.put("AWS_LAMBDA_FUNCTION_NAME", program.name());
    environment.put("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
    FunctionProcesses.addWhatLambdaSets(environment, program, handler, "java25", null);
    LocalFunction function =
        new LocalFunction(
            program.name(),
            null,
            new FunctionProcesses(host, program, limits, metrics),
            environment,
            Duration.ofSeconds(timeoutSeconds),
            faults,
            null,
            tracing,
            metrics);
    functions.add(function);
    return function;
  }

  private static JsonNode report(LocalFunction function, String event) throws IOException {
    return Json.MAPPER.readTree(invoke(function, event));
  }

  private static long number(String text) {
    return Long.parseLong(text.replace("\"", ""));
  }

  private static String invoke(LocalFunction function, String event) {
    return new String(function.invoke(event.getBytes(UTF_8)), UTF_8);
  }
}
