package dev.parley.local.gateway;

import java.time.Duration;

/// How long a connection lasts.
///
/// @param idle without a message in either direction
/// @param connection in all
record Timers(Duration idle, Duration connection) {
  static final Timers OF_AWS = new Timers(Quotas.IDLE_TIMEOUT, Quotas.CONNECTION_DURATION);

  Timers {
    if (!idle.isPositive() || !connection.isPositive()) {
      throw new IllegalArgumentException("A timer is positive");
    }
  }
}
