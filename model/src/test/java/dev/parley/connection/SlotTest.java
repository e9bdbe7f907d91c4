package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Sha256;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlotTest {
  private static final ConnectionId ID = new ConnectionId("L0SM9cOFvHcCIhw=");

  @Test
  void theConnectionsOfAUserAreNeighboursInARoomAndElsewhereInAnother() {
    Slot one = Slot.of("salt", "guest:1", ID, Framing.SINGLE);

    assertEquals(
        one.hash(), Slot.of("salt", "guest:1", new ConnectionId("b"), Framing.SINGLE).hash());
    assertNotEquals(one.hash(), Slot.of("salt", "guest:2", ID, Framing.SINGLE).hash());
    assertNotEquals(one.hash(), Slot.of("pepper", "guest:1", ID, Framing.SINGLE).hash());
    assertEquals(one.hash() + "." + ID, one.value());
    assertEquals(one, Slot.parse(one.value()));
    Slot.of("", "guest:1", ID, Framing.SINGLE);
  }

  @Test
  void hashesOfUsersAreUniform() {
    int[] sixteenths = new int[16];
    IntStream.range(0, 16_000)
        .mapToLong(i -> Slot.of("salt", "guest:" + i, ID, Framing.SINGLE).number())
        .forEach(number -> sixteenths[(int) (number >> 28)]++);

    for (int count : sixteenths) {
      assertEquals(1_000, count, 150);
    }
  }

  /// A later version writes another flag for some connections.
  @Test
  void anyFlagThatNoConnectionIdHasIsReadAndItsSlotIsWithinTheRanges() {
    Set<String> flags = new HashSet<>();
    for (char flag = '!'; flag < '~'; flag++) {
      if (("" + flag).matches("[A-Za-z0-9+/=_-]")) {
        continue;
      }
      String text = "ffffffff" + flag + ID;
      Slot slot = Slot.parse(text);
      assertEquals(ID, slot.connection());
      assertEquals(text, slot.value());
      assertTrue(text.compareTo(SlotRange.ALL.last()) < 0, text);
      flags.add(slot.flag());
    }
    assertTrue(flags.size() > 20, flags.toString());
  }

  @Test
  void theFlagSaysHowTheConnectionTakesEvents() {
    for (Framing framing : Framing.values()) {
      Slot slot = Slot.of("salt", "guest:1", ID, framing);

      assertEquals(framing, slot.framing());
      assertEquals(slot, Slot.parse(slot.value()));
    }
    // Who joined under a version that knew no flags, and who did not ask, is told singly.
    assertEquals(Framing.SINGLE, Slot.parse("ffffffff!" + ID).framing());
    assertEquals(Framing.SINGLE, new Slot("ffffffff", "", ID).framing());
  }

  @Test
  void aSlotOfTheVersionBeforeIsRead() {
    String hash = Sha256.hex(ID.value()).substring(0, 8);

    Slot slot = Slot.parse(hash + ID);

    assertEquals(new Slot(hash, "", ID), slot);
    assertEquals(hash + ID, slot.value());
  }

  @Test
  void anythingElseIsNoSlot() {
    for (String text :
        new String[] {
          "",
          "ten",
          "00000000",
          "00000000.",
          "0000000.c",
          "0000000G.c",
          "00000000c",
          "00000000~c",
          "00000000..c",
          "00000000. c",
          "00000000.c\n"
        }) {
      assertThrows(IllegalArgumentException.class, () -> Slot.parse(text), text);
    }
  }
}
