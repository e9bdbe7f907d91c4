package dev.parley.connection;

import dev.parley.Limits;
import dev.parley.table.Row;
import java.time.Instant;

/// A connection in a room.
public record Membership(ConnectionId connection, Identity identity, Instant joinedAt) {

  static Membership of(Row row) {
    return new Membership(
        ConnectionId.ofSlot(row.string("slot")),
        new Identity(row.string("user"), row.string("sender")),
        Instant.ofEpochMilli(row.number("joined_at")));
  }

  /// Whether a push that finds the connection gone may remove it: before that age the gateway says
  /// so of connections that are only being opened.
  public boolean prunable(Instant now) {
    return !joinedAt.isAfter(now.minus(Limits.PRUNE_AGE_MIN));
  }
}
