package dev.parley.local.template;

import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// A mapping of the resolved template, which knows where it stands, so that whatever is wrong with
/// one of its values is told by path and line. Scalars are strings, as CloudFormation treats them.
record Section(String path, Map<String, Object> values, Problems problems) {

  /// Makes an exception out of a path and what is wrong there.
  @FunctionalInterface
  interface Problems {
    TemplateException at(String path, String problem);
  }

  static Section of(String path, Object value, Problems problems) {
    if (!(value instanceof Map<?, ?>)) {
      throw problems.at(path, "expected a mapping");
    }
    @SuppressWarnings("unchecked") // every mapping here was made by Intrinsics, with string keys
    Map<String, Object> mapping = (Map<String, Object>) value;
    return new Section(path, mapping, problems);
  }

  TemplateException problem(String key, String problem) {
    return problems.at(path + "." + key, problem);
  }

  /// Refuses every key that is not among these.
  void requireOnly(List<String> known) {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        throw problem(key, "the local cloud does not honour this property");
      }
    }
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  String string(String key) {
    String value = stringOrNull(key);
    if (value == null) {
      throw problem(key, "missing");
    }
    return value;
  }

  @Nullable String stringOrNull(String key) {
    return switch (values.get(key)) {
      case null -> null;
      case String value -> value;
      default -> throw problem(key, "expected one value");
    };
  }

  String string(String key, String unlessGiven) {
    String value = stringOrNull(key);
    return value == null ? unlessGiven : value;
  }

  String oneOf(String key, String unlessGiven, String... allowed) {
    String value = string(key, unlessGiven);
    if (!List.of(allowed).contains(value)) {
      throw problem(
          key, "`" + value + "` is not honoured here, only " + String.join(", ", allowed));
    }
    return value;
  }

  String matching(String key, String value, String regex) {
    if (!Pattern.matches(regex, value)) {
      throw problem(key, "`" + value + "` does not match " + regex);
    }
    return value;
  }

  int integer(String key, int unlessGiven, int min, int max) {
    String value = string(key, Integer.toString(unlessGiven));
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw problem(key, "`" + value + "` is not a whole number from " + min + " to " + max);
  }

  boolean bool(String key, boolean unlessGiven) {
    return oneOf(key, Boolean.toString(unlessGiven), "true", "false").equals("true");
  }

  /// The mapping at `key`, an empty one where there is none.
  Section section(String key) {
    return of(path + "." + key, values.getOrDefault(key, Map.of()), problems);
  }

  private List<?> list(String key) {
    return switch (values.get(key)) {
      case null -> List.of();
      case List<?> list -> list;
      default -> throw problem(key, "expected a list");
    };
  }

  /// The mappings in the list at `key`, none where there is no list.
  List<Section> sections(String key) {
    List<?> list = list(key);
    return IntStream.range(0, list.size())
        .mapToObj(i -> of(path + "." + key + "." + i, list.get(i), problems))
        .toList();
  }

  List<String> strings(String key) {
    return list(key).stream()
        .map(
            value ->
                switch (value) {
                  case String string -> string;
                  default -> throw problem(key, "expected a list of values");
                })
        .toList();
  }
}
