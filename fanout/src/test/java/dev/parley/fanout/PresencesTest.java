package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.wire.Event.State;
import org.junit.jupiter.api.Test;

class PresencesTest {
  private static final RoomId ROOM = new RoomId("lobby");
  private static final Identity ADA = new Identity("guest:1", "Ada");
  private static final ConnectionId TAB = new ConnectionId("tab");

  private final Presences presences = new Presences("1");

  @Test
  void aMemberWhoJoinsAndLeavesInOneBatchIsNotAnnounced() {
    presences.add(TAB, ADA, State.IN);
    presences.add(TAB, ADA, State.OUT);

    assertTrue(presences.events(ROOM).isEmpty());
  }

  @Test
  void aMemberWhoLeavesAndComesBackInOneBatchIsNotAnnounced() {
    presences.add(TAB, ADA, State.OUT);
    presences.add(TAB, ADA, State.IN);

    assertTrue(presences.events(ROOM).isEmpty());
  }

  @Test
  void theLastChangeOfAMemberCountsAndARepeatedOneDoesNot() {
    presences.add(TAB, ADA, State.IN);
    presences.add(TAB, ADA, State.IN);
    presences.add(new ConnectionId("other"), ADA, State.OUT);
    presences.add(TAB, ADA, State.OUT);
    presences.add(TAB, ADA, State.IN);

    assertEquals(2, presences.events(ROOM).count(), "two tabs are two members");
    assertEquals(
        """
        {"type":"presence","room":"lobby","member":"%s","user":"guest:1","sender":"Ada",\
        "state":"in"}\
        """
            .formatted(TAB.member()),
        presences.events(ROOM).lines().lines().toList().getLast());
  }

  @Test
  void aRoomsChangesBeginWithItsFirstRecord() {
    assertEquals("1", presences.first());
  }
}
