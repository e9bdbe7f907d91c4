package dev.parley.client;

/// Nobody knows what became of a request, or the server says to repeat it.
final class Unanswered extends Exception {
  private final long retryAfterMs;

  Unanswered(long retryAfterMs) {
    super(null, null, false, false);
    this.retryAfterMs = retryAfterMs;
  }

  Unanswered() {
    this(0);
  }

  /// How long to wait before, at least.
  long retryAfterMs() {
    return retryAfterMs;
  }
}
