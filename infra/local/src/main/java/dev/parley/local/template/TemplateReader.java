package dev.parley.local.template;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.template.StreamMappingResource.StartingPosition;
import dev.parley.local.template.TableResource.Index;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.events.AliasEvent;
import org.yaml.snakeyaml.events.Event;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.reader.ReaderException;

/// Reads one template, once. Names are resolved when they are met, so resources may stand in any
/// order.
final class TemplateReader implements Intrinsics.Names {
  private static final String API = "AWS::Serverless::WebSocketApi";
  private static final String ROUTE = "AWS::ApiGatewayV2::Route";
  private static final String ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse";
  private static final String FUNCTION = "AWS::Serverless::Function";
  private static final String TABLE = "AWS::DynamoDB::Table";
  private static final String QUEUE = "AWS::SQS::Queue";
  private static final String ALARM = "AWS::CloudWatch::Alarm";

  /// What an event of type `DynamoDB` may not have.
  private static final List<String> QUEUE_EVENT_ONLY = List.of("Queue", "Enabled", "ScalingConfig");

  /// What `Ref` of the WebSocket API gives.
  private static final String API_ID = "local";

  private static final String STACK = "parley";
  private static final Set<String> PREDEFINED_ROUTES =
      Set.of("$connect", "$disconnect", "$default");
  private static final List<String> PARAMETER_PROPERTIES =
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

  /// CloudFormation quotas, "Template body size in an S3 object".
  private static final int TEMPLATE_BYTES_MAX = 1024 * 1024;

  private final Path file;
  private final Map<String, String> parameterOverrides;
  private final Intrinsics intrinsics;
  private final Map<String, String> parameters = new HashMap<>();
  private final Map<String, Map<String, Node>> resources = new LinkedHashMap<>();
  private final Map<String, String> types = new HashMap<>();
  private final Map<String, Section> properties = new HashMap<>();

  /// The logical ids that SAM makes up for routes and their parts.
  private final Set<String> generatedIds = new LinkedHashSet<>();

  private final Set<String> beingResolved = new LinkedHashSet<>();

  TemplateReader(Path file, Map<String, String> parameterOverrides) {
    this.file = file;
    this.parameterOverrides = parameterOverrides;
    this.intrinsics = new Intrinsics(this, String.valueOf(file.getFileName()));
  }

  Template read() {
    Map<String, Node> template = intrinsics.entries(compose(), "");
    readParameters(template.get("Parameters"));
    readResources(template.get("Resources"));
    Section globals = globals(template.get("Globals"));
    template.forEach(
        (name, node) -> {
          switch (name) {
            case "AWSTemplateFormatVersion", "Description", "Metadata" -> {}
            case "Parameters", "Globals", "Resources" -> {}
            case "Outputs" -> intrinsics.resolve(node, name);
            case "Transform" -> {
              if (!"AWS::Serverless-2016-10-31".equals(intrinsics.resolve(node, name))) {
                throw problem(name, "only AWS::Serverless-2016-10-31 is honoured here");
              }
            }
            default -> throw problem(name, "the local cloud does not honour this section");
          }
        });
    resources.keySet().forEach(this::checkedProperties);

    List<TableResource> tables = ofType(TABLE).map(this::table).toList();
    Set<String> tableNames = new LinkedHashSet<>();
    for (TableResource table : tables) {
      if (!tableNames.add(table.name())) {
        throw problem(
            table.logicalId() + ".Properties.TableName",
            "another table is called `" + table.name() + "`");
      }
    }
    Map<String, FunctionResource> functions = new LinkedHashMap<>();
    List<StreamMappingResource> mappings = new ArrayList<>();
    QueueReader queueReader = new QueueReader();
    ofType(QUEUE)
        .forEach(
            id -> queueReader.add(id, propertiesOf(id), queueName(id), queueArn(id), queueUrl(id)));
    List<QueueResource> queues = queueReader.queues();
    List<QueueMappingResource> queueMappings = new ArrayList<>();
    ofType(FUNCTION)
        .forEach(
            id -> {
              FunctionResource function = function(id, globals);
              functions.put(id, function);
              Section events = propertiesOf(id).section("Events");
              for (String name : events.values().keySet()) {
                Section event = events.section(name);
                if (event.oneOf("Type", "", "DynamoDB", "SQS").equals("DynamoDB")) {
                  mappings.add(mapping(id, name, events));
                  continue;
                }
                QueueMappingResource mapping =
                    queueReader.mapping(function, name, event.section("Properties"));
                if (mapping != null) {
                  queueMappings.add(mapping);
                }
              }
            });
    return new Template(
        api(), functions, tables, List.copyOf(mappings), queues, List.copyOf(queueMappings));
  }

