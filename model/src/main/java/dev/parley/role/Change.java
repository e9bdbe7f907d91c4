package dev.parley.role;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A change of roles in one room, which [Roles#write] makes as a whole or not at all. It holds only
/// while each standing that it names is still as it was read.
public final class Change {
  /// @param row what is stored then: null where nothing is, and equal to what was read where it
  ///     must only stay
  record Step(Standing before, @Nullable Map<String, AttributeValue> row) {
    boolean isCheck() {
      return before.stored().equals(row);
    }

    /// By how many roles the user has more.
    int roles() {
      return (row != null && row.containsKey(Standing.ROLE) ? 1 : 0)
          - (before.stored().containsKey(Standing.ROLE) ? 1 : 0);
    }

    /// By how many rows the room has more.
    int rows() {
      return isCheck() ? 0 : (row == null ? 0 : 1) - (before.stored().isEmpty() ? 0 : 1);
    }
  }

  private final RoomId room;
  private final String by;
  private final List<Step> steps = new ArrayList<>();
  private @Nullable Integer all;

  /// @param by the user who makes it
  public Change(RoomId room, String by) {
    this.room = room;
    this.by = by;
  }

  RoomId room() {
    return room;
  }

  String by() {
    return by;
  }

  List<Step> steps() {
    return steps;
  }

  /// How many rows the room must have; null where that does not matter.
  @Nullable Integer all() {
    return all;
  }

  /// Whether nothing is to be changed.
  public boolean isEmpty() {
    return steps.isEmpty();
  }

  /// This one stays as it is.
  public Change check(Standing standing) {
    steps.add(new Step(standing, standing.stored()));
    return this;
  }

  /// The user gets a role; a ban of the user is lifted.
  public Change give(Standing before, Role role, Instant now) {
    return give(before, role, before.other(), now);
  }

  /// As above, in a direct room.
  public Change give(Standing before, Role role, @Nullable String other, Instant now) {
    Map<String, AttributeValue> row = row(before);
    row.put(Standing.ROLE, s(role.word()));
    row.put(Standing.SINCE, millis(now));
    if (other != null) {
      row.put(Standing.OTHER, s(other));
    }
    steps.add(new Step(before, row));
    return this;
  }

  /// The user is banned, and has no role any more. In a public room the row of a ban that ends goes
  /// by itself; in a private room it counts until the ban is lifted.
  public Change ban(Standing before, Instant until) {
    Map<String, AttributeValue> row = row(before);
    row.put(Standing.BANNED_UNTIL, seconds(until));
    String other = before.other();
    if (other != null) {
      row.put(Standing.OTHER, s(other));
    }
    if (room.kind() == RoomKind.PUBLIC && until.isBefore(Standing.FOR_GOOD)) {
      row.put(Roles.EXPIRES_AT, seconds(until));
    }
    steps.add(new Step(before, row));
    return this;
  }

  /// The user has neither a role nor a ban any more.
  public Change forget(Standing before) {
    steps.add(new Step(before, null));
    return this;
  }

  /// It holds only where the room has so many roles and bans, lest one is overlooked that the index
  /// does not show yet.
  public Change ofAll(int rows) {
    all = rows;
    return this;
  }

  private Map<String, AttributeValue> row(Standing standing) {
    return new HashMap<>(Roles.key(standing.user(), room));
  }
}
