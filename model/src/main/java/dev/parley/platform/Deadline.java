package dev.parley.platform;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/// The end of all attempts of a call together.
public final class Deadline {
  private final Ticker ticker;
  private final long endNanos;

  private Deadline(Ticker ticker, long endNanos) {
    this.ticker = ticker;
    this.endNanos = endNanos;
  }

  public static Deadline in(Duration time) {
    return in(time, Ticker.SYSTEM);
  }

  public static Deadline in(Duration time, Ticker ticker) {
    return new Deadline(ticker, ticker.nanos() + time.toNanos());
  }

  public boolean passed() {
    return leftNanos() <= 0;
  }

  /// Nanoseconds until then; negative after it.
  public long leftNanos() {
    return endNanos - ticker.nanos();
  }

  /// What is left for a call that must have ended by then: at least a millisecond, in which a call
  /// fails.
  public Duration left() {
    return Duration.ofNanos(Math.max(1_000_000, leftNanos()));
  }

  /// Whichever comes first.
  public Deadline or(Deadline other) {
    return leftNanos() <= other.leftNanos() ? this : other;
  }

  /// Waits before another attempt, not beyond the deadline; of different lengths, so that those who
  /// met do not meet again.
  public void pause(Duration min, Duration max) {
    long nanos = ThreadLocalRandom.current().nextLong(min.toNanos(), max.toNanos());
    ticker.pause(Duration.ofNanos(Math.min(nanos, left().toNanos())));
  }
}
