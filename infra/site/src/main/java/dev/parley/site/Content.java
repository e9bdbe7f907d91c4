package dev.parley.site;

import java.util.List;
import java.util.Map;

/// What is to be in which bucket, and which distribution serves it: the properties of
/// `Custom::SiteContent`.
record Content(String bucket, String distribution, Config config) {
  /// `ServiceToken` and `ServiceTimeout` are CloudFormation's own. `Version` is that of the
  /// function, whose change brings an update with its files.
  private static final List<String> PROPERTIES =
      List.of("ServiceToken", "ServiceTimeout", "Bucket", "Distribution", "Version", "Config");

  /// @throws IllegalArgumentException with what is wrong
  static Content of(Map<?, ?> properties) {
    for (Object name : properties.keySet()) {
      if (!PROPERTIES.contains(name)) {
        throw new IllegalArgumentException(
            "there is no property %s, only %s".formatted(name, String.join(", ", PROPERTIES)));
      }
    }
    return new Content(
        text(properties, "Bucket"),
        text(properties, "Distribution"),
        Config.of(properties.get("Config")));
  }

  private static String text(Map<?, ?> properties, String name) {
    if (properties.get(name) instanceof String text && !text.isEmpty()) {
      return text;
    }
    throw new IllegalArgumentException("the property %s is missing".formatted(name));
  }
}
