package dev.parley.fanout;

import dev.parley.room.RoomId;
import java.util.List;

/// Jobs as the Fanout function enqueues them.
public final class Jobs {
  private Jobs() {}

  /// One event to all segments of a room, encoded.
  ///
  /// @param power the room is cut into 2^power segments
  public static List<String> segments(RoomId room, int power, byte[] event) {
    return Segments.ranges(power).stream()
        .map(range -> new PushJob.Segment(room, range, List.of(event)).encode())
        .toList();
  }
}
