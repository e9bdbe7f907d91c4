package dev.parley.role;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.connection.Removal;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is left to do about a user in a room after a change of roles was answered, as the queue
/// Departures carries it.
public sealed interface Errand {
  /// Where the user is to be looked for.
  RoomId room();

  /// Who is to be looked for.
  String user();

  /// Connections of the user may still be in the room, which the index did not show yet.
  ///
  /// @param until they joined no later, or the user may not be in the room at all
  record Removed(RoomId room, String user, Removal why, Instant until) implements Errand {}

  /// The user is to be told of an invitation, over the connections that are in a room.
  ///
  /// @param room where the user is told
  /// @param to the room that the user may join now
  /// @param title of that room, or null
  record Invited(RoomId room, String user, RoomId to, @Nullable String title, Identity by)
      implements Errand {}

  ObjectMapper JSON = new ObjectMapper();

  default String encode() {
    ObjectNode json = JSON.createObjectNode().put("room", room().name()).put("user", user());
    switch (this) {
      case Removed removed ->
          json.put("removed", removed.why().word()).put("until", removed.until().toEpochMilli());
      case Invited invited ->
          json.put("to", invited.to().name())
              .put("title", invited.title())
              .put("by", invited.by().user())
              .put("sender", invited.by().sender());
    }
    return json.toString();
  }

  /// The errand in a message of the queue; nothing where it is something else.
  ///
  /// @throws IllegalArgumentException where it is an errand, and not what [#encode] makes
  static Optional<Errand> decode(String body) {
    JsonNode json;
    try {
      json = JSON.readTree(body);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a message in the queue is no JSON", e);
    }
    if (!json.has("removed") && !json.has("to")) {
      return Optional.empty();
    }
    RoomId room = new RoomId(json.path("room").asText());
    String user = json.path("user").asText();
    return Optional.of(
        json.has("removed")
            ? new Removed(
                room,
                user,
                Removal.of(json.path("removed").asText()),
                Instant.ofEpochMilli(json.path("until").longValue()))
            : new Invited(
                room,
                user,
                new RoomId(json.path("to").asText()),
                json.path("title").textValue(),
                Identity.stored(json.path("by").asText(), json.path("sender").asText())));
  }
}
