package dev.parley.local.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The template's `AWS::Serverless::WebSocketApi`, with the routes that other resources add to it.
///
/// @param logicalId its name in the template
/// @param stage the path under which clients connect
/// @param routeSelectionExpression for example `$request.body.action`
/// @param routes by route key
/// @param authorizerFunction the logical id of the REQUEST authorizer's function, or null where
///     everybody may connect
/// @param identitySources for example `route.request.querystring.token`: a connection that lacks
///     one is refused before the authorizer is asked
public record WebSocketApi(
    String logicalId,
    String stage,
    String routeSelectionExpression,
    Map<String, Route> routes,
    @Nullable String authorizerFunction,
    List<String> identitySources) {}
