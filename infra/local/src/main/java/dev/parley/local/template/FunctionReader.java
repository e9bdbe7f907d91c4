package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the functions of a template, each with what `Globals` gives it, their versions, aliases
/// and layers.
final class FunctionReader implements References {
  static final String TYPE = "AWS::Serverless::Function";
  private static final String PLAIN_TYPE = "AWS::Lambda::Function";
  private static final String VERSION_TYPE = "AWS::Lambda::Version";
  private static final String ALIAS_TYPE = "AWS::Lambda::Alias";
  static final String LAYER = "AWS::Serverless::LayerVersion";
  private static final String PLAIN_LAYER = "AWS::Lambda::LayerVersion";

  static final List<String> TYPES =
      List.of(TYPE, PLAIN_TYPE, VERSION_TYPE, ALIAS_TYPE, LAYER, PLAIN_LAYER);

  private static final String ALIAS = "AutoPublishAlias";

  /// The only one.
  private static final String VERSION = "1";

  /// How an API's part names what it invokes, in whatever Region it says.
  private static final Pattern INVOCATION_URI =
      Pattern.compile(
          "arn:[\\w-]+:apigateway:[\\w-]+:lambda:path/[\\d-]+/functions/(.+)/invocations");

  private static final Pattern FUNCTION_ARN =
      Pattern.compile("arn:[\\w-]+:lambda:[\\w-]+:\\d+:function:([^:]+)(:.*)?");

  /// What the CDK says of a resource whose code it puts into a bucket.
  private static final String ASSET_PATH = "aws:asset:path";

  private final Intrinsics intrinsics;
  private final Resources resources;
  private final Refusals refusals;
  private final Path folder;
  private @Nullable String globalAlias;

  /// @param folder of the template
  FunctionReader(Intrinsics intrinsics, Resources resources, Refusals refusals, Path folder) {
    this.folder = folder;
    this.intrinsics = intrinsics;
    this.resources = resources;
    this.refusals = refusals;
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
    Map<String, FunctionResource> functions = new LinkedHashMap<>();
    for (String id : resources.ofType(TYPE, PLAIN_TYPE)) {
      refusals.attempt(
          () ->
              functions.put(
                  id,
                  TYPE.equals(resources.type(id))
                      ? samFunction(id, resources.properties(id).with(globals))
                      : plainFunction(id, resources.properties(id))));
    }
    resources
        .ofType(ALIAS_TYPE, VERSION_TYPE)
        .forEach(id -> refusals.attempt(() -> of(resources.properties(id), "FunctionName")));
    return functions;
  }

  private FunctionResource samFunction(String id, Section function) {
    boolean snapStart = snapStart(function);
    String code = function.values().get("CodeUri") instanceof String path ? path : null;
    return function(
        id,
        function,
        // A mapping is a place in S3.
        code,
        function.stringOrNull("InlineCode"),
        function.oneOf("Tracing", "PassThrough", "Active", "PassThrough", "Disabled"),
        snapStart,
        alias(function, snapStart));
  }

  private FunctionResource plainFunction(String id, Section function) {
    String code = function.values().get("Code") instanceof String path ? path : null;
    String inline = null;
    if (code == null) {
      Section source = function.section("Code");
      inline = source.stringOrNull("ZipFile");
      code = inline == null ? asset(id, source) : null;
    }
    return function(
        id,
        function,
        code,
        inline,
        function
            .section("TracingConfig")
            .oneOf("Mode", "PassThrough", "Active", "PassThrough", "Disabled"),
        snapStart(function),
        aliases(id).findFirst().orElse(null));
  }

