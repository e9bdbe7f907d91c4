package dev.parley.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class ConnectionIdTest {
  @Test
  void anIdHas1To128Characters() {
    assertEquals("L0SM9cOFvHcCIhw=", new ConnectionId("L0SM9cOFvHcCIhw=").toString());
    new ConnectionId("x".repeat(128));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId("x".repeat(129)));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId(""));
    assertThrows(IllegalArgumentException.class, () -> new ConnectionId("a b"));
  }
}
