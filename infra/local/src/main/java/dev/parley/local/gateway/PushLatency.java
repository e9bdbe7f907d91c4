package dev.parley.local.gateway;

/// How long the gateway takes for each push (`@connections` POST): it is handled, and answered,
/// that much later. For benchmarks, since here a push would take a fraction of what it takes on
/// AWS.
@FunctionalInterface
public interface PushLatency {
  /// No longer than it must.
  PushLatency NONE = () -> 0;

  /// In microseconds, of the next push; 0 is at once. Called by many threads.
  long nextMicros();

  /// Whether a push to this connection is then refused with 429, as where too many are sent.
  default boolean throttles(String connectionId) {
    return false;
  }
}
