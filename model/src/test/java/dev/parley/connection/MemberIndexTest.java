package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static dev.parley.connection.TestConnections.ADA;
import static dev.parley.connection.TestConnections.ids;
import static dev.parley.connection.TestConnections.open;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

class MemberIndexTest {
  private static final String SALT = "s";
  private static final Identity ADA_MANY = new Identity("guest:many", "Ada");

  private final Settings settings = TestTables.settings();
  private final MemberIndex index = new MemberIndex(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.now();
  private final long end = now.getEpochSecond() + 600;
  private final RoomId room = new RoomId(fresh("room"));

  @Test
  void aConnectionIsListedInItsRoomsOnly() {
    ConnectionId id = open(now, room);
    open(now, new RoomId(fresh("other")));

    assertEquals(List.of(id), ids(members()));
  }

  @Test
  void thePagesOfARoomHoldEveryUserOnceWithTheirConnectionsAndTheNewestName() {
    Map<String, Person> expected = new HashMap<>();
    Random random = new Random(3);
    for (int i = 0; i < 23; i++) {
      int connections = 1 + random.nextInt(4);
      for (int c = 1; c <= connections; c++) {
        open(new Identity("guest:" + i, "Name " + c), now.plusMillis(c), room);
      }
      expected.put("guest:" + i, new Person("guest:" + i, "Name " + connections, connections));
    }

    for (int limit : new int[] {1, 5, 23, 50}) {
      List<Person> paged = pages(limit);

      assertEquals(23, paged.size(), "limit " + limit);
      assertEquals(new HashSet<>(expected.values()), new HashSet<>(paged));
    }
  }

  @Test
  void aUserWithVeryManyConnectionsIsListedOnceAndHidesNobody() {
    List<Map<String, AttributeValue>> rows = new ArrayList<>();
    for (int i = 0; i < 1_200; i++) {
      ConnectionId id = new ConnectionId(fresh("c"));
      rows.add(
          new Membership(Slot.of("s", "guest:many", id, Framing.SINGLE), ADA_MANY, now)
              .row(room, end));
    }
    for (int i = 0; i < 5; i++) {
      ConnectionId id = new ConnectionId(fresh("c"));
      Identity identity = new Identity("guest:" + i, "Somebody");
      rows.add(
          new Membership(Slot.of("s", identity.user(), id, Framing.SINGLE), identity, now)
              .row(room, end));
    }
    put(rows);

    List<Person> paged = pages(50);

    assertEquals(6, paged.size());
    assertEquals(
        1_000,
        paged.stream()
            .filter(p -> p.user().equals("guest:many"))
            .findFirst()
            .orElseThrow()
            .connections());
  }

  /// Hashes have 32 bits, so this happens in large rooms.
  @Test
  void usersWithTheSameHashAreTwoPeople() {
    Identity bob = new Identity("guest:bob", "Bob");
    Slot adas = new Slot("0a0a0a0a", ".", new ConnectionId(fresh("b")));
    Slot bobs = new Slot("0a0a0a0a", ".", new ConnectionId(fresh("a")));
    Slot adasOther = new Slot("0a0a0a0a", ".", new ConnectionId(fresh("a")));
    put(
        List.of(
            new Membership(adas, ADA, now).row(room, end),
            new Membership(bobs, bob, now).row(room, end),
            new Membership(adasOther, ADA, now).row(room, end)));

    assertEquals(
        Set.of(new Person(ADA.user(), "Ada", 2), new Person("guest:bob", "Bob", 1)),
        new HashSet<>(pages(1)));
    assertEquals(List.of(bobs.connection()), ids(index.ofUser(room, "guest:bob", adas, now)));
  }

  @Test
  void theMembersOfARoomOfFewPeopleAreAllListedAndOfALargerOneNone() {
    for (int user = 0; user < 3; user++) {
      for (int i = 0; i < 3; i++) {
        open(new Identity("guest:" + user, "Somebody"), now, room);
      }
    }

    assertEquals(9, index.ofFew(room, 3, now).size());
    assertEquals(9, index.ofFew(room, 100, now).size());
    assertEquals(List.of(), index.ofFew(room, 2, now));
    assertEquals(List.of(), index.ofFew(room, 0, now));
    for (int i = 0; i < 21; i++) {
      open(new Identity("guest:0", "Somebody"), now, room);
    }
    assertEquals(30, index.ofFew(room, 3, now).size());
    open(new Identity("guest:0", "Somebody"), now, room);
    assertEquals(List.of(), index.ofFew(room, 3, now), "31 connections are more than ten each");
  }

  /// Rows that version 0.1 wrote live for two hours after an upgrade.
  @Test
  void rowsOfTheVersionBeforeAreMembersInAllRespects() {
    ConnectionId before = new ConnectionId(fresh("c"));
    Slot old = new Slot(Sha256.hex(before.value()).substring(0, 8), "", before);
    put(List.of(new Membership(old, ADA, now).row(room, end)));
    ConnectionId after = open(now.plusMillis(1), room);

    assertEquals(Set.of(before, after), Set.copyOf(ids(members())));
    assertEquals(2, index.ofFew(room, 1, now).size());
    assertInstanceOf(
        Attendance.In.class,
        new Memberships(TestTables.dynamoDb(), settings).attendance(before, room, now));
    assertEquals(List.of(new Person(ADA.user(), "Ada", 2)), pages(50));
    assertEquals(2, pages(1).size(), "one in each page");
  }

  @Test
  void rangesOfSlotsHoldEveryMemberOnceAndALimitTheFirstOnes() {
    for (int i = 0; i < 40; i++) {
      open(new Identity("guest:" + i, "Somebody"), now, room);
    }
    List<ConnectionId> all = ids(members());

    List<ConnectionId> parts = new ArrayList<>();
    for (long from = 0; from < SlotRange.SLOTS; from += SlotRange.SLOTS / 8) {
      SlotRange range = new SlotRange(from, from + SlotRange.SLOTS / 8);
      List<Membership> members = index.membersIn(room, range, Integer.MAX_VALUE, now);
      assertTrue(members.stream().map(Membership::slot).allMatch(range::contains));
      List<ConnectionId> part = ids(members);
      parts.addAll(part);
    }

    assertEquals(all, parts);
    assertEquals(all.subList(0, 7), ids(index.membersIn(room, SlotRange.ALL, 7, now)));
  }

  @Test
  void aMemberPastItsExpiryIsNotListed() {
    open(now.minus(Limits.CONNECTION_ROW_MAX).minusSeconds(1), room);

    assertTrue(members().isEmpty());
    assertTrue(index.page(room, null, 10, () -> SALT, now).orElseThrow().people().isEmpty());
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

    new ConnectionAllowances(TestTables.dynamoDb(), settings).charge(id, 1, now);
    new ConnectionAllowances(TestTables.dynamoDb(), settings).chargeSend(id, 1, now);

    assertEquals(before, members().getFirst());
  }

  private List<Person> pages(int limit) {
    List<Person> paged = new ArrayList<>();
    String cursor = null;
    do {
      MemberIndex.Page page = index.page(room, cursor, limit, () -> SALT, now).orElseThrow();
      paged.addAll(page.people());
      cursor = page.cursor();
    } while (cursor != null);
    return paged;
  }

  private static void put(List<Map<String, AttributeValue>> rows) {
    for (int from = 0; from < rows.size(); from += 25) {
      List<WriteRequest> batch =
          rows.subList(from, Math.min(rows.size(), from + 25)).stream()
              .map(row -> WriteRequest.builder().putRequest(put -> put.item(row)).build())
              .toList();
      TestTables.dynamoDb()
          .batchWriteItem(write -> write.requestItems(Map.of("ChatConnections", batch)));
    }
  }

  private List<Membership> members() {
    return index.membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, now);
  }
}
