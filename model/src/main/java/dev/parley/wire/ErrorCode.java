package dev.parley.wire;

import java.util.Locale;

/// Why a frame was refused. A refused frame has changed nothing, except where the code says
/// otherwise. docs/PROTOCOL.md prints this list; a test keeps the two equal.
public enum ErrorCode {
  INVALID_JSON(Advice.FIX, "The frame is not one JSON object."),
  UNKNOWN_ACTION(Advice.FIX, "No route has this `action`."),
  INVALID_REF(
      Advice.FIX,
      "`ref` is not a string of at most 64 characters or a whole number below 2^53 in magnitude."),
  INVALID_ROOM(Advice.FIX, "`room` is missing, or not 1 to 64 of `A-Za-z0-9._-`."),
  INVALID_ROOMS(Advice.FIX, "`rooms` is not a list of at most 50 room names."),
  INVALID_MESSAGE(
      Advice.FIX,
      "`message` is missing, not 1 to 4,000 characters of text after trimming, or shows nothing."),
  INVALID_ID(Advice.FIX, "`id` is not 1 to 64 of `A-Za-z0-9._-`."),
  INVALID_SENDER(
      Advice.FIX,
      "`sender` is not a name of 1 to 64 characters that are shown, or the sender is not a guest."),
  INVALID_AFTER(Advice.FIX, "`after` is not a timestamp (whole microseconds below 2^53)."),
  INVALID_BEFORE(Advice.FIX, "`before` is not a timestamp (whole microseconds below 2^53)."),
  INVALID_RANGE(
      Advice.FIX, "`before` and `after` exclude each other, and `join` takes no `before`."),
  INVALID_LIMIT(Advice.FIX, "`limit` is not a whole number from 1 to 100."),
  INVALID_CURSOR(Advice.FIX, "`cursor` is not one that an earlier page gave."),
  ID_REUSED(Advice.FIX, "This `id` was used in this room for another message within a day."),
  NOT_A_MEMBER(Advice.JOIN, "This connection is not in that room."),
  TOO_MANY_ROOMS(Advice.FIX, "This connection is in 50 rooms already: quit one first."),
  RATE_LIMITED(
      Advice.RETRY,
      "This connection, its user or its address does this too often: again after `retryAfterMs`."),
  UNAVAILABLE(
      Advice.RETRY,
      "Whether the message was written is not known: send it again, with the same `id` if it had"
          + " one."),
  NOT_CONNECTED(Advice.RECONNECT, "This connection is being closed.");

  /// What a client does about an error.
  public enum Advice {
    /// The same frame would fail again.
    FIX,
    /// The same frame may succeed later.
    RETRY,
    /// `join` the room, then send the frame again.
    JOIN,
    /// Open another connection.
    RECONNECT
  }

  private final Advice advice;
  private final String meaning;

  ErrorCode(Advice advice, String meaning) {
    this.advice = advice;
    this.meaning = meaning;
  }

  /// As it is on the wire, for example `not_a_member`.
  public String code() {
    return name().toLowerCase(Locale.ROOT);
  }

  public Advice advice() {
    return advice;
  }

  public String meaning() {
    return meaning;
  }
}
