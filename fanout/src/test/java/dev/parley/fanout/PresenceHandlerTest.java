package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Sha256;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.Attendance;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.connection.SessionTable;
import dev.parley.identity.Identity;
import dev.parley.role.Change;
import dev.parley.role.Role;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

/// The ChatConnections stream, on the template's tables and a gateway that misbehaves.
class PresenceHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Identity ADA = new Identity("guest:ada", "Ada");
  private static final Identity BOB = new Identity("guest:bob", "Bob");
  private static final Identity CID = new Identity("guest:cid", "Cid");

  private final Instant longAgo = Instant.ofEpochMilli(Instant.now().toEpochMilli() - 600_000);
  private final SessionTable sessions =
      new SessionTable(TestTables.dynamoDb(), TestTables.settings());
  private final Memberships memberships =
      new Memberships(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId room = new RoomId(fresh("room"));
  private final String ada = TestMembers.join(ADA, longAgo, room);
  private TestGateway gateway;
  private int sequence;

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void everybodyIsToldWhoCameInOnePush() {
    String bob = TestMembers.join(BOB, longAgo, room);
    String cid = TestMembers.join(CID, longAgo, room);

    tell(came(bob, BOB, 0), came(cid, CID, 0));

    String event =
        """
        {"type":"presence","room":"%s","user":"%s","sender":"%s","state":"in"}\
        """;
    String frame =
        "[%s,%s]"
            .formatted(
                event.formatted(room, "guest:bob", "Bob"),
                event.formatted(room, "guest:cid", "Cid"));
    for (String connection : List.of(ada, bob, cid)) {
      assertEquals(List.of(frame), gateway.received(connection));
    }
  }

  @Test
  void aRenewalTellsNobody() {
    String before = TestMembers.join(BOB, longAgo, room);
    String after = TestMembers.join(BOB, longAgo.plusSeconds(60), room);

    tell(came(after, BOB, 60));
    TestMembers.leave(before);
    tell(went(before, BOB, 0));

    assertEquals(List.of(), gateway.received(ada));
    assertEquals(Set.of(), departed());
  }

  @Test
  void twoTabsThatOpenTogetherAreToldOnce() {
    String one = TestMembers.join(BOB, longAgo, room);
    String other = TestMembers.join(BOB, longAgo, room);

    tell(came(other, BOB, 0));
    tell(came(one, BOB, 0));

    assertEquals(1, gateway.received(ada).size());
  }

  @Test
  void aUserIsAwayWhenTheLastOfTwoTabsThatCloseTogetherIsGone() {
    String one = TestMembers.join(BOB, longAgo, room);
    String other = TestMembers.join(BOB, longAgo, room);
    TestMembers.leave(one);
    TestMembers.leave(other);

    tell(went(one, BOB, 0));
    tell(went(other, BOB, 0));

    assertEquals(Set.of("guest:bob"), departed());
    assertEquals(List.of(), gateway.received(ada), "it is not certain yet");
  }

  @Test
  void whoHasGoneByNowHasNotCome() {
    tell(came("gone", BOB, 0));

    assertEquals(List.of(), gateway.received(ada));
  }

  @Test
  void presenceIsToldInRoomsOfFewPeopleOnlyHoweverManyConnectionsTheyHave() {
    String bob = TestMembers.join(BOB, longAgo, room);
    for (int i = 0; i < 5; i++) {
      TestMembers.join(ADA, longAgo, room);
    }

    tell(Map.of("PRESENCE_MAX", "1"), came(bob, BOB, 0), went("other", CID, 0));
    assertEquals(List.of(), gateway.received(ada));
    assertEquals(Set.of(), departed());

    tell(Map.of("PRESENCE_MAX", "2"), came(bob, BOB, 0));
    assertEquals(1, gateway.received(ada).size());
  }

  @Test
  void aUserIsFoundByConnectionsThatTheVersionBeforeHasOpened() {
    ConnectionId old = new ConnectionId(fresh("c"));
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(old.value()),
                            "room_id", Row.s(room.name()),
                            "user", Row.s("guest:bob"),
                            "sender", Row.s("Bob"),
                            "slot", Row.s(Sha256.hex(old.value()).substring(0, 8) + old),
                            "joined_at", Row.millis(longAgo),
                            "expires_at", Row.seconds(Instant.now().plusSeconds(600)))));
    String another = TestMembers.join(BOB, longAgo.plusSeconds(60), room);

    tell(came(another, BOB, 60));
    TestMembers.leave(another);
    tell(went(another, BOB, 60));

    assertEquals(List.of(), gateway.received(ada));
    assertEquals(Set.of(), departed());
  }

  @Test
  void aCrowdIsToldAsOneUserIs() throws JsonProcessingException {
    List<DynamodbStreamRecord> records = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      Identity who = new Identity("guest:" + i, "Somebody");
      String before = TestMembers.join(who, longAgo, room);
      if (i < 10) {
        String renewed = TestMembers.join(who, longAgo.plusSeconds(60), room);
        records.add(came(renewed, who, 60));
      } else if (i < 20) {
        records.add(came(before, who, 0));
      } else {
        TestMembers.leave(before);
        records.add(went(before, who, 0));
      }
    }

    tell(records.toArray(DynamodbStreamRecord[]::new));

    List<String> told = new ArrayList<>();
    JSON.readTree(gateway.received(ada).getFirst())
        .forEach(event -> told.add(event.path("user").asText() + event.path("state").asText()));
    assertEquals(10, told.size());
    assertTrue(told.contains("guest:10in") && told.contains("guest:19in"), told.toString());
    assertEquals(10, departed().size());
  }

  @Test
  void theSessionOfAConnectionThatExpiredIsClosed() {
    String expired = TestMembers.join(longAgo, room);

    assertDone(handle(Map.of(), TestRecords.expired("1", expired, longAgo)));

    assertEquals("expired", TestMembers.session(expired).string("reason"));
    assertTrue(TestMembers.session(expired).number("duration_seconds") >= 600);
  }

  /// Whoever removed it has closed its session: an update would fail, and be paid for.
  @Test
  void theSessionOfAConnectionThatAFunctionHasRemovedIsNotTouched() {
    String removed = TestMembers.join(longAgo, room);

    assertDone(
        handle(
            Map.of("CHAT_SESSIONS_TABLE", "Nowhere"), TestRecords.removed("1", removed, longAgo)));

    assertFalse(TestMembers.session(removed).attributes().containsKey("disconnected_at"));
    sessions.close(new ConnectionId(removed), longAgo, Instant.now(), "1001");
  }

  @Test
  void aMemberWhoIsFoundGoneIsHandedToPruningAndNotTriedAgain() {
    String bob = TestMembers.join(BOB, longAgo, room);
    gateway.answer(ada, 410);

    tell(came(bob, BOB, 0));

    assertEquals(1, gateway.received(bob).size());
    String prunes = TestTables.settings().required("PRUNE_CONNECTIONS_QUEUE_URL");
    List<Message> pruned = TestSqs.take(prunes, message -> message.body().equals(ada), 1);
    assertEquals(1, pruned.size());
  }

  @Test
  void aMemberWhoDoesNotTakeAPushIsNotToldAndTheBatchIsDone() {
    String bob = TestMembers.join(BOB, longAgo, room);
    gateway.answer(ada, 429);

    tell(came(bob, BOB, 0));

    assertEquals(List.of(), gateway.received(ada));
    assertEquals(1, gateway.received(bob).size());
  }

  @Test
  void aRoomThatCannotBeToldInTimeDoesNotKeepTheBatch() {
    String bob = TestMembers.join(BOB, longAgo, room);
    for (String silent : List.of(ada, bob)) {
      gateway.answer(silent, TestGateway.SILENT);
    }
    RoomId other = new RoomId(fresh("room"));
    String cid = TestMembers.join(CID, longAgo, other);

    tell(came(bob, BOB, 0), TestRecords.membership("9", "INSERT", cid, CID, other, longAgo));

    assertEquals(2, gateway.underWay(), "the gateway has not answered these yet");
    assertEquals(1, gateway.received(cid).size());
  }

  // ---- Roles ----------------------------------------------------------------------------------

  /// As if the join had been written just before the ban, and the index had not shown it yet.
  @Test
  void whoHasComeAlthoughBannedIsTakenOutOfTheRoomAndNobodyIsToldOfIt() {
    String bob = TestMembers.join(BOB, longAgo, room);
    ban(BOB.user());

    tell(came(bob, BOB, 0));

    assertEquals(
        new Attendance.Removed(Removal.BANNED),
        memberships.attendance(new ConnectionId(bob), room, Instant.now()));
    assertEquals(List.of(), gateway.received(ada));
    assertEquals(List.of(), gateway.received(bob), "the stream tells of that in turn");
  }

  @Test
  void whoHasNoRoleInAPrivateRoomIsTakenOutOfIt() {
    RoomId plans = RoomId.newPrivate();
    new Roles(TestTables.dynamoDb(), TestTables.settings())
        .create(
            new Change(plans, ADA.user())
                .give(Standing.none(ADA.user(), plans), Role.OWNER, longAgo),
            null,
            ADA,
            longAgo);
    String owner = TestMembers.join(ADA, longAgo, plans);
    String bob = TestMembers.join(BOB, longAgo, plans);

    tell(
        Map.of("PRESENCE_MAX", "0"),
        TestRecords.membership("1", "INSERT", owner, ADA, plans, longAgo),
        TestRecords.membership("2", "INSERT", bob, BOB, plans, longAgo));

    assertInstanceOf(
        Attendance.In.class, memberships.attendance(new ConnectionId(owner), plans, Instant.now()));
    assertEquals(
        new Attendance.Removed(Removal.KICKED),
        memberships.attendance(new ConnectionId(bob), plans, Instant.now()));
  }

  @Test
  void whoIsTakenOutIsToldAndIsAwayForTheOthers() {
    String bob = TestMembers.join(BOB, longAgo, room);
    memberships.remove(new ConnectionId(bob), room, BOB.user(), Removal.KICKED, Instant.now());

    tell(TestRecords.changed(went(bob, BOB, 0), "kicked"));

    assertEquals(
        List.of("{\"type\":\"removed\",\"room\":\"%s\",\"reason\":\"kicked\"}".formatted(room)),
        gateway.received(bob));
    assertEquals(List.of(), gateway.received(ada));
    assertEquals(Set.of("guest:bob"), departed());
  }

  @Test
  void whoHasJoinedAgainIsNotToldOfTheRemovalAndHasComeForTheOthers() {
    String bob = TestMembers.join(BOB, longAgo, room);

    tell(TestRecords.changed(went(bob, BOB, 0), "kicked"));
    assertEquals(List.of(), gateway.received(bob));

    tell(TestRecords.changed(came(bob, BOB, 0), null));
    assertEquals(1, gateway.received(ada).size());
  }

  /// It has been away since it was removed.
  @Test
  void whatIsLeftOfARemovedMembershipGoesWithoutAWord() {
    String bob = TestMembers.join(BOB, longAgo, room);
    memberships.remove(new ConnectionId(bob), room, BOB.user(), Removal.LEFT, Instant.now());
    DynamodbStreamRecord left = TestRecords.changed(went(bob, BOB, 0), "left");
    TestMembers.leave(bob);

    tell(
        TestRecords.record(
            "9", "REMOVE", left.getDynamodb().getKeys(), null, left.getDynamodb().getNewImage()));

    assertEquals(Set.of(), departed());
    assertEquals(List.of(), gateway.received(ada));
  }

  private void ban(String user) {
    Roles roles = new Roles(TestTables.dynamoDb(), TestTables.settings());
    roles.write(new Change(room, "admin").ban(roles.get(user, room), Standing.FOR_GOOD));
  }

  // ---------------------------------------------------------------------------------------------

  private void tell(DynamodbStreamRecord... records) {
    tell(Map.of(), records);
  }

  private void tell(Map<String, String> settings, DynamodbStreamRecord... records) {
    assertDone(handle(settings, records));
  }

  private StreamsEventResponse handle(
      Map<String, String> settings, DynamodbStreamRecord... records) {
    Map<String, String> environment =
        gateway.environment("PresenceFunction", Map.of("PRESENCE_OUT_SECONDS", "1"));
    environment.putAll(settings);
    return new PresenceHandler(environment, InstantSource.system())
        .handleRequest(TestRecords.event(records), new TestContext());
  }

  private DynamodbStreamRecord came(String connection, Identity who, int seconds) {
    return membership("INSERT", connection, who, seconds);
  }

  private DynamodbStreamRecord went(String connection, Identity who, int seconds) {
    return membership("REMOVE", connection, who, seconds);
  }

  private DynamodbStreamRecord membership(
      String eventName, String connection, Identity who, int seconds) {
    return TestRecords.membership(
        Integer.toString(++sequence),
        eventName,
        connection,
        who,
        room,
        longAgo.plusSeconds(seconds));
  }

  /// The users that were handed over, once the delay is over.
  private Set<String> departed() {
    return TestQueues.departures(room).stream()
        .map(departure -> departure.identity().user())
        .collect(Collectors.toSet());
  }

  private static void assertDone(StreamsEventResponse response) {
    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
  }
}
