package dev.parley.local.template;

import org.jspecify.annotations.Nullable;

/// What one kind of resource gives to those who refer to it.
interface References {
  /// What `Ref` gives.
  default String ref(String logicalId) {
    return logicalId;
  }

  /// What `Fn::GetAtt` gives, or null where the kind has no such attribute here.
  default @Nullable String attribute(String logicalId, String attribute) {
    return null;
  }
}
