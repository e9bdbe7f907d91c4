package dev.parley.room;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoomTableTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");

  private final RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId id = new RoomId(fresh("room"));
  private final Instant now = Instant.ofEpochMilli(1_700_000_000_000L);

  @Test
  void aRoomIsCreatedByItsFirstJoin() {
    assertNull(rooms.get(id).createdAt());

    rooms.open(id, ADA, now);
    Room again = rooms.open(id, ADA, now.plusSeconds(60));

    assertEquals(now, again.createdAt());
    assertNull(again.head());
  }

  @Test
  void aHeadMovesOnlyFromWhereItWasRead() {
    Room read = rooms.open(id, ADA, now);
    Room next = new Room(id, new Timestamp(7), "100", read.createdAt(), null);

    assertTrue(rooms.advance(read, next));
    assertFalse(rooms.advance(read, new Room(id, new Timestamp(8), "200", null, null)));

    assertEquals(next, rooms.get(id));
    assertTrue(rooms.advance(next, new Room(id, new Timestamp(9), "300", null, null)));
    assertEquals(new Timestamp(9), rooms.get(id).head());
  }

  @Test
  void aRoomStaysQueuedFor2MinutesAfterItWentByTheQueue() {
    Room read = rooms.open(id, ADA, now);
    Room next = new Room(id, new Timestamp(7), "100", read.createdAt(), null).queued(3, now);

    assertTrue(rooms.advance(read, next));

    Room stored = rooms.get(id);
    assertEquals(next, stored);
    assertEquals(3, stored.segments());
    Instant end = now.plus(Limits.QUEUED_CALM);
    assertFalse(read.isQueued(now));
    assertTrue(stored.isQueued(now));
    assertTrue(stored.isQueued(end.minusMillis(1)));
    assertFalse(stored.isQueued(end));
    assertTrue(rooms.advance(stored, new Room(id, new Timestamp(9), "300", null, null)));
    assertTrue(rooms.get(id).isQueued(now), "an advance without it changes nothing");
  }

  @Test
  void aQueuedUntilThatIsTooFarAheadDoesNotCount() {
    for (Instant until :
        List.of(
            Instant.ofEpochMilli(Long.MAX_VALUE),
            now.plusSeconds(3_600),
            Instant.ofEpochMilli(Long.MIN_VALUE))) {
      assertFalse(new Room(id, new Timestamp(7), "100", null, 0, until).isQueued(now));
    }
    Room room = new Room(id, new Timestamp(7), "100", null, null);
    assertTrue(room.queued(0, now.plusMillis(900)).isQueued(now), "the clock was ahead");
  }

  @Test
  void aHeadHasMovedAlsoWhereTheAnswerWasLost() {
    Room read = rooms.open(id, ADA, now);
    LosesFirstAnswer losing = new LosesFirstAnswer();
    RoomTable flaky = new RoomTable(TestTables.dynamoDb(losing), TestTables.settings());

    assertTrue(flaky.advance(read, new Room(id, new Timestamp(7), "100", read.createdAt(), null)));

    assertTrue(losing.lost().get());
    assertEquals(new Timestamp(7), rooms.get(id).head());
  }

  @Test
  void theListOfRoomsHoldsEachOnce() {
    Set<RoomId> made = new HashSet<>();
    for (int i = 0; i < Limits.PAGE_ROOMS_MAX + 10; i++) {
      made.add(rooms.open(new RoomId(fresh("r")), ADA, now).id());
    }

    List<RoomId> listed = new ArrayList<>();
    RoomId cursor = null;
    do {
      RoomTable.Page page = rooms.list(cursor);
      page.rooms().forEach(room -> listed.add(room.id()));
      cursor = page.cursor();
    } while (cursor != null);

    assertEquals(new HashSet<>(listed).size(), listed.size());
    assertTrue(listed.containsAll(made));
  }
}
