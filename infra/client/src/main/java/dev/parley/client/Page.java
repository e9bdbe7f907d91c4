package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/// A page of a room's history, from a `joined` or `history` reply.
///
/// @param messages ascending
/// @param more whether there are others in the direction that was asked for
/// @param complete false where retention may have removed some of what was asked for
/// @param head the message that was handed out last, or null; only `joined` tells it
record Page(List<Message> messages, boolean more, boolean complete, @Nullable Long head) {
  static Page of(JsonNode json) {
    return new Page(
        StreamSupport.stream(json.path("messages").spliterator(), false).map(Message::of).toList(),
        json.path("more").asBoolean(),
        json.path("complete").asBoolean(),
        json.hasNonNull("head") ? json.path("head").asLong() : null);
  }

  long first() {
    return messages.getFirst().timestamp();
  }

  long last() {
    return messages.getLast().timestamp();
  }
}
