package dev.parley.local.lambda;

/// A function threw, ended or ran into its timeout, as Lambda reports it to its caller.
public final class FunctionError extends RuntimeException {
  private static final String STOPPED = "Sandbox.Stopped";

  private final String errorType;

  /// @param errorType the exception's class name, `Sandbox.Timedout`, or `Runtime.ExitError`
  /// @param message what Lambda puts into `errorMessage`; the gateway never shows it to a client
  /// @param stack the function's, where it has told one: this process's says nothing
  public FunctionError(String errorType, String message, StackTraceElement... stack) {
    super(message);
    this.errorType = errorType;
    setStackTrace(stack);
  }

  /// The local cloud stopped before the function had ended, or begun.
  static FunctionError stopped(String function) {
    return new FunctionError(STOPPED, function + " was closed");
  }

  /// What a handler threw.
  static FunctionError of(Throwable thrown) {
    if (thrown instanceof FunctionError error) {
      return error;
    }
    String message = thrown.getMessage();
    FunctionError error =
        new FunctionError(thrown.getClass().getName(), message == null ? "" : message);
    error.initCause(thrown);
    return error;
  }

  public String errorType() {
    return errorType;
  }

  /// Whether the function is not to blame: it was closed with the local cloud.
  public boolean isStopped() {
    return errorType.equals(STOPPED);
  }
}
