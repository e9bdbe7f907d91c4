package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The template's `AWS::Serverless::WebSocketApi`, with the routes that other resources add to it.
///
/// @param stage the path under which clients connect
/// @param routeSelectionExpression for example `$request.body.action`
/// @param routes by route key
/// @param authorizerFunction the logical id of the REQUEST authorizer's function, or null where
///     everybody may connect
/// @param identitySources for example `route.request.querystring.token`: a connection that lacks
///     one is refused before the authorizer is asked
public record WebSocketApi(
    String stage,
    String routeSelectionExpression,
    Map<String, Route> routes,
    @Nullable String authorizerFunction,
    List<String> identitySources) {

  /// What `Ref` of it gives, what events call `apiId`, and the first label of its domain on AWS.
  public String id() {
    return LocalAccount.API_ID;
  }

  /// The resource that an authorizer allows or denies.
  ///
  /// @param routeKey for example `$connect`
  public String methodArn(String routeKey) {
    return LocalAccount.methodArn(stage, routeKey);
  }
}
