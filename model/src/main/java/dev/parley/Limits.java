package dev.parley;

import java.time.Duration;

/// Every bound of the chat, each beside its reason. The gateway's own quotas are in the local
/// cloud; a test keeps equal what is in both.
public final class Limits {
  /// One frame, in bytes; API Gateway closes a connection that sends more (developer guide,
  /// "Quotas for configuring and running a WebSocket API"), and meters pushes in this unit.
  public static final int FRAME_BYTES_MAX = 32 * 1024;

  /// How long a connection lives at most (same page).
  public static final Duration CONNECTION_MAX = Duration.ofHours(2);

  /// How long a row of a connection counts: its life, and time for a late `$disconnect`.
  public static final Duration CONNECTION_ROW_MAX = CONNECTION_MAX.plusMinutes(10);

  /// For how long a connection that cannot be charged is told so: since its token has expired, or
  /// it has no row. Its client hears it in the first second, and leaves. One that goes on is
  /// closed.
  public static final Duration UNCHARGED_MAX = Duration.ofMinutes(1);

  /// A connection answers 410 until its `$connect` integration has returned, which may take 29 s:
  /// nothing younger is pruned.
  public static final Duration PRUNE_AGE_MIN = Duration.ofSeconds(30);

  /// How long a room goes by the queue after its last messages did, so that no direct push
  /// overtakes them: a job that fails once is hidden for the queue's visibility timeout of 90 s.
  public static final Duration QUEUED_CALM = Duration.ofMinutes(2);

  /// More than people read, and few enough for one read of all memberships.
  public static final int ROOMS_PER_CONNECTION_MAX = 50;

  /// Rooms that an address names. Each is two items of the transaction that opens the connection,
  /// the membership and its admission, and a transaction takes 100 (DynamoDB developer guide,
  /// "Quotas": transactions).
  public static final int ROOMS_IN_ADDRESS_MAX = 40;

  /// Private rooms in which a user has a role: four pages of the list, 200 rows that all cost
  /// storage for good.
  public static final int ROOMS_PER_USER_MAX = 200;

  /// Others put a user into a private room while that user is in less than this: who is invited in
  /// bulk can still create rooms.
  public static final int INVITATIONS_PER_USER_MAX = ROOMS_PER_USER_MAX / 2;

  /// Roles and bans of a private room. A successor is looked for among all of them, about 150 KB.
  public static final int ROLES_PER_ROOM_MAX = 1_000;

  /// The longest ban that has an end, in seconds: ten years.
  public static final long BAN_SECONDS_MAX = 315_360_000;

  /// After this time those are looked for once more who were taken out of a room: the index of
  /// members may have lagged so long.
  public static final Duration REMOVED_AGAIN_AFTER = Duration.ofSeconds(5);

  /// Code points of a message, after trimming.
  public static final int MESSAGE_CHARACTERS_MAX = 4_000;

  /// Code points of the reason for a report, after trimming: enough to say it, and few enough that
  /// a report with the longest message fits a queue's message many times.
  public static final int REPORT_CHARACTERS_MAX = 1_000;

  /// Code points of a display name.
  public static final int SENDER_CHARACTERS_MAX = 64;

  /// Characters of a user id, printable ASCII: a guest's has 38.
  public static final int USER_CHARACTERS_MAX = 128;

  /// Code points of a client-made message id, and of a `ref`.
  public static final int ID_CHARACTERS_MAX = 64;

  /// Characters of a token: four times a usual one. The handshake's headers have room for no more
  /// than about 10 KB, and its address for 4,096 in all.
  public static final int TOKEN_CHARACTERS_MAX = 8 * 1024;

  /// By how much the clock of who issues tokens may be ahead of ours.
  public static final Duration TOKEN_CLOCK_SKEW_MAX = Duration.ofMinutes(1);

  /// Messages in one page of history.
  public static final int PAGE_MESSAGES_MAX = 100;

  /// Messages in one page when the client does not say.
  public static final int PAGE_MESSAGES_DEFAULT = 50;

  /// People in one page: each is at most 571 bytes, 256 of them a user id of quotes and 256 a name
  /// of emoji, so that a page fits a frame.
  public static final int PAGE_MEMBERS_MAX = 50;

  /// Rooms in one page: each is at most 101 bytes.
  public static final int PAGE_ROOMS_MAX = 100;

  /// A user's own private rooms in one page: each is at most 500 bytes, 256 of them a title of
  /// emoji.
  public static final int PAGE_MY_ROOMS_MAX = 50;

  /// The clocks of two functions are assumed to differ by no more than this.
  public static final Duration CLOCK_SKEW_MAX = Duration.ofSeconds(1);

  /// A stored time further ahead than this is wrong: a clock that is a little fast does not write
  /// it. It does not count.
  public static final Duration CLOCK_AHEAD_MAX = Duration.ofSeconds(10);

  /// A timestamp, or another whole number on the wire: JavaScript holds no larger one exactly.
  public static final long NUMBER_MAX = (1L << 53) - 1;

  /// A message is written at most so long after its timestamp, by whichever attempt of its send,
  /// and an attempt ends after so long: clients find what comes late by an overlap of 10 s.
  public static final Duration SEND_MAX = Duration.ofSeconds(5);

  /// A message's timestamp is at most so far ahead of any clock: `after` moves it by a
  /// [#CLOCK_SKEW_MAX], and the clock that gave it may be another one ahead.
  public static final Duration TIMESTAMP_AHEAD_MAX = CLOCK_SKEW_MAX.multipliedBy(2);

  /// How long a message's `id` is remembered, and a void row stays that one of its timestamps has
  /// got. No write that is under way takes so long.
  public static final Duration SEND_REMEMBERED = Duration.ofDays(1);

  private Limits() {}
}
