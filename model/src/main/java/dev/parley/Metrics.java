package dev.parley;

import dev.parley.platform.Metric;

/// What CloudWatch counts of the chat. docs/OPERATIONS.md says what to do about each.
public final class Metrics {
  /// Sends that were acknowledged; one that is repeated counts again.
  public static final Metric MESSAGES_ACCEPTED = Metric.count("MessagesAccepted");

  /// From a message's timestamp to the end of the first pushes that carried it; the oldest message
  /// of a batch stands for it.
  public static final Metric ACCEPT_TO_PUSH = Metric.milliseconds("AcceptToPush");

  /// Connections that a batch of events was pushed to. API Gateway charges one push for each, as
  /// long as the batch fits one frame.
  public static final Metric PUSHES = Metric.count("Pushes");

  /// Events in a batch: how many each push carries.
  public static final Metric EVENTS_PER_PUSH = Metric.count("EventsPerPush");

  /// Records of a stream that came again after their messages had been handed out.
  public static final Metric RECORDS_SKIPPED = Metric.count("RecordsSkipped");

  /// Stored rows that cannot be read, and were skipped as a whole or in part. The log names each.
  public static final Metric ROWS_UNREADABLE = Metric.count("RowsUnreadable");

  public static final Metric PUSHES_GONE = Metric.count("PushesGone");

  public static final Metric PUSHES_THROTTLED = Metric.count("PushesThrottled");

  public static final Metric PUSHES_FAILED = Metric.count("PushesFailed");

  /// Connections that were not pushed to, or had not answered, when the time for it was over.
  public static final Metric PUSHES_LATE = Metric.count("PushesLate");

  /// Connections that were tried for the last time. Their clients find what they missed by `prev`
  /// and `ping`.
  public static final Metric PUSHES_GIVEN_UP = Metric.count("PushesGivenUp");

  private Metrics() {}
}
