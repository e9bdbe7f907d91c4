package dev.parley.local.template;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A route of a WebSocket API.
///
/// @param key the route key: `$connect`, `$disconnect`, `$default` or a value of the route
///     selection expression, matched exactly
/// @param integration what answers
/// @param twoWay whether its result is sent back to the client: the route has a
///     `RouteResponseSelectionExpression` and an `AWS::ApiGatewayV2::RouteResponse`
/// @param throttling what its stage lets pass of it; null for all that the account's quota does
public record Route(
    String key, Integration integration, boolean twoWay, @Nullable Throttling throttling) {

  /// What a route calls.
  public sealed interface Integration {
    /// `AWS_PROXY`.
    ///
    /// @param logicalId of the function
    /// @param timeout how long it may take, 50 ms to 29 s
    record Proxy(String logicalId, Duration timeout) implements Integration {}

    /// `MOCK`: the gateway answers by itself.
    ///
    /// @param statusCode what its request template says
    /// @param reply what its response template says, text with `$context.<name>`; null without one
    record Mock(int statusCode, @Nullable String reply) implements Integration {}
  }

  /// A route that calls a function, and is not throttled.
  public Route(String key, String function, boolean twoWay, Duration timeout) {
    this(key, new Integration.Proxy(function, timeout), twoWay, null);
  }

  /// The logical id of the function that it calls, or null where it calls none.
  public @Nullable String function() {
    return integration instanceof Integration.Proxy proxy ? proxy.logicalId() : null;
  }

  Route throttled(@Nullable Throttling limit) {
    return new Route(key, integration, twoWay, limit);
  }
}
