package dev.parley.allowance;

import java.time.Duration;

/// How often something may be done: once in `cost` on average, and `burst / cost` times more at
/// once. A cost of 50 ms and a burst of 200 ms are 20 a second, and at most 5 at once.
///
/// @param cost more than 0: what a price of 1 takes
/// @param burst 0 for none
/// @param owed how far beyond the burst an allowance can be spent, by one action that costs more
///     than the rest and by refusals: what is further ahead was not spent by anybody
public record Rate(Duration cost, Duration burst, Duration owed) {
  public Rate {
    if (!cost.isPositive() || burst.isNegative() || owed.isNegative()) {
      throw new IllegalArgumentException(
          "a rate has a cost above 0, a burst of 0 or more, and owes 0 or more");
    }
  }

  /// Of actions that cost 1 each, and are not charged where they are refused.
  public Rate(Duration cost, Duration burst) {
    this(cost, burst, cost);
  }

  Duration cost(int price) {
    return cost.multipliedBy(price);
  }
}
