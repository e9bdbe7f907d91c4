package dev.parley.local.template;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A mapping of the resolved template, which knows where it stands, so that whatever is wrong with
/// one of its values is told by path and line. Scalars are strings, as CloudFormation treats them.
///
/// A value that is missing or wrong is refused, and another one is given in its place, so that the
/// rest is read.
///
/// @param elsewhere where those values stand that `Globals` gives
record Section(
    String path, Map<String, Object> values, Refusals refusals, Map<String, String> elsewhere) {

  Section(String path, Map<String, Object> values, Refusals refusals) {
    this(path, values, refusals, Map.of());
  }

  static Section of(String path, Object value, Refusals refusals) {
    if (Refusals.UNKNOWN.equals(value)) {
      refusals.silence(path);
    } else if (!(value instanceof Map<?, ?>)) {
      refusals.add(path, "expected a mapping");
    }
    @SuppressWarnings("unchecked") // every mapping here was made by Intrinsics, with string keys
    Map<String, Object> mapping =
        value instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    return new Section(path, mapping, refusals);
  }

  /// To be thrown where the rest says nothing without this.
  TemplateException problem(String key, String problem) {
    return refusals.problem(pathOf(key), problem);
  }

  void refuse(String key, String problem) {
    refusals.add(pathOf(key), problem);
  }

  private String pathOf(String key) {
    return elsewhere.getOrDefault(key, path + "." + key);
  }

  /// This with what SAM's `Globals` gives: mappings are merged by key, lists come one after the
  /// other, and else what stands here wins.
  Section with(Section globals) {
    Map<String, String> given = new HashMap<>();
    globals.values.keySet().forEach(key -> given.put(key, globals.pathOf(key)));
    given.keySet().removeAll(values.keySet());
    return new Section(path, merged(globals.values, values), refusals, given);
  }

  private static Map<String, Object> merged(Map<?, ?> globals, Map<?, ?> own) {
    Map<String, Object> result = new LinkedHashMap<>();
    globals.forEach((key, value) -> result.put(String.valueOf(key), value));
    own.forEach(
        (key, value) ->
            result.merge(
                String.valueOf(key),
                value,
                (global, mine) -> {
                  if (global instanceof Map<?, ?> globalMap && mine instanceof Map<?, ?> myMap) {
                    return merged(globalMap, myMap);
                  }
                  if (global instanceof List<?> globalList && mine instanceof List<?> myList) {
                    return Stream.concat(globalList.stream(), myList.stream()).toList();
                  }
                  return mine;
                }));
    return result;
  }

  /// Refuses every key that is not among these.
  void requireOnly(List<String> known) {
    for (String key : values.keySet()) {
      if (!known.contains(key)) {
        refuse(key, "the local cloud does not honour this property");
      }
    }
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  String string(String key) {
    String value = stringOrNull(key);
    if (value == null) {
      refuse(key, "missing");
      return "";
    }
    return value;
  }

  @Nullable String stringOrNull(String key) {
    Object value = values.get(key);
    if (value == null || value instanceof String) {
      return (String) value;
    }
    if (Refusals.UNKNOWN.equals(value)) {
      refusals.silence(pathOf(key));
    } else {
      refuse(key, "expected one value");
    }
    return null;
  }

  String string(String key, String unlessGiven) {
    String value = stringOrNull(key);
    return value == null ? unlessGiven : value;
  }

  /// @param unlessGiven what is not allowed where one must be given
  String oneOf(String key, String unlessGiven, String... allowed) {
    String value = string(key, unlessGiven);
    List<String> all = List.of(allowed);
    if (all.contains(value)) {
      return value;
    }
    refuse(key, "`" + value + "` is not honoured here, only " + String.join(", ", allowed));
    return all.contains(unlessGiven) ? unlessGiven : allowed[0];
  }

  String matching(String key, String value, String regex) {
    if (!Pattern.matches(regex, value)) {
      refuse(key, "`" + value + "` does not match " + regex);
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
    refuse(key, "`" + value + "` is not a whole number from " + min + " to " + max);
    return Math.clamp(unlessGiven, min, max);
  }

  boolean bool(String key, boolean unlessGiven) {
    return oneOf(key, Boolean.toString(unlessGiven), "true", "false").equals("true");
  }

  /// The mapping at `key`, an empty one where there is none.
  Section section(String key) {
    return of(pathOf(key), values.getOrDefault(key, Map.of()), refusals);
  }

  private List<?> list(String key) {
    Object value = values.getOrDefault(key, List.of());
    if (value instanceof List<?> list) {
      return list;
    }
    if (Refusals.UNKNOWN.equals(value)) {
      refusals.silence(pathOf(key));
    } else {
      refuse(key, "expected a list");
    }
    return List.of();
  }

  /// The mappings in the list at `key`, none where there is no list.
  List<Section> sections(String key) {
    List<?> list = list(key);
    return IntStream.range(0, list.size())
        .mapToObj(i -> of(pathOf(key) + "." + i, list.get(i), refusals))
        .toList();
  }

  /// The values in the list at `key`, none where there is no list.
  List<String> strings(String key) {
    List<?> list = list(key);
    for (int i = 0; i < list.size(); i++) {
      if (Refusals.UNKNOWN.equals(list.get(i))) {
        refusals.silence(pathOf(key) + "." + i);
      } else if (!(list.get(i) instanceof String)) {
        refuse(key, "expected a list of values");
      }
    }
    return list.stream().filter(String.class::isInstance).map(String.class::cast).toList();
  }
}
