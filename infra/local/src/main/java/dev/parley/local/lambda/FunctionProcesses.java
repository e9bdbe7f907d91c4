package dev.parley.local.lambda;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.lambda.FunctionProcess.Program;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.ManagedRuntime;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// The processes of one function, started when they are needed and ended when they are idle.
///
/// They have in their environment what the template gives, what Lambda sets, and where the local
/// services are; nothing of the shell's but `PATH`. What they print goes where the local cloud
/// prints, and metrics among it to the store. A line that is no JSON object says nothing of its
/// function, whose name is put before it.
///
/// `Unlike AWS:` the clock and the machine are those of the local cloud, and memory is bounded only
/// by the heap of a JVM.
///
/// Safe for use by many threads.
public final class FunctionProcesses implements Instances {
  /// How many there may be of one function, and for how long one may be idle.
  ///
  /// @param max from 1 to [#MAX]
  /// @param idle from 1 s to [#IDLE_SECONDS_MAX]
  public record Limits(int max, Duration idle) {
    public static final int MAX = Handler.INSTANCES_MAX;
    public static final int IDLE_SECONDS_MAX = 86_400;

    /// A JVM takes about 200 MB, and a chat has 17 functions. Lambda keeps an idle instance for
    /// minutes, but does not say how many.
    public static final Limits USUAL = new Limits(2, Duration.ofMinutes(5));

    public Limits {
      if (max < 1 || max > MAX) {
        throw new IllegalArgumentException("a function has 1 to %d processes".formatted(MAX));
      }
      if (idle.toSeconds() < 1 || idle.toSeconds() > IDLE_SECONDS_MAX) {
        throw new IllegalArgumentException(
            "a process may be idle for 1 to %d seconds".formatted(IDLE_SECONDS_MAX));
      }
    }
  }

  private final ProcessHost host;
  private final Program program;
  private final Limits limits;
  private final MetricStore metrics;
  private final Set<FunctionProcess> processes = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  /// @param metrics gets what they print in the embedded metric format
  public FunctionProcesses(ProcessHost host, Program program, Limits limits, MetricStore metrics) {
    this.host = host;
    this.program = program;
    this.limits = limits;
    this.metrics = metrics;
  }

  /// Adds what Lambda sets for a function, but for its name, its memory and where the Runtime API
  /// is.
  ///
  /// Source: "Defined runtime environment variables", Lambda developer guide.
  ///
  /// @param environment as the template gives it, with the addresses of services; it is changed
  /// @param runtime for example `java25`
  /// @param alias by which the function is called, or null where it has none
  public static void addWhatLambdaSets(
      Map<String, String> environment,
      Program program,
      String handler,
      String runtime,
      @Nullable String alias) {
    environment.put("_HANDLER", handler);
    environment.put("AWS_DEFAULT_REGION", LocalAccount.REGION);
    if (ManagedRuntime.of(runtime) != ManagedRuntime.PROVIDED) { // which brings its own
      environment.put("AWS_EXECUTION_ENV", "AWS_Lambda_" + runtime);
    }
    environment.put("AWS_LAMBDA_FUNCTION_VERSION", LocalContext.version(alias));
    environment.put(
        "AWS_LAMBDA_INITIALIZATION_TYPE", program.snapStart() ? "snap-start" : "on-demand");
    environment.putIfAbsent("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR");
    environment.put("LAMBDA_TASK_ROOT", program.taskRoot().toString());
    // These are not reserved: a function may have its own.
    environment.putIfAbsent("LANG", "en_US.UTF-8");
    environment.putIfAbsent("PATH", Programs.PATH);
    environment.putIfAbsent("TZ", ":UTC");
    if (program.snapStart()) {
      // They would be in the snapshot: they are fetched.
      environment.keySet().removeAll(Set.of("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"));
    } else {
      environment.put("AWS_SESSION_TOKEN", LocalClients.CREDENTIAL);
      environment.put("AWS_LAMBDA_LOG_GROUP_NAME", LocalContext.logGroup(program.name()));
      environment.put("AWS_LAMBDA_LOG_STREAM_NAME", LocalContext.LOG_STREAM);
    }
  }

  @Override
  public int max() {
    return limits.max();
  }

  @Override
  public Instance create(Map<String, String> environment, InstantSource clock) {
    FunctionProcess process;
    try {
      process = FunctionProcess.start(host, program, environment, this::print);
    } catch (IOException e) {
      throw new FunctionError("Runtime.InvalidEntrypoint", "Error: " + e.getMessage());
    }
    processes.add(process);
    var _ = process.ended().thenRun(() -> processes.remove(process));
    if (closed) { // meanwhile
      process.end();
    }
    process.initialize();
    if (program.snapStart()) {
      process.restore();
    }
    process.endWhenIdle(limits.idle());
    return process;
  }

  private void print(String line) {
    if (JavaRuntime.isOfNoUse(line)) {
      return;
    }
    FunctionOutput.belongsTo(metrics);
    System.out.println(line.startsWith("{") ? line : program.name() + ": " + line);
  }

  @Override
  public void close() {
    closed = true;
    processes.forEach(FunctionProcess::end);
  }
}
