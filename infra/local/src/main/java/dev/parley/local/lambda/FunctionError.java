package dev.parley.local.lambda;

/// A function threw or ran into its timeout, as Lambda reports it to its caller.
public final class FunctionError extends RuntimeException {
  private final String errorType;

  /// @param errorType the exception's class name, or `Sandbox.Timedout`
  /// @param message what Lambda puts into `errorMessage`; the gateway never shows it to a client
  public FunctionError(String errorType, String message) {
    super(message);
    this.errorType = errorType;
  }

  public String errorType() {
    return errorType;
  }
}
