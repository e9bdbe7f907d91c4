package dev.parley.local.template;

import org.jspecify.annotations.Nullable;

/// What one kind of resource gives to those who refer to it.
interface References {
  /// What `Ref` gives.
  default String ref(String logicalId) {
    return logicalId;
  }

  /// What `Ref` gives of a resource that SAM makes beside this one, for example `Join.Alias`, or
  /// null where it makes none of that name.
  default @Nullable String derived(String logicalId, String name) {
    return null;
  }

  /// What `Fn::GetAtt` gives, or null where the kind has no such attribute here.
  default @Nullable String attribute(String logicalId, String attribute) {
    return null;
  }
}
