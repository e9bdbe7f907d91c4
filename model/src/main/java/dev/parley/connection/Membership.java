package dev.parley.connection;

import dev.parley.table.Row;
import java.time.Instant;

/// A connection in a room.
public record Membership(ConnectionId connection, Identity identity, Instant joinedAt) {

  static Membership of(Row row) {
    return new Membership(
        ConnectionId.ofSlot(row.string("slot")),
        Identity.stored(row.string("user"), row.string("sender")),
        Instant.ofEpochMilli(row.number("joined_at")));
  }
}
