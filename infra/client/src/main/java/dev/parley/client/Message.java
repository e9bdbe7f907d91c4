package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;

/// A message of a room.
///
/// @param timestamp epoch microseconds; it identifies the message in its room
public record Message(long timestamp, String id, String user, String sender, String text) {
  /// As it stands in a frame.
  public static Message of(JsonNode json) {
    return new Message(
        json.path("timestamp").asLong(),
        json.path("id").asText(),
        json.path("user").asText(),
        json.path("sender").asText(),
        json.path("message").asText());
  }
}
