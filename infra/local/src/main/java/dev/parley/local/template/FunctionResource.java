package dev.parley.local.template;

import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An `AWS::Serverless::Function`, with what `Globals` gives it.
///
/// @param logicalId its name in the template, which is also its function name here. Unlike AWS:
///     CloudFormation adds the stack's name and a random suffix.
/// @param handler the handler's class, or `class::method`
/// @param environment as the template gives it
/// @param timeout 1 s to 900 s
/// @param memorySizeMb 128 to 10,240; what the function is told, not what it gets here
/// @param tracing whether `Tracing` is `Active`
/// @param alias its `AutoPublishAlias`, by which it is then called, or null where it has none
public record FunctionResource(
    String logicalId,
    String handler,
    Map<String, String> environment,
    Duration timeout,
    int memorySizeMb,
    boolean tracing,
    @Nullable String alias) {}
