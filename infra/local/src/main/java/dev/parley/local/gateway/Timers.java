package dev.parley.local.gateway;

import java.time.Duration;

/// How long a connection lasts, and what comes before it.
///
/// @param request to send a whole request, and to take its response
/// @param idle without a message in either direction
/// @param connection in all
record Timers(Duration request, Duration idle, Duration connection) {
  /// How long AWS waits for a request is not known [?]. Longer than the 60 s for which an AWS SDK
  /// keeps an idle connection, so that no push goes into one that is being closed.
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(75);

  static final Timers OF_AWS =
      new Timers(REQUEST_TIMEOUT, Quotas.IDLE_TIMEOUT, Quotas.CONNECTION_DURATION);

  Timers {
    if (!request.isPositive() || !idle.isPositive() || !connection.isPositive()) {
      throw new IllegalArgumentException("A timer is positive");
    }
  }
}
