package dev.parley.allowance;

import java.util.Locale;

/// What each action costs its connection. 1 is about what a ping of one room costs the owner of the
/// stack (docs/COST.md): a frame, its reply, a function that runs, and a write and some reads in
/// tables. A frame is charged before its fields are looked at, so one that is refused costs as
/// much.
///
/// A send is not here: it has an allowance of its own, and costs 1 for each started KB of its
/// frame, as a write of a table does.
public enum Price {
  /// A ping that names rooms costs 1 more for each [#ROOMS_OF_A_PING] of them.
  PING(1),
  /// What is read beyond [#READ_UNITS] is charged afterwards.
  HISTORY(2),
  /// What is read beyond [#ROWS] is charged afterwards.
  MEMBERS(1),
  /// What is read beyond [#ROWS], private rooms among them, or of one's own rooms beyond
  /// [#ROOMS_OF_A_PING], is charged afterwards.
  ROOMS(1),
  /// With its page of history, and what others hear of it. A new room costs its user and their
  /// address more ([AllowanceTable#makeRooms]).
  JOIN(4),
  QUIT(3),
  /// Each membership that is written again is charged afterwards, at 1.
  AUTH(4),
  /// `createRoom`, which costs a new room beside it, `invite`, `leave`, `kick`, `ban`, `unban` and
  /// `setRole`.
  ROLE(6),
  REPORT(5),
  /// A frame that no route takes: the gateway is asked about the connection, too.
  UNKNOWN(1),
  /// A frame that was refused before it was charged for anything else: since it is no JSON, or
  /// since nothing was left.
  REFUSED(1);

  /// Rooms of a ping, or a user's own, that cost as much as a ping: two reads and a check each.
  public static final int ROOMS_OF_A_PING = 10;

  /// Read units of DynamoDB that cost half as much as a ping. A page of short messages takes less.
  public static final int READ_UNITS = 16;

  /// Rows of the members' index, or of ChatRooms, that take about as many read units.
  public static final int ROWS = 400;

  /// What the dearest frame can cost, with all that is charged afterwards: far more than any does.
  public static final int MAX = 100;

  private final int amount;

  Price(int amount) {
    this.amount = amount;
  }

  public int amount() {
    return amount;
  }

  /// The action as it is on the wire, for example `ping`.
  public String action() {
    return name().toLowerCase(Locale.ROOT);
  }

  public static int ofPing(int rooms) {
    return PING.amount + rooms / ROOMS_OF_A_PING;
  }

  /// What a read costs beside what was charged before.
  ///
  /// @param taken by the read, for example read units
  /// @param each how many of them cost 1, which was charged before
  public static int more(double taken, int each) {
    return Math.clamp((long) Math.ceil(taken / each) - 1, 0, MAX / 2);
  }
}
