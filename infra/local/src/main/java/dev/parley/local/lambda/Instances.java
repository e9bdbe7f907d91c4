package dev.parley.local.lambda;

import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where the instances of a function come from: a handler's class in this JVM, or a program that
/// runs in processes of its own.
public sealed interface Instances extends AutoCloseable
    permits Handler, LoadedHandler, FunctionProcesses {
  /// Whether this JVM's class path has the class of a handler.
  static boolean isOfClassPath(String handler) {
    return Handler.isOfClassPath(handler);
  }

  /// Of a handler on this JVM's class path: `package.Class` or `package.Class::handleRequest`.
  ///
  /// @throws IllegalArgumentException if `handler` names no class that Lambda could call
  static Instances ofClass(String function, String handler) {
    return Handler.named(function, handler, Handler.class.getClassLoader());
  }

  /// Of a handler in a package, loaded into this JVM.
  ///
  /// @param root a folder with classes and `lib/*.jar`
  /// @param layers folders with `java/lib/*.jar`, of which a later one wins
  /// @return null where Lambda calls a plain method of its class, which needs a process
  /// @throws IllegalArgumentException if `handler` names no class that Lambda could call
  /// @throws IOException where the package cannot be read
  static @Nullable Instances ofPackage(
      String function, String handler, Path root, List<Path> layers) throws IOException {
    return LoadedHandler.of(function, handler, root, layers);
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
