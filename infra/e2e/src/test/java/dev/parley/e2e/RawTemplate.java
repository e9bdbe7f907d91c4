package dev.parley.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/// `infra/template.yaml` as CloudFormation and SAM see it, read without the local cloud's reader: a
/// mistake of that one must not hide a mistake of the template.
///
/// Functions are in their long form (`!Ref X` is `{"Ref": "X"}`), all scalars are strings.
final class RawTemplate {
  static final String API = "AWS::ApiGatewayV2::Api";
  static final String AUTHORIZER = "AWS::ApiGatewayV2::Authorizer";
  static final String INTEGRATION = "AWS::ApiGatewayV2::Integration";
  static final String STAGE = "AWS::ApiGatewayV2::Stage";
  static final String FUNCTION = "AWS::Serverless::Function";
  static final String PERMISSION = "AWS::Lambda::Permission";
  static final String ROUTE = "AWS::ApiGatewayV2::Route";
  static final String ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse";
  static final String TABLE = "AWS::DynamoDB::Table";
  static final String QUEUE = "AWS::SQS::Queue";
  static final String ALARM = "AWS::CloudWatch::Alarm";
  static final String DASHBOARD = "AWS::CloudWatch::Dashboard";
  static final String LOG_GROUP = "AWS::Logs::LogGroup";
  static final String MANAGED_POLICY = "AWS::IAM::ManagedPolicy";
  static final String BUCKET = "AWS::S3::Bucket";
  static final String DISTRIBUTION = "AWS::CloudFront::Distribution";
  static final String SITE_CONTENT = "Custom::SiteContent";

