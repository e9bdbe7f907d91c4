package dev.parley.local.lambda;

import java.time.InstantSource;
import java.util.Map;

/// Where the instances of a function come from: a handler's class in this JVM, or a program that
/// runs in processes of its own.
public sealed interface Instances extends AutoCloseable permits Handler, FunctionProcesses {
  /// Whether this JVM's class path has the class of a handler.
  static boolean isOfClassPath(String handler) {
    return Handler.isOfClassPath(handler);
  }

  /// Of a handler on this JVM's class path: `package.Class` or `package.Class::handleRequest`.
  ///
  /// @throws IllegalArgumentException if `handler` names no class that Lambda could call
  static Instances ofClass(String function, String handler) {
    return Handler.named(function, handler);
  }

  /// How many of them may be at work at once.
  int max();

  /// Makes one, initialised and taken for its first invocation.
  ///
  /// @param environment as the function sees it, but for what its runtime adds
  /// @param clock for a handler that takes one
  /// @throws FunctionError as Lambda reports it, where the function's own code has failed
  Instance create(Map<String, String> environment, InstantSource clock);

  /// Ends all of them, also those at work.
  @Override
  void close();
}
