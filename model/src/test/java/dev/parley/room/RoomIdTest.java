package dev.parley.room;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class RoomIdTest {
  @Test
  void theNameTellsTheKind() {
    assertEquals(RoomKind.PRIVATE, RoomId.newPrivate().kind());
    assertEquals(RoomKind.PRIVATE, new RoomId("p.").kind(), "no such room, and none will be");
    assertEquals(RoomKind.DIRECT, new RoomId("d.x").kind());
    for (String name : List.of("lobby", "p", "P.x", "D.x", "pp.x", ".p.x", "d", "dd.")) {
      assertEquals(RoomKind.PUBLIC, new RoomId(name).kind(), name);
    }
  }

  @Test
  void aDirectRoomIsThatOfBothInEitherOrderAndOfNobodyElse() {
    RoomId room = RoomId.direct("ada", "bob");

    assertEquals(room, RoomId.direct("bob", "ada"));
    assertNotEquals(room, RoomId.direct("ad", "abob"));
    assertNotEquals(room, RoomId.direct("ada", "bobb"));
    assertNotEquals(RoomId.newPrivate(), RoomId.newPrivate());
  }
}
