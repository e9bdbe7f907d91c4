package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.table.Row;
import dev.parley.wire.Events;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

class JobQueuesTest {
  private static final String TEXT = "x".repeat(24_000);

  /// Their jobs fill three messages of a queue.
  private static final Events EVENTS =
      Events.of(IntStream.range(0, 25).mapToObj(i -> "\"" + i + TEXT + "\""), null);

  private final RoomId room = new RoomId(fresh("room"));
  private final String segments = TestTables.settings().required("PUSH_SEGMENTS_QUEUE_URL");
  private RefusingSqs sqs;
  private TestGateway gateway;

  @BeforeEach
  void start() throws IOException {
    sqs = new RefusingSqs();
    gateway = new TestGateway();
    TestQueues.takeAll(segments, room); // those of other tests
  }

  @AfterEach
  void stop() {
    gateway.close();
    sqs.close();
  }

  private JobQueues queues() {
    Settings settings = new Settings(environment());
    return new JobQueues(new Aws(settings).sqs(), settings, InstantSource.system());
  }

  private Map<String, String> environment() {
    return gateway.environment("FanoutFunction", Map.of("AWS_ENDPOINT_URL_SQS", sqs.endpoint()));
  }

  @Test
  void afterAJobThatWasRefusedNothingLaterOfItsSegmentIsSent() {
    JobQueues queues = queues();
    String third = Segments.ranges(2).get(2).toString();
    sqs.refuse(
        entry ->
            entry.path("MessageGroupId").textValue().endsWith(third)
                && entry.path("MessageBody").textValue().contains("\n\"9x"));

    assertThrows(
        JobQueues.NotEnqueued.class,
        () -> queues.enqueue(room, Segments.ranges(2), EVENTS, "stream/1-25"));
    sqs.refuse(entry -> false);
    queues.enqueue(room, Segments.ranges(2), EVENTS, "stream/1-25");

    Map<String, List<String>> bySegment = new TreeMap<>();
    List<Message> messages = TestQueues.take(segments, room, 4 * 3);
    messages.addAll(TestQueues.takeAll(segments, room));
    for (Message message : messages) {
      PushJob.Segment job = (PushJob.Segment) PushJob.decode(message.body());
      bySegment
          .computeIfAbsent(job.range().toString(), range -> new ArrayList<>())
          .addAll(job.events().lines().lines().toList());
    }
    assertEquals(4, bySegment.size());
    bySegment.forEach(
        (range, lines) -> assertEquals(EVENTS.lines().lines().toList(), lines, range));
  }

  @Test
  void aBatchOfWhichAJobWasRefusedComesAgainAndTheRoomsHeadStays() {
    RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
    FanoutHandler fanout =
        new FanoutHandler(
            gateway.environment(
                "FanoutFunction",
                Map.of("AWS_ENDPOINT_URL_SQS", sqs.endpoint(), "DIRECT_PUSH_MS", "1")),
            InstantSource.system());
    sqs.refuse(entry -> entry.path("MessageBody").textValue().contains(room.name()));
    goByTheQueue();

    StreamsEventResponse response =
        fanout.handleRequest(
            TestRecords.event(TestRecords.message("7", room.name(), 10)), new TestContext());

    assertEquals("7", response.getBatchItemFailures().getFirst().getItemIdentifier());
    assertNull(rooms.get(room).head());
    sqs.refuse(entry -> false);
    assertTrue(
        fanout
            .handleRequest(
                TestRecords.event(TestRecords.message("7", room.name(), 10)), new TestContext())
            .getBatchItemFailures()
            .isEmpty());
    assertEquals(1, TestQueues.take(segments, room, 1).size());
  }

  /// As a room does for a while after it was slow.
  private void goByTheQueue() {
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatRooms")
                    .item(
                        Map.of(
                            "room_id", Row.s(room.name()),
                            "queued_until", Row.n(System.currentTimeMillis() + 60_000))));
  }

  @Test
  void membersWhoseRetryWasRefusedAreReported() {
    JobQueues queues = queues();
    Events one = Events.of(Stream.of("{}"), null);
    List<ConnectionId> slow = List.of(new ConnectionId(fresh("c")));
    sqs.refuse(entry -> entry.path("MessageBody").textValue().contains(room.name()));

    JobQueues.NotEnqueued e =
        assertThrows(
            JobQueues.NotEnqueued.class, () -> queues.retry(room, slow, one, 1, Instant.now()));

    assertEquals("1 of 1 entries were refused: InternalError", e.getMessage());
  }
}
