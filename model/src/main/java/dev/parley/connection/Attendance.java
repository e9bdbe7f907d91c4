package dev.parley.connection;

/// Whether a connection is in a room.
public sealed interface Attendance {
  record In() implements Attendance {}

  /// It has never joined, or it quit.
  record Out() implements Attendance {}

  /// It was taken out by somebody. It can join again where its user still may.
  record Removed(Removal why) implements Attendance {}
}
