package dev.parley.role;

/// The result of a change of roles.
public sealed interface ChangeResult {
  record Changed() implements ChangeResult {}

  /// Somebody has changed one of those roles since it was read: nothing is written. Read them
  /// again, and decide anew.
  record Outdated() implements ChangeResult {}

  /// A user would be in too many private rooms; nothing is written.
  record TooManyRooms() implements ChangeResult {}

  /// The room has as many roles and bans as there may be; nothing is written.
  record RoomFull() implements ChangeResult {}

  /// The room is gone, or was never there; nothing is written.
  record NoSuchRoom() implements ChangeResult {}
}
