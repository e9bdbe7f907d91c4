package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the WebSocket API of a template: a plain one, whose parts are resources of their own, or
/// SAM's, to which other resources may add routes.
final class ApiReader implements References {
  static final String TYPE = "AWS::ApiGatewayV2::Api";
  static final String SAM_TYPE = "AWS::Serverless::WebSocketApi";
  static final String STAGE = "AWS::ApiGatewayV2::Stage";
  private static final String AUTHORIZER = "AWS::ApiGatewayV2::Authorizer";
  private static final String INTEGRATION = "AWS::ApiGatewayV2::Integration";
  private static final String ROUTE = "AWS::ApiGatewayV2::Route";
  private static final String ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse";
  private static final String CONNECT = "$connect";
  private static final Set<String> PREDEFINED_ROUTES = Set.of(CONNECT, "$disconnect", "$default");

  private final Intrinsics intrinsics;
  private final Resources resources;
  private final FunctionReader functions;

  /// The logical ids that SAM makes up for routes and their parts.
  private final Set<String> generatedIds = new LinkedHashSet<>();

  ApiReader(Intrinsics intrinsics, Resources resources, FunctionReader functions) {
    this.intrinsics = intrinsics;
    this.resources = resources;
    this.functions = functions;
  }

  /// SAM names what it makes for a route after the API and the key, with `$` removed and only the
  /// first letter in upper case. Two keys with the same name there: one of them is lost on deploy.
  ///
  /// To be called before anything is resolved that may refer to these names.
  void generateIds() {
    resources.ofType(SAM_TYPE).forEach(this::generateIds);
  }

