package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Limits;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Framing;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// The ChatMessages stream, on the template's tables and a gateway that misbehaves.
class FanoutHandlerTest {
  private static final Identity BOB = new Identity("guest:bob", "Bob");
  private static final ObjectMapper JSON = new ObjectMapper();
  private final Instant longAgo = Instant.now().minusSeconds(600);

  private final ConnectionTable connections =
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId room = new RoomId(fresh("room"));
  private TestGateway gateway;
  private FanoutHandler fanout;

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
    fanout =
        new FanoutHandler(gateway.environment("FanoutFunction", Map.of()), InstantSource.system());
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void everyMemberGetsABatchInOnePush() throws Exception {
    String ada = join(longAgo, room);
    String bob = join(longAgo, room);
    String stranger = join(longAgo, new RoomId(fresh("elsewhere")));

    assertDone(fanOut(message("1", room, 10), message("2", room, 20), message("3", room, 30)));

    for (String member : List.of(ada, bob)) {
      assertEquals(1, gateway.received(member).size());
      JsonNode events = JSON.readTree(gateway.received(member).getFirst());
      assertEquals(3, events.size());
      assertTrue(events.path(0).path("prev").isNull());
      assertEquals(20, events.path(2).path("prev").asLong());
      assertEquals("text of 3", events.path(2).path("message").asText());
    }
    assertTrue(gateway.received(stranger).isEmpty());
    assertEquals(
        new Room(room, new Timestamp(30), TestRecords.STREAM + "/3", null, null), rooms.get(room));
  }

  @Test
  void whoDidNotAskForBatchesGetsOneEventInAFrame() throws Exception {
    String ada = join(longAgo, room);
    String bob = TestMembers.join(BOB, Framing.SINGLE, longAgo, room);

    assertDone(fanOut(message("1", room, 10), message("2", room, 20), message("3", room, 30)));

    List<JsonNode> batch = JSON.readTree(gateway.received(ada).getFirst()).valueStream().toList();
    List<JsonNode> singly = new ArrayList<>();
    for (String frame : gateway.received(bob)) {
      singly.add(JSON.readTree(frame));
    }
    assertEquals(1, gateway.received(ada).size());
    assertEquals(3, singly.size());
    assertEquals(batch, singly);
  }

  @Test
  void oneMessageIsOneEventAndNotAList() throws Exception {
    String ada = join(longAgo, room);

    assertDone(fanOut(message("1", room, 10)));

    assertEquals("message", JSON.readTree(gateway.received(ada).getFirst()).path("type").asText());
  }

  @Test
  void aBurstLargerThanAFrameComesInSeveralInOrder() throws Exception {
    String ada = join(longAgo, room);
    List<DynamodbStreamRecord> records = new ArrayList<>();
    for (int i = 1; i <= 20; i++) {
      records.add(TestRecords.message(String.valueOf(i), room.name(), i, "x".repeat(4_000)));
    }

    assertDone(fanOut(records.toArray(DynamodbStreamRecord[]::new)));

    List<Long> timestamps = new ArrayList<>();
    for (String frame : gateway.received(ada)) {
      assertTrue(frame.length() <= 32 * 1024);
      JSON.readTree(frame).forEach(event -> timestamps.add(event.path("timestamp").asLong()));
    }
    assertEquals(3, gateway.received(ada).size());
    assertEquals(20, timestamps.size());
    assertEquals(timestamps.stream().sorted().toList(), timestamps);
  }

  @Test
  void aStreamThatBeginsAnewSilencesNoRoom() {
    String ada = join(longAgo, room);
    fanOut(message("900", room, 10));
    DynamodbStreamRecord restored = message("1", room, 20);
    restored.setEventSourceARN(restored.getEventSourceARN().replace("2026", "2027"));

    assertDone(fanOut(restored));
    assertDone(fanOut(restored));

    assertEquals(2, gateway.received(ada).size());
    assertTrue(gateway.received(ada).getLast().contains("\"timestamp\":20,\"prev\":10"));
    assertEquals("2027-11-25T21:28:00.000/1", rooms.get(room).headSequence());
  }

  @Test
  void aBatchThatComesAgainIsNotHandedOutAgain() {
    String ada = join(longAgo, room);
    fanOut(message("1", room, 10));

    assertDone(fanOut(message("1", room, 10)));
    assertDone(fanOut(message("1", room, 10), message("2", room, 20)));

    assertEquals(2, gateway.received(ada).size());
    assertTrue(gateway.received(ada).getLast().contains("\"prev\":10"));
  }

