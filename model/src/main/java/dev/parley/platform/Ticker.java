package dev.parley.platform;

import java.time.Duration;

/// Time that only goes forward: deadlines and pauses are measured by it, so that setting the wall
/// clock moves none of them. A test hands in its own.
public interface Ticker {
  Ticker SYSTEM =
      new Ticker() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void pause(Duration time) {
          try {
            Thread.sleep(time);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted in a pause", e);
          }
        }
      };

  /// Nanoseconds since an arbitrary moment.
  long nanos();

  /// Waits.
  ///
  /// @throws IllegalStateException where the thread is interrupted meanwhile
  void pause(Duration time);
}
