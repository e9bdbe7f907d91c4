package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// When a room is looked at, by the waits of PROTOCOL.md, in seconds.
class LooksTest {
  private static final int SEEDS = 200;
  private static final int HOUR = 3_600;
  private static final int LONGEST = 480;

  @Test
  void theFirstLookComesOnceTheIndexHoldsTheConnection() {
    Looks looks = Looks.none().joined(1_000);

    assertEquals(3_000, looks.dueMs(Waits.DEFAULT, 0.5));
    assertEquals(3_000, looks.looked(2_999).dueMs(Waits.DEFAULT, 0.5), "a hint came earlier");
    assertTrue(looks.looked(3_000).dueMs(Waits.DEFAULT, 0.5) > 3_000);
  }

  @Test
  void aQuietRoomIsLookedAtEverMoreRarely() {
    assertEquals(List.of(5L, 60L, 120L, 240L, 480L, 960L, 1_440L, 1_920L), after(0, 2_000));
    assertEquals(List.of(10L, 52L, 98L, 184L, 346L, 648L, 1_068L, 1_488L), after(1, 1_900));
  }

  @Test
  void aMessageMakesTheNextLookComeSoon() {
    Looks looks = Looks.none().joined(0).heard(10_000).looked(HOUR * 1_000);

    assertEquals((HOUR + LONGEST) * 1_000, looks.dueMs(Waits.DEFAULT, 0));
    assertEquals(4_005_000, looks.heard(4_000_000).dueMs(Waits.DEFAULT, 0));
  }

  @Test
  void aRoomOfWhoseWaitHalfIsOverGoesAlong() {
    Looks looks = Looks.none().joined(0).looked(10_000);

    assertFalse(looks.goesAlong(20_000, 14_999));
    assertTrue(looks.goesAlong(20_000, 15_000));
    assertTrue(Looks.none().joined(0).goesAlong(2_000, 1));
  }

  /// Whatever is heard, and whichever other rooms it goes along with: what is lost at any moment,
  /// with nothing after it, is found by a look as soon as promised.
  @Test
  void aLookFollowsEachMomentWithinEightMinutes() {
    for (long seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      Looks looks = Looks.none().joined(0);
      for (long now = 0; now < 10 * HOUR * 1_000; ) {
        long dueMs = looks.dueMs(Waits.DEFAULT, random.nextDouble());
        assertTrue(dueMs > now && dueMs <= now + LONGEST * 1_000, "seed " + seed + " at " + now);
        long half = (Math.max(0, looks.lookedMs()) + dueMs) / 2;
        switch (random.nextInt(4)) {
          case 0 -> {
            now += random.nextLong(dueMs - now);
            looks = looks.heard(now);
          }
          case 1 -> {
            now = Math.max(now + 1, half); // along with another room
            looks = looks.looked(now);
          }
          default -> {
            now = dueMs;
            looks = looks.looked(now);
          }
        }
      }
    }
  }

  /// The looks after a message, in whole seconds.
  private static List<Long> after(double chance, long seconds) {
    Looks looks = Looks.none().joined(-HOUR * 1_000L).looked(-1_000).heard(0);
    List<Long> times = new ArrayList<>();
    while (true) {
      long dueMs = looks.dueMs(Waits.DEFAULT, chance);
      if (dueMs > seconds * 1_000) {
        return times;
      }
      times.add(dueMs / 1_000);
      looks = looks.looked(dueMs);
    }
  }
}
