package dev.parley.local.eventsource;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// Whether a mapping is being closed. Safe for use by many threads.
public final class Closing {
  private final CountDownLatch begun = new CountDownLatch(1);
  private volatile boolean ended;

  /// From now on nothing new is begun, and every [#pause] ends.
  public void begin() {
    begun.countDown();
  }

  public boolean hasBegun() {
    return begun.getCount() == 0;
  }

  /// Nothing waits any longer for what had begun before.
  public void end() {
    ended = true;
  }

  public boolean hasEnded() {
    return ended;
  }

  /// Waits so long, but not beyond [#begin].
  public void pause(Duration duration) throws InterruptedException {
    if (duration.isPositive()) {
      var _ = begun.await(duration.toNanos(), TimeUnit.NANOSECONDS);
    }
  }
}
