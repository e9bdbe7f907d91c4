package dev.parley.local.template;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A SAM template with every parameter, global and intrinsic function resolved: the only
/// description of the system that the local cloud starts from.
///
/// @param apis its WebSocket APIs, in the template's order
/// @param functions by logical id, in the template's order, without those that nothing but a custom
///     resource invokes
/// @param tables in the template's order
/// @param streamMappings the event source mappings from DynamoDB Streams
/// @param queues in the template's order
/// @param queueMappings the event source mappings from queues, without those that are not `Enabled`
/// @param withoutEffect what it has that has an effect on AWS only: types of resources, and
///     properties of others as `Type: Property, Property`
public record Template(
    List<WebSocketApi> apis,
    Map<String, FunctionResource> functions,
    List<TableResource> tables,
    List<StreamMappingResource> streamMappings,
    List<QueueResource> queues,
    List<QueueMappingResource> queueMappings,
    List<String> withoutEffect) {

  /// The first WebSocket API, or null where the template has none.
  public @Nullable WebSocketApi api() {
    return apis.isEmpty() ? null : apis.getFirst();
  }

  /// Reads a template and refuses, with one [TemplateException], whatever the local cloud would not
  /// do as AWS does: a system that starts here has no part that is silently left out.
  ///
  /// @param parameterOverrides values for the template's parameters, as `sam deploy
  ///     --parameter-overrides` takes them
  public static Template read(Path file, Map<String, String> parameterOverrides) {
    return read(file, parameterOverrides, null);
  }

  /// As above, with an issuer of tokens.
  ///
  /// @param issuer where it is, or null for none; the template's `Metadata` says which parameters
  ///     tell of it
  public static Template read(
      Path file, Map<String, String> parameterOverrides, @Nullable String issuer) {
    return new TemplateReader(file, parameterOverrides, issuer).read();
  }
}
