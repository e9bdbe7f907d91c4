package dev.parley.local.template;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the parameters of a template, each with its default or the value that overrides it.
final class ParameterReader {
  private static final List<String> PROPERTIES =
      List.of(
          "Type",
          "Default",
          "AllowedPattern",
          "AllowedValues",
          "MinValue",
          "MaxValue",
          "MinLength",
          "MaxLength",
          "Description",
          "ConstraintDescription",
          "NoEcho");

  private final Intrinsics intrinsics;
  private final Map<String, String> overrides;

  /// @param overrides by name
  ParameterReader(Intrinsics intrinsics, Map<String, String> overrides) {
    this.intrinsics = intrinsics;
    this.overrides = overrides;
  }

  /// Their values by name.
  ///
  /// @param node the section `Parameters`, or null where there is none
  /// @param instead of the defaults, by name; the overrides still count before them
  Map<String, String> read(@Nullable Node node, Section instead) {
    Map<String, Node> declared = node == null ? Map.of() : intrinsics.entries(node, "Parameters");
    for (String name : overrides.keySet()) {
      if (!declared.containsKey(name)) {
        throw intrinsics.problem("Parameters." + name, "the template has no such parameter");
      }
    }
    instead.requireOnly(List.copyOf(declared.keySet()));
    Map<String, String> values = new HashMap<>();
    declared.forEach(
        (name, definition) ->
            values.put(
                name, value(name, intrinsics.section(definition, "Parameters." + name), instead)));
    return values;
  }

  private String value(String name, Section definition, Section instead) {
    definition.requireOnly(PROPERTIES);
    String type = definition.oneOf("Type", "", "String", "Number");
    String value = overrides.get(name);
    if (value == null) {
      value = instead.stringOrNull(name);
    }
    if (value == null) {
      value = definition.stringOrNull("Default");
    }
    if (value == null) {
      throw intrinsics.problem(definition.path(), "has no default and was given no value");
    }
    List<String> allowed = definition.strings("AllowedValues");
    String pattern = definition.stringOrNull("AllowedPattern");
    boolean valid =
        (allowed.isEmpty() || allowed.contains(value))
            && (pattern == null || matches(definition, pattern, value))
            && value.length() >= definition.integer("MinLength", 0, 0, 4096)
            && value.length() <= definition.integer("MaxLength", 4096, 0, 4096)
            && (type.equals("String") || isNumberIn(definition, value));
    if (!valid) {
      throw intrinsics.problem(
          definition.path(), "`" + value + "` is not what AllowedPattern and the like allow");
    }
    return value;
  }

  private static boolean matches(Section definition, String pattern, String value) {
    try {
      return Pattern.matches(pattern, value);
    } catch (PatternSyntaxException e) {
      throw definition.problem(
          "AllowedPattern",
          "`%s` is not a regular expression: %s".formatted(pattern, e.getDescription()));
    }
  }

  private static boolean isNumberIn(Section definition, String value) {
    try {
      BigDecimal number = new BigDecimal(value);
      return number.compareTo(new BigDecimal(definition.string("MinValue", value))) >= 0
          && number.compareTo(new BigDecimal(definition.string("MaxValue", value))) <= 0;
    } catch (NumberFormatException e) {
      return false;
    }
  }
}