  @Test
  void aVoidRowIsNotHandedOutAndTakesNoPlaceInTheChain() {
    String ada = join(longAgo, room);
    DynamodbStreamRecord nothing = message("2", room, 20);
    nothing.getDynamodb().getNewImage().put("void", TestRecords.s("id"));

    assertDone(fanOut(nothing));
    assertEquals(new Room(room, null, null, null, null), rooms.get(room));
    assertDone(fanOut(message("1", room, 10), nothing, message("3", room, 30)));

    assertEquals(1, gateway.received(ada).size());
    assertFalse(gateway.received(ada).getFirst().contains("\"timestamp\":20"));
    assertTrue(gateway.received(ada).getFirst().contains("\"timestamp\":30,\"prev\":10"));
  }

  @Test
  void goneConnectionsAreHandedOverToBePrunedAndOthersAreTriedAgain() {
    String gone = join(longAgo, room);
    String invalid = join(longAgo, room);
    String slow = join(longAgo, room);
    String broken = join(longAgo, room);
    String fine = join(longAgo, room);
    gateway.answer(gone, 410);
    gateway.answer(invalid, 400);
    gateway.answer(slow, 429);
    gateway.answer(broken, 500);

    assertDone(fanOut(message("1", room, 10)));

    assertEquals(Set.of(gone, invalid), Set.copyOf(bodies(takePrunes(Set.of(gone, invalid), 2))));
    assertEquals(1, gateway.received(fine).size());
    PushJob.Retry retry =
        (PushJob.Retry) PushJob.decode(TestQueues.take(retries(), room, 1).getFirst().body());
    assertEquals(
        Set.of(slow, broken),
        retry.connections().stream().map(ConnectionId::value).collect(Collectors.toSet()));
    assertEquals(1, retry.attempt());
  }

