package dev.parley.local.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The standard output of this process, from which the metrics of functions are taken: a line of
/// the embedded metric format that a function prints is kept in the [MetricStore] of its cloud, and
/// everything else is printed.
///
/// `Unlike AWS:` where such a line stays in the log, from which CloudWatch takes its metrics: on a
/// terminal these lines would hide the others. A line is seen where it is printed by one `println`,
/// as the libraries for this format do.
public final class FunctionOutput extends PrintStream {
  /// On AWS these lines are paid for as the log that they are in.
  private static final Series LOG_BYTES = new Series("Local", "MetricLogBytes", Map.of(), "Bytes");

  /// What prints on this thread, and on those that it starts.
  private static final InheritableThreadLocal<@Nullable MetricStore> METRICS =
      new InheritableThreadLocal<>();

  private FunctionOutput(PrintStream out) {
    super(out, true, out.charset());
  }

  /// Stands before the standard output from now on, once for all clouds of this process.
  public static synchronized void install() {
    if (!(System.out instanceof FunctionOutput)) {
      System.setOut(new FunctionOutput(System.out));
    }
  }

  /// Says whose function runs on this thread from now on.
  public static void belongsTo(MetricStore metrics) {
    METRICS.set(metrics);
  }

  @Override
  public void println(@Nullable String line) {
    MetricStore metrics = METRICS.get();
    Optional<EmbeddedMetrics> embedded =
        metrics == null || line == null ? Optional.empty() : EmbeddedMetrics.of(line);
    if (metrics == null || line == null || embedded.isEmpty()) {
      super.println(line);
      return;
    }
    metrics.count(LOG_BYTES, line.getBytes(UTF_8).length);
    EmbeddedMetrics measured = embedded.get();
    measured.values().forEach(value -> metrics.add(value.series(), value.value(), measured.at()));
  }
}
