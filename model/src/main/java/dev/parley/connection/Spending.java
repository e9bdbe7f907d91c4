package dev.parley.connection;

/// What became of a wish to speak in a room.
public sealed interface Spending {
  /// The connection is in the room, and its allowance has been charged.
  record Spent() implements Spending {}

  record NotAMember() implements Spending {}

  /// @param retryAfterMs from when on one message can be sent, if none is sent before
  record RateLimited(long retryAfterMs) implements Spending {}
}
