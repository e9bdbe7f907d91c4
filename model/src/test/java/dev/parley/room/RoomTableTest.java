package dev.parley.room;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class RoomTableTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");

  private final RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId id = new RoomId(fresh("room"));
  private final Instant now = Instant.ofEpochMilli(1_700_000_000_000L);

  @Test
  void aRoomIsCreatedByItsFirstJoin() {
    assertNull(rooms.get(id).createdAt());

    rooms.open(id, ADA, now, made -> {});
    Room again = rooms.open(id, ADA, now.plusSeconds(60), made -> {});

    assertEquals(now, again.createdAt());
    assertNull(again.head());
  }

  @Test
  void aRoomHasOneSaltWhoeverComesFirst() throws Exception {
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<Future<Room>> opening = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        opening.add(executor.submit(() -> rooms.open(id, ADA, now, made -> {})));
      }
      Set<String> salts = new HashSet<>();
      for (Future<Room> room : opening) {
        salts.add(requireNonNull(room.get().salt()));
      }

      assertEquals(1, salts.size());
      assertEquals(32, salts.iterator().next().length());
    }
    assertNotEquals(
        rooms.open(id, ADA, now, made -> {}).salt(),
        rooms.open(new RoomId(fresh("r")), ADA, now, made -> {}).salt());
  }

  /// Version 0.1 made rooms without.
  @Test
  void aRoomOfTheVersionBeforeGetsASaltWithItsNextJoin() {
    Room read = rooms.open(id, ADA, now, made -> {});
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatRooms")
                    .key(Map.of("room_id", Row.s(id.name())))
                    .updateExpression("REMOVE salt"));

    Room again = rooms.open(id, new Identity("guest:bob", "Bob"), now.plusSeconds(60), made -> {});

    assertEquals(read.createdAt(), again.createdAt());
    assertNotNull(again.salt());
    assertEquals(again, rooms.get(id));
  }

  @Test
  void aHeadMovesOnlyFromWhereItWasRead() {
    Room read = rooms.open(id, ADA, now, made -> {});
    Room next = read.handedOut(new Timestamp(7), "100");

    assertTrue(rooms.advance(read, next, now));
    assertFalse(rooms.advance(read, new Room(id, new Timestamp(8), "200", null, null), now));

    assertEquals(next, rooms.get(id));
    assertTrue(rooms.advance(next, new Room(id, new Timestamp(9), "300", null, null), now));
    assertEquals(new Timestamp(9), rooms.get(id).head());
  }

  @Test
  void aRoomStaysQueuedFor2MinutesAfterItWentByTheQueue() {
    Room read = rooms.open(id, ADA, now, made -> {});
    Room next = read.handedOut(new Timestamp(7), "100").queued(3, now);

    assertTrue(rooms.advance(read, next, now));

    Room stored = rooms.get(id);
    assertEquals(next, stored);
    assertEquals(3, stored.segments());
    Instant end = now.plus(Limits.QUEUED_CALM);
    assertFalse(read.isQueued(now));
    assertTrue(stored.isQueued(now));
    assertTrue(stored.isQueued(end.minusMillis(1)));
    assertFalse(stored.isQueued(end));
    assertTrue(rooms.advance(stored, new Room(id, new Timestamp(9), "300", null, null), now));
    assertTrue(rooms.get(id).isQueued(now), "an advance without it changes nothing");
  }

  @Test
  void aQueuedUntilThatIsTooFarAheadDoesNotCount() {
    for (Instant until :
        List.of(
            Instant.ofEpochMilli(Long.MAX_VALUE),
            now.plusSeconds(3_600),
            Instant.ofEpochMilli(Long.MIN_VALUE))) {
      assertFalse(new Room(id, new Timestamp(7), "100", null, 0, until, null).isQueued(now));
    }
    Room room = new Room(id, new Timestamp(7), "100", null, null);
    assertTrue(room.queued(0, now.plusMillis(900)).isQueued(now), "the clock was ahead");
  }

  @Test
  void aHeadHasMovedAlsoWhereTheAnswerWasLost() {
    Room read = rooms.open(id, ADA, now, made -> {});
    LosesFirstAnswer losing = new LosesFirstAnswer();
    RoomTable flaky = new RoomTable(TestTables.dynamoDb(losing), TestTables.settings());

    assertTrue(flaky.advance(read, read.handedOut(new Timestamp(7), "100"), now));

    assertTrue(losing.lost().get());
    assertEquals(new Timestamp(7), rooms.get(id).head());
  }

  @Test
  void theListOfRoomsHoldsEachOnce() {
    Set<RoomId> made = new HashSet<>();
    for (int i = 0; i < Limits.PAGE_ROOMS_MAX + 10; i++) {
      made.add(rooms.open(new RoomId(fresh("r")), ADA, now, count -> {}).id());
    }

    List<RoomId> listed = new ArrayList<>();
    RoomId cursor = null;
    do {
      RoomTable.Page page = rooms.list(cursor, now);
      page.rooms().forEach(room -> listed.add(room.id()));
      cursor = page.cursor();
    } while (cursor != null);

    assertEquals(new HashSet<>(listed).size(), listed.size());
    assertTrue(listed.containsAll(made));
  }

  @Test
  void aRoomGoesWhenNobodyHasUsedItAndStaysWhereSomebodyDoes() {
    RoomId id = new RoomId(fresh("r"));
    Room room = rooms.open(id, ADA, now, made -> {});
    long first = expiresAt(id);
    assertEquals(now.plus(Duration.ofDays(90)).getEpochSecond(), first);

    Instant sameDay = now.plusSeconds(3_600);
    rooms.open(id, ADA, sameDay, made -> {});
    assertEquals(first, expiresAt(id), "a join writes nothing in the first half of the time");

    Instant late = now.plus(Duration.ofDays(46));
    rooms.open(id, ADA, late, made -> {});
    assertEquals(late.plus(Duration.ofDays(90)).getEpochSecond(), expiresAt(id));

    Instant later = now.plus(Duration.ofDays(50));
    assertTrue(rooms.advance(room, room.handedOut(new Timestamp(7), "100"), later));
    assertEquals(later.plus(Duration.ofDays(90)).getEpochSecond(), expiresAt(id));
  }

  /// Its salt and its roles would be of no use afterwards: no join makes it anew.
  @Test
  void aPrivateRoomStaysHoweverLongNobodyHasUsedIt() {
    for (RoomId id : List.of(RoomId.newPrivate(), RoomId.direct(fresh("ada"), "guest:bob"))) {
      TestTables.dynamoDb()
          .transactWriteItems(
              write -> write.transactItems(rooms.creating(id, "Plans", ADA, 1, now)));
      Room room = rooms.get(id);

      assertTrue(rooms.advance(room, room.handedOut(new Timestamp(7), "100"), now));

      assertNull(row(id).optionalNumber("expires_at"));
      assertEquals(new Timestamp(7), rooms.get(id).head());
      assertEquals(room.salt(), rooms.get(id).salt());
    }
  }

  /// A membership lives for 2 h: whoever is in a room has had it stay for longer than that.
  @Test
  void noRoomGoesWhileSomebodyIsInItHoweverShortTheRetention() {
    Map<String, String> shortest =
        TestTables.environment(
            "JoinFunction", Map.of("ROOM_RETENTION_DAYS", "1", "MESSAGE_RETENTION_DAYS", "1"));
    RoomTable table = new RoomTable(TestTables.dynamoDb(), new Settings(shortest));
    RoomId id = new RoomId(fresh("r"));
    Random random = new Random(5);
    Instant at = now;
    for (int joins = 0; joins < 40; joins++) {
      table.open(id, ADA, at, made -> {});
      assertTrue(expiresAt(id) > at.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond());
      at = at.plusSeconds(random.nextInt(24 * 3_600));
    }
  }

  @Test
  void aRoomDoesNotGoBeforeItsMessages() {
    Map<String, String> less =
        TestTables.environment(
            "JoinFunction", Map.of("ROOM_RETENTION_DAYS", "1", "MESSAGE_RETENTION_DAYS", "365"));
    RoomId id = new RoomId(fresh("r"));

    new RoomTable(TestTables.dynamoDb(), new Settings(less)).open(id, ADA, now, made -> {});

    assertEquals(now.plus(Duration.ofDays(365)).getEpochSecond(), expiresAt(id));
  }

  @Test
  void whoMakesRoomsIsToldHowManyAndMayRefuse() {
    RoomId known = new RoomId(fresh("r"));
    rooms.open(known, ADA, now, made -> {});
    List<RoomId> wanted =
        List.of(
            known, new RoomId(fresh("new")), new RoomId(fresh("new")), new RoomId(fresh("new")));

    assertThrows(
        IllegalStateException.class,
        () ->
            rooms.open(
                wanted,
                ADA,
                now,
                made -> {
                  assertEquals(3, made);
                  throw new IllegalStateException("too many");
                }));
    assertNull(rooms.get(wanted.getLast()).createdAt());
    rooms.open(wanted, ADA, now, made -> {});
    rooms.open(
        wanted,
        ADA,
        now,
        made -> {
          throw new IllegalStateException("they are all there");
        });
  }

  @Test
  void aRoomThatIsToGoIsNotListed() {
    RoomId id = new RoomId(fresh("r"));
    rooms.open(id, ADA, now, made -> {});

    assertTrue(listed(now).contains(id));
    assertFalse(listed(now.plus(Duration.ofDays(91))).contains(id));
  }

  /// They are not shown, and cost as much.
  @Test
  void aPageCountsThePrivateRoomsThatWereReadForIt() {
    for (int i = 0; i < 5; i++) {
      RoomId hidden = RoomId.newPrivate();
      TestTables.dynamoDb()
          .transactWriteItems(
              write -> write.transactItems(rooms.creating(hidden, "Plans", ADA, 1, now)));
    }

    int shown = 0;
    int rows = 0;
    RoomId cursor = null;
    do {
      RoomTable.Page page = rooms.list(cursor, now);
      shown += page.rooms().size();
      rows += page.rows();
      cursor = page.cursor();
    } while (cursor != null);

    assertTrue(rows >= shown + 5, shown + " rooms of " + rows + " rows");
  }

  private Set<RoomId> listed(Instant at) {
    Set<RoomId> listed = new HashSet<>();
    RoomId cursor = null;
    do {
      RoomTable.Page page = rooms.list(cursor, at);
      page.rooms().forEach(room -> listed.add(room.id()));
      cursor = page.cursor();
    } while (cursor != null);
    return listed;
  }

  private static long expiresAt(RoomId id) {
    return row(id).number("expires_at");
  }

  private static Row row(RoomId id) {
    return new Row(
        TestTables.dynamoDb()
            .getItem(get -> get.tableName("ChatRooms").key(RoomTable.key(id)).consistentRead(true))
            .item());
  }
}