  private void generateIds(String api) {
    Node routes = resources.property(api, "Routes");
    if (routes == null) {
      return;
    }
    String path = api + ".Properties.Routes";
    for (String key : intrinsics.entries(routes, path).keySet()) {
      if (!PREDEFINED_ROUTES.contains(key) && !key.matches("[A-Za-z0-9]+")) {
        throw intrinsics.problem(path + "." + key, "a route key in Routes is letters and digits");
      }
      if (!generatedIds.add(generatedId(api, key, "Route"))) {
        throw intrinsics.problem(
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

  /// Whether SAM generates a resource with this logical id.
  boolean generates(String logicalId) {
    return generatedIds.contains(logicalId);
  }

  /// The API, or null where the template has none.
  @Nullable WebSocketApi read() {
    List<String> ids =
        Stream.of(TYPE, SAM_TYPE).flatMap(type -> resources.ofType(type).stream()).toList();
    if (ids.isEmpty()) {
      Stream.of(ROUTE, INTEGRATION, AUTHORIZER, STAGE)
          .flatMap(type -> resources.ofType(type).stream())
          .findFirst()
          .ifPresent(
              part -> {
                throw intrinsics.problem(part, "the template has no " + TYPE);
              });
      return null;
    }
    if (ids.size() > 1) {
      throw intrinsics.problem(ids.get(1), "the local cloud runs one WebSocket API");
    }
    String id = ids.getFirst();
    return SAM_TYPE.equals(resources.type(id)) ? samApi(id) : plainApi(id);
  }

  // ---- A plain API ----------------------------------------------------------------------------

  private WebSocketApi plainApi(String id) {
    Section api = resources.properties(id);
    api.oneOf("ProtocolType", "", "WEBSOCKET");
    Map<String, Integration> integrations = new HashMap<>();
    for (String part : resources.ofType(INTEGRATION)) {
      Section integration = part(part);
      integration.oneOf("IntegrationType", "", "AWS_PROXY");
      integrations.put(
          "integrations/" + part,
          new Integration(
              functions.invoked(integration, "IntegrationUri"),
              timeout(integration, "TimeoutInMillis")));
    }
    Map<String, Route> routes = new LinkedHashMap<>();
    addRoutes(integrations, routes);
    Section authorizer = authorizer();
    Section stage = stage(id);
    throttle(stage, routes);
    return new WebSocketApi(
        stageName(stage, stage.string("StageName")),
        routeSelection(api),
        routes,
        authorizer == null ? null : functions.invoked(authorizer, "AuthorizerUri"),
        authorizer == null ? List.of() : identitySources(authorizer));
  }

  /// A resource that belongs to the API.
  private Section part(String id) {
    Section part = resources.properties(id);
    if (!part.string("ApiId").equals(LocalAccount.API_ID)) {
      throw part.problem("ApiId", "is not the id of this template's API");
    }
    return part;
  }

  private Section stage(String api) {
    List<String> stages = resources.ofType(STAGE);
    if (stages.size() != 1) {
      throw intrinsics.problem(
          stages.isEmpty() ? api : stages.get(1), "the local cloud runs one stage of the API");
    }
    Section stage = part(stages.getFirst());
    if (!stage.bool("AutoDeploy", false)) {
      throw stage.problem("AutoDeploy", "must be true: deployments are not honoured here");
    }
    return stage;
  }

  /// Each route has a bucket of its own: its own settings, or the stage's default.
  private static void throttle(Section stage, Map<String, Route> routes) {
    Throttling unlessOwn = throttling(stage.section("DefaultRouteSettings"));
    Section own = stage.section("RouteSettings");
    for (String key : own.values().keySet()) {
      if (!routes.containsKey(key)) {
        throw stage.problem("RouteSettings." + key, "there is no such route");
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

  /// What `$connect` asks, or null where everybody may connect.
  private @Nullable Section authorizer() {
    Section authorizer = null;
    for (String id : resources.ofType(ROUTE)) {
      Section route = resources.properties(id);
      if (route.oneOf("AuthorizationType", "NONE", "NONE", "CUSTOM").equals("NONE")) {
        continue;
      }
      if (!route.string("RouteKey").equals(CONNECT)) {
        throw route.problem("AuthorizationType", "only the route $connect has an authorizer");
      }
      String asked = route.string("AuthorizerId");
      if (!AUTHORIZER.equals(resources.type(asked))) {
        throw route.problem("AuthorizerId", "`" + asked + "` is no authorizer of this template");
      }
      authorizer = part(asked);
      authorizer.oneOf("AuthorizerType", "", "REQUEST");
    }
    return authorizer;
  }

  // ---- SAM's API ------------------------------------------------------------------------------

  private WebSocketApi samApi(String id) {
    Section api = resources.properties(id);
    Set<String> withResponse = routesWithResponse();
    Map<String, Integration> integrations = new HashMap<>();
    Map<String, Route> routes = new LinkedHashMap<>();
    Section declared = api.section("Routes");
    for (String key : declared.values().keySet()) {
      Section route = declared.section(key);
      Integration integration =
          new Integration(functions.at(route, "FunctionArn"), timeout(route, "IntegrationTimeout"));
      integrations.put("integrations/" + generatedId(id, key, "Integration"), integration);
      boolean twoWay = isTwoWay(route) && withResponse.contains(generatedId(id, key, "Route"));
      routes.put(key, integration.route(key, twoWay));
    }
    addRoutes(integrations, routes);
    Section auth = api.section("Auth");
    boolean custom = auth.oneOf("AuthType", "NONE", "NONE", "CUSTOM").equals("CUSTOM");
    if (custom && !routes.containsKey(CONNECT)) {
      throw auth.problem("AuthType", "an authorizer needs the route $connect");
    }
    if (!custom && (auth.has("AuthArn") || auth.has("IdentitySource"))) {
      throw auth.problem("AuthType", "an authorizer needs AuthType CUSTOM");
    }
    return new WebSocketApi(
        stageName(api, api.string("StageName", "default")),
        routeSelection(api),
        routes,
        custom ? functions.at(auth, "AuthArn") : null,
        identitySources(auth));
  }

  // ---- What both have -------------------------------------------------------------------------

  /// What a route calls, and how long that may take.
  private record Integration(String function, Duration timeout) {
    Route route(String key, boolean twoWay) {
      return new Route(key, function, twoWay, timeout);
    }
  }

  private static Duration timeout(Section integration, String key) {
    return Duration.ofMillis(integration.integer(key, 29_000, 50, 29_000));
  }

  /// Adds the routes that are resources.
  ///
  /// @param integrations by the target that names them
  private void addRoutes(Map<String, Integration> integrations, Map<String, Route> routes) {
    Set<String> withResponse = routesWithResponse();
    for (String id : resources.ofType(ROUTE)) {
      Section route = part(id);
      String target = route.string("Target");
      Integration integration = integrations.get(target);
      if (integration == null) {
        throw route.problem("Target", "`" + target + "` is no integration of this template");
      }
      String key = route.string("RouteKey");
      boolean twoWay = isTwoWay(route) && withResponse.contains(id);
      if (routes.put(key, integration.route(key, twoWay)) != null) {
        throw route.problem("RouteKey", "another route has the key `" + key + "`");
      }
    }
  }

  private static boolean isTwoWay(Section route) {
    return route.has("RouteResponseSelectionExpression")
        && route.oneOf("RouteResponseSelectionExpression", "", "$default").equals("$default");
  }

  private Set<String> routesWithResponse() {
    return resources.ofType(ROUTE_RESPONSE).stream()
        .map(this::routeOfResponse)
        .collect(Collectors.toSet());
  }

  private String routeOfResponse(String id) {
    Section response = part(id);
    response.oneOf("RouteResponseKey", "", "$default");
    String route = response.string("RouteId");
    if (!ROUTE.equals(resources.type(route)) && !(route.endsWith("Route") && generates(route))) {
      throw response.problem("RouteId", "`" + route + "` is no route of this template");
    }
    return route;
  }

  private static String stageName(Section section, String name) {
    return section.matching("StageName", name, "[A-Za-z0-9_-]{1,128}");
  }

  private static String routeSelection(Section api) {
    return api.matching(
        "RouteSelectionExpression",
        api.string("RouteSelectionExpression"),
        "\\$request\\.body(\\.[A-Za-z0-9_-]+)+");
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
    return STAGE.equals(resources.type(logicalId))
        ? Objects.requireNonNullElse(resources.value(logicalId, "StageName"), logicalId)
        : LocalAccount.API_ID;
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return attribute.equals("ApiId") && TYPE.equals(resources.type(logicalId))
        ? LocalAccount.API_ID
        : null;
  }
}
