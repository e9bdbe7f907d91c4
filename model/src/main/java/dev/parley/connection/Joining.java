package dev.parley.connection;

/// What became of a wish to be in a room.
public sealed interface Joining {
  /// The connection is in the room, since now or since before.
  record Joined() implements Joining {}

  /// It is in 50 rooms already.
  record TooManyRooms() implements Joining {}

  /// It is closed, or about to be: nothing can be joined any more.
  record NotConnected() implements Joining {}
}
