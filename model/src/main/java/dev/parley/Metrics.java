package dev.parley;

import dev.parley.platform.Metric;

/// What CloudWatch counts of the chat. docs/OPERATIONS.md says what to do about each.
public final class Metrics {
  /// Sends that were acknowledged; one that is repeated counts again.
  public static final Metric MESSAGES_ACCEPTED = Metric.count("MessagesAccepted");

  /// From a message's timestamp to the end of the first pushes that carried it; the oldest message
  /// of a batch stands for it.
  public static final Metric ACCEPT_TO_PUSH = Metric.milliseconds("AcceptToPush");

  /// Connections that all events of a batch were pushed to: what API Gateway charges, while the
  /// batch fits one frame.
  public static final Metric PUSHES = Metric.count("Pushes");

  /// Events in a batch: how many each push carries.
  public static final Metric EVENTS_PER_PUSH = Metric.count("EventsPerPush");

  /// Records of a stream that came again after their messages had been handed out.
  public static final Metric RECORDS_SKIPPED = Metric.count("RecordsSkipped");

  /// Stored rows that were skipped, as a whole or in part, since they cannot be read: the log names
  /// each.
  public static final Metric ROWS_UNREADABLE = Metric.count("RowsUnreadable");

  public static final Metric PUSHES_GONE = Metric.count("PushesGone");

  public static final Metric PUSHES_THROTTLED = Metric.count("PushesThrottled");

  public static final Metric PUSHES_FAILED = Metric.count("PushesFailed");

  /// Connections that were not pushed to, or had not answered, when the time for it was over.
  public static final Metric PUSHES_LATE = Metric.count("PushesLate");

  /// Connections that were tried for the last time: they find what they missed by `prev` and
  /// `ping`.
  public static final Metric PUSHES_GIVEN_UP = Metric.count("PushesGivenUp");

  private Metrics() {}
}
