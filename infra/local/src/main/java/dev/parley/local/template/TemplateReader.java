package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads one template, once: hands each section and each kind of resource to its own reader, and
/// finds the reader of every name that something refers to.
final class TemplateReader implements Intrinsics.Names {
  private static final String ALARM = "AWS::CloudWatch::Alarm";

  private final TemplateFile file;
  private final Intrinsics intrinsics;
  private final ParameterReader parameterReader;
  private final Resources resources;
  private final TableReader tables;
  private final QueueReader queues;
  private final FunctionReader functions;
  private final ApiReader api;

  /// By type; what is missing gives its logical id, and no attribute.
  private final Map<String, References> kinds;

  private final Map<String, String> parameters = new HashMap<>();
  private final Map<String, Boolean> conditions = new HashMap<>();

  /// Where the issuer of tokens is; null where there is none.
  private final @Nullable String issuer;

  TemplateReader(Path path, Map<String, String> parameterOverrides, @Nullable String issuer) {
    this.issuer = issuer;
    file = new TemplateFile(path);
    intrinsics = new Intrinsics(this, String.valueOf(path.getFileName()));
    parameterReader = new ParameterReader(intrinsics, parameterOverrides);
    resources = new Resources(intrinsics);
    tables = new TableReader(resources);
    queues = new QueueReader(resources);
    functions = new FunctionReader(intrinsics, resources);
    api = new ApiReader(intrinsics, resources, functions);
    kinds =
        Map.of(
            TableReader.TYPE,
            tables,
            QueueReader.TYPE,
            queues,
            FunctionReader.TYPE,
            functions,
            ApiReader.SAM_TYPE,
            api,
            ApiReader.TYPE,
            api,
            ApiReader.STAGE,
            api,
            ALARM,
            new Alarms());
  }

  Template read() {
    Map<String, Node> template = intrinsics.entries(file.compose(), "");
    parameters.putAll(
        parameterReader.read(template.get("Parameters"), instead(template.get("Metadata"))));
    readRules(template.get("Rules"));
    readConditions(template.get("Conditions"));
    resources.read(template.get("Resources"));
    api.generateIds();
    functions.readAlias(template.get("Globals"));
    Section globals = globals(template.get("Globals"));
    template.forEach(this::readOther);
    resources.requireKnownProperties();

    List<TableResource> allTables = tables.read();
    List<QueueResource> allQueues = queues.read();
    Map<String, FunctionResource> allFunctions = functions.read(globals);
    List<StreamMappingResource> streamMappings = new ArrayList<>();
    List<QueueMappingResource> queueMappings = new ArrayList<>();
    for (FunctionResource function : allFunctions.values()) {
      Section events = resources.properties(function.logicalId()).section("Events");
      for (String name : events.values().keySet()) {
        Section event = events.section(name);
        Section mapping = event.section("Properties");
        switch (event.oneOf("Type", "", "DynamoDB", "SQS")) {
          case "DynamoDB" -> streamMappings.add(tables.mapping(function, name, mapping));
          default -> queues.mapping(function, name, mapping).ifPresent(queueMappings::add);
        }
      }
    }
    resources.requireOrder(api::generates);
    WebSocketApi webSocketApi = api.read();
    Set<String> invoked = new HashSet<>();
    if (webSocketApi != null) {
      webSocketApi.routes().values().forEach(route -> invoked.add(route.function()));
      if (webSocketApi.authorizerFunction() != null) {
        invoked.add(webSocketApi.authorizerFunction());
      }
    }
    streamMappings.forEach(mapping -> invoked.add(mapping.function()));
    queueMappings.forEach(mapping -> invoked.add(mapping.function()));
    allFunctions.keySet().removeIf(id -> !invoked.contains(id) && isOfCustomResource(id));
    return new Template(
        webSocketApi,
        allFunctions,
        allTables,
        List.copyOf(streamMappings),
        allQueues,
        List.copyOf(queueMappings),
        resources.withoutEffect(globals));
  }

