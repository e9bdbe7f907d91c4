package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A WebSocket API of the template, with all its routes.
///
/// @param logicalId its name in the template
/// @param id what `Ref` of it gives, what events call `apiId`, and the first label of its domain on
///     AWS
/// @param stage the path under which clients connect
/// @param routeSelectionExpression for example `$request.body.action`
/// @param routes by route key
/// @param authorizerFunction the logical id of the REQUEST authorizer's function, or null where
///     everybody may connect
/// @param identitySources for example `route.request.querystring.token`: a connection that lacks
///     one is refused before the authorizer is asked
/// @param stageVariables which every event has
public record WebSocketApi(
    String logicalId,
    String id,
    String stage,
    String routeSelectionExpression,
    Map<String, Route> routes,
    @Nullable String authorizerFunction,
    List<String> identitySources,
    Map<String, String> stageVariables) {

  /// The resource that an authorizer allows or denies.
  ///
  /// @param routeKey for example `$connect`
  public String methodArn(String routeKey) {
    return LocalAccount.methodArn(id, stage, routeKey);
  }

  /// Whether it calls a function.
  ///
  /// @param function its logical id
  public boolean calls(String function) {
    return function.equals(authorizerFunction)
        || routes.values().stream().anyMatch(route -> function.equals(route.function()));
  }
}
