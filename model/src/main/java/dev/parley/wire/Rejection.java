package dev.parley.wire;

import dev.parley.connection.Removal;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A frame is refused: the client gets an `error` with this code, and nothing has changed.
public final class Rejection extends RuntimeException {
  private final ErrorCode code;
  private final @Nullable Duration retryAfter;
  private final @Nullable Removal removal;

  public Rejection(ErrorCode code) {
    this(code, null);
  }

  public Rejection(ErrorCode code, @Nullable Duration retryAfter) {
    this(code, retryAfter, null);
  }

  /// The connection was taken out of the room.
  public Rejection(Removal removal) {
    this(ErrorCode.REMOVED, null, removal);
  }

  private Rejection(ErrorCode code, @Nullable Duration retryAfter, @Nullable Removal removal) {
    super(code.meaning(), null, false, false);
    this.code = code;
    this.retryAfter = retryAfter;
    this.removal = removal;
  }

  public ErrorCode code() {
    return code;
  }

  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  /// How it was taken out of the room; null for any other code.
  public @Nullable Removal removal() {
    return removal;
  }
}
