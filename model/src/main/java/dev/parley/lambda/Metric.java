package dev.parley.lambda;

import java.util.Map;
import software.amazon.lambda.powertools.metrics.MetricsFactory;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// What CloudWatch counts of the chat, in the namespace `Parley`: written as lines of its embedded
/// metric format, among the log's.
public enum Metric {
  /// Sends that were acknowledged; one that is repeated counts again.
  MESSAGES_ACCEPTED("MessagesAccepted", MetricUnit.COUNT),

  /// From a message's timestamp to the end of the first pushes that carried it; the oldest message
  /// of a batch stands for it.
  ACCEPT_TO_PUSH("AcceptToPush", MetricUnit.MILLISECONDS),

  /// Connections that all events of a batch were pushed to: what API Gateway charges, while the
  /// batch fits one frame.
  PUSHES("Pushes", MetricUnit.COUNT),

  /// Events in a batch: how many each push carries.
  EVENTS_PER_PUSH("EventsPerPush", MetricUnit.COUNT),

  /// Records of a stream that came again after their messages had been handed out.
  RECORDS_SKIPPED("RecordsSkipped", MetricUnit.COUNT),

  /// Stored rows that were passed over, as a whole or in part, since somebody else wrote them: the
  /// log names each.
  ROWS_UNREADABLE("RowsUnreadable", MetricUnit.COUNT),

  PUSHES_GONE("PushesGone", MetricUnit.COUNT),

  PUSHES_THROTTLED("PushesThrottled", MetricUnit.COUNT),

  PUSHES_FAILED("PushesFailed", MetricUnit.COUNT),

  /// Connections that were not pushed to, or had not answered, when the time for it was over.
  PUSHES_LATE("PushesLate", MetricUnit.COUNT),

  /// Connections that were tried for the last time: they find what they missed by `prev` and
  /// `ping`.
  PUSHES_GIVEN_UP("PushesGivenUp", MetricUnit.COUNT);

  private final String metricName;
  private final MetricUnit unit;

  Metric(String metricName, MetricUnit unit) {
    this.metricName = metricName;
    this.unit = unit;
  }

  /// Writes one line. Any thread may.
  public static void write(Map<Metric, ? extends Number> values) {
    MetricsFactory.getMetricsInstance()
        .flushMetrics(
            metrics -> {
              metrics.setNamespace("Parley");
              values.forEach(
                  (metric, value) ->
                      metrics.addMetric(metric.metricName, value.doubleValue(), metric.unit));
            });
  }
}
