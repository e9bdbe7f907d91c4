package dev.parley.client;

/// When a room is to be looked at: a ping that names it finds a push that was lost with nothing
/// after it. The longer a room is quiet, the rarer that is. It is a value, all of it in
/// milliseconds of the monotonic clock.
///
/// It is that of a client at which nobody looks, and whose timers are not late. `looks.js` also
/// knows of a page that is used, and of one that is hidden.
///
/// @param joinedMs when the room was joined
/// @param heardMs when its last `message` event came
/// @param lookedMs when the last ping was sent that was answered for it since it was joined
record Looks(long joinedMs, long heardMs, long lookedMs) {
  /// Earlier than any moment, and far enough from the ends of a `long` to add waits to it.
  static final long NEVER = Long.MIN_VALUE / 4;

  /// A wait is shorter by an eighth at most, since all members of a room hear the same message.
  private static final int JITTER = 8;

  static Looks none() {
    return new Looks(NEVER, NEVER, NEVER);
  }

  Looks joined(long nowMs) {
    return new Looks(nowMs, heardMs, NEVER);
  }

  Looks heard(long nowMs) {
    return new Looks(joinedMs, nowMs, lookedMs);
  }

  Looks looked(long sentMs) {
    return new Looks(joinedMs, heardMs, sentMs);
  }

  /// When the next look is due.
  ///
  /// @param chance from 0 to 1, drawn anew with each ping
  long dueMs(Waits waits, double chance) {
    long settledMs = joinedMs + waits.ms(Wait.SETTLE);
    if (lookedMs < settledMs) {
      return settledMs; // at least: the index of members may lag
    }
    long newsMs = Math.max(joinedMs, heardMs);
    long pingMs = waits.ms(Wait.PING);
    long soonMs = waits.ms(Wait.LOOK_MIN);
    if (lookedMs < heardMs + soonMs) {
      return heardMs + soonMs + (long) (chance * (waits.ms(Wait.LOOK_MAX) - soonMs));
    }
    if (lookedMs < newsMs + pingMs - pingMs / JITTER) {
      return newsMs + drawn(pingMs, chance);
    }
    return lookedMs + drawn(Math.min(waits.ms(Wait.PING_MAX), lookedMs - newsMs), chance);
  }

  static long drawn(long ms, double chance) {
    return ms - (long) (chance * ms / JITTER);
  }

  /// Whether a ping that is sent now, for another room, names this one too: half of its wait is
  /// over.
  boolean goesAlong(long dueMs, long nowMs) {
    return nowMs - lookedMs >= dueMs - nowMs;
  }
}
