package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads one template, once: hands each section and each kind of resource to its own reader, and
/// finds the reader of every name that something refers to. All that is wrong is told at its end.
final class TemplateReader implements Intrinsics.Names {
  /// Sections of `Globals`, each with the type that it is for.
  private static final Map<String, String> GLOBALS =
      Map.of(
          "Function", FunctionReader.TYPE,
          "LayerVersion", FunctionReader.LAYER,
          "SimpleTable", TableReader.SIMPLE_TYPE,
          "WebSocketApi", ApiReader.SAM_TYPE);

  /// Those for types that are not honoured here.
  private static final List<String> OTHER_GLOBALS =
      List.of("Api", "CapacityProvider", "HttpApi", "StateMachine");

  private static final String MAPPING = "AWS::Lambda::EventSourceMapping";

  private final TemplateFile file;
  private final Refusals refusals;
  private final Intrinsics intrinsics;
  private final ParameterReader parameterReader;
  private final Resources resources;
  private final TableReader tables;
  private final QueueReader queues;
  private final FunctionReader functions;
  private final ApiReader apis;

  /// By type; what is missing gives its logical id, and no attribute.
  private final Map<String, References> kinds = new HashMap<>();

  private final Map<String, Object> parameters = new HashMap<>();
  private @Nullable Section mappings;
  private Map<String, Node> conditions = Map.of();
  private final Set<String> conditionsAtWork = new LinkedHashSet<>();

  /// Those that were evaluated; empty where it could not be done.
  private final Map<String, Optional<Boolean>> held = new HashMap<>();

  /// Where the issuer of tokens is; null where there is none.
  private final @Nullable String issuer;

  TemplateReader(Path path, Map<String, String> parameterOverrides, @Nullable String issuer) {
    this.issuer = issuer;
    file = new TemplateFile(path);
    refusals = new Refusals(String.valueOf(path.getFileName()));
    intrinsics = new Intrinsics(this, refusals);
    parameterReader = new ParameterReader(intrinsics, refusals, parameterOverrides);
    resources = new Resources(intrinsics, refusals);
    queues = new QueueReader(resources, refusals);
    tables = new TableReader(resources, queues, refusals);
    functions = new FunctionReader(intrinsics, resources, refusals, path.resolveSibling(""));
    apis = new ApiReader(intrinsics, resources, functions, refusals);
    TableReader.TYPES.forEach(type -> kinds.put(type, tables));
    kinds.put(QueueReader.TYPE, queues);
    FunctionReader.TYPES.forEach(type -> kinds.put(type, functions));
    ApiReader.TYPES.forEach(type -> kinds.put(type, apis));
  }

  Template read() {
    List<Template> whole = new ArrayList<>();
    refusals.attempt(() -> whole.add(readAll()));
    refusals.throwIfAny();
    return whole.getFirst();
  }

