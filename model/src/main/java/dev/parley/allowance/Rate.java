package dev.parley.allowance;

import java.time.Duration;

/// How often something may be done: once in `cost` on average, and `burst / cost` times more at
/// once. A cost of 50 ms and a burst of 200 ms are 20 a second, and at most 5 at once.
///
/// @param cost more than 0
/// @param burst 0 for none
public record Rate(Duration cost, Duration burst) {
  public Rate {
    if (!cost.isPositive() || burst.isNegative()) {
      throw new IllegalArgumentException("a rate has a cost above 0 and a burst of 0 or more");
    }
  }
}
