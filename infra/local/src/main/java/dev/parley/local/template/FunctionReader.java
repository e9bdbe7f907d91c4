package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads the functions of a template, each with what `Globals` gives it.
final class FunctionReader implements References {
  static final String TYPE = "AWS::Serverless::Function";
  private static final List<String> GENERATED = List.of(".Version", ".Alias");

  private final Resources resources;

  FunctionReader(Resources resources) {
    this.resources = resources;
  }

  /// By logical id, in the template's order.
  ///
  /// @param globals the section `Globals.Function`
  Map<String, FunctionResource> read(Section globals) {
    KnownProperties.require(TYPE, globals);
    Map<String, FunctionResource> functions = new LinkedHashMap<>();
    resources.ofType(TYPE).forEach(id -> functions.put(id, function(id, globals)));
    return functions;
  }

  private FunctionResource function(String id, Section globals) {
    Section own = resources.properties(id);
    Section function =
        new Section(own.path(), merged(globals.values(), own.values()), own.problems());
    function.matching("Runtime", function.string("Runtime"), "java\\d+");
    Map<String, String> environment = new LinkedHashMap<>();
    Section variables = function.section("Environment").section("Variables");
    variables.values().keySet().forEach(name -> environment.put(name, variables.string(name)));
    return new FunctionResource(
        id,
        function.string("Handler"),
        environment,
        Duration.ofSeconds(function.integer("Timeout", 3, 1, 900)),
        function.integer("MemorySize", 128, 128, 10_240),
        function
            .oneOf("Tracing", "PassThrough", "Active", "PassThrough", "Disabled")
            .equals("Active"));
  }

  /// As SAM merges Globals: mappings by key, lists one after the other, and else the resource wins.
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

  /// Whether SAM generates what `Ref` of this gives: `Echo.Version` and `Echo.Alias`, where the
  /// function Echo has an `AutoPublishAlias`. Unlike AWS: it gives no ARN, since there is one
  /// version here.
  boolean generates(String name) {
    return GENERATED.stream()
        .filter(name::endsWith)
        .map(suffix -> name.substring(0, name.length() - suffix.length()))
        .anyMatch(id -> TYPE.equals(resources.type(id)) && resources.has(id, "AutoPublishAlias"));
  }

  /// The logical id of the function whose ARN is the value of a property.
  String at(Section section, String key) {
    String arn = section.string(key);
    return resources.ofType(TYPE).stream()
        .filter(id -> arn.equals(LocalAccount.functionArn(id)))
        .findFirst()
        .orElseThrow(() -> section.problem(key, "`" + arn + "` is no function of this template"));
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return attribute.equals("Arn") ? LocalAccount.functionArn(logicalId) : null;
  }
}
