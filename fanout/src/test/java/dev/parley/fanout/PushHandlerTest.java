package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Identity;
import dev.parley.connection.SlotRange;
import dev.parley.room.RoomId;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PushHandlerTest {
  private static final SlotRange LOWER = new SlotRange(0, SlotRange.SLOTS / 2);
  private static final SlotRange UPPER = new SlotRange(SlotRange.SLOTS / 2, SlotRange.SLOTS);

  private final ConnectionTable connections =
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());
  private final Instant longAgo = Instant.now().minusSeconds(600);
  private final RoomId room = new RoomId(fresh("room"));
  private TestGateway gateway;
  private PushHandler push;

  /// Retries of other tests, which nobody takes.
  private final int waiting = TestQueues.size(retries());

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
    push = new PushHandler(gateway.environment("PushFunction", Map.of()));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void aSegmentIsPushedToItsMembersAndNoOthers() {
    List<ConnectionId> members = join(20);

    assertDone(handle(segment(LOWER, "one", "two")));

    for (ConnectionId member : members) {
      assertEquals(
          LOWER.contains(member) ? List.of("[\"one\",\"two\"]") : List.of(),
          gateway.received(member.value()));
    }
  }

  @Test
  void jobsOfOneSegmentAreMergedInTheirOrder() {
    List<ConnectionId> members = join(10);

    assertDone(
        handle(
            segment(LOWER, "1"),
            segment(UPPER, "a"),
            segment(LOWER, "2", "3"),
            segment(UPPER, "b"),
            segment(LOWER, "4")));

    for (ConnectionId member : members) {
      assertEquals(
          List.of(LOWER.contains(member) ? "[\"1\",\"2\",\"3\",\"4\"]" : "[\"a\",\"b\"]"),
          gateway.received(member.value()));
    }
  }

  @Test
  void whoIsThrottledForAMomentIsReachedAtTheSecondTry() {
    ConnectionId member = join(1).getFirst();
    gateway.throttleOnce(member.value());

    assertDone(handle(segment(SlotRange.ALL, "hello")));

    assertEquals(List.of("\"hello\""), gateway.received(member.value()));
    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void whoCannotBeReachedIsTriedAgainLaterAndNobodyElse() {
    List<ConnectionId> members = join(6);
    ConnectionId slow = members.get(2);
    gateway.answer(slow.value(), 429);

    assertDone(handle(segment(SlotRange.ALL, "hello")));

    PushJob.Retry retry = takeRetry();
    assertEquals(List.of(slow), retry.connections());
    assertEquals(1, retry.attempt());
    gateway.answer(slow.value(), 200);
    assertDone(handle(retry.encode()));
    members.forEach(member -> assertEquals(List.of("\"hello\""), gateway.received(member.value())));
  }

  @Test
  void eachAttemptIsCountedAndTheLastIsGivenUp() {
    ConnectionId never = join(1).getFirst();
    gateway.answer(never.value(), 429);
    PushJob.Retry retry =
        new PushJob.Retry(
            room, List.of(never), JobQueues.ATTEMPTS_MAX, List.of("\"hello\"".getBytes(UTF_8)));

    assertDone(handle(retry.encode()));

    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void whoIsGoneLosesItsRowsAndIsNotTriedAgain() {
    List<ConnectionId> members = join(3);
    gateway.answer(members.getFirst().value(), 410);

    assertDone(handle(segment(SlotRange.ALL, "hello")));

    assertEquals(
        2, connections.membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, Instant.now()).size());
    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void aMessageThatIsNoJobFailsAlone() {
    ConnectionId member = join(1).getFirst();

    SQSBatchResponse response = handle("hello?", segment(SlotRange.ALL, "hello"));

    assertEquals(
        List.of("0"),
        response.getBatchItemFailures().stream()
            .map(SQSBatchResponse.BatchItemFailure::getItemIdentifier)
            .toList());
    assertEquals(1, gateway.received(member.value()).size());
  }

  private List<ConnectionId> join(int count) {
    List<ConnectionId> members = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ConnectionId id = new ConnectionId(fresh("c"));
      connections.open(
          new Connection(id, new Identity("guest:1", "Ada"), "127.0.0.1", "test", longAgo),
          Set.of(room),
          longAgo,
          List.of());
      members.add(id);
    }
    return members;
  }

  /// A job whose events are these texts, as JSON strings.
  private String segment(SlotRange range, String... events) {
    List<byte[]> encoded = new ArrayList<>();
    for (String event : events) {
      encoded.add(("\"" + event + "\"").getBytes(UTF_8));
    }
    return new PushJob.Segment(room, range, encoded).encode();
  }

  private SQSBatchResponse handle(String... bodies) {
    List<SQSMessage> messages = new ArrayList<>();
    for (String body : bodies) {
      SQSMessage message = new SQSMessage();
      message.setMessageId(Integer.toString(messages.size()));
      message.setBody(body);
      messages.add(message);
    }
    SQSEvent event = new SQSEvent();
    event.setRecords(messages);
    return push.handleRequest(event, new TestContext());
  }

  private static void assertDone(SQSBatchResponse response) {
    assertTrue(response.getBatchItemFailures().isEmpty(), response.toString());
  }

  private PushJob.Retry takeRetry() {
    return (PushJob.Retry) PushJob.decode(TestQueues.take(retries(), room, 1).getFirst().body());
  }

  private static String retries() {
    return TestTables.settings().required("PUSH_RETRIES_QUEUE_URL");
  }
}
