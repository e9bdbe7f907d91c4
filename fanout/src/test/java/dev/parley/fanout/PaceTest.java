package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.TestTicker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PaceTest {
  private final TestTicker ticker = new TestTicker();

  @Test
  void aFunctionHasItsPartOfTheShare() {
    // 70 % of 8,000 for two: each has 2,800 a second, and as many saved.
    Pace pace = pace("8000", "70", "2");

    assertFalse(pace.claim(2_801));
    assertEquals(2_800 + 2_800, takenWithin(Duration.ofSeconds(1), pace), 1);
    assertFalse(pace.claim(1));
    assertTrue(pace.claim(0), "a room without members needs none");
  }

  @Test
  void aQuietTimeFillsTheBucketAndNoMore() {
    Pace pace = pace("1000", "10", "1");
    takenWithin(Duration.ofMillis(1), pace);

    ticker.pass(Duration.ofMillis(250));
    assertFalse(pace.claim(26));
    assertTrue(pace.claim(25));
    ticker.pass(Duration.ofHours(1));

    assertFalse(pace.claim(101));
    assertTrue(pace.claim(100));
  }

  /// Of several rooms that want them at once, those get them that come first.
  @Test
  void whatIsClaimedIsClaimedOnce() {
    Pace pace = pace("1000", "10", "1");

    assertTrue(pace.claim(60));
    assertFalse(pace.claim(60));
    assertTrue(pace.claim(40));
    ticker.pass(Duration.ofMillis(600));
    assertTrue(pace.claim(60));
  }

  /// In a function that is restored from a snapshot, the clock may say anything.
  @Test
  void aBucketIsFullAtFirstWhateverTheClockSaid() {
    Pace pace = pace("1000", "10", "1");

    ticker.pass(Duration.ofDays(-1));

    assertFalse(pace.claim(101));
    assertEquals(100 + 100, takenWithin(Duration.ofSeconds(1), pace), 1);
  }

  /// However small the share is: a second would hold nothing.
  @Test
  void aBucketHoldsOneTokenAtLeast() {
    Pace pace = pace("100", "1", "4");

    assertFalse(pace.claim(2));
    assertEquals(1 + 2, takenWithin(Duration.ofSeconds(10), pace));
  }

  @Test
  void aTokenThatComesTooLateIsNotTaken() {
    Pace pace = pace("100", "10", "1");
    takenWithin(Duration.ofMillis(1), pace);

    assertFalse(pace.take(Deadline.in(Duration.ofMillis(50), ticker)));
    assertFalse(pace.take(Deadline.in(Duration.ZERO, ticker)));
    assertTrue(pace.take(Deadline.in(Duration.ofMillis(150), ticker)));
  }

  /// Whatever is asked for, and whenever: no second has more than it may, beside what was saved.
  @Test
  void noTimeHasMoreThanItsRateAndOneBucket() {
    for (long seed = 0; seed < 20; seed++) {
      Random random = new Random(seed);
      Pace pace = pace("1000", "100", "1");
      long from = ticker.nanos();
      int taken = 0;
      for (int i = 0; i < 500; i++) {
        if (random.nextInt(3) == 0) {
          ticker.pass(Duration.ofMillis(random.nextInt(40)));
        }
        taken += pace.take(Deadline.in(Duration.ofMillis(random.nextInt(5)), ticker)) ? 1 : 0;
        double seconds = (ticker.nanos() - from) / 1e9;
        assertTrue(
            taken <= 1_000 + seconds * 1_000 + 1,
            "%d in %s s, seed %d".formatted(taken, seconds, seed));
      }
    }
  }

  @Test
  void aShareThatIsNoneIsRefused() {
    for (Map<String, String> wrong :
        List.of(
            Map.of("PUSHES_PER_SECOND", "99"),
            Map.of("PUSH_SHARE_PERCENT", "0"),
            Map.of("PUSH_SHARE_PERCENT", "101"),
            Map.of("PUSH_SHARE_FUNCTIONS", "0"))) {
      String name = wrong.keySet().iterator().next();
      Map<String, String> all = new HashMap<>(settings("100", "1", "1"));
      all.putAll(wrong);

      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> Pace.of(new Settings(all), ticker), name);

      assertTrue(String.valueOf(e.getMessage()).startsWith(name), e.getMessage());
    }
  }

  private int takenWithin(Duration time, Pace pace) {
    Deadline deadline = Deadline.in(time, ticker);
    int taken = 0;
    while (pace.take(deadline)) {
      taken++;
    }
    return taken;
  }

  private Pace pace(String perSecond, String percent, String functions) {
    return Pace.of(new Settings(settings(perSecond, percent, functions)), ticker);
  }

  private static Map<String, String> settings(String perSecond, String percent, String functions) {
    return Map.of(
        "PUSHES_PER_SECOND", perSecond,
        "PUSH_SHARE_PERCENT", percent,
        "PUSH_SHARE_FUNCTIONS", functions);
  }
}
