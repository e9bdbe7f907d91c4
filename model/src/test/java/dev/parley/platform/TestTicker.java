package dev.parley.platform;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Time that passes only in pauses, and when a test says so.
public final class TestTicker implements Ticker {
  /// Any moment: near the end of a long, where a sum overflows.
  private long nanos = Long.MAX_VALUE - 1_000;

  private final List<Duration> pauses = new ArrayList<>();

  public void pass(Duration time) {
    nanos += time.toNanos();
  }

  /// The pauses so far.
  public List<Duration> pauses() {
    return pauses;
  }

  @Override
  public long nanos() {
    return nanos;
  }

  @Override
  public void pause(Duration time) {
    pauses.add(time);
    pass(time);
  }
}
