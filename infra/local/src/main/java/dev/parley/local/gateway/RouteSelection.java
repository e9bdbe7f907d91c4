package dev.parley.local.gateway;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.template.Route;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the route of a message.
///
/// With `$request.body.action`, the message `{"action": "join"}` has the route `join`, exactly.
/// A message that is not JSON, has no `action`, or has an `action` without a route goes to
/// `$default`.
///
/// Source: "Create routes for WebSocket APIs", API Gateway developer guide.
final class RouteSelection {
  static final String DEFAULT = "$default";

  /// These belong to connections: no message can select them.
  private static final Set<String> NOT_OF_MESSAGES = Set.of("$connect", "$disconnect");

  private static final Pattern EXPRESSION =
      Pattern.compile(
          "\\$request\\.body\\.([\\w-]+(?:\\.[\\w-]+)*)"
              + "|\\$\\{request\\.body\\.([\\w-]+(?:\\.[\\w-]+)*)}");

  private final List<String> path;
  private final Map<String, Route> routes;

  /// @throws IllegalArgumentException if the expression cannot be evaluated here
  RouteSelection(String expression, Map<String, Route> routes) {
    Matcher matcher = EXPRESSION.matcher(expression);
    if (!matcher.matches()) {
      // Unlike AWS: an expression of several parts, or over anything but the body, is refused.
      throw new IllegalArgumentException(
          "RouteSelectionExpression: expected $request.body.<name>[.<name>], not " + expression);
    }
    String names = matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
    this.path = List.of(names.split("\\.", -1));
    this.routes = Map.copyOf(routes);
  }

  /// The route of a message, or null where none matches and there is no `$default`.
  @Nullable Route select(String message) {
    String key = key(message);
    Route route = NOT_OF_MESSAGES.contains(key) ? null : routes.get(key);
    return route == null ? routes.get(DEFAULT) : route;
  }

  private String key(String message) {
    JsonNode node;
    try {
      node = Json.STRICT.readTree(message);
    } catch (JsonProcessingException _) {
      return "";
    }
    for (String name : path) {
      node = node.path(name);
    }
    if (node.isMissingNode() || node.isNull()) {
      return "";
    }
    return node.isValueNode() ? node.asText() : node.toString();
  }
}
