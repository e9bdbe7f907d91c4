package dev.parley;

import dev.parley.platform.Metric;

/// What CloudWatch counts of the chat. docs/OPERATIONS.md says what to do about each, and
/// infra/template.yaml has each on its dashboard.
///
/// CloudWatch charges $0.30 a month for each metric that was written in it, by the hour: these are
/// less than 20, and one more for each error code that clients were given.
public final class Metrics {
  // ---- Connections ----------------------------------------------------------------------------

  /// Connections whose `$connect` was accepted.
  public static final Metric CONNECTIONS_OPENED = Metric.count("ConnectionsOpened");

  /// Connections that ended, each once: by `$disconnect`, found gone by a push, or expired.
  public static final Metric CONNECTIONS_CLOSED = Metric.count("ConnectionsClosed");

  /// 1 when a connection opens, and -1 when it has ended, both at the time when it was opened. So
  /// the sum of the last 2 h, which is as long as a connection can live, is how many are open now:
  /// what is lost of it is forgotten after that time, and nothing has to be counted anew.
  public static final Metric CONNECTIONS_ALIVE = Metric.count("ConnectionsAlive");

  /// Reads of the issuer's keys that failed: no token can be verified by keys that are not known.
  public static final Metric TOKEN_KEYS_FAILED = Metric.count("TokenKeysFailed");

  /// Handshakes that were refused (429): their user or address connects, or makes rooms, too often.
  public static final Metric CONNECTS_REFUSED = Metric.count("ConnectsRefused");

  /// Connections that were closed since they went on although they were refused.
  public static final Metric CONNECTIONS_EVICTED = Metric.count("ConnectionsEvicted");

  // ---- Frames ---------------------------------------------------------------------------------

  /// Sends that were acknowledged; one that is repeated counts again.
  public static final Metric MESSAGES_ACCEPTED = Metric.count("MessagesAccepted");

  public static final Metric JOINS = Metric.count("Joins");

  public static final Metric QUITS = Metric.count("Quits");

  public static final Metric PINGS = Metric.count("Pings");

  /// Messages that were put before the moderators.
  public static final Metric REPORTS = Metric.count("Reports");

  /// Frames that were answered with an `error`, by its code.
  public static final Metric FRAMES_REFUSED = Metric.countBy("Code", "FramesRefused");

  // ---- Fan-out --------------------------------------------------------------------------------

  /// From a message's timestamp to the invocation that handed it out; the oldest message stands for
  /// all of its room and batch.
  public static final Metric STREAM_WAIT = Metric.milliseconds("StreamWait");

  /// From a message's timestamp to the end of the first pushes that carried it; the oldest message
  /// of a batch stands for it.
  public static final Metric ACCEPT_TO_PUSH = Metric.milliseconds("AcceptToPush");

  /// Connections that a batch of events was pushed to. API Gateway charges one push for each, as
  /// long as the batch fits one frame.
  public static final Metric PUSHES = Metric.count("Pushes");

  /// Events in a batch: how many each push carries.
  public static final Metric EVENTS_PER_PUSH = Metric.size("EventsPerPush");

  /// Connections that a push found closed.
  public static final Metric PUSHES_GONE = Metric.count("PushesGone");

  /// Connections whose push was answered 429: too many pushes in the account, or a client that does
  /// not read.
  public static final Metric PUSHES_THROTTLED = Metric.count("PushesThrottled");

  /// Connections whose push was answered with an error, or not in time.
  public static final Metric PUSHES_FAILED = Metric.count("PushesFailed");

  /// Connections that were not pushed to, or had not answered, when the time for it was over.
  public static final Metric PUSHES_LATE = Metric.count("PushesLate");

  /// Connections that were tried for the last time. Their clients find what they missed by `prev`
  /// and `ping`.
  public static final Metric PUSHES_GIVEN_UP = Metric.count("PushesGivenUp");

  /// Parts of batches that failed and come again: a room of a stream's batch, a push job, a prune.
  /// Their invocation has succeeded for Lambda.
  public static final Metric PARTS_FAILED = Metric.count("PartsFailed");

  /// Records of a stream that came again after their messages had been handed out.
  public static final Metric RECORDS_SKIPPED = Metric.count("RecordsSkipped");

  // ---- Tables ---------------------------------------------------------------------------------

  /// Stored rows that cannot be read, and were skipped as a whole or in part. The log names each.
  public static final Metric ROWS_UNREADABLE = Metric.count("RowsUnreadable");

  private Metrics() {}
}
