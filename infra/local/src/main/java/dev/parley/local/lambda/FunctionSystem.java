package dev.parley.local.lambda;

import java.util.Collections;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// What `java.lang.System` is to a function in this JVM where it is not to be the JVM's: its
/// environment, and its end. The class loader of each instance defines one of its own
/// ([FunctionClassLoader]).
public final class FunctionSystem {
  /// Set before any code of the function runs.
  static volatile Map<String, String> environment = Map.of();

  static volatile IntConsumer exit = status -> {};

  private FunctionSystem() {}

  /// As `System.getenv()`.
  public static Map<String, String> getenv() {
    return Collections.unmodifiableMap(environment);
  }

  /// As `System.getenv(String)`.
  public static @Nullable String getenv(String name) {
    return environment.get(name);
  }

  /// As `System.exit(int)`, which ends the function's invocation instead of this JVM.
  public static void exit(int status) {
    exit.accept(status);
  }
}
