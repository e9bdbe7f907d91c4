package dev.parley.message;

import dev.parley.room.Timestamp;

/// The result of sending a message.
public sealed interface SendResult {
  /// It is in the table; an earlier attempt with the same id may have written it.
  record Sent(String id, Timestamp timestamp) implements SendResult {}

  /// The sender has used this id in this room for another text.
  record IdReused() implements SendResult {}

  /// It is not known whether it is in the table. Sending it again with the same id finds out, or
  /// writes it then.
  record Unavailable() implements SendResult {}
}
