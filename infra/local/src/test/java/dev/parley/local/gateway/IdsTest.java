package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IdsTest {
  private final Clock clock = Clock.fixed(Instant.parse("2026-11-21T02:49:10Z"), ZoneOffset.UTC);

  @Test
  void idsHaveTheFormOfApiGateways() {
    assertTrue(Ids.isWellFormed("L0SM9cOFvHcCIhw="));
    assertTrue(Ids.isWellFormed(new Ids(clock).next()));
    for (String other : new String[] {"", "L0SM9cOFvHcCIhw", "L0SM9cOFvHcCI/w=", "a=", "none"}) {
      assertFalse(Ids.isWellFormed(other), other);
    }
  }

  @Test
  void idsOfOneMomentShareAPrefixAndDiffer() {
    Ids ids = new Ids(clock);
    Set<String> seen = new HashSet<>();
    String prefix = ids.next().substring(0, 9);

    for (int i = 0; i < 10_000; i++) {
      String id = ids.next();
      assertEquals(prefix, id.substring(0, 9));
      assertTrue(seen.add(id));
    }
    Ids later = new Ids(Clock.offset(clock, Duration.ofMinutes(1)));
    assertNotEquals(prefix, later.next().substring(0, 9));
  }
}
