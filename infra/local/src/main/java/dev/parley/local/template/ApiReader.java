package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the WebSocket APIs of a template: plain ones, whose parts are resources of their own, and
/// SAM's, to which other resources may add routes.
final class ApiReader implements References {
  static final String TYPE = "AWS::ApiGatewayV2::Api";
  static final String SAM_TYPE = "AWS::Serverless::WebSocketApi";
  private static final String AUTHORIZER = "AWS::ApiGatewayV2::Authorizer";
  private static final String DEPLOYMENT = "AWS::ApiGatewayV2::Deployment";
  private static final String INTEGRATION = "AWS::ApiGatewayV2::Integration";
  private static final String INTEGRATION_RESPONSE = "AWS::ApiGatewayV2::IntegrationResponse";
  private static final String ROUTE = "AWS::ApiGatewayV2::Route";
  private static final String ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse";
  private static final String STAGE = "AWS::ApiGatewayV2::Stage";
  static final List<String> TYPES =
      List.of(
          TYPE,
          SAM_TYPE,
          AUTHORIZER,
          DEPLOYMENT,
          INTEGRATION,
          INTEGRATION_RESPONSE,
          ROUTE,
          ROUTE_RESPONSE,
          STAGE);

  private static final String CONNECT = "$connect";
  private static final String DEFAULT = "$default";

  /// Where `StageName` is not given.
  private static final String SAM_STAGE = "default";

  private static final Set<String> PREDEFINED_ROUTES = Set.of(CONNECT, "$disconnect", DEFAULT);

  /// Of a MOCK.
  private static final Pattern STATUS_CODE =
      Pattern.compile("\\s*\\{\\s*\"?statusCode\"?\\s*:\\s*\"?([2-5]\\d\\d)\"?\\s*}\\s*");

  private static final Pattern CONTEXT = Pattern.compile("\\$context\\.\\w+(\\.\\w+)*");

  private final Intrinsics intrinsics;
  private final Resources resources;
  private final FunctionReader functions;
  private final Refusals refusals;

  /// By the APIs' logical ids, in the template's order.
  private final Map<String, String> apiIds = new LinkedHashMap<>();

  /// The logical ids of those that were refused since they are none of WebSocket.
  private final Set<String> http = new HashSet<>();

  /// The logical ids that SAM makes up for routes and their parts.
  private final Set<String> generatedIds = new LinkedHashSet<>();

  ApiReader(
      Intrinsics intrinsics, Resources resources, FunctionReader functions, Refusals refusals) {
    this.intrinsics = intrinsics;
    this.resources = resources;
    this.functions = functions;
    this.refusals = refusals;
  }

  /// Numbers the APIs, and names what SAM makes for routes: after the API and the key, with `$`
  /// removed and only the first letter in upper case. Two keys with the same name there: one of
  /// them is lost on deploy.
  ///
  /// To be called before anything is resolved that may refer to these names.
  void generateIds() {
    for (String api : resources.ofType(TYPE, SAM_TYPE)) {
      int number = apiIds.size() + 1;
      apiIds.put(api, number == 1 ? LocalAccount.API_ID : LocalAccount.API_ID + number);
    }
    resources.ofType(SAM_TYPE).forEach(api -> refusals.attempt(() -> generateIds(api)));
  }

