package dev.parley.fanout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import java.util.Collection;
import java.util.List;

/// A user whose last connection has gone from a room, as the queue Departures carries it.
///
/// It is looked up twice. If the user is still away after a while, `out` is told. Somebody who came
/// back at that very moment was told `in` by another function, which `out` may have overtaken: so
/// the user is looked up again 10 s after, and `in` is repeated if the user is there.
///
/// @param slot that of the last connection
/// @param told whether `out` was told
record Departure(RoomId room, Identity identity, Slot slot, boolean told) implements Presence.Move {
  private static final ObjectMapper JSON = new ObjectMapper();

  String encode() {
    return JSON.createObjectNode()
        .put("room", room.name())
        .put("user", identity.user())
        .put("sender", identity.sender())
        .put("slot", slot.value())
        .put("told", told)
        .toString();
  }

  /// @throws IllegalArgumentException where it is not what [#encode] makes
  static Departure decode(String body) {
    try {
      JsonNode json = JSON.readTree(body);
      return new Departure(
          new RoomId(json.path("room").asText()),
          Identity.stored(json.path("user").asText(), json.path("sender").asText()),
          Slot.parse(json.path("slot").asText()),
          json.path("told").booleanValue());
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a message in the queue is no departure", e);
    }
  }

  @Override
  public Collection<Membership> arrived() {
    return List.of();
  }

  @Override
  public Presence.Change change(List<Membership> there) {
    if (told) {
      return there.isEmpty() ? Presence.Change.NONE : Presence.Change.IN;
    }
    return there.isEmpty() ? Presence.Change.OUT : Presence.Change.NONE;
  }
}