  private Template readAll() {
    Map<String, Node> template = intrinsics.entries(file.compose(), "");
    parameters.putAll(
        parameterReader.read(template.get("Parameters"), instead(template.get("Metadata"))));
    Node mapped = template.get("Mappings");
    mappings = mapped == null ? null : intrinsics.section(mapped, "Mappings");
    readConditions(template.get("Conditions"));
    readRules(template.get("Rules"));
    resources.read(template.get("Resources"), this);
    apis.generateIds();
    refusals.attempt(() -> functions.readAlias(template.get("Globals")));
    Map<String, Section> globals = globals(template.get("Globals"));
    template.forEach((name, node) -> refusals.attempt(() -> readOther(name, node)));
    requireEventTypes();
    apis.requireKinds();
    resources.requireKnownProperties();

    List<TableResource> allTables = tables.read();
    List<QueueResource> allQueues = queues.read();
    Map<String, FunctionResource> allFunctions =
        functions.read(globals(globals, FunctionReader.TYPE));
    List<StreamMappingResource> streamMappings = new ArrayList<>();
    List<QueueMappingResource> queueMappings = new ArrayList<>();
    for (FunctionResource function : allFunctions.values()) {
      Section events = resources.properties(function.logicalId()).section("Events");
      for (String name : events.values().keySet()) {
        refusals.attempt(
            () -> readEvent(function, events.section(name), name, streamMappings, queueMappings));
      }
    }
    for (String id : resources.ofType(MAPPING)) {
      refusals.attempt(() -> readMapping(id, allFunctions, streamMappings, queueMappings));
    }
    resources.requireOrder(id -> apis.refOfGenerated(id) != null || functions.generatesRole(id));
    List<WebSocketApi> webSocketApis = apis.read(globals(globals, ApiReader.SAM_TYPE));
    Set<String> invoked = new HashSet<>();
    streamMappings.forEach(mapping -> invoked.add(mapping.function()));
    queueMappings.forEach(mapping -> invoked.add(mapping.function()));
    Set<String> ofCustomResources = ofCustomResources();
    allFunctions
        .keySet()
        .removeIf(
            id ->
                ofCustomResources.contains(id)
                    && !invoked.contains(id)
                    && webSocketApis.stream().noneMatch(api -> api.calls(id)));
    return new Template(
        webSocketApis,
        allFunctions,
        allTables,
        List.copyOf(streamMappings),
        allQueues,
        List.copyOf(queueMappings),
        resources.withoutEffect(globals));
  }

  // ---- Event source mappings ------------------------------------------------------------------

  /// What an event of another type says is not looked at.
  private void requireEventTypes() {
    for (String id : resources.ofType(FunctionReader.TYPE)) {
      Section events = resources.properties(id).section("Events");
      for (String name : events.values().keySet()) {
        Section event = events.section(name);
        String type = event.string("Type", "");
        if (!List.of("DynamoDB", "SQS").contains(type)) {
          event.refuse("Type", "`" + type + "` is not honoured here, only DynamoDB, SQS");
          refusals.silence(event.path() + ".Properties");
        }
      }
    }
  }

  private void readEvent(
      FunctionResource function,
      Section event,
      String name,
      List<StreamMappingResource> streamMappings,
      List<QueueMappingResource> queueMappings) {
    Section mapping = event.section("Properties");
    String id = function.logicalId() + name;
    switch (event.string("Type")) {
      case "DynamoDB" -> {
        StreamMappingResource made = tables.mapping(id, function, mapping, "Stream");
        if (mapping.bool("Enabled", true)) {
          streamMappings.add(made);
        }
      }
      case "SQS" -> {
        QueueMappingResource made = queues.mapping(id, function, mapping, "Queue");
        if (mapping.bool("Enabled", true)) {
          queueMappings.add(made);
        }
      }
      default -> {} // it was refused
    }
  }

  private void readMapping(
      String id,
      Map<String, FunctionResource> all,
      List<StreamMappingResource> streamMappings,
      List<QueueMappingResource> queueMappings) {
    Section mapping = resources.properties(id);
    FunctionResource function = all.get(functions.of(mapping, "FunctionName"));
    if (function == null) {
      return; // it was refused
    }
    String source = "EventSourceArn";
    boolean enabled = mapping.bool("Enabled", true);
    if (queues.has(mapping.string(source))) {
      QueueMappingResource made = queues.mapping(id, function, mapping, source);
      if (enabled) {
        queueMappings.add(made);
      }
    } else {
      StreamMappingResource made = tables.mapping(id, function, mapping, source);
      if (enabled) {
        streamMappings.add(made);
      }
    }
  }

  /// Custom resources have no effect here, nor have functions that nothing but one of them invokes.
  private Set<String> ofCustomResources() {
    Set<String> invoked = new HashSet<>();
    Stream.concat(resources.ids().stream(), resources.absentIds().stream())
        .filter(id -> resources.has(id, "ServiceToken"))
        .forEach(
            id ->
                refusals.attempt(
                    () -> {
                      Section properties =
                          resources.type(id) == null
                              ? new Section(id, Map.of("ServiceToken", token(id)), refusals)
                              : resources.properties(id);
                      invoked.add(functions.of(properties, "ServiceToken"));
                    }));
    return invoked;
  }

