package dev.parley.fanout;

import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// One function's part of `PushesPerSecond`: a token bucket that holds what comes in a second. The
/// template gives each kind of function a share, and bounds how many of a kind run at once; so all
/// of them together stay within the budget, and none has to ask another (`docs/adr/0026`).
///
/// Safe for use by many threads. Tokens are given in the order in which they are asked for.
final class Pace {
  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final long intervalNanos;
  private final long bucketNanos;
  private final Ticker ticker;

  /// Before the first token is taken, the bucket is full: a function may be restored from a
  /// snapshot long after it was made, when the clock says something else.
  private boolean begun;

  /// When the next token is there, had the bucket no bottom: a full bucket's is a second ago.
  private long nextAt;

  /// @param intervalNanos from one token to the next
  Pace(long intervalNanos, Ticker ticker) {
    this.intervalNanos = intervalNanos;
    this.bucketNanos = Math.max(SECOND_NANOS, intervalNanos);
    this.ticker = ticker;
  }

  /// @throws IllegalArgumentException where a setting is missing or not what it should be
  static Pace of(Settings settings, Ticker ticker) {
    long perSecond = settings.number("PUSHES_PER_SECOND", 100, 1_000_000);
    long percent = settings.number("PUSH_SHARE_PERCENT", 1, 100);
    long functions = settings.number("PUSH_SHARE_FUNCTIONS", 1, 1_000);
    return new Pace(SECOND_NANOS * 100 * functions / (perSecond * percent), ticker);
  }

  /// Takes so many tokens where all of them are there now, and none else.
  synchronized boolean claim(long tokens) {
    long now = ticker.nanos();
    long after = nextAt(now) + tokens * intervalNanos;
    if (tokens > bucketNanos / intervalNanos || (tokens > 0 && after - intervalNanos - now > 0)) {
      return false;
    }
    nextAt = after;
    begun = true;
    return true;
  }

  /// Takes the token of one push, and waits until it is there.
  ///
  /// @return false where it comes too late, or the time is over: then none is taken
  boolean take(Deadline deadline) {
    long wait = reserve(deadline);
    if (wait > 0) {
      ticker.pause(Duration.ofNanos(wait));
    }
    return wait >= 0;
  }

  /// @return how long it takes, or less than 0 where that is too long
  private synchronized long reserve(Deadline deadline) {
    long now = ticker.nanos();
    long at = nextAt(now);
    long wait = Math.max(0, at - now);
    if (wait >= deadline.leftNanos()) {
      return -1;
    }
    nextAt = at + intervalNanos;
    begun = true;
    return wait;
  }

  private long nextAt(long now) {
    long full = now - bucketNanos + intervalNanos;
    return begun && nextAt - full > 0 ? nextAt : full;
  }
}
