package dev.parley.local.template;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the parameters of a template, each with its default or the value that overrides it.
///
/// Unlike AWS: there is no Parameter Store here, so an `AWS::SSM::Parameter::Value` is the value
/// that it is given, not what is stored by that name.
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

  /// Source: CloudFormation user guide, "Supported parameter data types".
  private static final Pattern TYPE =
      Pattern.compile(
          "String|Number|CommaDelimitedList|List<(String|Number)>|(List<)?AWS::EC2::[\\w:]+>?"
              + "|AWS::Route53::HostedZone::Id|List<AWS::Route53::HostedZone::Id>"
              + "|AWS::SSM::Parameter::(Name|Value<[\\w:<>]+>)");

  private final Intrinsics intrinsics;
  private final Refusals refusals;
  private final Map<String, String> overrides;

  /// @param overrides by name
  ParameterReader(Intrinsics intrinsics, Refusals refusals, Map<String, String> overrides) {
    this.intrinsics = intrinsics;
    this.refusals = refusals;
    this.overrides = overrides;
  }

  /// Their values by name: a string, a list of strings, or [Refusals#UNKNOWN].
  ///
  /// @param node the section `Parameters`, or null where there is none
  /// @param instead of the defaults, by name; the overrides still count before them
  Map<String, Object> read(@Nullable Node node, Section instead) {
    Map<String, Node> declared = node == null ? Map.of() : intrinsics.entries(node, "Parameters");
    for (String name : overrides.keySet()) {
      if (!declared.containsKey(name)) {
        refusals.add("Parameters." + name, "the template has no such parameter");
      }
    }
    instead.requireOnly(List.copyOf(declared.keySet()));
    Map<String, Object> values = new HashMap<>();
    declared.forEach(
        (name, definition) ->
            values.put(
                name,
                refusals.attempt(
                    () ->
                        value(
                            name, intrinsics.section(definition, "Parameters." + name), instead))));
    return values;
  }

  private Object value(String name, Section definition, Section instead) {
    definition.requireOnly(PROPERTIES);
    String type = definition.string("Type");
    if (!TYPE.matcher(type).matches()) {
      throw definition.problem(
          "Type", "`" + type + "` is no type of parameters that is known here");
    }
    String value = overrides.get(name);
    if (value == null) {
      value = instead.stringOrNull(name);
    }
    if (value == null) {
      value = definition.stringOrNull("Default");
    }
    if (value == null) {
      throw refusals.problem(definition.path(), "has no default and was given no value");
    }
    boolean isList = type.contains("List<") || type.contains("CommaDelimitedList");
    List<String> values =
        isList ? Stream.of(value.split(",", -1)).map(String::strip).toList() : List.of(value);
    List<String> allowed = definition.strings("AllowedValues");
    String pattern = definition.stringOrNull("AllowedPattern");
    boolean valid =
        (allowed.isEmpty() || allowed.containsAll(values))
            && (pattern == null || matches(definition, pattern, value))
            && value.length() >= definition.integer("MinLength", 0, 0, 4096)
            && value.length() <= definition.integer("MaxLength", 4096, 0, 4096)
            && (!type.matches("Number|List<Number>")
                || values.stream().allMatch(number -> isNumberIn(definition, number)));
    if (!valid) {
      throw refusals.problem(
          definition.path(), "`" + value + "` is not what AllowedPattern and the like allow");
    }
    return isList ? values : value;
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
