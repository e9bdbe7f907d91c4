package dev.parley.platform;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A function's configuration: its environment variables.
///
/// @param environment by name
public record Settings(Map<String, String> environment) {
  /// @return null where it is missing
  public @Nullable String optional(String name) {
    return environment.get(name);
  }

  /// @throws IllegalArgumentException where it is missing or empty
  public String required(String name) {
    String value = environment.get(name);
    if (value == null || value.isEmpty()) {
      throw new IllegalArgumentException(name + " is not set");
    }
    return value;
  }

  /// @throws IllegalArgumentException where it is no whole number within these bounds
  public int number(String name, int min, int max) {
    String value = required(name);
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw new IllegalArgumentException(
        name + " is " + value + ", expected a whole number from " + min + " to " + max);
  }

  /// A number of milliseconds.
  ///
  /// @throws IllegalArgumentException where it is no whole number within these bounds
  public Duration milliseconds(String name, int min, int max) {
    return Duration.ofMillis(number(name, min, max));
  }
}
