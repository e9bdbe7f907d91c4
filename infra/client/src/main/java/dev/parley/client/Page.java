package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/// A page of a room's history, from a `joined` or `history` reply.
///
/// @param timestamps of all rows, ascending
/// @param messages those of the rows that can be read, ascending
/// @param more whether there are others in the direction that was asked for
/// @param complete false where retention may have removed some of what was asked for
/// @param head the message that was handed out last, or null; only `joined` tells it
record Page(
    List<Long> timestamps,
    List<Message> messages,
    boolean more,
    boolean complete,
    @Nullable Long head) {

  /// A malformed entry counts as unreadable where it has a timestamp, and is left out otherwise.
  static Page of(JsonNode json) {
    List<JsonNode> rows =
        StreamSupport.stream(json.path("messages").spliterator(), false)
            .filter(row -> Message.timestamp(row.path("timestamp")) > 0)
            .toList();
    long head = Message.timestamp(json.path("head"));
    return new Page(
        rows.stream().map(row -> row.path("timestamp").asLong()).toList(),
        rows.stream().map(Message::ofFrame).filter(Objects::nonNull).toList(),
        json.path("more").asBoolean(),
        json.path("complete").asBoolean(true),
        head == 0 ? null : head);
  }

  /// Those of the rows that are no messages.
  Set<Long> unreadable() {
    Set<Long> unreadable = new HashSet<>(timestamps);
    messages.forEach(message -> unreadable.remove(message.timestamp()));
    return unreadable;
  }

  boolean isEmpty() {
    return timestamps.isEmpty();
  }

  long first() {
    return timestamps.getFirst();
  }

  long last() {
    return timestamps.getLast();
  }
}
