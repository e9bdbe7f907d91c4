package dev.parley.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RetentionTest {
  private static final Instant SECOND = Instant.parse("2026-11-26T01:00:01Z");

  private final Retention retention = new Retention(Duration.ofDays(30));

  @Test
  void aMessageExpiresInTheFirstWholeSecondAfterItsTime() {
    for (Instant said : new Instant[] {SECOND.plusNanos(1_000), SECOND.plusSeconds(1)}) {
      Instant expiresAt = retention.expiresAt(Timestamp.of(said));

      assertEquals(
          SECOND.plusSeconds(1).plus(Duration.ofDays(30)).getEpochSecond(),
          expiresAt.getEpochSecond());
    }
  }

  @Test
  void aMessageThatIsNotBeforeTheHorizonHasNotExpired() {
    Timestamp said = Timestamp.of(SECOND.plusMillis(999));
    Row row = new Row(Map.of("expires_at", Row.seconds(retention.expiresAt(said))));
    Instant last = said.instant().plus(Duration.ofDays(30));

    assertEquals(said, retention.horizon(last));
    assertFalse(row.expired(last));
    assertTrue(row.expired(last.plusSeconds(1)));
    assertTrue(said.isBefore(retention.horizon(last.plusSeconds(1))));
  }
}
