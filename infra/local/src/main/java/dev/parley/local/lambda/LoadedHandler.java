package dev.parley.local.lambda;

import java.io.IOException;
import java.net.URL;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A handler in this JVM that is loaded from the function's package: each instance by a class
/// loader of its own, so that nothing static is shared, as between processes.
final class LoadedHandler implements Instances {
  private final String function;
  private final String handler;
  private final List<URL> classPath;

  private LoadedHandler(String function, String handler, List<URL> classPath) {
    this.function = function;
    this.handler = handler;
    this.classPath = classPath;
  }

  /// @param root a folder with classes and `lib/*.jar`
  /// @param layers folders with `java/lib/*.jar`
  /// @return null where Lambda calls a plain method of its handler's class
  /// @throws IllegalArgumentException if Lambda could not call it
  static @Nullable LoadedHandler of(String function, String handler, Path root, List<Path> layers)
      throws IOException {
    List<URL> classPath = new ArrayList<>();
    classPath.add(root.toUri().toURL());
    addJars(root.resolve("lib"), classPath);
    for (Path layer : layers.reversed()) {
      addJars(layer.resolve("java/lib"), classPath);
    }
    // What is loaded here is looked at, and not run.
    try (FunctionClassLoader loader = new FunctionClassLoader(classPath, Map.of())) {
      if (Handler.isPlain(handler, loader)) {
        return null;
      }
      var _ = Handler.named(function, handler, loader);
      return new LoadedHandler(function, handler, classPath);
    }
  }

  private static void addJars(Path folder, List<URL> classPath) throws IOException {
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> jars = Files.newDirectoryStream(folder, "*.jar")) {
        List<Path> sorted = new ArrayList<>();
        jars.forEach(sorted::add);
        for (Path jar : sorted.stream().sorted().toList()) {
          classPath.add(jar.toUri().toURL());
        }
      }
    }
  }

  @Override
  public int max() {
    return Handler.INSTANCES_MAX;
  }

  @Override
  public Instance create(Map<String, String> environment, InstantSource clock) {
    FunctionClassLoader loader = new FunctionClassLoader(classPath, environment);
    try {
      return Handler.named(function, handler, loader).create(environment, clock);
    } catch (IllegalArgumentException e) { // its package has changed
      throw FunctionError.of(e);
    }
  }

  @Override
  public void close() {}
}
