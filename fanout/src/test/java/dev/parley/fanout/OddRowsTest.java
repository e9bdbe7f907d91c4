package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static dev.parley.fanout.TestRecords.event;
import static dev.parley.fanout.TestRecords.message;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.SessionTable;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Events;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Rows and records that nobody of ours wrote: a batch is done all the same, other rooms have their
/// events, and a room whose row is odd has its own too.
class OddRowsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Instant longAgo = Instant.now().minusSeconds(600);
  private static final AttributeValue MISSING = new AttributeValue();

  private static final List<AttributeValue> ODD =
      List.of(
          MISSING,
          new AttributeValue().withS(""),
          new AttributeValue().withS("ten"),
          new AttributeValue().withN("-1"),
          new AttributeValue().withN("1.5"),
          new AttributeValue().withN("1E+30"),
          new AttributeValue().withN("9223372036854775807"),
          new AttributeValue().withBOOL(true),
          new AttributeValue().withL(List.of()));

  private static TestGateway gateway;
  private static FanoutHandler fanout;
  private static PresenceHandler presence;
  private static PushHandler push;

  private final ConnectionTable connections =
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());
  private final SessionTable sessions =
      new SessionTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId room = new RoomId(fresh("odd"));
  private final RoomId other = new RoomId(fresh("fine"));
  private final String ada = join(room, other);

  @BeforeAll
  static void start() throws IOException {
    gateway = new TestGateway();
    fanout =
        new FanoutHandler(gateway.environment("FanoutFunction", Map.of()), InstantSource.system());
    presence =
        new PresenceHandler(
            gateway.environment("PresenceFunction", Map.of()), InstantSource.system());
    push = new PushHandler(gateway.environment("PushFunction", Map.of()), InstantSource.system());
  }

  @AfterAll
  static void stop() {
    gateway.close();
  }

  /// A row or an image with an attribute that is not what was written there.
  record Case(String attribute, AttributeValue value) {
    @Override
    public String toString() {
      return attribute + " = " + (value.equals(MISSING) ? "missing" : value);
    }
  }

  private static Stream<Case> cases(String... attributes) {
    return Stream.of(attributes)
        .flatMap(attribute -> ODD.stream().map(value -> new Case(attribute, value)));
  }

  static Stream<Case> roomRows() {
    return cases("head", "head_sequence", "segments", "created_at", "created_by", "queued_until");
  }

  @ParameterizedTest
  @MethodSource("roomRows")
  void anOddRoomIsHandedOutAndGetsANewHead(Case odd) throws Exception {
    hand(message("1", room.name(), 10));
    edit("ChatRooms", Map.of("room_id", Row.s(room.name())), odd);

    hand(message("2", room.name(), 20), message("3", other.name(), 30));
    hand(message("4", room.name(), 40));

    List<JsonNode> told = told(room);
    assertEquals(
        List.of(10L, 20L, 40L), told.stream().map(m -> m.path("timestamp").asLong()).toList());
    assertTrue(
        Set.of("10", "19", "-1").contains(told.get(1).path("prev").asText()),
        "the last one, or one that nobody has seen: " + told.get(1));
    assertEquals(20, told.get(2).path("prev").asLong());
    assertEquals(1, told(other).size());
    Room healed = rooms.get(room);
    assertEquals(new Timestamp(40), healed.head());
    assertEquals(TestRecords.STREAM + "/4", healed.headSequence());
  }

  @Test
  void aHeadThatIsLostSendsEveryClientToTheTable() throws Exception {
    hand(message("1", room.name(), 10));
    for (String attribute : List.of("head", "head_sequence")) {
      edit("ChatRooms", Map.of("room_id", Row.s(room.name())), new Case(attribute, ODD.get(7)));
    }

    hand(message("2", room.name(), 20), message("3", room.name(), 30));

    List<JsonNode> told = told(room);
    assertEquals(19, told.get(1).path("prev").asLong());
    assertEquals(20, told.get(2).path("prev").asLong());
  }

  @Test
  void aRoomWhoseRowCannotBeWrittenHoldsUpNoOther() throws Exception {
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatRooms")
                    .item(
                        Map.of(
                            "room_id", Row.s(room.name()),
                            "x", Row.s("x".repeat(400 * 1024 - 9 - room.name().length())))));

    hand(message("1", room.name(), 10), message("2", other.name(), 20));

    assertEquals(1, told(room).size());
    assertEquals(new Timestamp(20), rooms.get(other).head());
  }

  static Stream<Case> membershipRows() {
    return cases("user", "sender", "joined_at", "expires_at", "allowance");
  }

  @ParameterizedTest
  @MethodSource("membershipRows")
  void anOddMembershipDoesNotHoldUpOtherMembers(Case odd) throws Exception {
    String bob = join(room);
    edit(
        "ChatConnections", Map.of("connection_id", Row.s(bob), "room_id", Row.s(room.name())), odd);

    hand(message("1", room.name(), 10));
    SQSEvent.SQSMessage job = new SQSEvent.SQSMessage();
    job.setMessageId("m");
    job.setBody(
        new PushJob.Segment(room, SlotRange.ALL, Events.of(Stream.of("{}"), null)).encode());
    SQSEvent jobs = new SQSEvent();
    jobs.setRecords(List.of(job));

    assertTrue(push.handleRequest(jobs, new TestContext()).getBatchItemFailures().isEmpty());
    assertEquals(2, gateway.received(ada).size());
  }

  static Stream<Case> messageImages() {
    return cases("id", "user", "sender", "message", "timestamp", "trace", "expires_at");
  }

  @ParameterizedTest
  @MethodSource("messageImages")
  void anOddMessageHoldsUpNoOther(Case odd) throws Exception {
    DynamodbStreamRecord record = message("2", room.name(), 20);
    edit(record.getDynamodb().getNewImage(), odd);

    hand(message("1", room.name(), 10), record, message("3", room.name(), 30));

    List<JsonNode> told = told(room);
    assertEquals(10, told.getFirst().path("timestamp").asLong());
    assertEquals(30, told.getLast().path("timestamp").asLong());
    assertNotEquals(0, told.getLast().path("prev").asLong());
    assertEquals(new Timestamp(30), rooms.get(room).head());
  }

  static Stream<Case> connectionImages() {
    return cases("user", "sender", "connection_id", "connected_at", "room_id", "slot", "joined_at");
  }

  @ParameterizedTest
  @MethodSource("connectionImages")
  void anOddConnectionHoldsUpNoPresenceAndItsSessionIsClosed(Case odd) throws Exception {
    String gone = join(room);
    Identity bob = new Identity("guest:bob", "Bob");
    DynamodbStreamRecord membership =
        TestRecords.membership("1", "INSERT", "bob", bob, room, longAgo);
    edit(membership.getDynamodb().getNewImage(), odd);
    DynamodbStreamRecord connection = TestRecords.expired("2", gone, longAgo);
    edit(connection.getDynamodb().getOldImage(), odd);
    Identity cid = new Identity("guest:cid", "Cid");
    DynamodbStreamRecord fine =
        TestRecords.membership(
            "3", "INSERT", TestMembers.join(cid, longAgo, room), cid, room, longAgo);

    var response = presence.handleRequest(event(membership, connection, fine), new TestContext());

    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
    assertTrue(
        gateway.received(ada).getLast().contains(cid.user()), gateway.received(ada).toString());
    if (!Set.of("connection_id", "room_id").contains(odd.attribute())) {
      assertEquals(
          "expired",
          new Row(
                  TestTables.dynamoDb()
                      .getItem(
                          get ->
                              get.tableName("ChatSessions")
                                  .key(Map.of("connection_id", Row.s(gone))))
                      .item())
              .string("reason"));
    }
  }

  private void hand(DynamodbStreamRecord... records) {
    var response = fanout.handleRequest(event(records), new TestContext());
    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
  }

  /// The messages of a room that Ada has.
  private List<JsonNode> told(RoomId in) throws IOException {
    List<JsonNode> told = new ArrayList<>();
    for (String frame : gateway.received(ada)) {
      JsonNode json = JSON.readTree(frame);
      if (json.isArray()) {
        json.forEach(told::add);
      } else {
        told.add(json);
      }
    }
    told.removeIf(event -> !event.path("room").asText().equals(in.name()));
    return told;
  }

  private String join(RoomId... in) {
    Connection connection =
        new Connection(
            new ConnectionId(fresh("c")),
            new Identity("guest:1", "Ada"),
            "127.0.0.1",
            "test",
            longAgo);
    connections.open(
        connection,
        TestTables.rooms(in),
        TestTables::admission,
        longAgo,
        List.of(sessions.opening(connection)));
    return connection.id().value();
  }

  private static void edit(Map<String, AttributeValue> image, Case odd) {
    if (odd.value().equals(MISSING)) {
      image.remove(odd.attribute());
    } else {
      image.put(odd.attribute(), odd.value());
    }
  }

  private static void edit(
      String table,
      Map<String, software.amazon.awssdk.services.dynamodb.model.AttributeValue> key,
      Case odd) {
    var stored =
        TestTables.dynamoDb().getItem(get -> get.tableName(table).key(key).consistentRead(true));
    var item = new HashMap<>(stored.item());
    AttributeValue value = odd.value();
    if (value.getS() != null) {
      item.put(odd.attribute(), Row.s(value.getS()));
    } else if (value.getN() != null) {
      item.put(
          odd.attribute(),
          software.amazon.awssdk.services.dynamodb.model.AttributeValue.fromN(value.getN()));
    } else if (value.equals(MISSING)) {
      item.remove(odd.attribute());
    } else {
      item.put(
          odd.attribute(),
          software.amazon.awssdk.services.dynamodb.model.AttributeValue.fromBool(true));
    }
    TestTables.dynamoDb().putItem(put -> put.tableName(table).item(item));
  }
}