  private Node compose() {
    String yaml = text();
    try {
      refuseAliases(yaml);
      Node root = yaml().compose(new StringReader(yaml));
      if (root == null) {
        throw new TemplateException(file + ": this template is empty");
      }
      return root;
    } catch (MarkedYAMLException e) {
      throw notYaml(
          e.getProblem(), e.getProblemMark() == null ? 0 : e.getProblemMark().getLine() + 1);
    } catch (ReaderException e) {
      int line = yaml.codePoints().limit(e.getPosition()).map(c -> c == '\n' ? 1 : 0).sum() + 1;
      throw notYaml("it has the character U+%04X".formatted(e.getCodePoint()), line);
    } catch (YAMLException e) { // nested too deeply, which has no mark
      throw new TemplateException(file + ": not YAML that can be read: " + e.getMessage());
    }
  }

  private TemplateException notYaml(String problem, int line) {
    return new TemplateException(
        "%s: not YAML: %s (%s:%d)".formatted(file, problem, file.getFileName(), line));
  }

  private static Yaml yaml() {
    return new Yaml(new SafeConstructor(new LoaderOptions()));
  }

  private String text() {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(TEMPLATE_BYTES_MAX + 1);
      if (bytes.length > TEMPLATE_BYTES_MAX) {
        throw new TemplateException(
            "%s: larger than %d bytes, the most that CloudFormation takes"
                .formatted(file, TEMPLATE_BYTES_MAX));
      }
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (NoSuchFileException e) {
      throw new TemplateException(file + ": there is no such template");
    } catch (AccessDeniedException e) {
      throw new TemplateException(file + ": there is no permission to read this template");
    } catch (CharacterCodingException e) {
      throw new TemplateException(file + ": not UTF-8");
    } catch (IOException e) {
      throw new TemplateException(file + ": this template cannot be read: " + e.getMessage());
    }
  }

  /// CloudFormation takes none ("Template formats", CloudFormation user guide), and here one could
  /// make a value that contains itself, or a small file that has millions of values.
  private void refuseAliases(String yaml) {
    for (Event event : yaml().parse(new StringReader(yaml))) {
      if (event instanceof AliasEvent alias) {
        throw new TemplateException(
            "%s: *%s is an alias, which CloudFormation does not take (%s:%d)"
                .formatted(
                    file,
                    alias.getAnchor(),
                    file.getFileName(),
                    alias.getStartMark().getLine() + 1));
      }
    }
  }

  private TemplateException problem(String path, String problem) {
    return intrinsics.problem(path, problem);
  }

  // ---- Parameters and Globals -----------------------------------------------------------------

  private void readParameters(@Nullable Node node) {
    Map<String, Node> declared = node == null ? Map.of() : intrinsics.entries(node, "Parameters");
    for (String name : parameterOverrides.keySet()) {
      if (!declared.containsKey(name)) {
        throw problem("Parameters." + name, "the template has no such parameter");
      }
    }
    declared.forEach(
        (name, definition) -> {
          parameters.put(name, parameter(name, section(definition, "Parameters." + name)));
        });
  }

