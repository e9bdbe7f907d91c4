package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.connection.Attendance;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.connection.Slot;
import dev.parley.identity.Identity;
import dev.parley.role.Change;
import dev.parley.role.Errand;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DepartureHandlerTest {
  private static final Identity BOB = new Identity("guest:bob", "Bob");
  private static final Identity CID = new Identity("guest:cid", "Cid");

  private final Instant longAgo = Instant.now().minusSeconds(600);
  private final RoomId room = new RoomId(fresh("room"));
  private final String ada = TestMembers.join(longAgo, room);
  private TestGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void whoStayedAwayHasLeftAndSeveralAreOnePush() {
    int waiting = TestQueues.size(departures());

    assertEquals(List.of(), handle(departure(BOB, false), departure(CID, false)));

    assertEquals(
        List.of("[" + event(BOB, "out") + "," + event(CID, "out") + "]"), gateway.received(ada));
    assertEquals(waiting + 2, TestQueues.size(departures()), "they are looked up once more");
  }

  @Test
  void aUserWhoClosedSeveralConnectionsIsToldOnce() {
    Departure other =
        new Departure(
            room,
            BOB,
            Slot.of("salt", BOB.user(), new ConnectionId("other"), Framing.SINGLE),
            false);

    assertEquals(List.of(), handle(departure(BOB, false), other.encode(), departure(BOB, false)));

    assertEquals(List.of(event(BOB, "out")), gateway.received(ada));
  }

  @Test
  void whoCameBackHasNotLeft() {
    TestMembers.join(BOB, Instant.now(), room);

    assertEquals(List.of(), handle(departure(BOB, false)));

    assertEquals(List.of(), gateway.received(ada));
  }

  /// Another function has told `in` at the same moment, which `out` may have overtaken.
  @Test
  void whoCameBackWhileItWasToldIsToldOnceMore() {
    TestMembers.join(new Identity(BOB.user(), "Bob again"), Instant.now(), room);

    assertEquals(List.of(), handle(departure(BOB, true), departure(CID, true)));

    assertEquals(
        List.of(event(new Identity(BOB.user(), "Bob again"), "in")), gateway.received(ada));
  }

  @Test
  void inARoomOfManyPeopleNobodyIsTold() {
    TestMembers.join(CID, longAgo, room);

    assertEquals(List.of(), handle(Map.of("PRESENCE_MAX", "1"), departure(BOB, false)));

    assertEquals(List.of(), gateway.received(ada));
  }

  @Test
  void anInvitationIsToldToTheUsersConnectionsInTheRoomAndToNobodyElse() {
    opened();
    String bob = TestMembers.join(BOB, longAgo, room);
    String tab = TestMembers.join(BOB, longAgo, room);
    RoomId plans = RoomId.newPrivate();

    assertEquals(
        List.of(), handle(new Errand.Invited(room, BOB.user(), plans, "Plans", CID).encode()));

    String invitation =
        """
        {"type":"invitation","room":"%s","title":"Plans","user":"guest:cid",\
        "sender":"Cid","via":"%s"}\
        """
            .formatted(plans, room);
    assertEquals(List.of(invitation), gateway.received(bob));
    assertEquals(List.of(invitation), gateway.received(tab));
    assertEquals(List.of(), gateway.received(ada));
  }

  @Test
  void whoWasOverlookedWhenSomebodyWasKickedIsTakenOutAfterAllAndWhoCameBackIsNot() {
    opened();
    Instant kicked = longAgo.plusSeconds(60);
    ConnectionId overlooked = new ConnectionId(TestMembers.join(BOB, longAgo, room));
    ConnectionId back = new ConnectionId(TestMembers.join(BOB, kicked.plusMillis(1), room));

    assertEquals(
        List.of(), handle(new Errand.Removed(room, BOB.user(), Removal.KICKED, kicked).encode()));

    Memberships memberships = new Memberships(TestTables.dynamoDb(), TestTables.settings());
    assertEquals(
        new Attendance.Removed(Removal.KICKED),
        memberships.attendance(overlooked, room, Instant.now()));
    assertInstanceOf(Attendance.In.class, memberships.attendance(back, room, Instant.now()));
    assertInstanceOf(
        Attendance.In.class, memberships.attendance(new ConnectionId(ada), room, Instant.now()));
  }

  @Test
  void whoeverIsBannedIsTakenOutHoweverLateTheyCame() {
    opened();
    ConnectionId bob = new ConnectionId(TestMembers.join(BOB, Instant.now(), room));
    Roles roles = new Roles(TestTables.dynamoDb(), TestTables.settings());
    roles.write(new Change(room, "admin").ban(roles.get(BOB.user(), room), Standing.FOR_GOOD));

    assertEquals(
        List.of(), handle(new Errand.Removed(room, BOB.user(), Removal.BANNED, longAgo).encode()));

    assertEquals(
        new Attendance.Removed(Removal.BANNED),
        new Memberships(TestTables.dynamoDb(), TestTables.settings())
            .attendance(bob, room, Instant.now()));
  }

  /// The room's row, with the salt that [TestMembers] takes.
  private void opened() {
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatRooms")
                    .item(
                        Map.of(
                            "room_id",
                            Row.s(room.name()),
                            "salt",
                            Row.s(requireNonNull(TestTables.rooms(room).getFirst().salt())))));
  }

  @Test
  void aMessageThatIsNoDepartureIsLetGo() {
    assertEquals(
        List.of(),
        handle("", "{}", "ten", departure(BOB, false).replace("slot", "s"), departure(BOB, false)));

    assertEquals(List.of(event(BOB, "out")), gateway.received(ada));
  }

  @Test
  void aRoomThatFailsComesAgain() {
    assertEquals(
        List.of("0", "1"),
        handle(
            Map.of("CHAT_CONNECTIONS_TABLE", "Nowhere"),
            departure(BOB, false),
            departure(CID, true)));
  }

  @Test
  void aDepartureIsReadAsItWasWritten() {
    Departure departure = new Departure(room, new Identity("\"", "\uD83D\uDE00"), slot(BOB), true);

    assertEquals(departure, Departure.decode(departure.encode()));
    for (String odd : List.of("", "{", "[]", "null", departure.encode().replace(room.name(), ""))) {
      assertThrows(IllegalArgumentException.class, () -> Departure.decode(odd), odd);
    }
    assertTrue(departure.encode().indexOf('\n') < 0);
  }

  private static String departures() {
    return TestTables.environment("DepartureFunction", TestQueues.environment())
        .getOrDefault("DEPARTURES_QUEUE_URL", "");
  }

  private Slot slot(Identity who) {
    String salt = requireNonNull(TestTables.rooms(room).getFirst().salt());
    return Slot.of(salt, who.user(), new ConnectionId("last"), Framing.SINGLE);
  }

  private String departure(Identity who, boolean told) {
    return new Departure(room, who, slot(who), told).encode();
  }

  private String event(Identity who, String state) {
    return """
    {"type":"presence","room":"%s","user":"%s","sender":"%s","state":"%s"}\
    """
        .formatted(room, who.user(), who.sender(), state);
  }

  private List<String> handle(String... bodies) {
    return handle(Map.of(), bodies);
  }

  /// @return the ids of the messages that come again: `0` for the first
  private List<String> handle(Map<String, String> settings, String... bodies) {
    List<SQSMessage> messages = new ArrayList<>();
    for (String body : bodies) {
      SQSMessage message = new SQSMessage();
      message.setMessageId(Integer.toString(messages.size()));
      message.setBody(body);
      messages.add(message);
    }
    SQSEvent event = new SQSEvent();
    event.setRecords(messages);
    return new DepartureHandler(
            gateway.environment("DepartureFunction", settings), InstantSource.system())
        .handleRequest(event, new TestContext()).getBatchItemFailures().stream()
            .map(BatchItemFailure::getItemIdentifier)
            .toList();
  }
}
