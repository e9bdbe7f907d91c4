package dev.parley.connection;

/// The result of joining a room.
public sealed interface JoinResult {
  /// The connection is in the room; it may have been there before.
  record Joined() implements JoinResult {}

  /// The admission's condition did not hold: its user is banned, or not a member any more.
  record NotAdmitted() implements JoinResult {}

  /// It is in 50 rooms already.
  record TooManyRooms() implements JoinResult {}

  /// It is closed, or is being closed: it can join nothing.
  record NotConnected() implements JoinResult {}
}