  /// Custom resources have no effect here, nor have functions that nothing but one of them invokes.
  private boolean isOfCustomResource(String function) {
    return resources.ids().stream()
        .filter(id -> OnAwsOnly.covers(String.valueOf(resources.type(id))))
        .map(resources::properties)
        .filter(properties -> properties.has("ServiceToken"))
        .anyMatch(properties -> functions.at(properties, "ServiceToken").equals(function));
  }

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
    Section local =
        (metadata == null
                ? new Section("Metadata", Map.of(), intrinsics::problem)
                : intrinsics.section(metadata, "Metadata"))
            .section("LocalCloud");
    Section always = local.section("Parameters");
    if (issuer == null) {
      return always;
    }
    if (!local.has("Issuer")) {
      throw local.problem(
          "Issuer", "missing: it says which parameters tell of an issuer of tokens");
    }
    Section ofIssuer = local.section("Issuer");
    Map<String, Object> all = new HashMap<>(always.values());
    for (String name : ofIssuer.values().keySet()) {
      all.put(name, ofIssuer.string(name).replace("{issuer}", issuer));
    }
    return new Section(ofIssuer.path(), all, intrinsics::problem);
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
              throw intrinsics.problem(
                  rule.path(), assertion.string("AssertDescription", "does not hold"));
            }
          }
        });
  }

  /// Unlike AWS: they are read in their order, so that one which names a later one is refused.
  private void readConditions(@Nullable Node node) {
    Map<String, Node> declared = node == null ? Map.of() : intrinsics.entries(node, "Conditions");
    declared.forEach(
        (name, condition) -> {
          String path = "Conditions." + name;
          Object holds = intrinsics.resolve(condition, path);
          if (!holds.equals("true") && !holds.equals("false")) {
            throw intrinsics.problem(path, "is no condition");
          }
          conditions.put(name, holds.equals("true"));
        });
  }

  private Section globals(@Nullable Node node) {
    Section globals =
        node == null
            ? new Section("Globals", Map.of(), intrinsics::problem)
            : intrinsics.section(node, "Globals");
    globals.requireOnly(List.of("Function"));
    return globals.section("Function");
  }

  /// A section that no resource is made of.
  private void readOther(String name, Node node) {
    switch (name) {
      case "AWSTemplateFormatVersion", "Description", "Metadata" -> {}
      case "Parameters", "Rules", "Conditions", "Globals", "Resources" -> {}
      case "Outputs" -> intrinsics.resolve(node, name);
      case "Transform" -> {
        if (!"AWS::Serverless-2016-10-31".equals(intrinsics.resolve(node, name))) {
          throw intrinsics.problem(name, "only AWS::Serverless-2016-10-31 is honoured here");
        }
      }
      default -> throw intrinsics.problem(name, "the local cloud does not honour this section");
    }
  }

  @Override
  public boolean condition(String name, String path) {
    Boolean holds = conditions.get(name);
    if (holds == null) {
      throw intrinsics.problem(path, "there is no condition `" + name + "` before this");
    }
    return holds;
  }

  private References kind(String type) {
    References kind = kinds.get(type);
    if (kind != null) {
      return kind;
    }
    return OnAwsOnly.covers(type) ? OnAwsOnly.of(type) : new References() {};
  }

  @Override
  public String ref(String name, String path) {
    String parameter = parameters.get(name);
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
    String pseudo =
        name.equals(Intrinsics.NO_VALUE)
            ? Intrinsics.NO_VALUE
            : LocalAccount.PSEUDO_PARAMETERS.get(name);
    if (pseudo != null) {
      return pseudo;
    }
    if (!api.generates(name)) {
      throw intrinsics.problem(
          path, "`" + name + "` is no parameter, resource or pseudo parameter");
    }
    return name;
  }

  @Override
  public @Nullable String derived(String logicalId, String name) {
    String type = resources.type(logicalId);
    return type == null ? null : kind(type).derived(logicalId, name);
  }

  @Override
  public String attribute(String logicalId, String attribute, String path) {
    String type = resources.type(logicalId);
    if (type == null) {
      throw intrinsics.problem(path, "`" + logicalId + "` is no resource");
    }
    String value = kind(type).attribute(logicalId, attribute);
    if (value == null) {
      throw intrinsics.problem(path, "`" + logicalId + "` has no attribute " + attribute + " here");
    }
    return value;
  }

  /// Nothing rings here; others may name them.
  private static final class Alarms implements References {
    @Override
    public @Nullable String attribute(String logicalId, String attribute) {
      return attribute.equals("Arn") ? LocalAccount.alarmArn(logicalId) : null;
    }
  }
}
