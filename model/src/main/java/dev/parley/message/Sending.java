package dev.parley.message;

/// What became of a message that was to be written.
public sealed interface Sending {
  /// It is in the table, since now or since an earlier attempt with the same id.
  record Sent(String id, long timestamp) implements Sending {}

  /// The sender has used this id in this room for another text.
  record IdReused() implements Sending {}

  /// Whether it is in the table is not known. The same id tells, or writes it now.
  record Unavailable() implements Sending {}
}
