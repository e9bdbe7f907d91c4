package dev.parley.room;

import dev.parley.table.Row;
import org.jspecify.annotations.Nullable;

/// What ChatRooms knows of a room.
///
/// @param head the timestamp of the message that was handed to fan-out last, in stream order; null
///     where none was
/// @param headSequence that message's stream sequence number
/// @param createdAtMs epoch milliseconds of the first join
public record Room(
    RoomId id, @Nullable Long head, @Nullable String headSequence, @Nullable Long createdAtMs) {

  static Room of(Row row) {
    return new Room(
        new RoomId(row.string("room_id")),
        row.optionalNumber("head"),
        row.optionalString("head_sequence"),
        row.optionalNumber("created_at"));
  }
}
