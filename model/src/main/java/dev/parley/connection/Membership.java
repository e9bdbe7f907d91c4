package dev.parley.connection;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A connection in a room.
public record Membership(ConnectionId connection, Identity identity, Instant joinedAt) {
  /// The attribute that holds the time that a member has spent on messages.
  static final String ALLOWANCE = "allowance";

  /// The membership in a row. A row that is past its expiry has none. Neither has one that cannot
  /// be read, which is reported: its client joins again, which writes it anew.
  static Optional<Membership> of(String table, Row row, Instant now) {
    try {
      Membership membership = of(row);
      boolean expired = row.number("expires_at") <= now.getEpochSecond();
      return expired ? Optional.empty() : Optional.of(membership);
    } catch (Row.InvalidRow | IllegalArgumentException e) {
      row.report(table, e);
      return Optional.empty();
    }
  }

  private static Membership of(Row row) {
    String slot = row.string("slot");
    ConnectionId connection = ConnectionId.ofSlot(slot);
    if (!connection.slot().equals(slot)) {
      throw new Row.InvalidRow("slot", "that of its connection");
    }
    return new Membership(
        connection,
        Identity.stored(row.string("user"), row.string("sender")),
        Instant.ofEpochMilli(row.number("joined_at")));
  }

  /// The row of this membership, with an allowance of which nothing is spent.
  Map<String, AttributeValue> row(RoomId room, Instant connectedAt) {
    Map<String, AttributeValue> row = new HashMap<>(ConnectionTable.key(connection, room));
    row.put("user", s(identity.user()));
    row.put("sender", s(identity.sender()));
    row.put("slot", s(connection.slot()));
    row.put("joined_at", millis(joinedAt));
    row.put(ALLOWANCE, millis(joinedAt));
    row.put("expires_at", seconds(connectedAt.plus(Limits.CONNECTION_ROW_MAX)));
    return row;
  }
}
