package dev.parley.room;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import org.junit.jupiter.api.Test;

class TimestampTest {
  @Test
  void aTimestampIsAMomentInWholeMicroseconds() {
    Timestamp timestamp = Timestamp.of(Instant.parse("2026-11-26T01:00:01.123456789Z"));

    assertEquals(1_795_654_801_123_456L, timestamp.micros());
    assertEquals("1795654801123456", timestamp.toString());
    assertEquals(Instant.parse("2026-11-26T01:00:01.123456Z"), timestamp.instant());
  }

  @Test
  void aMomentBefore1970IsTheFirstTimestamp() {
    assertEquals(Timestamp.MIN, Timestamp.of(Instant.ofEpochSecond(-1)));
    assertEquals(new Timestamp(1), Timestamp.of(Instant.EPOCH.plusNanos(1_000)));
  }

  @Test
  void whatJavaScriptCannotHoldExactlyIsNoTimestamp() {
    assertEquals(9_007_199_254_740_991L, Timestamp.MAX.micros());
    assertThrows(IllegalArgumentException.class, () -> new Timestamp(9_007_199_254_740_992L));
    assertThrows(IllegalArgumentException.class, () -> new Timestamp(-1));
    assertThrows(IllegalArgumentException.class, Timestamp.MAX::next);
  }

  @Test
  void timestampsAreOrderedByTime() {
    Timestamp one = new Timestamp(1);

    assertTrue(one.compareTo(one.next()) < 0);
    assertEquals(new Timestamp(2), one.next());
  }
}
