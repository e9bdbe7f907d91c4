package dev.parley.message;

import dev.parley.platform.Trace;
import dev.parley.room.Timestamp;
import org.jspecify.annotations.Nullable;

/// The result of sending a message.
public sealed interface SendResult {
  /// It is in the table.
  ///
  /// @param trace where its trace goes on; null where the send is not traced, or an earlier attempt
  ///     with the same id wrote it
  record Sent(String id, Timestamp timestamp, Trace.@Nullable Context trace)
      implements SendResult {}

  /// The sender has used this id in this room for another text.
  record IdReused() implements SendResult {}

  /// It is not known whether it is in the table. Sending it again with the same id finds out, or
  /// writes it then.
  record Unavailable() implements SendResult {}
}
