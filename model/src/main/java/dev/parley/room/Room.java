package dev.parley.room;

import dev.parley.Limits;
import dev.parley.table.Row;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What ChatRooms knows of a room.
///
/// Somebody may have edited or restored its row: an attribute that cannot be read costs no more
/// than what it says, and is written anew with the next message.
///
/// @param head the timestamp of the message that was handed to fan-out last, in stream order; null
///     where none was, or where [#headLost]
/// @param headSequence that message's stream and its sequence number there, as they are stored;
///     empty where something was handed out and it is not known what; null where nothing was
/// @param createdAtMs epoch milliseconds of the first join
/// @param segments into how many segments it was cut last, as a power of two: 3 says 8; null where
///     it never went by the queue
/// @param queuedUntilMs epoch milliseconds until which its messages go by the queue although they
///     would not have to; null where they never went there
public record Room(
    RoomId id,
    @Nullable Long head,
    @Nullable String headSequence,
    @Nullable Long createdAtMs,
    @Nullable Integer segments,
    @Nullable Long queuedUntilMs) {
  /// As a power of two, the segments that a room is cut into at most: 4,096 of 500 members each are
  /// two million.
  public static final int SEGMENTS_POWER_MAX = 12;

  /// A room that never had to go by the queue, or as if it never had.
  public Room(
      RoomId id,
      @Nullable Long head,
      @Nullable String headSequence,
      @Nullable Long createdAtMs,
      @Nullable Integer segments) {
    this(id, head, headSequence, createdAtMs, segments, null);
  }

  /// @throws Row.InvalidRow where the key is no room's
  static Room of(String table, Row row) {
    String name = row.string("room_id");
    if (!RoomId.valid(name)) {
      throw new Row.InvalidRow("room_id", "a room's name");
    }
    Long segments = row.optionalNumber(table, "segments", 0, SEGMENTS_POWER_MAX);
    return new Room(
        new RoomId(name),
        row.optionalNumber(table, "head", 0, Limits.NUMBER_MAX),
        headSequence(table, row),
        row.optionalNumber(table, "created_at", 0, Limits.NUMBER_MAX / 1_000),
        segments == null ? null : segments.intValue(),
        row.optionalNumber(table, "queued_until", 0, Limits.NUMBER_MAX / 1_000));
  }

  private static @Nullable String headSequence(String table, Row row) {
    String sequence = row.optionalString("head_sequence");
    if (sequence != null) {
      return sequence;
    }
    if (!row.attributes().containsKey("head") && !row.attributes().containsKey("head_sequence")) {
      return null;
    }
    row.report(table, new Row.InvalidRow("head_sequence", "a string"));
    return "";
  }

  /// Whether messages were handed out and it is not known which was the last: whoever asks for the
  /// head must be sent to the table.
  public boolean headLost() {
    return head == null && headSequence != null;
  }

  /// Whether its messages go by the queue, lest they overtake those that did. An instant further
  /// ahead than any that is written is not believed.
  public boolean isQueued(Instant now) {
    if (queuedUntilMs == null) {
      return false;
    }
    long leftMs = queuedUntilMs - now.toEpochMilli();
    return leftMs > 0 && leftMs <= Limits.QUEUED_CALM.plus(Limits.CLOCK_SKEW_MAX).toMillis();
  }

  /// This room after messages of it went by the queue.
  ///
  /// @param power into how many segments it was cut
  public Room queued(int power, Instant now) {
    return new Room(
        id, head, headSequence, createdAtMs, power, now.plus(Limits.QUEUED_CALM).toEpochMilli());
  }
}
