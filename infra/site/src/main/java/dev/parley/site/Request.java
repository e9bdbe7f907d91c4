package dev.parley.site;

import java.net.URI;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What CloudFormation asks of a custom resource.
///
/// Source: "CloudFormation custom resource request and response reference", CloudFormation user
/// guide.
///
/// @param type `Create`, `Update` or `Delete`
/// @param responseUrl where it waits for the answer
/// @param physicalId what an earlier answer called the resource, or null where there was none
/// @param properties as the template gives them; numbers and booleans come as text
record Request(
    String type,
    URI responseUrl,
    String stackId,
    String requestId,
    String logicalId,
    @Nullable String physicalId,
    Map<?, ?> properties) {

  /// @throws IllegalArgumentException where something is missing without which nobody can be
  ///     answered
  static Request of(Map<String, Object> event) {
    return new Request(
        String.valueOf(event.get("RequestType")),
        URI.create(text(event, "ResponseURL")),
        text(event, "StackId"),
        text(event, "RequestId"),
        text(event, "LogicalResourceId"),
        event.get("PhysicalResourceId") instanceof String id && !id.isEmpty() ? id : null,
        event.get("ResourceProperties") instanceof Map<?, ?> properties ? properties : Map.of());
  }

  private static String text(Map<String, Object> event, String name) {
    if (event.get(name) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new IllegalArgumentException("the event has no " + name);
  }

  /// The bucket that it is about, or null where no usable one is named.
  @Nullable String bucket() {
    return properties.get("Bucket") instanceof String bucket && !bucket.isEmpty() ? bucket : null;
  }
}
