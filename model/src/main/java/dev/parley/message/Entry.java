package dev.parley.message;

/// What stands at one timestamp of a room's history.
public sealed interface Entry permits Message, Entry.Unreadable {
  /// Epoch microseconds, 0 to 2^53 - 1.
  long timestamp();

  /// A row that cannot be shown as a message: somebody else wrote it, or it is too large for a
  /// page. It keeps its place, so that a client that pages, or looks for this timestamp, goes on
  /// behind it.
  record Unreadable(long timestamp) implements Entry {}
}
