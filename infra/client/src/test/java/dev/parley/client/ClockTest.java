package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ClockTest {
  private static final long SERVER_US = 1_795_000_000_000_000L;
  private static final long HOUR_MS = 3_600_000;

  private long monotonicMs = 7;
  private long wallMs = SERVER_US / 1_000;
  private final Clock clock = new Clock(() -> 1_000_000 * monotonicMs, () -> wallMs);

  @Test
  void settingTheWallClockMovesNeitherWaitsNorTheServersTime() {
    clock.told(SERVER_US);
    for (long hours : new long[] {-1_000, 1_000, -1}) {
      wallMs += hours * HOUR_MS;

      assertEquals(7, clock.nowMs());
      assertEquals(SERVER_US, clock.serverUs(clock.moment()));
    }
    pass(5_000);

    assertEquals(5_007, clock.nowMs());
    assertEquals(SERVER_US + 5_000_000, clock.serverUs(clock.moment()));
    assertEquals(SERVER_US + 7_000_000, clock.limit(clock.moment()));
  }

  @Test
  void onlyAWallClockThatJumpsForwardMeansASleep() {
    pass(HOUR_MS);
    assertFalse(clock.hasSlept());

    wallMs += 20_000;
    assertTrue(clock.hasSlept());
    assertFalse(clock.hasSlept(), "once");

    wallMs -= HOUR_MS;
    assertFalse(clock.hasSlept());
    pass(20_000);
    assertFalse(clock.hasSlept());
  }

  @Test
  void theServersTimeOfAnEarlierMomentIsKnownUnlessAClockWasSet() {
    assertEquals(0, clock.serverUs(clock.moment()), "nobody has told it");
    assertEquals(0, clock.limit(clock.moment()));
    Clock.Moment begun = clock.moment();
    pass(3_000);
    clock.told(SERVER_US);
    assertEquals(SERVER_US - 3_000_000, clock.serverUs(begun));

    wallMs += HOUR_MS;
    clock.told(SERVER_US + 1_000 * HOUR_MS);
    assertEquals(0, clock.serverUs(begun));
  }

  @Test
  void anAgeIsNeverTakenTooLow() {
    assertEquals(wallMs, clock.latestMs(), "by our own clock, until the server has told its time");
    assertFalse(clock.isSure());

    clock.told(SERVER_US);
    pass(1_000);
    assertTrue(clock.isSure());
    wallMs -= HOUR_MS;
    assertFalse(clock.isSure());
    assertEquals(SERVER_US / 1_000 + 1_000, clock.latestMs());

    wallMs += 31 * HOUR_MS; // it slept
    assertEquals(SERVER_US / 1_000 + 1_000 + 30 * HOUR_MS, clock.latestMs());
  }

  private void pass(long ms) {
    monotonicMs += ms;
    wallMs += ms;
  }
}