  /// Where the code of a resource is on this machine: as the CDK's own tool says, or where the CDK
  /// puts it, beside the template.
  private String asset(String id, Section source) {
    String path = resources.metadata(id, ASSET_PATH);
    String hash = source.string("S3Key").replaceFirst("\\.\\w+$", "");
    for (String name : List.of("asset." + hash, "asset." + hash + ".zip")) {
      if (path == null && !hash.contains("/") && Files.exists(folder.resolve(name))) {
        path = name;
      }
    }
    if (path == null) {
      throw refusals.problem(
          source.path(),
          "is in a bucket: give the zip or folder of this machine instead, as one value"
              + " beside the template, or as Metadata "
              + ASSET_PATH);
    }
    return path;
  }

  private FunctionResource function(
      String id,
      Section function,
      @Nullable String code,
      @Nullable String inlineCode,
      String tracing,
      boolean snapStart,
      @Nullable String alias) {
    function.oneOf("PackageType", "Zip", "Zip");
    String runtime = function.string("Runtime");
    if (ManagedRuntime.of(runtime) == null) {
      function.refuse(
          "Runtime", "`%s` does not run here, only %s".formatted(runtime, ManagedRuntime.all()));
    }
    Map<String, String> environment = new LinkedHashMap<>();
    Section variables = function.section("Environment").section("Variables");
    variables.values().keySet().forEach(name -> environment.put(name, variables.string(name)));
    return new FunctionResource(
        id,
        name(id),
        runtime,
        code,
        inlineCode,
        layers(function),
        function.string("Handler"),
        environment,
        Duration.ofSeconds(function.integer("Timeout", 3, 1, 900)),
        function.integer("MemorySize", 128, 128, 10_240),
        tracing.equals("Active"),
        snapStart,
        alias);
  }

  private static boolean snapStart(Section function) {
    return function
        .section("SnapStart")
        .oneOf("ApplyOn", "None", "PublishedVersions", "None")
        .equals("PublishedVersions");
  }

  /// Source: SAM developer guide, "AWS::Serverless::Function"; what needs a version needs an alias,
  /// since nothing else publishes one.
  private static @Nullable String alias(Section function, boolean snapStart) {
    String alias = function.stringOrNull(ALIAS);
    if (alias != null) {
      function.matching(ALIAS, alias, "(?!\\d+$)[A-Za-z0-9_-]{1,128}");
    }
    if (alias == null && snapStart) {
      function.refuse("SnapStart", "needs " + ALIAS + ": nothing else publishes a version");
    }
    if (alias == null && function.section("DeploymentPreference").bool("Enabled", false)) {
      function.refuse("DeploymentPreference", "needs " + ALIAS);
    }
    function.bool("AutoPublishAliasAllProperties", false);
    function.oneOf("VersionDeletionPolicy", "Retain", "Retain", "Delete");
    return alias;
  }

  /// The folders of a function's layers, beside the template.
  private List<String> layers(Section function) {
    return function.strings("Layers").stream()
        .flatMap(
            arn -> {
              Optional<String> layer =
                  resources.ofType(LAYER, PLAIN_LAYER).stream()
                      .filter(id -> LocalAccount.layerArn(id).equals(arn))
                      .findFirst();
              if (layer.isEmpty()) {
                function.refuse(
                    "Layers",
                    "`%s` is no layer of this template: declare it as %s with a folder"
                        .formatted(arn, LAYER));
              }
              return layer.map(this::content).stream();
            })
        .toList();
  }

  private String content(String layer) {
    Section properties = resources.properties(layer);
    if (LAYER.equals(resources.type(layer))) {
      return properties.string("ContentUri");
    }
    return properties.values().get("Content") instanceof String path
        ? path
        : asset(layer, properties.section("Content"));
  }

  // ---- Names ----------------------------------------------------------------------------------

  /// The logical id of the function that a property names: by its name or ARN, or by that of an
  /// alias or version.
  String of(Section section, String key) {
    return of(section, key, section.string(key));
  }