  private void generateIds(String api) {
    generatedIds.add(api + "Authorizer");
    generatedIds.add(api + "AuthorizerPermission");
    Node routes = resources.property(api, "Routes");
    if (routes == null) {
      return;
    }
    String path = api + ".Properties.Routes";
    for (String key : intrinsics.entries(routes, path).keySet()) {
      if (!PREDEFINED_ROUTES.contains(key) && !key.matches("[A-Za-z0-9]+")) {
        refusals.add(path + "." + key, "a route key in Routes is letters and digits");
        continue;
      }
      if (!generatedIds.add(generatedId(api, key, "Route"))) {
        refusals.add(
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

  /// What `Ref` of a resource gives that SAM generates, or null where it generates none of that
  /// name.
  ///
  /// Source: SAM developer guide, "CloudFormation resources generated when
  /// AWS::Serverless::WebSocketApi is specified".
  @Nullable String refOfGenerated(String logicalId) {
    if (generatedIds.contains(logicalId)) {
      return logicalId;
    }
    return logicalId.endsWith("Stage")
        ? resources.ofType(SAM_TYPE).stream()
            .map(api -> Map.entry(api, samStage(api)))
            .filter(stage -> logicalId.equals(stage.getKey() + stage.getValue() + "Stage"))
            .findFirst()
            .map(Map.Entry::getValue)
            .orElse(null)
        : null;
  }

  private String samStage(String api) {
    return Objects.requireNonNullElse(resources.value(api, "StageName"), SAM_STAGE);
  }

  /// Refuses APIs and integrations that do not run here; what else they say is not looked at, nor
  /// are their parts.
  void requireKinds() {
    for (String id : resources.ofType(TYPE)) {
      Section api = resources.properties(id);
      String protocol = api.string("ProtocolType", "");
      if (!protocol.equals("WEBSOCKET")) {
        api.refuse("ProtocolType", "`" + protocol + "` is not honoured here, only WEBSOCKET");
        refusals.silence(api.path());
        http.add(id);
        TYPES.stream()
            .flatMap(type -> parts(type, apiId(id)).stream())
            .forEach(part -> refusals.silence(resources.properties(part).path()));
      }
    }
    for (String id : resources.ofType(INTEGRATION)) {
      Section integration = resources.properties(id);
      String type = integration.string("IntegrationType");
      if (!List.of("AWS_PROXY", "MOCK").contains(type)) {
        integration.refuse(
            "IntegrationType",
            "`"
                + type
                + "` is not honoured here, only AWS_PROXY, MOCK: let a function call the service");
        refusals.silence(integration.path());
      }
    }
  }

  /// The APIs, in the template's order.
  ///
  /// @param globals the section `Globals.WebSocketApi`
  List<WebSocketApi> read(Section globals) {
    requireApis();
    List<WebSocketApi> apis = new ArrayList<>();
    for (String id : apiIds.keySet()) {
      if (http.contains(id)) {
        continue;
      }
      refusals.attempt(
          () ->
              apis.add(
                  SAM_TYPE.equals(resources.type(id))
                      ? samApi(id, resources.properties(id).with(globals))
                      : plainApi(id)));
    }
    return List.copyOf(apis);
  }

  /// Refuses parts of other APIs than the template's.
  private void requireApis() {
    for (String id : resources.ofType(TYPES.toArray(String[]::new))) {
      if (apiIds.containsKey(id)) {
        continue;
      }
      if (apiIds.isEmpty()) {
        refusals.add(id, "the template has no " + TYPE);
        return;
      }
      Section part = resources.properties(id);
      if (!apiIds.containsValue(part.string("ApiId"))) {
        part.refuse("ApiId", "is not the id of this template's API");
      }
    }
  }

  /// The resources of a type that belong to an API.
  private List<String> parts(String type, String apiId) {
    return resources.ofType(type).stream()
        .filter(part -> apiId.equals(resources.properties(part).values().get("ApiId")))
        .toList();
  }

  // ---- A plain API ----------------------------------------------------------------------------

  private WebSocketApi plainApi(String id) {
    Section api = resources.properties(id);
    String apiId = apiId(id);
    String selection = routeSelection(api);
    Section stage = stage(id, apiId);
    Map<String, String> stageVariables = stageVariables(stage);
    Map<String, Route> routes = new LinkedHashMap<>();
    addRoutes(apiId, integrations(apiId, stageVariables), routes);
    throttle(stage, routes);
    Section authorizer = authorizer(apiId);
    return new WebSocketApi(
        id,
        apiId,
        stageName(stage, stage.string("StageName")),
        selection,
        routes,
        authorizer == null ? null : functions.invoked(authorizer, "AuthorizerUri", stageVariables),
        authorizer == null ? List.of() : identitySources(authorizer),
        stageVariables);
  }

  private Section stage(String api, String apiId) {
    List<String> stages = parts(STAGE, apiId);
    if (stages.size() != 1) {
      throw refusals.problem(
          stages.isEmpty() ? api : stages.get(1), "the local cloud runs one stage of the API");
    }
    Section stage = resources.properties(stages.getFirst());
    String deployment = stage.stringOrNull("DeploymentId");
    if (deployment != null && !parts(DEPLOYMENT, apiId).contains(deployment)) {
      stage.refuse("DeploymentId", "`" + deployment + "` is no deployment of this API");
    }
    if (!stage.bool("AutoDeploy", false) && deployment == null) {
      stage.refuse(
          "AutoDeploy",
          "must be true, or DeploymentId name a deployment of this API: on AWS the stage would"
              + " have no routes");
    }
    return stage;
  }

  /// What `$connect` asks, or null where everybody may connect.
  private @Nullable Section authorizer(String apiId) {
    Section authorizer = null;
    for (String id : parts(ROUTE, apiId)) {
      Section route = resources.properties(id);
      if (route.oneOf("AuthorizationType", "NONE", "NONE", "CUSTOM").equals("NONE")) {
        continue;
      }
      if (!route.string("RouteKey").equals(CONNECT)) {
        route.refuse("AuthorizationType", "only the route $connect has an authorizer");
        continue;
      }
      String asked = route.string("AuthorizerId");
      if (!parts(AUTHORIZER, apiId).contains(asked)) {
        route.refuse("AuthorizerId", "`" + asked + "` is no authorizer of this API");
        continue;
      }
      authorizer = resources.properties(asked);
      authorizer.oneOf("AuthorizerType", "", "REQUEST");
    }
    return authorizer;
  }

  // ---- SAM's API ------------------------------------------------------------------------------

  private WebSocketApi samApi(String id, Section api) {
    String apiId = apiId(id);
    String selection = routeSelection(api);
    Map<String, String> stageVariables = stageVariables(api);
    for (String stage : parts(STAGE, apiId)) {
      refusals.add(stage, "the local cloud runs one stage of the API, which SAM makes");
    }
    Set<String> withResponse = routesWithResponse(apiId);
    Map<String, Route.Integration> integrations = integrations(apiId, stageVariables);
    Map<String, Route> routes = new LinkedHashMap<>();
    Section declared = api.section("Routes");
    for (String key : declared.values().keySet()) {
      if (integrations.containsKey(generatedId(id, key, "Integration"))) {
        continue; // it was refused
      }
      refusals.attempt(
          () -> {
            Section route = declared.section(key);
            Route.Integration integration =
                new Route.Integration.Proxy(
                    functions.of(route, "FunctionArn"), timeout(route, "IntegrationTimeout"));
            integrations.put(generatedId(id, key, "Integration"), integration);
            boolean twoWay =
                isTwoWay(route) && withResponse.contains(generatedId(id, key, "Route"));
            routes.put(key, new Route(key, integration, twoWay, null));
          });
    }
    addRoutes(apiId, integrations, routes);
    throttle(api, routes);
    Section auth = api.section("Auth");
    boolean custom = auth.oneOf("AuthType", "NONE", "NONE", "CUSTOM").equals("CUSTOM");
    if (custom && !declared.has(CONNECT)) {
      auth.refuse("AuthType", "an authorizer needs the route $connect");
    }
    if (!custom && (auth.has("AuthArn") || auth.has("IdentitySource"))) {
      auth.refuse("AuthType", "an authorizer needs AuthType CUSTOM");
    }
    return new WebSocketApi(
        id,
        apiId,
        stageName(api, api.string("StageName", SAM_STAGE)),
        selection,
        routes,
        custom ? functions.of(auth, "AuthArn") : null,
        identitySources(auth),
        stageVariables);
  }

  // ---- What both have -------------------------------------------------------------------------

  /// @return the logical id itself while the APIs are not numbered: nothing that is resolved so
  ///     early may name one
  private String apiId(String logicalId) {
    return Objects.requireNonNullElse(apiIds.get(logicalId), logicalId);
  }

  private static Duration timeout(Section integration, String key) {
    return Duration.ofMillis(integration.integer(key, 29_000, 50, 29_000));
  }

  private static Map<String, String> stageVariables(Section stage) {
    Map<String, String> variables = new LinkedHashMap<>();
    Section given = stage.section("StageVariables");
    given.values().keySet().forEach(name -> variables.put(name, given.string(name)));
    return variables;
  }

  /// By logical id.
  private Map<String, Route.Integration> integrations(
      String apiId, Map<String, String> stageVariables) {
    Map<String, Route.Integration> integrations = new HashMap<>();
    for (String id : parts(INTEGRATION, apiId)) {
      Section integration = resources.properties(id);
      refusals.attempt(
          () -> {
            Route.Integration made =
                integration.string("IntegrationType").equals("MOCK")
                    ? mock(apiId, id, integration)
                    : new Route.Integration.Proxy(
                        functions.invoked(integration, "IntegrationUri", stageVariables),
                        timeout(integration, "TimeoutInMillis"));
            integrations.put(id, made);
          });
      // Where it is refused, so is what has it as its target.
      integrations.putIfAbsent(id, new Route.Integration.Mock(200, null));
    }
    return integrations;
  }

  /// Source: API Gateway developer guide, "Set up a WebSocket API integration responses" and
  /// "Data transformations for WebSocket APIs"; without a status code in the request template there
  /// is an error on AWS.
  private Route.Integration mock(String apiId, String id, Section integration) {
    String request = template(integration, "RequestTemplates");
    Matcher status = STATUS_CODE.matcher(request == null ? "" : request);
    if (!status.matches()) {
      throw integration.problem(
          "RequestTemplates", "a MOCK needs one that is {\"statusCode\": <200 to 599>}");
    }
    String reply = null;
    for (String part : parts(INTEGRATION_RESPONSE, apiId)) {
      Section response = resources.properties(part);
      if (!response.string("IntegrationId").equals(id)) {
        continue;
      }
      String key = response.string("IntegrationResponseKey");
      if (!key.equals(DEFAULT) && !matches(response, key, status.group(1))) {
        continue;
      }
      String template = template(response, "ResponseTemplates");
      if (template != null && CONTEXT.matcher(template).replaceAll("").matches("(?s).*[$#].*")) {
        response.refuse(
            "ResponseTemplates", "only text with $context.<name> is honoured here, no directives");
      }
      reply = reply == null || !key.equals(DEFAULT) ? template : reply;
    }
    return new Route.Integration.Mock(Integer.parseInt(status.group(1)), reply);
  }

  /// @param key a regular expression, for example `/2\d\d/`
  private static boolean matches(Section response, String key, String status) {
    try {
      return Pattern.matches(key.replaceAll("^/|/$", ""), status);
    } catch (IllegalArgumentException e) {
      throw response.problem("IntegrationResponseKey", "`" + key + "` is no regular expression");
    }
  }

  /// The template that the selection expression names, else `$default`, else the first one; null
  /// where there is none.
  private static @Nullable String template(Section owner, String property) {
    Section templates = owner.section(property);
    String selected =
        owner.string("TemplateSelectionExpression", DEFAULT).replaceFirst("^\\\\\\$", "\\$");
    return Stream.concat(Stream.of(selected, DEFAULT), templates.values().keySet().stream())
        .filter(templates::has)
        .findFirst()
        .map(templates::string)
        .orElse(null);
  }

  /// Adds the routes that are resources.
  ///
  /// @param integrations by logical id
  private void addRoutes(
      String apiId, Map<String, Route.Integration> integrations, Map<String, Route> routes) {
    Set<String> withResponse = routesWithResponse(apiId);
    for (String id : parts(ROUTE, apiId)) {
      Section route = resources.properties(id);
      route.oneOf("ApiKeyRequired", "false", "false");
      String target = route.string("Target");
      Route.Integration integration =
          target.startsWith("integrations/")
              ? integrations.get(target.substring("integrations/".length()))
              : null;
      String key = route.string("RouteKey");
      if (integration == null) {
        route.refuse("Target", "`" + target + "` is no integration of this API");
      } else if (routes.containsKey(key)) {
        route.refuse("RouteKey", "another route has the key `" + key + "`");
      } else {
        boolean twoWay = isTwoWay(route) && withResponse.contains(id);
        routes.put(key, new Route(key, integration, twoWay, null));
      }
    }
  }

  private static boolean isTwoWay(Section route) {
    return route.has("RouteResponseSelectionExpression")
        && route
            .oneOf("RouteResponseSelectionExpression", "", DEFAULT, "\\$default")
            .endsWith(DEFAULT);
  }

  private Set<String> routesWithResponse(String apiId) {
    return parts(ROUTE_RESPONSE, apiId).stream()
        .map(this::routeOfResponse)
        .collect(Collectors.toSet());
  }

  private String routeOfResponse(String id) {
    Section response = resources.properties(id);
    response.oneOf("RouteResponseKey", "", DEFAULT);
    String route = response.string("RouteId");
    if (!ROUTE.equals(resources.type(route))
        && !(route.endsWith("Route") && generatedIds.contains(route))) {
      response.refuse("RouteId", "`" + route + "` is no route of this template");
    }
    return route;
  }

  /// Each route has a bucket of its own: its own settings, or the stage's default.
  private void throttle(Section stage, Map<String, Route> routes) {
    Throttling unlessOwn = throttling(stage.section("DefaultRouteSettings"));
    Section own = stage.section("RouteSettings");
    for (String key : own.values().keySet()) {
      if (!routes.containsKey(key) && refusals.isEmpty()) {
        stage.refuse("RouteSettings." + key, "there is no such route");
      }
    }
    routes.replaceAll(
        (key, route) -> route.throttled(own.has(key) ? throttling(own.section(key)) : unlessOwn));
  }

  private static @Nullable Throttling throttling(Section settings) {
    boolean rate = settings.has("ThrottlingRateLimit");
    boolean burst = settings.has("ThrottlingBurstLimit");
    if (!rate && !burst) {
      return null;
    }
    if (!rate || !burst) {
      throw settings.problem(
          rate ? "ThrottlingRateLimit" : "ThrottlingBurstLimit",
          "ThrottlingRateLimit and ThrottlingBurstLimit are honoured together only");
    }
    return new Throttling(
        settings.integer("ThrottlingRateLimit", 0, 1, Throttling.MAX),
        settings.integer("ThrottlingBurstLimit", 0, 1, Throttling.MAX));
  }

  private static String stageName(Section section, String name) {
    return section.matching("StageName", name, "[A-Za-z0-9_-]{1,128}");
  }

  private static String routeSelection(Section api) {
    return api.matching(
        "RouteSelectionExpression",
        api.string("RouteSelectionExpression"),
        "\\$request\\.body(\\.[A-Za-z0-9_-]+)+|\\$\\{request\\.body(\\.[A-Za-z0-9_-]+)+}");
  }

  private static List<String> identitySources(Section authorizer) {
    List<String> sources = authorizer.strings("IdentitySource");
    for (String source : sources) {
      authorizer.matching(
          "IdentitySource", source, "route\\.request\\.(header|querystring)\\.\\S+");
    }
    return sources;
  }

  @Override
  public String ref(String logicalId) {
    return switch (resources.type(logicalId)) {
      case TYPE, SAM_TYPE -> apiId(logicalId);
      case STAGE -> Objects.requireNonNullElse(resources.value(logicalId, "StageName"), logicalId);
      case null, default -> logicalId;
    };
  }

  @Override
  public @Nullable String derived(String logicalId, String name) {
    return name.equals("Stage") && SAM_TYPE.equals(resources.type(logicalId))
        ? samStage(logicalId)
        : null;
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return switch (attribute) {
      case "ApiId" -> apiIds.get(logicalId);
      case "ApiEndpoint" ->
          apiIds.containsKey(logicalId) ? LocalAccount.apiEndpoint(apiId(logicalId)) : null;
      case "AuthorizerId", "DeploymentId", "IntegrationId", "RouteId" ->
          ("AWS::ApiGatewayV2::" + attribute).equals(resources.type(logicalId) + "Id")
              ? logicalId
              : null;
      default -> null;
    };
  }
}
