package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A message of a room.
///
/// @param timestamp epoch microseconds; it identifies the message in its room
public record Message(long timestamp, String id, String user, String sender, String text) {
  private static final long TIMESTAMP_MAX = (1L << 53) - 1;

  /// As it stands in a frame.
  public static Message of(JsonNode json) {
    return new Message(
        json.path("timestamp").asLong(),
        json.path("id").asText(),
        json.path("user").asText(),
        json.path("sender").asText(),
        json.path("message").asText());
  }

  /// As it stands in a frame, in which anything may stand.
  ///
  /// @return null where it is unreadable
  static @Nullable Message ofFrame(JsonNode json) {
    boolean readable =
        timestamp(json.path("timestamp")) > 0
            && !json.path("unreadable").asBoolean()
            && Stream.of("id", "user", "sender", "message")
                .allMatch(field -> json.path(field).isTextual());
    return readable ? of(json) : null;
  }

  /// @return 0 where it is none
  static long timestamp(JsonNode json) {
    boolean is = json.isIntegralNumber() && json.canConvertToLong();
    return is && json.asLong() > 0 && json.asLong() <= TIMESTAMP_MAX ? json.asLong() : 0;
  }
}
