package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static dev.parley.connection.TestConnections.ids;
import static dev.parley.connection.TestConnections.open;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.allowance.Rate;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MemberIndexTest {
  private final Settings settings = TestTables.settings();
  private final MemberIndex index = new MemberIndex(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.now();
  private final RoomId room = new RoomId(fresh("room"));

  @Test
  void aConnectionIsListedInItsRoomsOnly() {
    ConnectionId id = open(now, room);
    open(now, new RoomId(fresh("other")));

    assertEquals(List.of(id), ids(members()));
  }

  @Test
  void thePagesOfARoomHoldEveryMemberOnce() {
    Set<ConnectionId> all = new HashSet<>();
    for (int i = 0; i < 23; i++) {
      all.add(open(now, room));
    }

    List<ConnectionId> paged = new ArrayList<>();
    String cursor = null;
    do {
      MemberIndex.Page page = index.page(room, cursor, 5, now);
      assertTrue(page.members().size() <= 5);
      paged.addAll(ids(page.members()));
      cursor = page.cursor();
    } while (cursor != null);

    assertEquals(23, paged.size());
    assertEquals(all, new HashSet<>(paged));
    assertEquals(paged, ids(members()));
  }

  @Test
  void theNextPageIsFoundAlsoWhereTheCursorsMemberHasLeft() {
    for (int i = 0; i < 6; i++) {
      open(now, room);
    }
    MemberIndex.Page first = index.page(room, null, 3, now);
    List<ConnectionId> rest = ids(members()).subList(3, 6);
    assertNotNull(first.cursor());

    new ConnectionTable(TestTables.dynamoDb(), settings)
        .forget(first.members().getLast().connection());

    assertEquals(rest, ids(index.page(room, first.cursor(), 3, now).members()));
    assertNull(index.page(room, first.cursor(), 3, now).cursor());
  }

  @Test
  void rangesOfSlotsHoldEveryMemberOnceAndALimitTheFirstOnes() {
    for (int i = 0; i < 40; i++) {
      open(now, room);
    }
    List<ConnectionId> all = ids(members());

    List<ConnectionId> parts = new ArrayList<>();
    for (long from = 0; from < SlotRange.SLOTS; from += SlotRange.SLOTS / 8) {
      SlotRange range = new SlotRange(from, from + SlotRange.SLOTS / 8);
      List<ConnectionId> part = ids(index.membersIn(room, range, Integer.MAX_VALUE, now));
      assertTrue(part.stream().allMatch(range::contains));
      parts.addAll(part);
    }

    assertEquals(all, parts);
    assertEquals(all.subList(0, 7), ids(index.membersIn(room, SlotRange.ALL, 7, now)));
  }

  @Test
  void aMemberPastItsExpiryIsNotListed() {
    open(now.minus(Limits.CONNECTION_ROW_MAX).minusSeconds(1), room);

    assertTrue(members().isEmpty());
    assertTrue(index.page(room, null, 10, now).members().isEmpty());
  }

  @Test
  void aRowThatCannotBeReadHidesNoOther() {
    ConnectionId id = open(now, room);
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(fresh("c")),
                            "room_id", Row.s(room.name()),
                            "slot", Row.s("00000000c"),
                            "expires_at", Row.s("never"))));

    assertEquals(List.of(id), ids(members()));
  }

  @Test
  void aChargeChangesNothingThatTheIndexHolds() {
    ConnectionId id = open(now, room);
    Membership before = members().getFirst();

    new Memberships(TestTables.dynamoDb(), settings)
        .charge(id, room, new Rate(Duration.ofSeconds(1), Duration.ZERO), now);

    assertEquals(before, members().getFirst());
  }

  private List<Membership> members() {
    return index.membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, now);
  }
}
