package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.nodes.Node;

/// Reads the WebSocket API of a template, with the routes that other resources add to it.
final class ApiReader implements References {
  static final String TYPE = "AWS::Serverless::WebSocketApi";
  private static final String ROUTE = "AWS::ApiGatewayV2::Route";
  private static final String ROUTE_RESPONSE = "AWS::ApiGatewayV2::RouteResponse";
  private static final Set<String> PREDEFINED_ROUTES =
      Set.of("$connect", "$disconnect", "$default");

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
    resources.ofType(TYPE).forEach(this::generateIds);
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
    List<String> ids = resources.ofType(TYPE);
    if (ids.isEmpty()) {
      resources.ofType(ROUTE).stream()
          .findFirst()
          .ifPresent(
              route -> {
                throw intrinsics.problem(route, "the template has no " + TYPE);
              });
      return null;
    }
    if (ids.size() > 1) {
      throw intrinsics.problem(ids.get(1), "the local cloud runs one WebSocket API");
    }
    String id = ids.getFirst();
    Section api = resources.properties(id);
    Map<String, Route> routes = routes(id, api.section("Routes"));
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
        api.matching("StageName", api.string("StageName", "default"), "[A-Za-z0-9_-]{1,128}"),
        api.matching(
            "RouteSelectionExpression",
            api.string("RouteSelectionExpression"),
            "\\$request\\.body(\\.[A-Za-z0-9_-]+)+"),
        routes,
        custom ? functions.at(auth, "AuthArn") : null,
        identitySources);
  }

  /// @param id the API's
  private Map<String, Route> routes(String id, Section declared) {
    Set<String> withResponse =
        resources.ofType(ROUTE_RESPONSE).stream()
            .map(this::routeOfResponse)
            .collect(Collectors.toSet());
    Map<String, Route> routes = new LinkedHashMap<>();
    Map<String, Route> byIntegration = new HashMap<>();
    for (String key : declared.values().keySet()) {
      Section route = declared.section(key);
      Route made =
          new Route(
              key,
              functions.at(route, "FunctionArn"),
              isTwoWay(route) && withResponse.contains(generatedId(id, key, "Route")),
              Duration.ofMillis(route.integer("IntegrationTimeout", 29_000, 50, 29_000)));
      routes.put(key, made);
      byIntegration.put("integrations/" + generatedId(id, key, "Integration"), made);
    }
    for (String routeId : resources.ofType(ROUTE)) {
      Section route = resources.properties(routeId);
      requireApi(route);
      String target = route.string("Target");
      Route integrated = byIntegration.get(target);
      if (integrated == null) {
        throw route.problem("Target", "`" + target + "` is no integration of " + id + "'s Routes");
      }
      String key = route.string("RouteKey");
      Route made =
          new Route(
              key,
              integrated.function(),
              isTwoWay(route) && withResponse.contains(routeId),
              integrated.integrationTimeout());
      if (routes.put(key, made) != null) {
        throw route.problem("RouteKey", "another route has the key `" + key + "`");
      }
    }
    return routes;
  }

  private static boolean isTwoWay(Section route) {
    return route.has("RouteResponseSelectionExpression")
        && route.oneOf("RouteResponseSelectionExpression", "", "$default").equals("$default");
  }

  private static void requireApi(Section section) {
    if (!section.string("ApiId").equals(LocalAccount.API_ID)) {
      throw section.problem("ApiId", "is not the id of this template's API");
    }
  }

  private String routeOfResponse(String id) {
    Section response = resources.properties(id);
    requireApi(response);
    response.oneOf("RouteResponseKey", "", "$default");
    String route = response.string("RouteId");
    if (!ROUTE.equals(resources.type(route)) && !(route.endsWith("Route") && generates(route))) {
      throw response.problem("RouteId", "`" + route + "` is no route of this template");
    }
    return route;
  }

  @Override
  public String ref(String logicalId) {
    return LocalAccount.API_ID;
  }
}
