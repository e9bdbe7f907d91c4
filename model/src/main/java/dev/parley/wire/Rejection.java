package dev.parley.wire;

import org.jspecify.annotations.Nullable;

/// A frame is refused: the client gets an `error` with this code, and nothing has changed.
public final class Rejection extends RuntimeException {
  private final ErrorCode code;
  private final @Nullable Long retryAfterMs;

  public Rejection(ErrorCode code) {
    this(code, null);
  }

  public Rejection(ErrorCode code, @Nullable Long retryAfterMs) {
    super(code.meaning(), null, false, false);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  public ErrorCode code() {
    return code;
  }

  public @Nullable Long retryAfterMs() {
    return retryAfterMs;
  }
}
