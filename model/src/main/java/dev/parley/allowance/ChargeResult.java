package dev.parley.allowance;

import java.time.Duration;

/// The result of charging an action to an allowance.
public sealed interface ChargeResult {
  /// The action may be done, and has been charged.
  record Charged() implements ChargeResult {}

  /// There is no row that has an allowance; nothing has changed.
  record Absent() implements ChargeResult {}

  /// Nothing is left; nothing has changed.
  ///
  /// @param retryAfter after this time one action can be charged, if none is charged before
  record Exhausted(Duration retryAfter) implements ChargeResult {}
}
