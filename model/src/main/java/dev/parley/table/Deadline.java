package dev.parley.table;

import java.time.Duration;

/// The end of all attempts of a call together, by a clock that only goes forward: whoever sets the
/// wall clock moves no deadline.
public final class Deadline {
  private final long endNanos;

  private Deadline(long endNanos) {
    this.endNanos = endNanos;
  }

  public static Deadline in(Duration time) {
    return new Deadline(System.nanoTime() + time.toNanos());
  }

  public boolean passed() {
    return System.nanoTime() - endNanos >= 0;
  }

  /// What is left for a call that must have ended by then: at least a millisecond, in which a call
  /// fails.
  public Duration left() {
    return Duration.ofNanos(Math.max(1_000_000, endNanos - System.nanoTime()));
  }
}
