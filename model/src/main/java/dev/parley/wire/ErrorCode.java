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
  INVALID_ROOM(Advice.FIX, "`room` is missing, or it or `via` is not 1 to 64 of `A-Za-z0-9._-`."),
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
  INVALID_TOKEN(
      Advice.FIX,
      "`token` is missing, is not a token that would let this user connect, or is another user's."),
  INVALID_TIMESTAMP(
      Advice.FIX, "`timestamp` is missing, or not a timestamp (whole microseconds below 2^53)."),
  INVALID_WHY(
      Advice.FIX,
      "`why` is missing, not 1 to 1,000 characters of text after trimming, or shows nothing."),
  NO_SUCH_MESSAGE(Advice.FIX, "No message of that room has this `timestamp`, or it is gone."),
  INVALID_USER(
      Advice.FIX,
      "`user` is missing, not 1 to 128 printable ASCII characters, or the user who is asking."),
  INVALID_TITLE(Advice.FIX, "`title` is not a name of 1 to 64 characters that are shown."),
  INVALID_ROLE(Advice.FIX, "`role` is not `owner`, `moderator` or `member`."),
  INVALID_SECONDS(Advice.FIX, "`seconds` is not a whole number from 1 to 315,360,000."),
  INVALID_MINE(Advice.FIX, "`mine` is not `true` or `false`."),
  ID_REUSED(Advice.FIX, "This `id` was used in this room for another message within a day."),
  NOT_A_MEMBER(Advice.JOIN, "This connection is not in that room."),
  NO_SUCH_ROOM(
      Advice.FIX, "There is no such room, or it is a private one of which this user is no member."),
  NOT_ALLOWED(Advice.FIX, "This user may not do that in this room, or not to that user."),
  BANNED(Advice.FIX, "This user, or the one that is named, is banned from this room."),
  REMOVED(Advice.FIX, "This connection was removed from that room: join it if the user asks to."),
  NO_SUCH_MEMBER(Advice.FIX, "That user has no role in this room."),
  ROOM_FULL(Advice.FIX, "This room has 1,000 members and bans."),
  TOO_MANY_PRIVATE_ROOMS(
      Advice.FIX,
      "This user is in 200 private rooms, or the one that is named in 100: leave one first."),
  TOO_MANY_ROOMS(Advice.FIX, "This connection is in 50 rooms already: quit one first."),
  RATE_LIMITED(
      Advice.RETRY,
      "This connection, its user or its address does this too often: again after `retryAfterMs`."),
  UNAVAILABLE(
      Advice.RETRY,
      "Whether the message was written is not known: send it again, with the same `id` if it had"
          + " one."),
  NOT_CONNECTED(Advice.RECONNECT, "This connection is being closed, or its token has expired.");

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
