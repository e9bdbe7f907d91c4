package dev.parley.local.template;

import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The runtimes of Lambda that run on this machine, by their language.
///
/// `Unlike AWS:` all versions of a language run on the one that the machine has.
public enum ManagedRuntime {
  JAVA("java8.al2, java11, java17, java21, java25", "java(8\\.al2|11|17|21|25)"),
  PYTHON("python3.*", "python3\\.\\d{1,2}"),
  NODE("nodejs*.x", "nodejs\\d{2}\\.x"),
  PROVIDED("provided.*", "provided(\\.al2(023)?)?");

  private final String names;
  private final Pattern pattern;

  ManagedRuntime(String names, String regex) {
    this.names = names;
    this.pattern = Pattern.compile(regex);
  }

  /// @param runtime for example `python3.13`
  /// @return null where it does not run here
  public static @Nullable ManagedRuntime of(String runtime) {
    return Stream.of(values())
        .filter(managed -> managed.pattern.matcher(runtime).matches())
        .findFirst()
        .orElse(null);
  }

  /// `java8.al2, …, python3.*, …`.
  static String all() {
    return Stream.of(values()).map(managed -> managed.names).collect(Collectors.joining(", "));
  }
}
