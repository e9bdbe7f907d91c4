package dev.parley.wire;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A frame is refused: the client gets an `error` with this code, and nothing has changed.
public final class Rejection extends RuntimeException {
  private final ErrorCode code;
  private final @Nullable Duration retryAfter;

  public Rejection(ErrorCode code) {
    this(code, null);
  }

  public Rejection(ErrorCode code, @Nullable Duration retryAfter) {
    super(code.meaning(), null, false, false);
    this.code = code;
    this.retryAfter = retryAfter;
  }

  public ErrorCode code() {
    return code;
  }

  public @Nullable Duration retryAfter() {
    return retryAfter;
  }
}
