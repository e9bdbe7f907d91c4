package dev.parley.fanout;

import dev.parley.connection.SlotRange;
import dev.parley.room.Room;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a large room is cut into segments of about equal size, each of which one Push function
/// serves. Hashes of users are uniform, so ranges of the same width hold about the same number of
/// users.
///
/// All connections of one user are in one segment, and nothing bounds how many there are. What they
/// can delay is bounded: a segment's pushes end with the time that the Push function has for them,
/// and who is left then gets the events by the retries.
final class Segments {
  /// All of a room in one.
  static final int WHOLE = 0;

  private Segments() {}

  /// Into how many segments a room is cut, as a power of two. It stays what it was until the number
  /// of members leaves half to twice what that many segments hold, so that message groups are
  /// stable while a room's size wanders.
  ///
  /// @param current the power in use, or null
  /// @param segmentSize how many members one segment is to have
  static int power(@Nullable Integer current, long members, int segmentSize) {
    double segments = (double) members / segmentSize;
    if (current != null) {
      double capacity = Math.scalb(1.0, current);
      if (segments >= capacity / 2 && segments <= capacity * 2) {
        return current;
      }
    }
    long rounded = Math.round(Math.log(Math.max(1, segments)) / Math.log(2));
    return Math.clamp(rounded, members > segmentSize ? 1 : WHOLE, Room.SEGMENTS_POWER_MAX);
  }

  /// The power in use, of a room of unknown size.
  static int power(@Nullable Integer current) {
    return current == null ? WHOLE : current;
  }

  /// The 2^power ranges, in order; together they are all slots.
  static List<SlotRange> ranges(int power) {
    List<SlotRange> ranges = new ArrayList<>();
    long width = SlotRange.SLOTS >> power;
    for (long from = 0; from < SlotRange.SLOTS; from += width) {
      ranges.add(new SlotRange(from, from + width));
    }
    return ranges;
  }
}
