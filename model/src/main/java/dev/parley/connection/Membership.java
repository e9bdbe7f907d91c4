package dev.parley.connection;

import dev.parley.identity.Identity;
import dev.parley.table.Row;
import java.time.Instant;

/// A connection in a room.
public record Membership(ConnectionId connection, Identity identity, Instant joinedAt) {

  /// @throws RuntimeException where an attribute is missing or not what it should be
  static Membership of(Row row) {
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
}
