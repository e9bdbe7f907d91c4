package dev.parley.local.template;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A route of a WebSocket API.
///
/// @param key the route key: `$connect`, `$disconnect`, `$default` or a value of the route
///     selection expression, matched exactly
/// @param function the logical id of the function that it calls
/// @param twoWay whether the function's result is sent back to the client: the route has a
///     `RouteResponseSelectionExpression` and an `AWS::ApiGatewayV2::RouteResponse`
/// @param integrationTimeout how long the function may take, 50 ms to 29 s
/// @param throttling what its stage lets pass of it; null for all that the account's quota does
public record Route(
    String key,
    String function,
    boolean twoWay,
    Duration integrationTimeout,
    @Nullable Throttling throttling) {
  /// A route that its stage does not throttle.
  public Route(String key, String function, boolean twoWay, Duration integrationTimeout) {
    this(key, function, twoWay, integrationTimeout, null);
  }

  Route throttled(@Nullable Throttling throttling) {
    return new Route(key, function, twoWay, integrationTimeout, throttling);
  }
}
