package dev.parley.local.template;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An `AWS::Serverless::Function` with what `Globals` gives it, or an `AWS::Lambda::Function`.
///
/// @param logicalId its name in the template
/// @param name its `FunctionName`, else its logical id. Unlike AWS: CloudFormation adds the stack's
///     name and a random suffix.
/// @param runtime for example `java25`
/// @param codeUri the zip or folder beside the template, or null where it is none of this machine
/// @param inlineCode its source, `InlineCode` or `ZipFile`, or null where it is in `codeUri`
/// @param layers the folders of its layers beside the template, in the order in which they are
///     merged
/// @param handler the handler's class, or `class::method`
/// @param environment as the template gives it
/// @param timeout 1 s to 900 s
/// @param memorySizeMb 128 to 10,240; what the function is told, and in a process of its own by
///     what its heap is sized
/// @param tracing whether `Tracing` is `Active`
/// @param snapStart whether its published versions are started from a snapshot
/// @param alias its alias, by which it is then called, or null where it has none
public record FunctionResource(
    String logicalId,
    String name,
    String runtime,
    @Nullable String codeUri,
    @Nullable String inlineCode,
    List<String> layers,
    String handler,
    Map<String, String> environment,
    Duration timeout,
    int memorySizeMb,
    boolean tracing,
    boolean snapStart,
    @Nullable String alias) {}
