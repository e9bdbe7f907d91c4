package dev.parley.client;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Time, as far as this machine can be believed, and what the server has told of its own. The wall
/// clock may be set at any moment, so that no wait is taken from it; the monotonic one may stand
/// while the machine sleeps.
///
/// Safe for use by several threads.
final class Clock {
  /// How much later than the server's time a timestamp may be: clocks agree within 1 s, and a
  /// send's `after` may be 1 s ahead.
  private static final long AHEAD_US = 2_000_000;

  /// Where the wall clock has gone on by so much more, the machine has slept.
  private static final long SLEPT_MS = 10_000;

  /// Clocks that go apart by more from one `pong` to the next have not merely drifted.
  private static final long DRIFT_MS_MAX = 1_000;

  private final LongSupplier monotonicNs;
  private final LongSupplier wallMs;
  private Moment looked;
  private long toldUs;
  private @Nullable Moment toldAt;

  /// A moment by both clocks.
  record Moment(long monotonicMs, long wallMs) {
    /// By how much the wall clock has gone on further since another moment.
    private long jumpMs(Moment since) {
      return (wallMs - since.wallMs) - (monotonicMs - since.monotonicMs);
    }
  }

  Clock() {
    this(System::nanoTime, System::currentTimeMillis);
  }

  Clock(LongSupplier monotonicNs, LongSupplier wallMs) {
    this.monotonicNs = monotonicNs;
    this.wallMs = wallMs;
    this.looked = moment();
  }

  /// For waits and for nothing else: it begins anywhere.
  long nowMs() {
    return monotonicNs.getAsLong() / 1_000_000;
  }

  Moment moment() {
    return new Moment(nowMs(), wallMs.getAsLong());
  }

  /// Whether the machine may have slept since this was asked the last time.
  synchronized boolean hasSlept() {
    Moment now = moment();
    boolean slept = now.jumpMs(looked) > SLEPT_MS;
    looked = now;
    return slept;
  }

  /// @param timeUs what a reply that has just come told; 0 is no time
  synchronized void told(long timeUs) {
    if (timeUs == 0) {
      return;
    }
    toldUs = timeUs;
    toldAt = moment();
  }

  /// The server's time at a moment, or earlier than that, in epoch microseconds; 0 where it is not
  /// known: before the first `pong`, and for a moment before the last one where a clock of this
  /// machine stood or was set in between.
  synchronized long serverUs(Moment at) {
    if (toldAt == null) {
      return 0;
    }
    long laterMs = at.monotonicMs() - toldAt.monotonicMs();
    boolean known = laterMs >= 0 || Math.abs(at.jumpMs(toldAt)) <= DRIFT_MS_MAX;
    return known ? toldUs + 1_000 * laterMs : 0;
  }

  /// The server's time now, or later than that where the wall clock was set, in epoch milliseconds:
  /// for ages. Before the first `pong` it is this machine's.
  synchronized long latestMs() {
    Moment now = moment();
    return toldAt == null
        ? now.wallMs()
        : toldUs / 1_000
            + (now.monotonicMs() - toldAt.monotonicMs())
            + Math.max(0, now.jumpMs(toldAt));
  }

  /// Whether the server has told its time.
  synchronized boolean isKnown() {
    return toldAt != null;
  }

  /// Whether the server's time is known, and no clock of this machine stood or was set since.
  synchronized boolean isSure() {
    return toldAt != null && Math.abs(moment().jumpMs(toldAt)) <= DRIFT_MS_MAX;
  }

  /// What is later was ahead of the server's time; 0 where that is not known.
  long limit(Moment at) {
    long serverUs = serverUs(at);
    return serverUs == 0 ? 0 : serverUs + AHEAD_US;
  }
}
