package dev.parley.local.lambda;

import com.amazonaws.xray.entities.TraceID;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A function in a process of its own, which serves one invocation at a time. What it runs is a
/// client of the Lambda Runtime API in any language.
///
/// ```java
/// FunctionProcess process = FunctionProcess.start(host, program, environment, line -> {});
/// process.initialize(); // until it asks for an event, or under SnapStart for its restore
/// process.restore(); // under SnapStart: until it asks for an event
/// byte[] result = process.call(event, Duration.ofSeconds(10));
/// ```
///
/// A process that ends during an invocation fails it, as on AWS: `Runtime.ExitError`, "Runtime
/// exited with error: exit status 1".
///
/// Safe for use by many threads.
public final class FunctionProcess implements Instance {
  /// `Unlike AWS:` where initialisation has 10 s, and is tried again within the first invocation
  /// ("Understanding the Lambda execution environment lifecycle"): on a laptop many may start at
  /// once. Under SnapStart AWS gives it 130 s or more.
  private static final Duration INITIALIZATION_MAX = Duration.ofSeconds(60);

  /// What is longer is printed as several lines: a function may print one without end. CloudWatch
  /// Logs takes events of up to 256 KB.
  static final int LINE_CHARACTERS_MAX = 256 * 1024;

  /// How long nothing more comes of a line that has no end.
  private static final Duration LINE_REST = Duration.ofMillis(200);

  private static final Logger LOG = LoggerFactory.getLogger(FunctionProcess.class);

  /// What is run.
  ///
  /// @param name the function's
  /// @param command a client of the Runtime API
  /// @param taskRoot its working directory
  /// @param snapStart whether it is told of SnapStart
  public record Program(String name, List<String> command, Path taskRoot, boolean snapStart) {}

  private final Program program;
  private final RuntimeApi api;
  private final Process process;
  private boolean taken = true;
  private boolean ended;
  private long releasedNanos;

  /// The invocation that it serves.
  private volatile @Nullable String requestId;

  private FunctionProcess(Program program, RuntimeApi api, Process process) {
    this.program = program;
    this.api = api;
    this.process = process;
  }

  /// Starts a process, taken for its first invocation.
  ///
  /// @param environment all of it, but for where the Runtime API is
  /// @param output gets each line that it prints, on one thread
  /// @throws IOException where it cannot be started
  public static FunctionProcess start(
      ProcessHost host, Program program, Map<String, String> environment, Consumer<String> output)
      throws IOException {
    RuntimeApi api = new RuntimeApi(host.eventLoops(), program.snapStart());
    Map<String, String> whole = new HashMap<>(environment);
    whole.put("AWS_LAMBDA_RUNTIME_API", api.address());
    if (program.snapStart()) {
      whole.put(
          "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://" + api.address() + RuntimeApi.CREDENTIALS);
      whole.put("AWS_CONTAINER_AUTHORIZATION_TOKEN", api.token());
    }
    Process process;
    try {
      process = host.start(program.command(), program.taskRoot(), whole);
    } catch (IOException e) {
      api.close();
      throw e;
    }
    FunctionProcess function = new FunctionProcess(program, api, process);
    Thread.ofVirtual().name(program.name() + " output").start(() -> read(process, output));
    var _ = process.onExit().thenRun(function::exited);
    return function;
  }

  private static void read(Process process, Consumer<String> output) {
    try (Reader printed = process.inputReader(StandardCharsets.UTF_8)) {
      StringBuilder line = new StringBuilder();
      for (int c = printed.read(); c >= 0; c = printed.read()) {
        boolean ends = c == '\n';
        if (!ends) {
          line.append((char) c);
        }
        if (ends || line.length() == LINE_CHARACTERS_MAX || isLeft(line, printed)) {
          accept(line, output);
        }
      }
      if (!line.isEmpty()) {
        accept(line, output);
      }
    } catch (IOException e) {
      LOG.debug("What process {} prints cannot be read", process.pid(), e);
    }
  }

