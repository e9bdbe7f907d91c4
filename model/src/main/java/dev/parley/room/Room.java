package dev.parley.room;

import dev.parley.table.Row;
import org.jspecify.annotations.Nullable;

/// What ChatRooms knows of a room.
///
/// @param head the timestamp of the message that was handed to fan-out last, in stream order; null
///     where none was
/// @param headSequence that message's stream sequence number
/// @param createdAtMs epoch milliseconds of the first join
/// @param segments into how many segments it was cut last, as a power of two: 3 says 8; null where
///     it was never too large for one hop
public record Room(
    RoomId id,
    @Nullable Long head,
    @Nullable String headSequence,
    @Nullable Long createdAtMs,
    @Nullable Integer segments) {

  static Room of(Row row) {
    return new Room(
        new RoomId(row.string("room_id")),
        row.optionalNumber("head"),
        row.optionalString("head_sequence"),
        row.optionalNumber("created_at"),
        segments(row));
  }

  private static @Nullable Integer segments(Row row) {
    Long segments = row.optionalNumber("segments");
    return segments == null ? null : segments.intValue();
  }

  /// This room with another number of segments.
  public Room withSegments(@Nullable Integer other) {
    return new Room(id, head, headSequence, createdAtMs, other);
  }
}