  private String parameter(String name, Section definition) {
    onlyKnown(definition, PARAMETER_PROPERTIES);
    String type = definition.oneOf("Type", "", "String", "Number");
    String value = parameterOverrides.get(name);
    if (value == null) {
      value = definition.stringOrNull("Default");
    }
    if (value == null) {
      throw problem(definition.path(), "has no default and was given no value");
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
      throw problem(
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

  private Section globals(@Nullable Node node) {
    Section globals =
        node == null ? new Section("Globals", Map.of(), this::problem) : section(node, "Globals");
    onlyKnown(globals, List.of("Function"));
    Section function = globals.section("Function");
    requireKnown(FUNCTION, function.values(), List.of(), function.path());
    return function;
  }

  private void onlyKnown(Section section, List<String> known) {
    for (String key : section.values().keySet()) {
      if (!known.contains(key)) {
        throw section.problem(key, "the local cloud does not honour this property");
      }
    }
  }

  // ---- Resources ------------------------------------------------------------------------------

  private void readResources(@Nullable Node node) {
    if (node == null) {
      throw problem("Resources", "missing");
    }
    intrinsics
        .entries(node, "Resources")
        .forEach(
            (id, resource) -> {
              Map<String, Node> attributes = intrinsics.entries(resource, id);
              Node typeNode = attributes.get("Type");
              Object type = typeNode == null ? "" : intrinsics.resolve(typeNode, id + ".Type");
              if (!(type instanceof String name) || !KnownProperties.isKnownType(name)) {
                throw problem(id + ".Type", "the local cloud does not honour " + type);
              }
              for (String attribute : attributes.keySet()) {
                if (!List.of("Type", "Properties").contains(attribute)
                    && !KnownProperties.ATTRIBUTES.contains(attribute)) {
                  throw problem(
                      id + "." + attribute, "the local cloud does not honour this attribute");
                }
              }
              resources.put(id, attributes);
              types.put(id, name);
            });
    ofType(API).forEach(this::generateIds);
  }

  /// SAM names what it makes for a route after the API and the key, with `$` removed and only the
  /// first letter in upper case. Two keys with the same name there: one of them is lost on deploy.
  private void generateIds(String api) {
    Node routes = property(api, "Routes");
    if (routes == null) {
      return;
    }
    String path = api + ".Properties.Routes";
    for (String key : intrinsics.entries(routes, path).keySet()) {
      if (!PREDEFINED_ROUTES.contains(key) && !key.matches("[A-Za-z0-9]+")) {
        throw problem(path + "." + key, "a route key in Routes is letters and digits");
      }
      if (!generatedIds.add(generatedId(api, key, "Route"))) {
        throw problem(
            path + "." + key,
            "SAM generates the id "
                + generatedId(api, key, "Route")
                + " for another key too and would drop one of the two; declare this one as an "
                + ROUTE);
      }
      generatedIds.add(generatedId(api, key, "Integration"));
      generatedIds.add(generatedId(api, key, "Permission"));
    }
  }

  private static String generatedId(String api, String key, String part) {
    String name = key.replace("$", "").toLowerCase(Locale.ROOT);
    return api + name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1) + part;
  }

  private Stream<String> ofType(String type) {
    return resources.keySet().stream().filter(id -> type.equals(types.get(id)));
  }

  private Section section(Node node, String path) {
    return Section.of(path, intrinsics.resolve(node, path), this::problem);
  }

  private Section propertiesOf(String id) {
    return properties.computeIfAbsent(
        id,
        missing -> {
          String path = id + ".Properties";
          Node node = resources.getOrDefault(id, Map.of()).get("Properties");
          return node == null ? new Section(path, Map.of(), this::problem) : section(node, path);
        });
  }

  private void checkedProperties(String id) {
    Section section = propertiesOf(id);
    requireKnown(types.getOrDefault(id, ""), section.values(), List.of(), section.path());
  }

  private void requireKnown(String type, Object value, List<String> names, String path) {
    if (!KnownProperties.isKnown(type, names)) {
      throw problem(path, "the local cloud does not honour this property");
    }
    switch (value) {
      case Map<?, ?> map ->
          map.forEach(
              (key, child) -> {
                List<String> below = new ArrayList<>(names);
                below.add(String.valueOf(key));
                requireKnown(type, child, below, path + "." + key);
              });
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          if (list.get(i) instanceof Map<?, ?> map) {
            requireKnown(type, map, names, path + "." + i);
          }
        }
      }
      default -> {}
    }
  }