  @Test
  void aLargeRoomIsLeftToItsSegments() {
    Set<String> members = new HashSet<>();
    for (int i = 0; i < 12; i++) {
      members.add(join(longAgo, room));
    }
    FanoutHandler segmenting =
        new FanoutHandler(
            gateway.environment("FanoutFunction", Map.of("SEGMENT_SIZE", "3")),
            InstantSource.system());

    DynamodbEvent event = TestRecords.event(message("1", room, 10), message("2", room, 20));
    assertDone(segmenting.handleRequest(event, new TestContext()));

    Integer power = rooms.get(room).segments();
    assertTrue(power != null && power >= 1, "segments: " + power);
    assertEquals(new Timestamp(20), rooms.get(room).head());
    members.forEach(member -> assertTrue(gateway.received(member).isEmpty()));
    List<Message> messages = TestQueues.take(segments(), room, 1 << power);
    assertEquals(1 << power, messages.size());
    Set<SlotRange> ranges = new HashSet<>();
    for (Message message : messages) {
      PushJob.Segment job = (PushJob.Segment) PushJob.decode(message.body());
      assertEquals(2, job.events().count());
      assertTrue(ranges.add(job.range()));
      assertEquals(
          room.name() + ":" + job.range(),
          message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID));
    }
    assertEquals(Set.copyOf(Segments.ranges(power)), ranges);
  }

  @Test
  void aCrashBetweenEnqueueingAndTheHeadEnqueuesNothingTwice() {
    for (int i = 0; i < 5; i++) {
      join(longAgo, room);
    }
    FanoutHandler segmenting =
        new FanoutHandler(
            gateway.environment("FanoutFunction", Map.of("SEGMENT_SIZE", "2")),
            InstantSource.system());
    DynamodbEvent event = TestRecords.event(message("1", room, 10), message("2", room, 20));
    TestQueues.takeAll(segments(), room); // those of other tests
    segmenting.handleRequest(event, new TestContext());
    int enqueued = 1 << requireNonNull(rooms.get(room).segments());
    // As if the function had been killed before its last step.
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatRooms")
                    .key(Map.of("room_id", Row.s(room.name())))
                    .updateExpression("REMOVE head, head_sequence"));

    assertDone(segmenting.handleRequest(event, new TestContext()));

    assertEquals(new Timestamp(20), rooms.get(room).head());
    assertEquals(enqueued, TestQueues.take(segments(), room, enqueued).size());
    assertEquals(0, TestQueues.size(segments()), "enqueued once");
  }

  private static String segments() {
    return TestTables.settings().required("PUSH_SEGMENTS_QUEUE_URL");
  }

  private static String retries() {
    return TestTables.settings().required("PUSH_RETRIES_QUEUE_URL");
  }

  private static String prunes() {
    return TestTables.settings().required("PRUNE_CONNECTIONS_QUEUE_URL");
  }

  /// The messages that hand over one of these connections.
  private static List<Message> takePrunes(Set<String> connections, int count) {
    return TestSqs.take(prunes(), message -> connections.contains(message.body()), count);
  }

  private static List<String> bodies(List<Message> messages) {
    return messages.stream().map(Message::body).toList();
  }

  @Test
  void connectionsThatManyRoomsFindGoneArePrunedOnce() {
    List<RoomId> all = new ArrayList<>();
    List<String> others = new ArrayList<>();
    List<DynamodbStreamRecord> records = new ArrayList<>();
    for (int i = 0; i < Limits.ROOMS_IN_ADDRESS_MAX; i++) {
      RoomId each = new RoomId(fresh("room"));
      all.add(each);
      others.add(join(longAgo, each));
      records.add(message(String.valueOf(i + 1), each, 10));
    }
    Set<String> gone = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      gone.add(join(longAgo, all.toArray(RoomId[]::new)));
    }
    gone.forEach(connection -> gateway.answer(connection, 410));

    assertDone(fanOut(records.toArray(DynamodbStreamRecord[]::new)));
    // Other messages, other functions: five minutes have not passed.
    assertDone(fanOut(message("100", all.getFirst(), 20)));
    String bob = TestMembers.join(BOB, longAgo, all.getFirst());
    assertDone(
        new PresenceHandler(
                gateway.environment("PresenceFunction", Map.of()), InstantSource.system())
            .handleRequest(
                TestRecords.event(
                    TestRecords.membership("1", "INSERT", bob, BOB, all.getFirst(), longAgo)),
                new TestContext()));

    List<Message> handedOver = takePrunes(gone, gone.size());
    assertEquals(gone, Set.copyOf(bodies(handedOver)));
    assertEquals(
        List.of(),
        bodies(TestSqs.takeAll(prunes(), message -> gone.contains(message.body()))),
        "each once");
    others.forEach(other -> assertTrue(gateway.received(other).getFirst().contains(":10,")));
    gone.forEach(
        connection ->
            assertEquals(all.size() + 1, TestMembers.rows(connection), "they are not in the way"));
    assertTrue(
        new PruneHandler(gateway.environment("PruneFunction", Map.of()), InstantSource.system())
            .handleRequest(TestQueues.event(handedOver), new TestContext())
            .getBatchItemFailures()
            .isEmpty());
    gone.forEach(connection -> assertEquals(0, TestMembers.rows(connection)));
    others.forEach(other -> assertEquals(2, TestMembers.rows(other)));
  }

  @Test
  void messagesAreDeliveredWhereThePruneQueueCannotBeReached() {
    String gone = join(longAgo, room);
    String fine = join(longAgo, room);
    gateway.answer(gone, 410);
    FanoutHandler withoutPrunes =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction", Map.of("PRUNE_CONNECTIONS_QUEUE_URL", prunes() + "-nowhere")),
            InstantSource.system());

    assertDone(
        withoutPrunes.handleRequest(TestRecords.event(message("1", room, 10)), new TestContext()));

    assertEquals(1, gateway.received(fine).size());
    assertEquals(new Timestamp(10), rooms.get(room).head());
  }

  @Test
  void aRoomWithTooManyBytesToPushGoesByTheQueue() {
    RoomId other = new RoomId(fresh("other"));
    String ada = join(longAgo, other);
    List<String> members = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      members.add(join(longAgo, room));
    }

    assertDone(fanOut(message("1", room, 10, "x".repeat(28_000)), message("2", other, 20)));

    members.forEach(member -> assertTrue(gateway.received(member).isEmpty()));
    PushJob.Segment job =
        (PushJob.Segment) PushJob.decode(TestQueues.take(segments(), room, 1).getFirst().body());
    assertEquals(SlotRange.ALL, job.range());
    assertEquals(new Timestamp(10), rooms.get(room).head());
    assertTrue(rooms.get(room).isQueued(Instant.now()));
    assertEquals(1, gateway.received(ada).size());
    assertFalse(rooms.get(other).isQueued(Instant.now()));
  }

  @Test
  void aRoomThatIsOverTheBudgetGoesByTheQueue() {
    RoomId other = new RoomId(fresh("other"));
    String ada = join(longAgo, other);
    List<String> members = List.of(join(longAgo, room), join(longAgo, room));
    FanoutHandler poor =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction",
                // One push in four seconds.
                Map.of(
                    "PUSHES_PER_SECOND", "100",
                    "PUSH_SHARE_PERCENT", "1",
                    "PUSH_SHARE_FUNCTIONS", "4")),
            InstantSource.system());

    assertDone(
        poor.handleRequest(
            TestRecords.event(message("1", room, 10), message("2", other, 20)), new TestContext()));

    assertEquals(1, gateway.received(ada).size());
    assertFalse(rooms.get(other).isQueued(Instant.now()));
    members.forEach(member -> assertTrue(gateway.received(member).isEmpty()));
    assertTrue(rooms.get(room).isQueued(Instant.now()));
    assertEquals(new Timestamp(10), rooms.get(room).head());
    assertEquals(1, TestQueues.take(segments(), room, 1).size());
  }

  /// They ask side by side: the five pushes of a second that one room has taken, the other has not.
  @Test
  void ofTwoRoomsThatAreOverTheBudgetTogetherOneGoesByTheQueue() {
    RoomId other = new RoomId(fresh("other"));
    for (RoomId each : List.of(room, other)) {
      for (int i = 0; i < 5; i++) {
        join(longAgo, each);
      }
    }
    FanoutHandler poor =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction",
                Map.of(
                    "PUSHES_PER_SECOND", "100",
                    "PUSH_SHARE_PERCENT", "20",
                    "PUSH_SHARE_FUNCTIONS", "4")),
            InstantSource.system());

    assertDone(
        poor.handleRequest(
            TestRecords.event(message("1", room, 10), message("2", other, 20)), new TestContext()));

    assertEquals(
        1, Stream.of(room, other).filter(each -> rooms.get(each).isQueued(Instant.now())).count());
  }

  /// 400 ms a push, three at a time for a room, and a second for it.
  @Test
  void aRoomThatIsOverItsTimeHoldsUpNoOtherAndGoesByTheQueue() {
    RoomId other = new RoomId(fresh("other"));
    String ada = join(longAgo, other);
    List<String> members = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      members.add(join(longAgo, room));
    }
    gateway.delay(() -> 400);
    FanoutHandler brief =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction", Map.of("DIRECT_PUSH_MS", "1000", "PUSH_CONCURRENCY", "4")),
            InstantSource.system());

    DynamodbEvent event = TestRecords.event(message("1", room, 10), message("2", other, 20));
    assertDone(brief.handleRequest(event, new TestContext()));

    assertEquals(0, gateway.underWay());
    assertEquals(1, gateway.received(ada).size());
    assertEquals(new Timestamp(20), rooms.get(other).head());
    assertEquals(new Timestamp(10), rooms.get(room).head());
    assertTrue(rooms.get(room).isQueued(Instant.now()));
    Message rest = TestQueues.take(segments(), room, 1).getFirst();
    PushJob.Retry job = (PushJob.Retry) PushJob.decode(rest.body());
    members.forEach(
        member ->
            assertEquals(
                job.connections().contains(new ConnectionId(member)) ? 0 : 1,
                gateway.received(member).size()));
    assertEquals(0, job.attempt());
    gateway.delay(() -> 0);

    assertDone(fanOut(message("3", room, 30)));

    Message next = TestQueues.take(segments(), room, 1).getFirst();
    assertEquals(group(rest), group(next), "it comes after");
  }

  private static @Nullable String group(Message message) {
    return message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID);
  }

  @Test
  void aRoomStaysQueuedUntilItHasBeenCalm() {
    String ada = join(longAgo, room);
    Instant now = Instant.now();
    fanOut(message("1", room, 10));
    assertEquals(1, gateway.received(ada).size());

    setQueuedUntil(now.plusSeconds(60));
    assertDone(fanOut(message("2", room, 20)));

    assertEquals(1, gateway.received(ada).size());
    assertEquals(1, TestQueues.take(segments(), room, 1).size());
    Instant until = rooms.get(room).queuedUntil();
    assertTrue(until != null && until.isAfter(now.plusSeconds(60)), "its last job is the newer");

    setQueuedUntil(now.minusSeconds(1));
    assertDone(fanOut(message("3", room, 30)));

    assertEquals(2, gateway.received(ada).size());
    assertTrue(gateway.received(ada).getLast().contains("\"prev\":20"));
  }

  @Test
  void aRoomThatIsNoLongerLargeStaysQueuedToo() {
    String ada = join(longAgo, room);
    String bob = join(longAgo, room);
    FanoutHandler segmenting =
        new FanoutHandler(
            gateway.environment("FanoutFunction", Map.of("SEGMENT_SIZE", "1")),
            InstantSource.system());
    segmenting.handleRequest(TestRecords.event(message("1", room, 10)), new TestContext());
    connections.forget(new ConnectionId(bob));

    assertDone(
        segmenting.handleRequest(TestRecords.event(message("2", room, 20)), new TestContext()));

    assertTrue(gateway.received(ada).isEmpty());
    assertTrue(rooms.get(room).isQueued(Instant.now()));
  }

  private void setQueuedUntil(Instant until) {
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatRooms")
                    .key(Map.of("room_id", Row.s(room.name())))
                    .updateExpression("SET queued_until = :until")
                    .expressionAttributeValues(Map.of(":until", Row.n(until.toEpochMilli()))));
  }

  /// Batches of any size come while the gateway is slow or not, are handed to us again now and
  /// then, and what they leave to the queue is taken now or later: everybody's first copies are
  /// complete and in order. Of one seed there is time for all that is pushed directly.
  @Test
  void everyMemberGetsEveryMessageInOrderDirectlyOrByTheQueue() throws Exception {
    int direct = 0;
    int queued = 0;
    for (long seed = 0; seed < 8; seed++) {
      Random random = new Random(seed);
      RoomId each = new RoomId(fresh("room"));
      List<String> members = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        members.add(join(longAgo, each));
      }
      FanoutHandler brief =
          new FanoutHandler(
              gateway.environment(
                  "FanoutFunction",
                  Map.of("DIRECT_PUSH_MS", seed == 0 ? "10000" : "60", "PUSH_CONCURRENCY", "2")),
              InstantSource.system());
      PushHandler push =
          new PushHandler(gateway.environment("PushFunction", Map.of()), InstantSource.system());
      int last = 0;
      for (int batch = 0; batch < 6; batch++) {
        int delayMaxMs = random.nextBoolean() ? 1 : 60;
        gateway.delay(() -> ThreadLocalRandom.current().nextInt(delayMaxMs));
        List<DynamodbStreamRecord> records = new ArrayList<>();
        for (int i = random.nextInt(3); i >= 0; i--) {
          last++;
          records.add(message(Integer.toString(last), each, last));
        }
        assertDone(brief.handleRequest(TestRecords.event(records), new TestContext()));
        if (rooms.get(each).isQueued(Instant.now())) {
          queued++;
        } else {
          direct++;
        }
        if (random.nextInt(3) == 0) {
          assertDone(brief.handleRequest(TestRecords.event(records), new TestContext()));
        }
        if (random.nextBoolean()) {
          handOn(push, each);
        }
      }
      handOn(push, each);

      List<Long> all = LongStream.rangeClosed(1, last).boxed().toList();
      for (String member : members) {
        assertEquals(all, firstCopies(member), "seed " + seed);
      }
    }
    assertTrue(direct > 0 && queued > 0, direct + " direct, " + queued + " queued");
  }

  private void handOn(PushHandler push, RoomId to) {
    List<Message> jobs = TestQueues.takeAll(segments(), to);
    for (int from = 0; from < jobs.size(); from += 10) {
      SQSEvent some = TestQueues.event(jobs.subList(from, Math.min(jobs.size(), from + 10)));
      assertTrue(push.handleRequest(some, new TestContext()).getBatchItemFailures().isEmpty());
    }
  }

  /// The timestamps that a connection received, each where it came first; its `prev` is the one
  /// before.
  private List<Long> firstCopies(String member) throws IOException {
    Set<Long> timestamps = new LinkedHashSet<>();
    for (String frame : gateway.received(member)) {
      JsonNode json = JSON.readTree(frame);
      for (JsonNode event : json.isArray() ? json : List.of(json)) {
        timestamps.add(event.path("timestamp").asLong());
        assertEquals(event.path("timestamp").asLong() - 1, event.path("prev").asLong(0), frame);
      }
    }
    return List.copyOf(timestamps);
  }

  @Test
  void aConnectionThatDoesNotAnswerHoldsUpNoOther() {
    String silent = join(longAgo, room);
    String fine = join(longAgo, room);
    gateway.answer(silent, TestGateway.SILENT);

    assertDone(fanOut(message("1", room, 10)));

    assertEquals(1, gateway.received(fine).size());
    assertEquals(new Timestamp(10), rooms.get(room).head());
    assertFalse(rooms.get(room).isQueued(Instant.now()), "the retries have it");
  }

  @Test
  void pushesRunSideBySideWithinTheirBound() {
    List<String> members = new ArrayList<>();
    for (int i = 0; i < 160; i++) {
      members.add(join(longAgo, room));
    }
    // One after another they would time out.
    gateway.gather(8);

    assertDone(fanOut(message("1", room, 10)));

    members.forEach(member -> assertEquals(1, gateway.received(member).size()));
    assertTrue(gateway.underWayMax() <= 128, "under way at once: " + gateway.underWayMax());
  }

  @Test
  void aRoomThatFailsIsReportedAndHoldsUpNoOther() {
    // The queue that the large room needs is not there.
    RoomId broken = new RoomId(fresh("broken"));
    for (int i = 0; i < 5; i++) {
      join(longAgo, broken);
    }
    String ada = join(longAgo, room);
    FanoutHandler segmenting =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction",
                Map.of("SEGMENT_SIZE", "2", "PUSH_SEGMENTS_QUEUE_URL", segments() + "-deleted")),
            InstantSource.system());

    StreamsEventResponse response =
        segmenting.handleRequest(
            TestRecords.event(
                message("1", room, 10),
                message("2", broken, 20),
                message("3", room, 30),
                message("4", broken, 40)),
            new TestContext());

    assertEquals(
        List.of("2"),
        response.getBatchItemFailures().stream()
            .map(StreamsEventResponse.BatchItemFailure::getItemIdentifier)
            .toList());
    assertEquals(1, gateway.received(ada).size());
    assertEquals(new Timestamp(30), rooms.get(room).head());
  }

  @Test
  void aMembershipThatCannotBeReadIsSkipped() {
    String ada = join(longAgo, room);
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(fresh("c")),
                            "room_id", Row.s(room.name()),
                            "slot", Row.s("0000000"))));

    assertDone(fanOut(message("1", room, 10)));

    assertEquals(1, gateway.received(ada).size());
  }

  @Test
  void aRecordThatCannotBeReadIsSkippedAndTheOthersAreDelivered() {
    String ada = join(longAgo, room);
    DynamodbStreamRecord foreign = message("2", room, 20);
    foreign.getDynamodb().getNewImage().remove("message");

    assertDone(fanOut(message("1", room, 10), foreign, message("3", room, 30)));

    assertTrue(gateway.received(ada).getFirst().contains("\"timestamp\":30,\"prev\":20"));
    assertEquals(new Timestamp(30), rooms.get(room).head());
  }

  @Test
  void aRecordWithoutAValidTimestampIsSkippedEvenAsARoomsFirst() {
    String ada = join(longAgo, room);
    DynamodbStreamRecord foreign = message("1", room, 10);
    foreign.getDynamodb().getNewImage().put("timestamp", new AttributeValue().withN("1.5"));

    assertDone(fanOut(foreign));
    assertDone(fanOut(foreign, message("2", room, 20)));

    assertEquals(1, gateway.received(ada).size());
    assertTrue(gateway.received(ada).getFirst().contains("\"timestamp\":20,\"prev\":19"));
    assertEquals(
        new Room(room, new Timestamp(20), TestRecords.STREAM + "/2", null, null), rooms.get(room));
  }

  private static String join(Instant at, RoomId... in) {
    return TestMembers.join(at, in);
  }

  private StreamsEventResponse fanOut(DynamodbStreamRecord... records) {
    return fanout.handleRequest(TestRecords.event(records), new TestContext());
  }

  private static void assertDone(StreamsEventResponse response) {
    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
  }

  private static DynamodbStreamRecord message(
      String sequence, RoomId room, long timestamp, String text) {
    return TestRecords.message(sequence, room.name(), timestamp, text);
  }

  private static DynamodbStreamRecord message(String sequence, RoomId room, long timestamp) {
    return TestRecords.message(sequence, room.name(), timestamp);
  }
}
