package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberOrderTest {
  private final MemberOrder order = new MemberOrder("00112233445566778899aabbccddeeff");

  @Test
  void aCursorIsOpenedByItsRoomOnly() {
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      long position = random.nextLong(SlotRange.SLOTS);
      String cursor = order.seal(position);

      assertEquals(Optional.of(position), order.open(cursor));
      assertEquals(Optional.empty(), new MemberOrder("another").open(cursor));
      assertEquals(Optional.empty(), new MemberOrder(null).open(cursor));
    }
  }

  @Test
  void aCursorThatSomebodyHasMadeIsNone() {
    Random random = new Random(2);
    String cursor = order.seal(7);
    for (int i = 0; i < cursor.length(); i++) {
      char other = cursor.charAt(i) == '0' ? '1' : '0';
      String changed = cursor.substring(0, i) + other + cursor.substring(i + 1);
      assertEquals(Optional.empty(), order.open(changed), changed);
    }
    for (int i = 0; i < 1_000; i++) {
      String made = "%016x%016x".formatted(random.nextLong(), random.nextLong());
      assertEquals(Optional.empty(), order.open(made));
    }
    assertEquals(Optional.empty(), order.open(""));
    assertEquals(Optional.empty(), order.open("00000007"));
  }

  /// Neighbours look no more alike than others.
  @Test
  void aCursorTellsNothingOfItsPosition() {
    Set<String> seen = new HashSet<>();
    int same = 0;
    for (long position = 0; position < 2_000; position++) {
      String cursor = order.seal(position);
      assertTrue(seen.add(cursor));
      assertFalse(cursor.contains("%08x".formatted(position)));
      String next = order.seal(position + 1);
      for (int i = 0; i < cursor.length(); i++) {
        same += cursor.charAt(i) == next.charAt(i) ? 1 : 0;
      }
    }
    double share = same / (2_000.0 * 32);
    assertTrue(Math.abs(share - 1 / 16.0) < 0.005, "digits that are the same: " + share);
  }

  @Test
  void everySlotHasOnePositionFromASecretBeginningOn() {
    for (long slot : new long[] {0, 1, 1L << 31, SlotRange.SLOTS - 1}) {
      assertEquals(slot, order.slot(order.position(slot)));
    }
    assertEquals(0, order.position(order.slot(0)));
    Set<Long> beginnings = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      beginnings.add(new MemberOrder("salt " + i).slot(0));
    }
    assertEquals(100, beginnings.size());
  }
}
