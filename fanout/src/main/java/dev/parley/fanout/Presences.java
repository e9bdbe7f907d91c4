package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Who came into a room and who left it, in stream order. Somebody who came and left again, or left
/// and came back, within one batch has done neither.
final class Presences {
  private record Presence(Identity identity, Event.State state) {}

  private final String first;
  private final Map<ConnectionId, Presence> changes = new LinkedHashMap<>();

  /// @param first the sequence number of the room's first record in the batch
  Presences(String first) {
    this.first = first;
  }

  String first() {
    return first;
  }

  void add(ConnectionId connection, Identity identity, Event.State state) {
    Presence earlier = changes.remove(connection);
    if (earlier == null || earlier.state() == state) {
      changes.put(connection, new Presence(identity, state));
    }
  }

  /// The events, in the order of their last changes.
  Events events(RoomId room) {
    List<Event> events = new ArrayList<>();
    changes.forEach(
        (connection, presence) ->
            events.add(
                Event.presence(room, connection.member(), presence.identity(), presence.state())));
    return Events.of(events);
  }
}