  private String token(String id) {
    return String.valueOf(resources.value(id, "ServiceToken"));
  }

  // ---- Sections -------------------------------------------------------------------------------

  /// What the template's `Metadata` gives to parameters here instead of their defaults:
  ///
  /// ```yaml
  /// Metadata:
  ///   LocalCloud:
  ///     Parameters: {AllowedOrigins: "*"}
  ///     # With an issuer of tokens; {issuer} is where it is.
  ///     Issuer: {TokenKeysUrl: "{issuer}/jwks"}
  /// ```
  private Section instead(@Nullable Node metadata) {
    Map<String, Node> all = metadata == null ? Map.of() : intrinsics.entries(metadata, "Metadata");
    Node own = all.get("LocalCloud");
    Section local =
        own == null
            ? new Section("Metadata.LocalCloud", Map.of(), refusals)
            : intrinsics.section(own, "Metadata.LocalCloud");
    Section always = local.section("Parameters");
    if (issuer == null) {
      return always;
    }
    if (!local.has("Issuer")) {
      local.refuse("Issuer", "missing: it says which parameters tell of an issuer of tokens");
    }
    Section ofIssuer = local.section("Issuer");
    Map<String, Object> values = new HashMap<>(always.values());
    for (String name : ofIssuer.values().keySet()) {
      values.put(name, ofIssuer.string(name).replace("{issuer}", issuer));
    }
    return new Section(ofIssuer.path(), values, refusals);
  }

  private void readConditions(@Nullable Node node) {
    conditions = node == null ? Map.of() : intrinsics.entries(node, "Conditions");
    conditions
        .keySet()
        .forEach(name -> refusals.attempt(() -> condition(name, "Conditions." + name)));
  }

  /// CloudFormation does not begin where a rule's assertion does not hold.
  private void readRules(@Nullable Node node) {
    Map<String, Node> rules = node == null ? Map.of() : intrinsics.entries(node, "Rules");
    rules.forEach(
        (name, definition) -> {
          Section rule = intrinsics.section(definition, "Rules." + name);
          rule.requireOnly(List.of("RuleCondition", "Assertions"));
          if (!rule.bool("RuleCondition", true)) {
            return;
          }
          for (Section assertion : rule.sections("Assertions")) {
            if (!assertion.bool("Assert", true)) {
              refusals.add(rule.path(), assertion.string("AssertDescription", "does not hold"));
            }
          }
        });
  }

  /// By type.
  private Map<String, Section> globals(@Nullable Node node) {
    Section all =
        node == null
            ? new Section("Globals", Map.of(), refusals)
            : intrinsics.section(node, "Globals");
    all.requireOnly(Stream.concat(GLOBALS.keySet().stream(), OTHER_GLOBALS.stream()).toList());
    Map<String, Section> globals = new LinkedHashMap<>();
    GLOBALS.forEach(
        (name, type) -> {
          Section section = all.section(name);
          KnownProperties.require(type, section);
          globals.put(type, section);
        });
    return globals;
  }

  private Section globals(Map<String, Section> globals, String type) {
    return globals.getOrDefault(type, new Section("Globals", Map.of(), refusals));
  }

  /// A section that no resource is made of.
  private void readOther(String name, Node node) {
    switch (name) {
      case "AWSTemplateFormatVersion", "Description", "Metadata" -> {}
      case "Parameters", "Mappings", "Rules", "Conditions", "Globals", "Resources" -> {}
      case "Outputs" -> intrinsics.entries(node, name).forEach(this::readOutput);
      case "Transform" -> {
        Object transforms = intrinsics.resolve(node, name);
        for (Object transform : transforms instanceof List<?> list ? list : List.of(transforms)) {
          if (!"AWS::Serverless-2016-10-31".equals(transform)) {
            refusals.add(name, "only AWS::Serverless-2016-10-31 is honoured here");
          }
        }
      }
      default -> refusals.add(name, "the local cloud does not honour this section");
    }
  }

