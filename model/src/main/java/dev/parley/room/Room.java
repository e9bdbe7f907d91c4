package dev.parley.room;

import dev.parley.Limits;
import dev.parley.Text;
import dev.parley.table.Row;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What ChatRooms knows of a room.
///
/// Somebody may have edited or restored its row: an attribute that cannot be read counts as
/// missing, and is written anew with the next message.
///
/// @param head the timestamp of the message that was handed to fan-out last, in stream order; null
///     where none was, or where [#headLost]
/// @param headSequence that message's stream and its sequence number there, as they are stored;
///     empty where something was handed out and it is not known what; null where nothing was
/// @param createdAt when it was joined first; null where nobody has joined it
/// @param segments into how many segments it was cut last, as a power of two: 3 is 8 segments; null
///     where its messages never went by the queue
/// @param queuedUntil until then its messages go by the queue even where it is small; null where
///     they never went there
/// @param salt under which the hashes of its members' slots are made; null where nobody has joined
///     it since version 0.1
/// @param title what people call a private room; null where it has none
public record Room(
    RoomId id,
    @Nullable Timestamp head,
    @Nullable String headSequence,
    @Nullable Instant createdAt,
    @Nullable Integer segments,
    @Nullable Instant queuedUntil,
    @Nullable String salt,
    @Nullable String title) {
  /// As a power of two, the segments that a room is cut into at most. What a room can hold is
  /// bounded far below by the pushes that an account may make: docs/COST.md.
  public static final int SEGMENTS_POWER_MAX = 12;

  /// A room without a salt, whose messages never went by the queue.
  public Room(
      RoomId id,
      @Nullable Timestamp head,
      @Nullable String headSequence,
      @Nullable Instant createdAt,
      @Nullable Integer segments) {
    this(id, head, headSequence, createdAt, segments, null, null, null);
  }

  /// A room that has no title.
  public Room(
      RoomId id,
      @Nullable Timestamp head,
      @Nullable String headSequence,
      @Nullable Instant createdAt,
      @Nullable Integer segments,
      @Nullable Instant queuedUntil,
      @Nullable String salt) {
    this(id, head, headSequence, createdAt, segments, queuedUntil, salt, null);
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
        Timestamp.optional(table, row, "head"),
        headSequence(table, row),
        row.optionalMillis(table, "created_at", Timestamp.MAX.instant()),
        segments == null ? null : segments.intValue(),
        row.optionalMillis(table, "queued_until", Timestamp.MAX.instant()),
        salt(row),
        title(row));
  }

  /// Whatever somebody has written there is as good, as long as it stays.
  private static @Nullable String salt(Row row) {
    AttributeValue salt = row.attributes().get("salt");
    return salt == null || salt.s() != null ? row.optionalString("salt") : salt.toString();
  }

  /// One that is no title, since somebody has edited it, is cleaned.
  private static @Nullable String title(Row row) {
    String title = row.optionalString("title");
    String clean = title == null ? "" : Text.cleanName(title);
    return clean.isEmpty() ? null : clean;
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

  /// Whether messages were handed out and it is not known which was the last. A client that asks
  /// for the head must then read the table.
  public boolean headLost() {
    return head == null && headSequence != null;
  }

  /// Whether its messages go by the queue, so that they do not overtake those that did. A moment
  /// that is further ahead than any that we write does not count.
  public boolean isQueued(Instant now) {
    Instant latest = now.plus(Limits.QUEUED_CALM).plus(Limits.CLOCK_SKEW_MAX);
    return queuedUntil != null && queuedUntil.isAfter(now) && !queuedUntil.isAfter(latest);
  }

  /// This room after messages of it were handed out.
  ///
  /// @param head null where none of them has a timestamp, and none was handed out before
  public Room handedOut(@Nullable Timestamp head, @Nullable String headSequence) {
    return new Room(id, head, headSequence, createdAt, segments, queuedUntil, salt, title);
  }

  /// This room after messages of it went by the queue.
  ///
  /// @param power into how many segments it was cut, as a power of two
  public Room queued(int power, Instant now) {
    Instant until = now.plus(Limits.QUEUED_CALM).truncatedTo(ChronoUnit.MILLIS);
    return new Room(id, head, headSequence, createdAt, power, until, salt, title);
  }
}
