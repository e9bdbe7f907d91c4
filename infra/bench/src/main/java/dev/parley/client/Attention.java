package dev.parley.client;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// What the user has for a page, and how often the page pings therefore: `dueAt` of
/// `web/client/looks.js`, on top of [Looks], which is that of a page that can be seen.
public enum Attention {
  /// The page cannot be seen. Its timers run once a minute.
  HIDDEN,
  /// It can be seen, and there was no input for 5 min.
  VISIBLE,
  IN_USE;

  /// `tickHiddenMs` of `web/client/limits.js`: so late is a timer of a hidden page at most.
  private static final long TICK_MS = 60_000;

  private static final long LONGEST_MS = Waits.DEFAULT.ms(Wait.PING_MAX);
  private static final long SEED = 5;
  private static final long REPLAYED_MS = TimeUnit.HOURS.toMillis(10_000);

  /// How late a timer of such a page is at most.
  public long lateMs() {
    return this == HIDDEN ? TICK_MS : 0;
  }

  /// When the next ping for a room is due.
  ///
  /// @param heardMs when the last message was heard
  /// @param lookedMs when the last ping was sent
  /// @param chance from 0 to 1, drawn anew with each ping
  public long dueMs(long heardMs, long lookedMs, double chance) {
    Looks looks = new Looks(Looks.NEVER, heardMs, lookedMs);
    return switch (this) {
      case HIDDEN -> {
        long longest = Looks.drawn(LONGEST_MS, chance);
        yield Math.max(heardMs, lookedMs) + Math.max(longest - TICK_MS, longest / 2);
      }
      case VISIBLE -> looks.dueMs(Waits.DEFAULT, chance);
      case IN_USE ->
          Math.min(looks.dueMs(Waits.DEFAULT, chance), lookedMs + Waits.DEFAULT.ms(Wait.PING));
    };
  }

  /// The mean, replayed for 10,000 hours, in a room in which messages come at random moments.
  public double pingsAnHour(double messagesAnHour) {
    SplittableRandom random = new SplittableRandom(SEED);
    long pings = 0;
    long heard = Looks.NEVER;
    long looked = 0;
    long next = gapMs(random, messagesAnHour);
    double chance = random.nextDouble();
    double late = random.nextDouble() * lateMs();
    while (true) {
      long due = dueMs(heard, looked, chance) + (long) late;
      if (Math.min(due, next) >= REPLAYED_MS) {
        return pings / (double) TimeUnit.MILLISECONDS.toHours(REPLAYED_MS);
      }
      if (next <= due) {
        heard = next;
        next += gapMs(random, messagesAnHour);
      } else {
        pings++;
        looked = due;
        chance = random.nextDouble();
        late = random.nextDouble() * lateMs();
      }
    }
  }

  private static long gapMs(SplittableRandom random, double messagesAnHour) {
    return messagesAnHour == 0
        ? REPLAYED_MS
        : (long) (-Math.log(1 - random.nextDouble()) * 3_600_000 / messagesAnHour);
  }
}
