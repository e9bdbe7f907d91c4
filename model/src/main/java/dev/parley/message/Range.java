package dev.parley.message;

import dev.parley.room.Timestamp;

/// Which messages of a room are asked for; bounds are exclusive.
public sealed interface Range {
  /// The last ones.
  record Newest() implements Range {}

  /// The last ones before a timestamp.
  record Before(Timestamp timestamp) implements Range {}

  /// The first ones after a timestamp.
  record After(Timestamp timestamp) implements Range {}
}
