package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SlotRangeTest {
  @Test
  void aRangeIsComparedAsTheIndexDoes() {
    SlotRange range = new SlotRange(0x40000000L, 0x80000000L);

    assertEquals("40000000", range.first());
    assertEquals("7fffffff~", range.last());
    assertEquals("40000000-80000000", range.toString());
    assertEquals("ffffffff~", SlotRange.ALL.last());
  }

  @Test
  void aRangeContainsItsFirstSlotAndNotItsEnd() {
    Slot slot = Slot.of("salt", "guest:1", new ConnectionId("L0SM9cOFvHcCIhw="), Framing.SINGLE);
    long number = slot.number();

    assertEquals(new SlotRange(number, number + 1), slot.neighbours());
    assertTrue(slot.neighbours().contains(slot));
    assertFalse(new SlotRange(number + 1, SlotRange.SLOTS).contains(slot));
    assertFalse(new SlotRange(0, number).contains(slot));
  }

  @Test
  void aRangeHasSlotsAndNoneBeyondThem() {
    new SlotRange(0, 1);
    new SlotRange(SlotRange.SLOTS - 1, SlotRange.SLOTS);
    assertThrows(IllegalArgumentException.class, () -> new SlotRange(-1, 1));
    assertThrows(IllegalArgumentException.class, () -> new SlotRange(0, SlotRange.SLOTS + 1));
    assertThrows(IllegalArgumentException.class, () -> new SlotRange(5, 5));
  }
}