  /// Source: CloudFormation user guide, "Pseudo parameters reference".
  static final Map<String, String> PSEUDO_PARAMETERS =
      Map.of(
          "AWS::AccountId", "000000000000",
          "AWS::NotificationARNs", "",
          "AWS::NoValue", "",
          "AWS::Partition", "aws",
          "AWS::Region", "us-east-1",
          "AWS::StackId", "stack",
          "AWS::StackName", "parley",
          "AWS::URLSuffix", "amazonaws.com");

  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{([^!}][^}]*)}");

  /// How a part of an API names what it invokes (API Gateway API reference, `integrationUri`).
  private static final Pattern INVOCATION =
      Pattern.compile(
          "arn:\\$\\{AWS::Partition}:apigateway:\\$\\{AWS::Region}:lambda:path/2015-03-31/"
              + "functions/\\$\\{([^.}]+)\\.Alias}/invocations");

  private final ObjectNode root;

  private RawTemplate(ObjectNode root) {
    this.root = root;
  }

  static RawTemplate read() {
    return read(TestCloud.TEMPLATE);
  }

  static RawTemplate read(Path file) {
    try (Reader reader = Files.newBufferedReader(file)) {
      Node node = new Yaml(new SafeConstructor(new LoaderOptions())).compose(reader);
      return new RawTemplate((ObjectNode) json(node));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JsonNode json(Node node) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    String tag = node.getTag().getValue();
    JsonNode value =
        switch (node) {
          case ScalarNode scalar -> json.textNode(scalar.getValue());
          case SequenceNode sequence -> {
            ArrayNode array = json.arrayNode();
            sequence.getValue().forEach(element -> array.add(json(element)));
            yield array;
          }
          case MappingNode mapping -> {
            ObjectNode object = json.objectNode();
            for (NodeTuple tuple : mapping.getValue()) {
              String key = ((ScalarNode) tuple.getKeyNode()).getValue();
              if (object.replace(key, json(tuple.getValueNode())) != null) {
                throw new IllegalArgumentException(key + " is there twice");
              }
            }
            yield object;
          }
          default -> throw new IllegalArgumentException("cannot be read: " + node);
        };
    if (!tag.startsWith("!")) {
      return value;
    }
    String function = tag.equals("!Ref") ? "Ref" : "Fn::" + tag.substring(1);
    return json.objectNode().set(function, value);
  }

  JsonNode root() {
    return root;
  }

  Map<String, JsonNode> parameters() {
    return fields(root.path("Parameters"));
  }

  Map<String, JsonNode> resources() {
    return fields(root.path("Resources"));
  }

  String type(String logicalId) {
    return root.path("Resources").path(logicalId).path("Type").asText();
  }

  /// A property of a resource; a missing node where it has none.
  JsonNode property(String logicalId, String name) {
    return root.path("Resources").path(logicalId).path("Properties").path(name);
  }

  /// The properties of each resource of a type, by logical id.
  Map<String, JsonNode> ofType(String type) {
    Map<String, JsonNode> found = new LinkedHashMap<>();
    resources()
        .forEach(
            (id, resource) -> {
              if (type.equals(resource.path("Type").asText())) {
                found.put(id, resource.path("Properties"));
              }
            });
    return found;
  }

  String apiId() {
    return ofType(API).keySet().iterator().next();
  }

  /// The name of the one stage.
  String stage() {
    return resolve(ofType(STAGE).values().iterator().next().path("StageName"));
  }

  /// A property of a function: its own, or that of Globals.
  JsonNode functionProperty(String function, String property) {
    JsonNode own = property(function, property);
    return own instanceof MissingNode ? root.path("Globals").path("Function").path(property) : own;
  }

  /// A route.
  ///
  /// @param id the logical id
  /// @param integration the logical id of what it targets, or empty where that is none
  /// @param function what it invokes by its alias: a logical id, or empty where that is none
  /// @param replies whether it asks for a route response
  record Route(String key, String id, String integration, String function, boolean replies) {
    /// Whether it has the integration of another route and is the same action, as `sendmessage` is
    /// `sendMessage`. The actions on roles share an integration, too, and are different ones.
    boolean alias() {
      return !integration.equals(id.replaceFirst("Route$", "Integration"))
          && !function.equals("RoleFunction");
    }
  }

  List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    ofType(ROUTE)
        .forEach(
            (id, route) -> {
              String target = route.path("Target").path("Fn::Sub").asText();
              String integration = target.replaceFirst("^integrations/\\$\\{(.*)}$", "$1");
              routes.add(
                  new Route(
                      route.path("RouteKey").asText(),
                      id,
                      integration.equals(target) ? "" : integration,
                      invoked(property(integration, "IntegrationUri")),
                      route.path("RouteResponseSelectionExpression").asText().equals("$default")));
            });
    return routes;
  }

  /// The authorizer's function.
  String authorizer() {
    return invoked(ofType(AUTHORIZER).values().iterator().next().path("AuthorizerUri"));
  }

  /// The function whose alias an integration or an authorizer invokes, or empty where it is none.
  private static String invoked(JsonNode uri) {
    Matcher matcher = INVOCATION.matcher(uri.path("Fn::Sub").asText());
    return matcher.matches() ? matcher.group(1) : "";
  }

  /// All logical ids that SAM makes for this template's functions.
  Set<String> generatedIds() {
    Set<String> ids = new TreeSet<>();
    ofType(FUNCTION)
        .forEach(
            (id, function) -> {
              ids.add(id + "Role");
              ids.add(id + "Aliaslive");
              fields(function.path("Events")).keySet().forEach(event -> ids.add(id + event));
            });
    return ids;
  }

  /// What each resource waits for: what it refers to, and what its `DependsOn` names.
  Map<String, Set<String>> needs() {
    Map<String, Set<String>> needs = new TreeMap<>();
    resources()
        .forEach(
            (id, resource) -> {
              List<Reference> references = new ArrayList<>();
              collect(resource.path("Properties"), "", references);
              Set<String> names = new TreeSet<>(texts(resource.path("DependsOn")));
              references.forEach(reference -> names.add(reference.name()));
              names.retainAll(resources().keySet());
              needs.put(id, names);
            });
    return needs;
  }

  /// The parameters that a value is made of, those of its conditions and of the names of tables and
  /// queues among them.
  Set<String> parametersOf(JsonNode value) {
    Set<String> found = new TreeSet<>();
    List<Reference> references = new ArrayList<>();
    collect(value, "", references);
    for (Reference reference : references) {
      if (parameters().containsKey(reference.name())) {
        found.add(reference.name());
      } else if (resources().containsKey(reference.name())) {
        for (String name : List.of("TableName", "QueueName")) {
          found.addAll(parametersOf(property(reference.name(), name)));
        }
      }
    }
    for (JsonNode choice : value.findValues("Fn::If")) {
      found.addAll(parametersOf(root.path("Conditions").path(choice.path(0).asText())));
      choice.forEach(chosen -> found.addAll(parametersOf(chosen)));
    }
    return found;
  }

  /// `Ref`, `Fn::GetAtt`, or a placeholder of `Fn::Sub`.
  ///
  /// @param attribute null where the resource itself is meant
  record Reference(String name, @Nullable String attribute, String at) {}

  List<Reference> references() {
    List<Reference> references = new ArrayList<>();
    collect(root, "", references);
    return references;
  }

  private static void collect(JsonNode node, String at, List<Reference> references) {
    if (node.has("Ref")) {
      references.add(reference(node.path("Ref").asText(), at));
    } else if (node.has("Fn::GetAtt")) {
      references.add(reference(attribute(node), at));
    } else if (node.has("Fn::Sub")) {
      JsonNode sub = node.path("Fn::Sub");
      JsonNode values = sub.path(1);
      placeholders(sub.isArray() ? sub.path(0).asText() : sub.asText())
          .filter(name -> !values.has(name))
          .forEach(name -> references.add(reference(name, at)));
      collect(values, at, references);
    } else {
      fields(node).forEach((name, child) -> collect(child, at + "/" + name, references));
      if (node.isArray()) {
        for (int i = 0; i < node.size(); i++) {
          collect(node.path(i), at + "/" + i, references);
        }
      }
    }
  }

  private static Reference reference(String name, String at) {
    int dot = name.indexOf('.');
    return dot < 0
        ? new Reference(name, null, at)
        : new Reference(name.substring(0, dot), name.substring(dot + 1), at);
  }

  static Stream<String> placeholders(String text) {
    return PLACEHOLDER.matcher(text).results().map(found -> found.group(1));
  }

  /// `Resource.Attribute` of a `Fn::GetAtt`.
  private static String attribute(JsonNode node) {
    JsonNode argument = node.path("Fn::GetAtt");
    return argument.isArray()
        ? argument.path(0).asText() + "." + argument.path(1).asText()
        : argument.asText();
  }

  /// The resource whose attribute a value is, or nothing where it is something else.
  static String attributeOwner(JsonNode value, String attribute) {
    String found = value.has("Fn::GetAtt") ? attribute(value) : "";
    return found.endsWith("." + attribute)
        ? found.substring(0, found.length() - attribute.length() - 1)
        : "";
  }

  /// A text as it is after deployment, with parameters at their defaults; a resource is called by
  /// its logical id, a table by its name.
  String resolve(JsonNode value) {
    return resolve(value, Set.of());
  }

  /// As above, where these conditions hold and no others.
  String resolve(JsonNode value, Set<String> holding) {
    JsonNode choice = value.path("Fn::If");
    if (choice.isArray()) {
      return resolve(choice.path(holding.contains(choice.path(0).asText()) ? 1 : 2), holding);
    }
    JsonNode substituted = value.path("Fn::Sub");
    if (substituted.isArray()) {
      String text = substituted.path(0).asText();
      for (Map.Entry<String, JsonNode> named : fields(substituted.path(1)).entrySet()) {
        text = text.replace("${" + named.getKey() + "}", resolve(named.getValue(), holding));
      }
      return PLACEHOLDER.matcher(text).replaceAll(this::replacement);
    }
    if (value.has("Ref")) {
      return named(value.path("Ref").asText());
    }
    if (value.has("Fn::GetAtt")) {
      return named(attribute(value));
    }
    return value.has("Fn::Sub")
        ? PLACEHOLDER.matcher(value.path("Fn::Sub").asText()).replaceAll(this::replacement)
        : value.asText();
  }

  private String replacement(MatchResult placeholder) {
    return Matcher.quoteReplacement(named(placeholder.group(1)));
  }

  private String named(String name) {
    JsonNode parameter = root.path("Parameters").path(name);
    if (parameter.has("Default")) {
      return parameter.path("Default").asText();
    }
    String pseudo = PSEUDO_PARAMETERS.get(name);
    if (pseudo != null) {
      return pseudo;
    }
    int dot = name.indexOf('.');
    String owner = dot < 0 ? name : name.substring(0, dot);
    String called = property(owner, "FifoQueue").asBoolean() ? owner + ".fifo" : owner;
    String attribute = dot < 0 ? "" : name.substring(dot + 1);
    return switch (type(owner) + " " + attribute) {
      case TABLE + " Arn" -> "arn:aws:dynamodb:us-east-1:000000000000:table/" + called;
      case QUEUE + " Arn" -> "arn:aws:sqs:us-east-1:000000000000:" + called;
      case QUEUE + " QueueName" -> called;
      case ALARM + " Arn" -> "arn:aws:cloudwatch:us-east-1:000000000000:alarm:" + owner;
      case BUCKET + " Arn" -> "arn:aws:s3:::" + owner;
      case DISTRIBUTION + " DomainName" -> owner.toLowerCase(Locale.ROOT) + ".cloudfront.net";
      case FUNCTION + " Alias" ->
          "arn:aws:lambda:us-east-1:000000000000:function:" + owner + ":live";
      default -> {
        if (dot < 0) {
          yield owner;
        }
        throw new IllegalArgumentException("cannot resolve " + name);
      }
    };
  }

  /// For each function what its policies allow, as `action on resource`.
  Map<String, Set<String>> grants() {
    Map<String, Set<String>> grants = new TreeMap<>();
    ofType(FUNCTION)
        .forEach(
            (id, function) -> {
              Set<String> granted = new TreeSet<>();
              for (JsonNode statement : statements(function)) {
                for (JsonNode action : each(statement.path("Action"))) {
                  for (JsonNode resource : each(statement.path("Resource"))) {
                    granted.add(action.asText() + " on " + resolve(resource));
                  }
                }
              }
              grants.put(id, granted);
            });
    return grants;
  }

  /// The statements of a function's policies.
  static List<JsonNode> statements(JsonNode function) {
    List<JsonNode> statements = new ArrayList<>();
    for (JsonNode policy : each(function.path("Policies"))) {
      statements.addAll(each(policy.path("Statement")));
    }
    return statements;
  }

  /// A list's elements; a single value stands for a list of one, and a missing one for none.
  static List<JsonNode> each(JsonNode value) {
    if (value.isMissingNode()) {
      return List.of();
    }
    return value.isArray() ? List.copyOf(value.valueStream().toList()) : List.of(value);
  }

  static Map<String, JsonNode> fields(JsonNode node) {
    Map<String, JsonNode> fields = new LinkedHashMap<>();
    node.properties().forEach(entry -> fields.put(entry.getKey(), entry.getValue()));
    return fields;
  }

  static List<String> texts(JsonNode value) {
    return each(value).stream().map(JsonNode::asText).toList();
  }
}
