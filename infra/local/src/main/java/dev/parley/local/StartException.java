package dev.parley.local;

/// The local cloud cannot start as it was asked to. The message is one line for the user: the
/// setting that is wrong, why, and the way out.
public final class StartException extends Exception {
  StartException(String message) {
    super(message);
  }

  StartException(String message, Throwable cause) {
    super(message, cause);
  }
}
