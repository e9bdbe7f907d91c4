package dev.parley.fanout;

import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import dev.parley.wire.Traced;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Jobs as the Fanout function enqueues them.
public final class Jobs {
  private Jobs() {}

  /// One event to all segments of a room, encoded.
  ///
  /// @param power the room is cut into 2^power segments
  /// @param event as it is pushed
  /// @param trace the header of the message's trace, or null where it is not traced
  public static List<String> segments(
      RoomId room, int power, String event, @Nullable String trace) {
    List<Traced> traced =
        Trace.Context.of(trace)
            .map(context -> new Traced(0, "m", context, Instant.EPOCH, Traced.JOBS_MAX))
            .stream()
            .toList();
    Events events = Events.of(Stream.of(event), null, List.of(), traced);
    return Segments.ranges(power).stream()
        .map(range -> new PushJob.Segment(room, range, events).encode())
        .toList();
  }
}
