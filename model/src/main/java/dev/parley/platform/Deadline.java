package dev.parley.platform;

import com.amazonaws.services.lambda.runtime.Context;
import java.time.Duration;

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

  /// So long before an invocation ends. What is not done by then must be left to somebody else: an
  /// invocation that does not end in time is killed, and all that it was given comes again.
  ///
  /// @param rest for what is done after it
  public static Deadline beforeEndOf(Context invocation, Duration rest) {
    return in(Duration.ofMillis(invocation.getRemainingTimeInMillis()).minus(rest));
  }

  public boolean passed() {
    return leftNanos() <= 0;
  }

  /// Nanoseconds until then; negative after it.
  public long leftNanos() {
    return endNanos - ticker.nanos();
  }

  /// The time that is left for a call: at least a millisecond, since the SDK takes no timeout of 0.
  public Duration left() {
    return Duration.ofNanos(Math.max(1_000_000, leftNanos()));
  }

  /// The earlier of the two.
  public Deadline or(Deadline other) {
    return leftNanos() <= other.leftNanos() ? this : other;
  }

  /// Pauses before another attempt, not beyond the deadline. The length is random, so that callers
  /// that met do not meet again.
  public void pause(Duration min, Duration max) {
    long nanos = Entropy.RANDOM.nextLong(min.toNanos(), max.toNanos());
    ticker.pause(Duration.ofNanos(Math.min(nanos, left().toNanos())));
  }
}
