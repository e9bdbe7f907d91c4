package dev.parley.room;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.table.Row;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class TimestampTest {
  @Test
  void aTimestampIsSoManyMillisecondsOldAndNeverLessThanNone() {
    Timestamp timestamp = new Timestamp(1_795_654_801_123_456L);

    assertEquals(1_500, timestamp.ageMillis(timestamp.instant().plusMillis(1_500)));
    assertEquals(0, timestamp.ageMillis(timestamp.instant().minusMillis(1)));
  }

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
    assertTrue(one.isBefore(one.next()));
    assertFalse(one.isBefore(one));
    assertEquals(new Timestamp(2), one.next());
    assertEquals(Timestamp.MIN, one.previous());
    assertEquals(Timestamp.MIN, Timestamp.MIN.previous());
  }

  @Test
  void aStoredNumberThatIsNoTimestampCostsItsOwnRow() {
    for (AttributeValue odd :
        List.of(
            Row.n(-1),
            Row.n(Timestamp.MAX.micros() + 1),
            Row.n(Long.MAX_VALUE),
            AttributeValue.fromN("1.5"),
            Row.s("ten"))) {
      Row row = new Row(Map.of("head", odd));

      assertThrows(Row.InvalidRow.class, () -> Timestamp.of(row, "head"), odd.toString());
      assertNull(Timestamp.optional("ChatRooms", row, "head"), odd.toString());
    }
    for (Timestamp stored : List.of(Timestamp.MIN, Timestamp.MAX)) {
      Row row = new Row(Map.of("head", Row.n(stored.micros())));

      assertEquals(stored, Timestamp.of(row, "head"));
      assertEquals(stored, Timestamp.optional("ChatRooms", row, "head"));
    }
  }
}