  private TableResource table(String id) {
    Section table = propertiesOf(id);
    Map<String, String> attributeTypes = new LinkedHashMap<>();
    for (Section attribute : table.sections("AttributeDefinitions")) {
      attributeTypes.put(
          attribute.string("AttributeName"), attribute.oneOf("AttributeType", "", "S", "N", "B"));
    }
    List<Index> indexes = new ArrayList<>();
    for (Section index : table.sections("GlobalSecondaryIndexes")) {
      Section projection = index.section("Projection");
      indexes.add(
          new Index(
              index.string("IndexName"),
              key(index, attributeTypes),
              projection.oneOf("ProjectionType", "", "ALL", "KEYS_ONLY", "INCLUDE"),
              projection.strings("NonKeyAttributes")));
    }
    Section stream = table.section("StreamSpecification");
    Section timeToLive = table.section("TimeToLiveSpecification");
    return new TableResource(
        id,
        tableName(id),
        key(table, attributeTypes),
        attributeTypes,
        List.copyOf(indexes),
        stream.values().isEmpty()
            ? null
            : stream.oneOf(
                "StreamViewType", "", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
        !timeToLive.values().isEmpty() && timeToLive.bool("Enabled", false)
            ? timeToLive.string("AttributeName")
            : null);
  }

  private TableResource.Key key(Section owner, Map<String, String> attributeTypes) {
    Map<String, String> names = new HashMap<>();
    for (Section element : owner.sections("KeySchema")) {
      String name = element.string("AttributeName");
      if (!attributeTypes.containsKey(name)) {
        throw element.problem("AttributeName", "AttributeDefinitions has no `" + name + "`");
      }
      names.put(element.oneOf("KeyType", "", "HASH", "RANGE"), name);
    }
    String partition = names.get("HASH");
    if (partition == null) {
      throw owner.problem("KeySchema", "has no HASH attribute");
    }
    return new TableResource.Key(partition, names.get("RANGE"));
  }

  private FunctionResource function(String id, Section globals) {
    Section own = propertiesOf(id);
    Section function =
        new Section(own.path(), merged(globals.values(), own.values()), this::problem);
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

  private StreamMappingResource mapping(String function, String name, Section events) {
    Section event = events.section(name);
    Section mapping = event.section("Properties");
    for (String property : QUEUE_EVENT_ONLY) {
      if (mapping.has(property)) {
        throw mapping.problem(property, "is not honoured here for events of type DynamoDB");
      }
    }
    String stream = mapping.string("Stream");
    String table =
        ofType(TABLE)
            .filter(id -> hasStream(id) && stream.equals(streamArn(id)))
            .findFirst()
            .orElseThrow(
                () -> mapping.problem("Stream", "`" + stream + "` is no stream of this template"));
    mapping.oneOf("ParallelizationFactor", "1", "1");
    for (String type : mapping.strings("FunctionResponseTypes")) {
      if (!type.equals("ReportBatchItemFailures")) {
        throw mapping.problem("FunctionResponseTypes", "`" + type + "` is not honoured here");
      }
    }
    List<Section> filters = mapping.section("FilterCriteria").sections("Filters");
    if (filters.size() > 5) {
      throw mapping.problem("FilterCriteria", "a mapping has at most 5 filters");
    }
    int recordAgeMaxSeconds = mapping.integer("MaximumRecordAgeInSeconds", -1, -1, 604_800);
    if (recordAgeMaxSeconds >= 0 && recordAgeMaxSeconds < 60) {
      throw mapping.problem("MaximumRecordAgeInSeconds", "is -1, or 60 to 604800");
    }
    return new StreamMappingResource(
        function + name,
        function,
        tableName(table),
        StartingPosition.valueOf(mapping.oneOf("StartingPosition", "", "TRIM_HORIZON", "LATEST")),
        mapping.integer("BatchSize", 100, 1, 10_000),
        Duration.ofSeconds(mapping.integer("MaximumBatchingWindowInSeconds", 0, 0, 300)),
        mapping.bool("BisectBatchOnFunctionError", false),
        mapping.integer("MaximumRetryAttempts", -1, -1, 10_000),
        recordAgeMaxSeconds,
        !mapping.strings("FunctionResponseTypes").isEmpty(),
        filters.stream().map(filter -> filter.string("Pattern")).toList());
  }

  // ---- The WebSocket API ----------------------------------------------------------------------

  private @Nullable WebSocketApi api() {
    List<String> ids = ofType(API).toList();
    if (ids.isEmpty()) {
      ofType(ROUTE)
          .findFirst()
          .ifPresent(
              route -> {
                throw problem(route, "the template has no " + API);
              });
      return null;
    }
    if (ids.size() > 1) {
      throw problem(ids.get(1), "the local cloud runs one WebSocket API");
    }
    String id = ids.getFirst();
    Section api = propertiesOf(id);
    Set<String> routesWithResponse =
        ofType(ROUTE_RESPONSE).map(this::routeOfResponse).collect(Collectors.toSet());

    Map<String, Route> routes = new LinkedHashMap<>();
    Map<String, Route> byIntegration = new HashMap<>();
    Section declared = api.section("Routes");
    for (String key : declared.values().keySet()) {
      Section route = declared.section(key);
      boolean twoWay =
          isTwoWay(route) && routesWithResponse.contains(generatedId(id, key, "Route"));
      Route made =
          new Route(
              key,
              functionAt(route, "FunctionArn"),
              twoWay,
              Duration.ofMillis(route.integer("IntegrationTimeout", 29_000, 50, 29_000)));
      routes.put(key, made);
      byIntegration.put("integrations/" + generatedId(id, key, "Integration"), made);
    }
    ofType(ROUTE)
        .forEach(
            routeId -> {
              Section route = propertiesOf(routeId);
              requireApi(route);
              String target = route.string("Target");
              Route integrated = byIntegration.get(target);
              if (integrated == null) {
                throw route.problem(
                    "Target", "`" + target + "` is no integration of " + id + "'s Routes");
              }
              String key = route.string("RouteKey");
              Route made =
                  new Route(
                      key,
                      integrated.function(),
                      isTwoWay(route) && routesWithResponse.contains(routeId),
                      integrated.integrationTimeout());
              if (routes.put(key, made) != null) {
                throw route.problem("RouteKey", "another route has the key `" + key + "`");
              }
            });
    Section auth = api.section("Auth");
    boolean custom = auth.oneOf("AuthType", "NONE", "NONE", "CUSTOM").equals("CUSTOM");
    if (custom && !routes.containsKey("$connect")) {
      throw auth.problem("AuthType", "an authorizer needs the route $connect");
    }
    if (!custom && (auth.has("AuthArn") || auth.has("IdentitySource"))) {
      throw auth.problem("AuthType", "an authorizer needs AuthType CUSTOM");
    }
    List<String> identitySources = auth.strings("IdentitySource");
    for (String source : identitySources) {
      auth.matching("IdentitySource", source, "route\\.request\\.(header|querystring)\\.\\S+");
    }
    return new WebSocketApi(
        id,
        api.matching("StageName", api.string("StageName", "default"), "[A-Za-z0-9_-]{1,128}"),
        api.matching(
            "RouteSelectionExpression",
            api.string("RouteSelectionExpression"),
            "\\$request\\.body(\\.[A-Za-z0-9_-]+)+"),
        routes,
        custom ? functionAt(auth, "AuthArn") : null,
        identitySources);
  }

  private static boolean isTwoWay(Section route) {
    return route.has("RouteResponseSelectionExpression")
        && route.oneOf("RouteResponseSelectionExpression", "", "$default").equals("$default");
  }

  private void requireApi(Section section) {
    if (!section.string("ApiId").equals(API_ID)) {
      throw section.problem("ApiId", "is not the id of this template's API");
    }
  }

  private String routeOfResponse(String id) {
    Section response = propertiesOf(id);
    requireApi(response);
    response.oneOf("RouteResponseKey", "", "$default");
    String route = response.string("RouteId");
    if (!ROUTE.equals(types.get(route))
        && !(route.endsWith("Route") && generatedIds.contains(route))) {
      throw response.problem("RouteId", "`" + route + "` is no route of this template");
    }
    return route;
  }

  private String functionAt(Section section, String key) {
    String arn = section.string(key);
    return ofType(FUNCTION)
        .filter(id -> arn.equals(functionArn(id)))
        .findFirst()
        .orElseThrow(() -> section.problem(key, "`" + arn + "` is no function of this template"));
  }

  // ---- Names ----------------------------------------------------------------------------------

  @Override
  public String ref(String name, String path) {
    String parameter = parameters.get(name);
    if (parameter != null) {
      return parameter;
    }
    String type = types.get(name);
    if (type != null) {
      return switch (type) {
        case API -> API_ID;
        case TABLE -> tableName(name);
        case QUEUE -> queueUrl(name);
        default -> name;
      };
    }
    return switch (name) {
      case "AWS::Region" -> LocalAccount.REGION;
      case "AWS::AccountId" -> LocalAccount.NUMBER;
      case "AWS::Partition" -> "aws";
      case "AWS::URLSuffix" -> "amazonaws.com";
      case "AWS::StackName" -> STACK;
      default -> {
        if (!generatedIds.contains(name)) {
          throw problem(path, "`" + name + "` is no parameter, resource or pseudo parameter");
        }
        yield name;
      }
    };
  }

  @Override
  public String attribute(String logicalId, String attribute, String path) {
    String type = types.getOrDefault(logicalId, "");
    if (type.equals(FUNCTION) && attribute.equals("Arn")) {
      return functionArn(logicalId);
    }
    if (type.equals(TABLE) && attribute.equals("Arn")) {
      return tableArn(logicalId);
    }
    if (type.equals(TABLE) && attribute.equals("StreamArn") && hasStream(logicalId)) {
      return streamArn(logicalId);
    }
    if (type.equals(QUEUE) && attribute.equals("Arn")) {
      return queueArn(logicalId);
    }
    if (type.equals(QUEUE) && attribute.equals("QueueName")) {
      return queueName(logicalId);
    }
    if (type.equals(QUEUE) && attribute.equals("QueueUrl")) {
      return queueUrl(logicalId);
    }
    if (type.equals(ALARM) && attribute.equals("Arn")) {
      return "arn:aws:cloudwatch:%s:%s:alarm:%s"
          .formatted(LocalAccount.REGION, LocalAccount.NUMBER, logicalId);
    }
    throw problem(
        path,
        type.isEmpty()
            ? "`" + logicalId + "` is no resource"
            : "`" + logicalId + "` has no attribute " + attribute + " here");
  }

  /// Unlike AWS: a table without a `TableName` is called by its logical id, with no random suffix.
  private String tableName(String id) {
    String name = resolved(id, "TableName");
    if (name == null) {
      return id;
    }
    if (!name.matches("[A-Za-z0-9_.-]{3,255}")) {
      throw problem(id + ".Properties.TableName", "`" + name + "` is not a table name");
    }
    return name;
  }

  /// Unlike AWS: a queue without a `QueueName` is called by its logical id, with no random suffix.
  private String queueName(String id) {
    String name = resolved(id, "QueueName");
    if (name == null) {
      return "true".equals(resolved(id, "FifoQueue")) ? id + ".fifo" : id;
    }
    if (!name.matches("[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\\.fifo")) {
      throw problem(id + ".Properties.QueueName", "`" + name + "` is not a queue name");
    }
    return name;
  }

  /// What a property that others refer to is, or null where it is not given.
  private @Nullable String resolved(String id, String property) {
    Node node = property(id, property);
    if (node == null) {
      return null;
    }
    String path = id + ".Properties." + property;
    if (!beingResolved.add(path)) {
      throw problem(path, "refers to itself");
    }
    Object value = intrinsics.resolve(node, path);
    beingResolved.remove(path);
    if (!(value instanceof String string)) {
      throw problem(path, "expected one value");
    }
    return string;
  }

  private @Nullable Node property(String id, String name) {
    Node node = resources.getOrDefault(id, Map.of()).get("Properties");
    return node == null ? null : intrinsics.entries(node, id + ".Properties").get(name);
  }

  private boolean hasStream(String id) {
    return property(id, "StreamSpecification") != null;
  }

  private String functionArn(String id) {
    return "arn:aws:lambda:%s:%s:function:%s"
        .formatted(LocalAccount.REGION, LocalAccount.NUMBER, id);
  }

  private String tableArn(String id) {
    return "arn:aws:dynamodb:%s:%s:table/%s"
        .formatted(LocalAccount.REGION, LocalAccount.NUMBER, tableName(id));
  }

  /// Unlike AWS: the stream's label is a word, not the time when it was enabled.
  private String streamArn(String id) {
    return tableArn(id) + "/stream/local";
  }

  private String queueArn(String id) {
    return "arn:aws:sqs:%s:%s:%s"
        .formatted(LocalAccount.REGION, LocalAccount.NUMBER, queueName(id));
  }

  private String queueUrl(String id) {
    return "https://sqs.%s.amazonaws.com/%s/%s"
        .formatted(LocalAccount.REGION, LocalAccount.NUMBER, queueName(id));
  }
}
