package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Membership;

/// Somebody to push to, and how.
record Receiver(ConnectionId connection, Framing framing) {
  static Receiver of(Membership membership) {
    return new Receiver(membership.connection(), membership.slot().framing());
  }
}
