package dev.parley.platform;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.cloudwatchlogs.emf.config.EnvironmentConfigurationProvider;
import software.amazon.cloudwatchlogs.emf.environment.Environments;
import software.amazon.lambda.powertools.metrics.Metrics;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.DimensionSet;

/// What one invocation has measured, on all its threads. It is written when the invocation ends, in
/// as few lines as the format allows: one for all that has the same time and dimensions, since each
/// line is paid for. An invocation that is killed, or that does not end in time, writes nothing.
///
/// Source: CloudWatch user guide, "Specification: Embedded metric format".
final class Measurements {
  private static final Logger LOG = LoggerFactory.getLogger(Measurements.class);

  /// The stack's name, by which its alarms and its dashboard find what its functions measure.
  private static final String SERVICE =
      Objects.requireNonNullElse(System.getenv("POWERTOOLS_SERVICE_NAME"), "parley");

  private static final ScopedValue<Measurements> OF_INVOCATION = ScopedValue.newInstance();

  static {
    // The library would ask an EC2 instance's metadata where it runs, and keep the connection.
    EnvironmentConfigurationProvider.getConfig().setEnvironmentOverride(Environments.Lambda);
  }

  /// What one line has one of.
  private record Line(@Nullable Instant at, @Nullable String dimension, String of) {
    DimensionSet dimensions() {
      return dimension == null
          ? DimensionSet.of("Service", SERVICE)
          : DimensionSet.of("Service", SERVICE, dimension, of);
    }
  }

  private final Map<Line, Map<Metric, List<Long>>> lines = new LinkedHashMap<>();
  private boolean written;

  /// Runs an invocation, then writes what it measured.
  static <T> T of(Supplier<T> invocation) {
    Measurements measurements = new Measurements();
    try {
      return ScopedValue.where(OF_INVOCATION, measurements).call(invocation::get);
    } finally {
      measurements.write();
    }
  }

  /// The task, which measures for this thread's invocation on whatever thread it runs.
  static Runnable forInvocation(Runnable task) {
    if (!OF_INVOCATION.isBound()) {
      return task;
    }
    ScopedValue.Carrier invocation = ScopedValue.where(OF_INVOCATION, OF_INVOCATION.get());
    return () -> invocation.run(task);
  }

  /// @param of the value of the metric's dimension; empty where it has none
  static void add(Metric metric, long value, @Nullable Instant at, String of) {
    Line line = new Line(at, metric.dimension(), of);
    if (!OF_INVOCATION.isBound() || !OF_INVOCATION.get().add(line, metric, value)) {
      write(line, Map.of(metric, List.of(value)));
    }
  }

  /// @return false where the invocation has ended before this thread of it
  private synchronized boolean add(Line line, Metric metric, long value) {
    if (written) {
      return false;
    }
    List<Long> values =
        lines
            .computeIfAbsent(line, l -> new LinkedHashMap<>())
            .computeIfAbsent(metric, m -> new ArrayList<>());
    if (metric.summed() && !values.isEmpty()) {
      values.set(0, values.getFirst() + value);
    } else {
      values.add(value);
    }
    return true;
  }

  private synchronized void write() {
    written = true;
    lines.forEach(Measurements::write);
  }

  /// The library splits what is more than 100 values of a metric, as the format asks for.
  private static void write(Line line, Map<Metric, List<Long>> values) {
    if (values.entrySet().stream().allMatch(Measurements::isNothing)) {
      return;
    }
    try {
      MetricsFactory.getMetricsInstance()
          .flushMetrics(
              metrics -> {
                metrics.setNamespace("Parley");
                metrics.setDefaultDimensions(line.dimensions());
                if (line.at() != null) {
                  metrics.setTimestamp(line.at());
                }
                values.entrySet().stream()
                    .filter(entry -> !isNothing(entry))
                    .forEach(entry -> add(metrics, entry.getKey(), entry.getValue()));
              });
    } catch (RuntimeException e) {
      // A time that CloudWatch does not take, for example, is no reason to fail the invocation.
      LOG.warn("metrics of {} were not written: {}", line.at(), e.getMessage());
    }
  }

  private static boolean isNothing(Map.Entry<Metric, List<Long>> measured) {
    return measured.getKey().summed() && measured.getValue().equals(List.of(0L));
  }

  private static void add(Metrics metrics, Metric metric, List<Long> values) {
    values.forEach(value -> metrics.addMetric(metric.name(), value, metric.unit()));
  }
}
