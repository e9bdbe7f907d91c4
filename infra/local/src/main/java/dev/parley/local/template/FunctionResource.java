package dev.parley.local.template;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An `AWS::Serverless::Function`, with what `Globals` gives it.
///
/// @param logicalId its name in the template, which is also its function name here. Unlike AWS:
///     CloudFormation adds the stack's name and a random suffix.
/// @param runtime for example `java25`
/// @param codeUri the zip, jar or folder beside the template, or null where it is none of this
///     machine
/// @param inlineCode the text of its only file, called `index`, or null where it has a `codeUri`
/// @param layers the zips or folders of its layers beside the template, of which a later one wins
/// @param handler what is called, as its language names it: `package.Class::method`,
///     `folder/module.function`
/// @param environment as the template gives it
/// @param timeout 1 s to 900 s
/// @param memorySizeMb 128 to 10,240; what the function is told, and in a process of its own by
///     what its heap is sized
/// @param tracing whether `Tracing` is `Active`
/// @param snapStart whether its published versions are started from a snapshot
/// @param alias its `AutoPublishAlias`, by which it is then called, or null where it has none
public record FunctionResource(
    String logicalId,
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
