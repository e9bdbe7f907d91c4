package dev.parley.local.lambda;

/// An instance of a function: it serves one invocation at a time.
sealed interface Instance permits Handler.Served, FunctionProcess {
  /// Takes it for an invocation.
  ///
  /// @return false where it has ended
  boolean take();

  /// Serves the invocation that it was taken for.
  ///
  /// @param event JSON, UTF-8
  /// @return JSON, UTF-8
  /// @throws FunctionError where a process says that it failed, or has ended
  /// @throws InterruptedException where the invocation was broken off; the instance is of no use
  ///     then
  byte[] call(byte[] event, LocalContext context) throws Exception;

  /// The invocation is over.
  ///
  /// @return whether it can be taken for another one
  boolean release();

  /// Ends it, whatever it does.
  void end();
}