  private void readOutput(String name, Node node) {
    String path = "Outputs." + name;
    refusals.attempt(
        () -> {
          Node condition = intrinsics.entries(node, path).get("Condition");
          if (condition == null
              || !Boolean.FALSE.equals(
                  condition(
                      String.valueOf(intrinsics.resolve(condition, path + ".Condition")),
                      path + ".Condition"))) {
            intrinsics.section(node, path);
          }
        });
  }

  // ---- Names ----------------------------------------------------------------------------------

  @Override
  public @Nullable Boolean condition(String name, String path) {
    Node node = conditions.get(name);
    if (node == null) {
      throw refusals.problem(path, "there is no condition `" + name + "`");
    }
    Optional<Boolean> known = held.get(name);
    if (known == null) {
      known = evaluate(name, node, "Conditions." + name);
      held.put(name, known);
    }
    return known.orElse(null);
  }

  private Optional<Boolean> evaluate(String name, Node node, String path) {
    if (!conditionsAtWork.add(name)) {
      refusals.add(path, "refers to itself");
      return Optional.empty();
    }
    Object holds =
        refusals.attempt(
            () -> {
              Object value = intrinsics.resolve(node, path);
              if (!Refusals.UNKNOWN.equals(value) && !List.of("true", "false").contains(value)) {
                throw refusals.problem(path, "is no condition");
              }
              return value;
            });
    conditionsAtWork.remove(name);
    return Refusals.UNKNOWN.equals(holds) ? Optional.empty() : Optional.of(holds.equals("true"));
  }

  @Override
  public Object mapped(String map, String first, String second, String path) {
    Object value =
        mappings == null ? null : mappings.section(map).section(first).values().get(second);
    if (value == null) {
      throw refusals.problem(path, "Mappings has no `%s.%s.%s`".formatted(map, first, second));
    }
    return value;
  }

  private References kind(String type) {
    References kind = kinds.get(type);
    if (kind != null) {
      return kind;
    }
    return OnAwsOnly.covers(type) ? OnAwsOnly.of(type) : new References() {};
  }

  @Override
  public Object ref(String name, String path) {
    Object parameter = parameters.get(name);
    if (parameter != null) {
      return parameter;
    }
    String type = resources.type(name);
    if (type != null) {
      return kind(type).ref(name);
    }
    int dot = name.indexOf('.');
    String derived = dot < 0 ? null : derived(name.substring(0, dot), name.substring(dot + 1));
    if (derived != null) {
      return derived;
    }
    if (name.equals(Intrinsics.NO_VALUE)) {
      return name;
    }
    if (name.equals("AWS::NotificationARNs")) {
      return List.of();
    }
    String pseudo = LocalAccount.PSEUDO_PARAMETERS.get(name);
    if (pseudo != null) {
      return pseudo;
    }
    String generated = functions.generatesRole(name) ? name : apis.refOfGenerated(name);
    return generated != null
        ? generated
        : unknown(name, path, "is no parameter, resource or pseudo parameter");
  }

  @Override
  public @Nullable String derived(String logicalId, String name) {
    String type = resources.type(logicalId);
    return type == null ? null : kind(type).derived(logicalId, name);
  }

  @Override
  public Object attribute(String logicalId, String attribute, String path) {
    String type = resources.type(logicalId);
    if (type == null) {
      return functions.generatesRole(logicalId) && attribute.equals("Arn")
          ? LocalAccount.roleArn(logicalId)
          : unknown(logicalId, path, "is no resource");
    }
    String value = kind(type).attribute(logicalId, attribute);
    if (value == null) {
      throw refusals.problem(path, "`" + logicalId + "` has no attribute " + attribute + " here");
    }
    return value;
  }

  /// @return what stands for a resource that was refused
  private Object unknown(String name, String path, String problem) {
    String condition = resources.absentBy(name);
    if (condition != null) {
      throw refusals.problem(
          path, "`%s` is not there, since %s does not hold".formatted(name, condition));
    }
    if (resources.isRefused(name)) {
      return Refusals.UNKNOWN;
    }
    throw refusals.problem(path, "`" + name + "` " + problem);
  }
}
