package dev.parley.fanout;

import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.util.List;
import java.util.stream.Stream;

/// Jobs as the Fanout function enqueues them.
public final class Jobs {
  private Jobs() {}

  /// One event to all segments of a room, encoded.
  ///
  /// @param power the room is cut into 2^power segments
  /// @param event as it is pushed
  public static List<String> segments(RoomId room, int power, String event) {
    Events events = Events.of(Stream.of(event), null);
    return Segments.ranges(power).stream()
        .map(range -> new PushJob.Segment(room, range, events).encode())
        .toList();
  }
}
