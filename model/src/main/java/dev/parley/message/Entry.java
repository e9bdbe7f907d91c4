package dev.parley.message;

import dev.parley.room.Timestamp;

/// What a room's history has at one timestamp.
public sealed interface Entry permits Message, Entry.Unreadable {
  Timestamp timestamp();

  /// A row that cannot be shown as a message: somebody else wrote it, or it is too large for a
  /// page. It keeps its place, so that a client that pages, or looks for this timestamp, goes on
  /// behind it.
  record Unreadable(Timestamp timestamp) implements Entry {}
}
