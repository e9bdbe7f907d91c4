package dev.parley.connection;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static java.util.Objects.requireNonNull;

import dev.parley.identity.Identity;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A connection in a room.
public record Membership(Slot slot, Identity identity, Instant joinedAt) {
  /// The older ones first. Two that came in the same millisecond have an order too, which is the
  /// same for all who read them.
  public static final Comparator<Membership> BY_AGE =
      Comparator.comparing(Membership::joinedAt)
          .thenComparing(membership -> membership.connection().value());

  /// A new membership.
  ///
  /// @param room as [dev.parley.room.RoomTable#open] gives it, with a salt
  static Membership in(
      Room room, ConnectionId connection, Identity identity, Framing framing, Instant now) {
    String salt = requireNonNull(room.salt());
    return new Membership(Slot.of(salt, identity.user(), connection, framing), identity, now);
  }

  /// The membership in a row. A row that is past its expiry has none. Neither has one that cannot
  /// be read, which is reported: its client joins again, which writes it anew. Nor has one that was
  /// taken out of the room.
  static Optional<Membership> of(String table, Row row, Instant now) {
    if (isRemoved(row)) {
      return Optional.empty();
    }
    try {
      Membership membership = of(row);
      boolean expired = row.number("expires_at") <= now.getEpochSecond();
      return expired ? Optional.empty() : Optional.of(membership);
    } catch (Row.InvalidRow | IllegalArgumentException e) {
      row.report(table, e);
      return Optional.empty();
    }
  }

  /// Whether the row is that of a connection that somebody has taken out of the room: it is no
  /// membership any more, and tells why until the connection ends or joins again.
  public static boolean isRemoved(Row row) {
    return row.attributes().containsKey(Removal.ATTRIBUTE);
  }

  /// Why it was taken out, as [#isRemoved] says.
  ///
  /// @throws Row.InvalidRow where the row does not tell
  public static Removal removal(Row row) {
    try {
      return Removal.of(row.string(Removal.ATTRIBUTE));
    } catch (IllegalArgumentException e) {
      throw new Row.InvalidRow(Removal.ATTRIBUTE, "a reason");
    }
  }

  /// The membership in a row, whether or not it is past its expiry.
  ///
  /// @throws Row.InvalidRow or IllegalArgumentException where the row is none
  public static Membership of(Row row) {
    Slot slot = Slot.parse(row.string("slot"));
    if (!slot.connection().value().equals(row.string("connection_id"))) {
      throw new Row.InvalidRow("slot", "that of its connection");
    }
    return new Membership(
        slot,
        Identity.stored(row.string("user"), row.string("sender")),
        Instant.ofEpochMilli(row.number("joined_at")));
  }

  public ConnectionId connection() {
    return slot.connection();
  }

  public String user() {
    return identity.user();
  }

  /// The row of this membership.
  ///
  /// @param expiresAt that of its connection, in epoch seconds
  Map<String, AttributeValue> row(RoomId room, long expiresAt) {
    Map<String, AttributeValue> row = new HashMap<>(ConnectionTable.key(connection(), room));
    row.put("user", s(identity.user()));
    row.put("sender", s(identity.sender()));
    row.put("slot", s(slot.value()));
    row.put("joined_at", millis(joinedAt));
    row.put("expires_at", n(expiresAt));
    return row;
  }
}
