package dev.parley.connection;

import java.time.Instant;

/// The result of joining a room.
public sealed interface JoinResult {
  /// The connection is in the room; it may have been there before.
  ///
  /// @param expiresAt when the membership and the connection end
  /// @param admin whether the connection's token has the admin role
  record Joined(Instant expiresAt, boolean admin) implements JoinResult {}

  /// The admission's condition did not hold: its user is banned, or not a member any more.
  record NotAdmitted() implements JoinResult {}

  /// It is in 50 rooms already.
  record TooManyRooms() implements JoinResult {}

  /// It is closed, or is being closed, or its token has expired: it can join nothing.
  record NotConnected() implements JoinResult {}
}
