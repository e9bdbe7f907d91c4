package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.Identity;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.SessionTable;
import dev.parley.room.RoomId;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

/// The ChatConnections stream, on the template's tables and a gateway that misbehaves.
class PresenceHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Instant longAgo = Instant.now().minusSeconds(600);
  private final SessionTable sessions =
      new SessionTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId room = new RoomId(fresh("room"));
  private TestGateway gateway;
  private PresenceHandler presence;

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
    presence =
        new PresenceHandler(
            gateway.environment("PresenceFunction", Map.of()), InstantSource.system());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void presenceIsNotToldInALargeRoom() {
    String ada = TestMembers.join(longAgo, room);
    TestMembers.join(longAgo, room);
    PresenceHandler quiet =
        new PresenceHandler(
            gateway.environment("PresenceFunction", Map.of("SEGMENT_SIZE", "1")),
            InstantSource.system());

    assertDone(
        quiet.handleRequest(
            TestRecords.event(membership("1", "INSERT", "bob", room.name())), new TestContext()));

    assertTrue(gateway.received(ada).isEmpty());
  }

  @Test
  void membersAreToldWhoJoinedAndWhoLeft() throws Exception {
    String ada = TestMembers.join(longAgo, room);

    assertDone(
        tell(
            membership("1", "INSERT", "bob", room.name()),
            membership("2", "INSERT", "cid", room.name()),
            membership("3", "REMOVE", "cid", room.name()),
            membership("4", "REMOVE", "dan", room.name())));

    JsonNode events = JSON.readTree(gateway.received(ada).getFirst());
    assertEquals(2, events.size());
    assertEquals("in", events.path(0).path("state").asText());
    assertEquals(new ConnectionId("bob").member(), events.path(0).path("member").asText());
    assertEquals("out", events.path(1).path("state").asText());
    assertFalse(gateway.received(ada).getFirst().contains("\"bob\""), "no connection id is told");
  }

  @Test
  void theSessionOfAConnectionThatEndedWithoutDisconnectIsClosed() {
    String pruned = TestMembers.join(longAgo, room);
    String expired = TestMembers.join(longAgo, room);
    String closed = TestMembers.join(longAgo, room);
    sessions.close(new ConnectionId(closed), longAgo, Instant.now(), "1001 Going away");
    DynamodbStreamRecord byTimeToLive = membership("2", "REMOVE", expired, "$connection");
    Identity service = new Identity();
    service.setPrincipalId("dynamodb.amazonaws.com");
    service.setType("Service");
    byTimeToLive.setUserIdentity(service);

    assertDone(
        tell(
            membership("1", "REMOVE", pruned, "$connection"),
            byTimeToLive,
            membership("3", "REMOVE", closed, "$connection")));

    assertEquals("gone", TestMembers.session(pruned).string("reason"));
    assertTrue(TestMembers.session(pruned).number("duration_seconds") >= 600);
    assertEquals("expired", TestMembers.session(expired).string("reason"));
    assertEquals("1001 Going away", TestMembers.session(closed).string("reason"));
  }

  @Test
  void aMemberWhoIsFoundGoneIsHandedToPruningAndNotTriedAgain() {
    String gone = TestMembers.join(longAgo, room);
    String fine = TestMembers.join(longAgo, room);
    gateway.answer(gone, 410);

    assertDone(tell(membership("1", "INSERT", "bob", room.name())));

    assertEquals(1, gateway.received(fine).size());
    String prunes = TestTables.settings().required("PRUNE_CONNECTIONS_QUEUE_URL");
    List<Message> pruned = TestSqs.take(prunes, message -> message.body().equals(gone), 1);
    assertEquals(1, pruned.size());
  }

  @Test
  void aMemberWhoDoesNotTakeAPushIsNotToldAndTheBatchIsDone() {
    String slow = TestMembers.join(longAgo, room);
    String fine = TestMembers.join(longAgo, room);
    gateway.answer(slow, 429);

    assertDone(tell(membership("1", "INSERT", "bob", room.name())));
    assertDone(tell(membership("2", "REMOVE", "bob", room.name())));

    assertEquals(List.of(), gateway.received(slow));
    assertEquals(2, gateway.received(fine).size());
  }

  @Test
  void aRoomThatCannotBeToldInTimeDoesNotKeepTheBatch() {
    List<String> silent = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      silent.add(TestMembers.join(longAgo, room));
      gateway.answer(silent.getLast(), TestGateway.SILENT);
    }
    RoomId other = new RoomId(fresh("room"));
    String ada = TestMembers.join(longAgo, other);

    assertDone(
        tell(
            membership("1", "INSERT", "bob", room.name()),
            membership("2", "INSERT", "bob", other.name())));

    assertEquals(3, gateway.underWay(), "the gateway has not answered these yet");
    assertEquals(1, gateway.received(ada).size());
  }

  private StreamsEventResponse tell(DynamodbStreamRecord... records) {
    return presence.handleRequest(TestRecords.event(records), new TestContext());
  }

  private DynamodbStreamRecord membership(
      String sequence, String eventName, String connection, String room) {
    return TestRecords.connection(sequence, eventName, connection, room, longAgo.toEpochMilli());
  }

  private static void assertDone(StreamsEventResponse response) {
    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
  }
}
