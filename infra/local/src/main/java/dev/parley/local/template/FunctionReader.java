package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the functions of a template, each with what `Globals` gives it.
final class FunctionReader implements References {
  static final String TYPE = "AWS::Serverless::Function";

  private static final String ALIAS = "AutoPublishAlias";

  /// The only one.
  private static final String VERSION = "1";

  private final Intrinsics intrinsics;
  private final Resources resources;
  private @Nullable String globalAlias;

  FunctionReader(Intrinsics intrinsics, Resources resources) {
    this.intrinsics = intrinsics;
    this.resources = resources;
  }

  /// The alias that `Globals` gives, which the rest of it may refer to.
  ///
  /// @param globals the section, in which nothing is resolved yet
  void readAlias(@Nullable Node globals) {
    Node function = globals == null ? null : intrinsics.entries(globals, "Globals").get("Function");
    Node alias =
        function == null ? null : intrinsics.entries(function, "Globals.Function").get(ALIAS);
    if (alias != null) {
      String path = "Globals.Function." + ALIAS;
      globalAlias = String.valueOf(intrinsics.resolve(alias, path));
    }
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
    String runtime = function.string("Runtime");
    if (ManagedRuntime.of(runtime) == null) {
      throw function.problem(
          "Runtime", "`%s` does not run here, only %s".formatted(runtime, ManagedRuntime.all()));
    }
    Map<String, String> environment = new LinkedHashMap<>();
    Section variables = function.section("Environment").section("Variables");
    variables.values().keySet().forEach(name -> environment.put(name, variables.string(name)));
    boolean snapStart =
        function
            .section("SnapStart")
            .oneOf("ApplyOn", "None", "PublishedVersions", "None")
            .equals("PublishedVersions");
    String alias = alias(function, snapStart);
    return new FunctionResource(
        id,
        runtime,
        // A mapping is a place in S3.
        function.values().get("CodeUri") instanceof String code ? code : null,
        function.stringOrNull("InlineCode"),
        function.strings("Layers"),
        function.string("Handler"),
        environment,
        Duration.ofSeconds(function.integer("Timeout", 3, 1, 900)),
        function.integer("MemorySize", 128, 128, 10_240),
        function
            .oneOf("Tracing", "PassThrough", "Active", "PassThrough", "Disabled")
            .equals("Active"),
        snapStart,
        alias);
  }

  /// Source: SAM developer guide, "AWS::Serverless::Function"; what needs a version needs an alias,
  /// since nothing else publishes one.
  private static @Nullable String alias(Section function, boolean snapStart) {
    String alias = function.stringOrNull(ALIAS);
    if (alias != null) {
      function.matching(ALIAS, alias, "(?!\\d+$)[A-Za-z0-9_-]{1,128}");
    }
    if (alias == null && snapStart) {
      throw function.problem("SnapStart", "needs " + ALIAS + ": nothing else publishes a version");
    }
    if (alias == null && function.section("DeploymentPreference").bool("Enabled", false)) {
      throw function.problem("DeploymentPreference", "needs " + ALIAS);
    }
    function.bool("AutoPublishAliasAllProperties", false);
    function.oneOf("VersionDeletionPolicy", "Retain", "Retain", "Delete");
    return alias;
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

  /// The logical id of the function whose ARN, or whose alias's, is the value of a property.
  String at(Section section, String key) {
    return at(section, key, arn -> arn);
  }

  /// The logical id of the function that a property of an API's part invokes.
  String invoked(Section section, String key) {
    return at(section, key, LocalAccount::invocationUri);
  }

  /// @param named how the property names a function or an alias by its ARN
  private String at(Section section, String key, UnaryOperator<String> named) {
    String value = section.string(key);
    return resources.ofType(TYPE).stream()
        .filter(
            id -> {
              String alias = derived(id, "Alias");
              return value.equals(named.apply(LocalAccount.functionArn(id)))
                  || (alias != null && value.equals(named.apply(alias)));
            })
        .findFirst()
        .orElseThrow(() -> section.problem(key, "`" + value + "` is no function of this template"));
  }

  @Override
  public @Nullable String derived(String logicalId, String name) {
    String own = resources.value(logicalId, ALIAS);
    String alias = own == null ? globalAlias : own;
    return alias == null
        ? null
        : switch (name) {
          case "Alias" -> LocalAccount.aliasArn(logicalId, alias);
          case "Version" -> LocalAccount.aliasArn(logicalId, VERSION);
          default -> null;
        };
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return attribute.equals("Arn") ? LocalAccount.functionArn(logicalId) : null;
  }
}
