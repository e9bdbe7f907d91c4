package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/// How often pages ping, beside what can be reckoned by hand.
final class AttentionTest {
  private static final double CHANCE = 0.02;

  /// A wait of 8 min is shorter by a sixteenth in the mean. A hidden page takes a minute off, of
  /// which its timers, which run once a minute, give half back.
  @Test
  void whereNobodySpeaksAPagePingsByTheLongestWait() {
    double mean = 480 * 15 / 16.0;
    assertNear(3_600 / (mean - 60 + 30), Attention.HIDDEN.pingsAnHour(0));
    assertNear(3_600 / mean, Attention.VISIBLE.pingsAnHour(0));
    assertNear(60, Attention.IN_USE.pingsAnHour(0));
  }

  /// 600 messages an hour are 6 s apart. A page pings once none has come for 5 to 10 s, of which
  /// one wait is drawn for each ping.
  @Test
  void inABusyRoomAPagePingsOnlyInPauses() {
    double messages = 0;
    for (int i = 0; i < 1_000; i++) {
      messages += Math.exp((5 + 5 * i / 1_000.0) / 6) / 1_000;
    }
    assertNear(600 / messages, Attention.VISIBLE.pingsAnHour(600));
    assertEquals(0, Attention.HIDDEN.pingsAnHour(600));
  }

  /// What a replay of `looks.js` itself gives.
  @Test
  void thePageItselfPingsAsOften() {
    assertNear(4.50, Attention.HIDDEN.pingsAnHour(10));
    assertNear(36.1, Attention.VISIBLE.pingsAnHour(10));
    assertNear(67.0, Attention.IN_USE.pingsAnHour(10));
  }

  private static void assertNear(double expected, double pings) {
    assertEquals(expected, pings, expected * CHANCE);
  }
}
