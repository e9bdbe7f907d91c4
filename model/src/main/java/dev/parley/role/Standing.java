package dev.parley.role;

import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What ChatRoles knows of a user in a room: a role, a ban, or nothing. A ban has taken the role
/// away.
///
/// Somebody may have edited or restored its row. A role that cannot be read is none, and a ban that
/// cannot be read lasts.
///
/// @param since when the user got the role; null where there is none, or it is not known
/// @param other the other user of a direct room
/// @param stored the row as it was read, without attributes where there is none
public record Standing(
    String user,
    RoomId room,
    @Nullable Role role,
    @Nullable Instant bannedUntil,
    @Nullable Instant since,
    @Nullable String other,
    Map<String, AttributeValue> stored) {
  static final String ROLE = "role";
  static final String BANNED_UNTIL = "banned_until";
  static final String SINCE = "since";
  static final String OTHER = "other";

  /// The end of a ban that has none.
  public static final Instant FOR_GOOD = Instant.parse("9999-12-31T23:59:59Z");

  /// Of a user of whom nothing is stored there.
  public static Standing none(String user, RoomId room) {
    return new Standing(user, room, null, null, null, null, Map.of());
  }

  /// This one with a role.
  ///
  /// @param other the other user of a direct room, or null
  public Standing as(Role role, @Nullable String other) {
    return new Standing(user, room, role, null, since, other, stored);
  }

  /// @param stored without attributes where there is no row
  static Standing of(String table, String user, RoomId room, Map<String, AttributeValue> stored) {
    Row row = new Row(stored);
    String word = row.optionalString(ROLE);
    Role role = word == null ? null : Role.of(word).orElse(null);
    if (role == null && stored.containsKey(ROLE)) {
      row.report(table, new Row.InvalidRow(ROLE, "a role"));
    }
    Instant bannedUntil = null;
    if (stored.containsKey(BANNED_UNTIL)) {
      Long seconds = row.optionalNumber(table, BANNED_UNTIL, 0, FOR_GOOD.getEpochSecond());
      bannedUntil = seconds == null ? FOR_GOOD : Instant.ofEpochSecond(seconds);
    }
    return new Standing(
        user,
        room,
        role,
        bannedUntil,
        row.optionalMillis(table, SINCE, FOR_GOOD),
        row.optionalString(OTHER),
        stored);
  }

  public boolean isBanned(Instant now) {
    return bannedUntil != null && bannedUntil.isAfter(now);
  }

  /// Who the user is in the room.
  ///
  /// @param admin whether a token has the admin role
  public Rank rank(boolean admin, Instant now) {
    if (room.kind() == RoomKind.PUBLIC) {
      return admin ? Rank.ADMIN : isBanned(now) ? Rank.BANNED : Rank.STRANGER;
    }
    if (isBanned(now)) {
      return Rank.BANNED;
    }
    return role == null ? Rank.STRANGER : role.rank();
  }

  /// Whether the user may be in the room. A ban holds for an admin, too.
  public boolean admits(Instant now) {
    return !isBanned(now) && Permission.JOIN.allows(room.kind(), rank(false, now));
  }
}
