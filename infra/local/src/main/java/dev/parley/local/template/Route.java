package dev.parley.local.template;

import java.time.Duration;

/// A route of a WebSocket API.
///
/// @param key the route key: `$connect`, `$disconnect`, `$default` or a value of the route
///     selection expression, matched exactly
/// @param function the logical id of the function that it calls
/// @param twoWay whether the function's result is sent back to the client: the route has a
///     `RouteResponseSelectionExpression` and an `AWS::ApiGatewayV2::RouteResponse`
/// @param integrationTimeout how long the function may take, 50 ms to 29 s
public record Route(String key, String function, boolean twoWay, Duration integrationTimeout) {}
