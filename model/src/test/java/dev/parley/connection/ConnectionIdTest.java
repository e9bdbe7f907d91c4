package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.parley.Sha256;
import org.junit.jupiter.api.Test;

class ConnectionIdTest {
  private static final String ID = "L0SM9cOFvHcCIhw=";

  @Test
  void othersSeeAHashOfAConnectionAndItsSlotBeginsWithTheSame() {
    ConnectionId connection = new ConnectionId(ID);

    assertEquals(Sha256.hex(ID).substring(0, 16), connection.member());
    assertEquals(Sha256.hex(ID).substring(0, 8) + ID, connection.slot());
    assertEquals(connection.slot().substring(0, 8), ConnectionId.slotPrefix(connection.member()));
    assertEquals(ID, connection.toString());
  }

  @Test
  void aSlotNamesItsConnection() {
    assertEquals(new ConnectionId(ID), ConnectionId.ofSlot("00000000" + ID));
    assertEquals(new ConnectionId("a"), ConnectionId.ofSlot("00000000a"));
    assertThrows(IllegalArgumentException.class, () -> ConnectionId.ofSlot("00000000"));
  }

  @Test
  void anIdHas1To128Characters() {
    new ConnectionId("x".repeat(128));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId("x".repeat(129)));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId(""));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId("a b"));
  }
}
