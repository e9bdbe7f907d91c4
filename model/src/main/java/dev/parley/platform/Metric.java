package dev.parley.platform;

import java.util.Map;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// A metric in CloudWatch's namespace `Parley`, written as a line of the embedded metric format,
/// among the log's lines.
///
/// @param name for example `PushesGone`
public record Metric(String name, MetricUnit unit) {
  public static Metric count(String name) {
    return new Metric(name, MetricUnit.COUNT);
  }

  public static Metric milliseconds(String name) {
    return new Metric(name, MetricUnit.MILLISECONDS);
  }

  /// Writes one line, on any thread.
  public static void write(Map<Metric, ? extends Number> values) {
    MetricsFactory.getMetricsInstance()
        .flushMetrics(
            metrics -> {
              metrics.setNamespace("Parley");
              values.forEach(
                  (metric, value) ->
                      metrics.addMetric(metric.name(), value.doubleValue(), metric.unit()));
            });
  }
}
