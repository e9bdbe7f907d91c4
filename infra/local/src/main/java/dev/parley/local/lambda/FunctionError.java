package dev.parley.local.lambda;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A function threw, ended or ran into its timeout, as Lambda reports it to its caller.
public final class FunctionError extends RuntimeException {
  private static final String STOPPED = "Sandbox.Stopped";

  static final int KILLED = 128 + 9;

  /// How a shell's words for signals are told by what a process exits with.
  private static final Map<Integer, String> SIGNALS =
      Map.of(
          128 + 6,
          "aborted",
          KILLED,
          "killed",
          128 + 11,
          "segmentation fault",
          128 + 15,
          "terminated");

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

  /// The function has ended, or was killed.
  ///
  /// @param requestId of the invocation that it served, or null
  /// @param status what its process has exited with
  static FunctionError exited(@Nullable String requestId, int status) {
    String signal = SIGNALS.get(status);
    return new FunctionError(
        "Runtime.ExitError",
        (requestId == null ? "" : "RequestId: " + requestId + " ")
            + "Error: Runtime exited "
            + (status == 0
                ? "without providing a reason"
                : "with error: "
                    + (signal == null ? "exit status " + status : "signal: " + signal)));
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
