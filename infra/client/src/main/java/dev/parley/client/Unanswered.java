package dev.parley.client;

/// A request has no answer, so that its effect is not known, or the server says to repeat it.
final class Unanswered extends Exception {
  /// The longest pause that the server may ask for: what it says rests on a clock that may be set.
  private static final long RETRY_AFTER_MS_MAX = 60_000;

  private final long retryAfterMs;
  private final boolean tooOften;

  /// @param tooOften whether the server was asked for too much
  Unanswered(long retryAfterMs, boolean tooOften) {
    super(null, null, false, false);
    this.retryAfterMs = Math.clamp(retryAfterMs, 0, RETRY_AFTER_MS_MAX);
    this.tooOften = tooOften;
  }

  Unanswered() {
    this(0, false);
  }

  /// Whether the server was asked for too much, and refuses more of it that comes at once.
  boolean isTooOften() {
    return tooOften;
  }

  /// How long to wait before, at least.
  long retryAfterMs() {
    return retryAfterMs;
  }
}