  /// Whether a line has come to rest without an end, as Java's `LambdaLogger` leaves each. What is
  /// JSON is of use as a whole only.
  ///
  /// `Unlike AWS:` what is logged without an end in one rest is one line.
  private static boolean isLeft(StringBuilder line, Reader printed) throws IOException {
    if (line.charAt(0) == '{' && line.charAt(line.length() - 1) != '}') {
      return false;
    }
    long begun = System.nanoTime();
    while (!printed.ready() && System.nanoTime() - begun < LINE_REST.toNanos()) {
      LockSupport.parkNanos(LINE_REST.toNanos() / 10);
    }
    return !printed.ready();
  }

  private static void accept(StringBuilder line, Consumer<String> output) {
    int end = line.length();
    output.accept(line.substring(0, end > 0 && line.charAt(end - 1) == '\r' ? end - 1 : end));
    line.setLength(0);
  }

  private void exited() {
    api.end(FunctionError.exited(requestId, process.exitValue()));
    api.close();
  }

  /// The process's id, for whoever measures it.
  public long pid() {
    return process.pid();
  }

  /// Waits until it asks for its first event, or under SnapStart has run its hooks before the
  /// checkpoint.
  ///
  /// @throws FunctionError if it cannot be initialised; it has ended then
  public void initialize() {
    await(api.initialized());
  }

  /// Restores it, and waits until it asks for its first event.
  ///
  /// `Unlike AWS:` where a snapshot of it is restored, it just goes on.
  ///
  /// @throws FunctionError if it cannot be restored; it has ended then
  public void restore() {
    await(api.restore());
  }

  private void await(CompletableFuture<@Nullable Void> phase) {
    boolean done = false;
    try {
      // Its caller's interrupt does not call it off: see LocalFunction.
      var _ = phase.orTimeout(INITIALIZATION_MAX.toMillis(), TimeUnit.MILLISECONDS).join();
      done = true;
    } catch (CompletionException e) {
      if (e.getCause() instanceof FunctionError error) {
        throw error;
      }
      throw new FunctionError(
          "Sandbox.Timedout",
          "Error: Task timed out after %d.00 seconds".formatted(INITIALIZATION_MAX.toSeconds()));
    } finally {
      if (!done) {
        end();
      }
    }
  }

  @Override
  public synchronized boolean take() {
    taken = isUsable();
    return taken;
  }

  /// Serves an invocation that nobody traces, for whoever measures it.
  public byte[] call(byte[] event, Duration timeout) throws InterruptedException {
    return call(
        event,
        new LocalContext(
            program.name(),
            null,
            UUID.randomUUID().toString(),
            System.nanoTime() + timeout.toNanos(),
            "Root=" + TraceID.create() + ";Sampled=0"));
  }

  @Override
  public byte[] call(byte[] event, LocalContext context) throws InterruptedException {
    requestId = context.requestId();
    try {
      return api.invoke(event, context).get();
    } catch (ExecutionException e) {
      throw FunctionError.of(e.getCause() == null ? e : e.getCause());
    } finally {
      requestId = null;
    }
  }

  @Override
  public synchronized boolean release() {
    taken = false;
    releasedNanos = System.nanoTime();
    return isUsable();
  }

  /// A process that was killed is alive for a moment.
  private boolean isUsable() {
    return !ended && process.isAlive();
  }

  /// Ends it once it has not been taken for so long.
  void endWhenIdle(Duration idle) {
    long leftNanos;
    synchronized (this) {
      leftNanos = idle.toNanos() - (taken ? 0 : System.nanoTime() - releasedNanos);
      if (leftNanos <= 0) {
        end();
      }
    }
    if (process.isAlive() && leftNanos > 0) {
      CompletableFuture.delayedExecutor(leftNanos, TimeUnit.NANOSECONDS)
          .execute(() -> endWhenIdle(idle));
    }
  }

  /// Kills it, and what it has started.
  @Override
  public synchronized void end() {
    ended = true;
    process.destroyForcibly();
  }

  /// Hangs up where it waits for an event: its runtime then ends in order, as a JVM must that is to
  /// write an AOT cache.
  public void hangUp() {
    api.hangUp();
  }

  /// Done once it has ended.
  public CompletableFuture<?> ended() {
    return process.onExit();
  }

  @Override
  public String toString() {
    return program.name() + ", process " + process.pid();
  }
}