  /// The logical id of the function that a property of an API's part invokes.
  String invoked(Section section, String key, Map<String, String> stageVariables) {
    String uri = section.string(key);
    for (Map.Entry<String, String> variable : stageVariables.entrySet()) {
      uri = uri.replace("${stageVariables." + variable.getKey() + "}", variable.getValue());
    }
    Matcher matcher = INVOCATION_URI.matcher(uri);
    if (!matcher.matches()) {
      throw section.problem(
          key,
          "`%s` invokes no function: expected %s"
              .formatted(uri, LocalAccount.invocationUri("<ARN of the function>")));
    }
    return of(section, key, matcher.group(1));
  }

  private String of(Section section, String key, String arn) {
    return resources.ofType(TYPE, PLAIN_TYPE).stream()
        .filter(id -> isNamed(id, arn))
        .findFirst()
        .orElseThrow(() -> section.problem(key, "`" + arn + "` is no function of this template"));
  }

  private boolean isNamed(String id, String arn) {
    String name = name(id);
    return Stream.concat(aliases(id), Stream.of(VERSION, "$LATEST"))
            .anyMatch(qualifier -> arn.equals(LocalAccount.aliasArn(name, qualifier)))
        || arn.equals(LocalAccount.functionArn(name))
        || arn.equals(name);
  }

  /// What a function can be called by instead of its versions.
  private Stream<String> aliases(String id) {
    if (TYPE.equals(resources.type(id))) {
      return Stream.ofNullable(samAlias(id));
    }
    return resources.ofType(ALIAS_TYPE).stream()
        .filter(alias -> functionOf(alias).equals(name(id)))
        .map(alias -> Objects.requireNonNullElse(resources.value(alias, "Name"), alias));
  }

  /// The name of the function of an alias or version, which may be told by an ARN.
  private String functionOf(String id) {
    String function = Objects.requireNonNullElse(resources.value(id, "FunctionName"), "");
    return FUNCTION_ARN.matcher(function).replaceFirst("$1");
  }

  /// Whether SAM makes the role with this logical id, of a function that names none.
  boolean generatesRole(String logicalId) {
    return logicalId.endsWith("Role")
        && TYPE.equals(resources.type(logicalId.substring(0, logicalId.length() - 4)));
  }

  /// Unlike AWS: a function without a `FunctionName` is called by its logical id, with no random
  /// suffix.
  private String name(String id) {
    return Objects.requireNonNullElse(resources.value(id, "FunctionName"), id);
  }

  private @Nullable String samAlias(String id) {
    String own = resources.value(id, ALIAS);
    return own == null ? globalAlias : own;
  }

  @Override
  public String ref(String logicalId) {
    return switch (resources.type(logicalId)) {
      case LAYER, PLAIN_LAYER -> LocalAccount.layerArn(logicalId);
      case VERSION_TYPE -> LocalAccount.aliasArn(functionOf(logicalId), VERSION);
      case ALIAS_TYPE ->
          LocalAccount.aliasArn(
              functionOf(logicalId), String.valueOf(resources.value(logicalId, "Name")));
      case null, default -> name(logicalId);
    };
  }

  @Override
  public @Nullable String derived(String logicalId, String name) {
    if (!TYPE.equals(resources.type(logicalId))) {
      return null;
    }
    String alias = samAlias(logicalId);
    return alias == null
        ? null
        : switch (name) {
          case "Alias" -> LocalAccount.aliasArn(name(logicalId), alias);
          case "Version" -> LocalAccount.aliasArn(name(logicalId), VERSION);
          default -> null;
        };
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return switch (resources.type(logicalId)) {
      case TYPE, PLAIN_TYPE ->
          attribute.equals("Arn") ? LocalAccount.functionArn(name(logicalId)) : null;
      case LAYER, PLAIN_LAYER ->
          attribute.equals("LayerVersionArn") ? LocalAccount.layerArn(logicalId) : null;
      case VERSION_TYPE ->
          switch (attribute) {
            case "Version" -> VERSION;
            case "FunctionArn" -> ref(logicalId);
            default -> null;
          };
      case ALIAS_TYPE -> attribute.equals("AliasArn") ? ref(logicalId) : null;
      case null, default -> null;
    };
  }
}
