package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Framing;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.connection.Slot;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
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
    push = new PushHandler(gateway.environment("PushFunction", Map.of()), InstantSource.system());
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
          LOWER.contains(slot(member)) ? List.of("[\"one\",\"two\"]") : List.of(),
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
          List.of(LOWER.contains(slot(member)) ? "[\"1\",\"2\",\"3\",\"4\"]" : "[\"a\",\"b\"]"),
          gateway.received(member.value()));
    }
  }

  @Test
  void aThrottledConnectionIsReachedAtTheSecondAttempt() {
    // The first push takes long, and the time for a second attempt begins before it.
    ConnectionId first = join(1).getFirst();
    assertDone(handle(segment(SlotRange.ALL, "first")));
    assertEquals(List.of("\"first\""), gateway.received(first.value()));
    ConnectionId member = join(1).getFirst();
    gateway.throttleOnce(member.value());

    assertDone(handle(segment(SlotRange.ALL, "hello")));

    assertEquals(List.of("\"hello\""), gateway.received(member.value()));
    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void onlyMembersWhoCouldNotBeReachedAreTriedAgain() {
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

  /// 200 ms a push, one at a time: of twenty members some are reached before the last push, which
  /// is 2 s for its answer, 5 s for the queue and 1 s for all else before the end.
  @Test
  void anInvocationEndsInTimeAndNoPushIsMadeTwice() {
    PushHandler oneByOne =
        new PushHandler(
            gateway.environment("PushFunction", Map.of("PUSH_CONCURRENCY", "1")),
            InstantSource.system());
    List<ConnectionId> members = join(20);
    gateway.delay(() -> 200);
    TestContext invocation = new TestContext("PushFunction", Duration.ofSeconds(10));

    assertDone(
        oneByOne.handleRequest(event(List.of("a"), segment(SlotRange.ALL, "hello")), invocation));

    assertTrue(invocation.getRemainingTimeInMillis() > 0, "it is not killed");
    PushJob.Retry retry = takeRetry();
    assertEquals(1, retry.attempt());
    members.forEach(
        member ->
            assertEquals(
                retry.connections().contains(member) ? 0 : 1,
                gateway.received(member.value()).size()));
    gateway.delay(() -> 0);
    assertDone(handle(retry.encode()));
    members.forEach(member -> assertEquals(List.of("\"hello\""), gateway.received(member.value())));
  }

  /// Members who are late were not tried, so they keep their attempts. They are given up once 5
  /// minutes are over.
  @Test
  void whoIsLateAmongTheRetriesHasAsManyAttemptsLeft() {
    List<ConnectionId> members = join(20);
    PushHandler withoutTime =
        new PushHandler(
            gateway.environment("RetryFunction", Map.of("PUSH_CONCURRENCY", "1")),
            InstantSource.system());
    Instant since = Instant.now().minusSeconds(60);
    PushJob.Retry retry = new PushJob.Retry(room, members, 2, since, events("hello"));
    TestContext invocation = new TestContext("RetryFunction", Duration.ofSeconds(4));

    assertDone(withoutTime.handleRequest(event(List.of(""), retry.encode()), invocation));

    PushJob.Retry again = takeRetry();
    assertEquals(Set.copyOf(members), Set.copyOf(again.connections()));
    assertEquals(2, again.attempt());
    assertEquals(since.truncatedTo(ChronoUnit.MILLIS), again.since());

    PushJob.Retry old =
        new PushJob.Retry(
            room, members, 1, Instant.now().minus(JobQueues.RETRIED_MAX), events("hello"));
    assertDone(withoutTime.handleRequest(event(List.of(""), old.encode()), invocation));
    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void aMemberWhoTookSomeFramesIsTriedAgainWithTheOthersOnly() {
    ConnectionId slow = join(1).getFirst();
    gateway.take(slow.value(), 1);
    String first = "1".repeat(30_000);
    String second = "2".repeat(30_000);

    assertDone(handle(segment(SlotRange.ALL, first, second)));

    assertEquals(List.of("\"" + first + "\""), gateway.received(slow.value()));
    PushJob.Retry retry = takeRetry();
    gateway.take(slow.value(), 2);
    assertDone(handle(retry.encode()));
    assertEquals(
        List.of("\"" + first + "\"", "\"" + second + "\""), gateway.received(slow.value()));
  }

  @Test
  void aSegmentThatCannotBeReadInTimeComesAgainAndTheInvocationEnds() throws Exception {
    try (ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      PushHandler withoutTable =
          new PushHandler(
              gateway.environment(
                  "PushFunction",
                  Map.of("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:" + silent.getLocalPort())),
              InstantSource.system());
      TestContext invocation = new TestContext("PushFunction", Duration.ofSeconds(4));

      SQSBatchResponse response =
          withoutTable.handleRequest(
              event(List.of("a"), segment(SlotRange.ALL, "hello")), invocation);

      assertEquals("0", response.getBatchItemFailures().getFirst().getItemIdentifier());
      assertTrue(invocation.getRemainingTimeInMillis() > 0, "it is not killed");
    }
  }

  @Test
  void whoWasTakenOutOfTheRoomMeanwhileIsNotTriedAgain() {
    List<ConnectionId> members = join(3);
    ConnectionId kicked = members.get(1);
    PushJob.Retry retry = new PushJob.Retry(room, members, 1, Instant.now(), events("hello"));

    new Memberships(TestTables.dynamoDb(), TestTables.settings())
        .remove(kicked, room, "guest:" + kicked, Removal.KICKED, Instant.now());
    assertDone(handle(retry.encode()));

    for (ConnectionId member : members) {
      assertEquals(
          member.equals(kicked) ? List.of() : List.of("\"hello\""),
          gateway.received(member.value()));
    }
  }

  @Test
  void eachAttemptIsCountedAndTheLastIsGivenUp() {
    ConnectionId never = join(1).getFirst();
    gateway.answer(never.value(), 429);
    PushJob.Retry retry =
        new PushJob.Retry(
            room, List.of(never), JobQueues.ATTEMPTS_MAX, Instant.now(), events("hello"));

    assertDone(handle(retry.encode()));

    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void aGoneConnectionIsHandedToPruningAndNotTriedAgain() {
    ConnectionId gone = join(3).getFirst();
    gateway.answer(gone.value(), 410);

    assertDone(handle(segment(SlotRange.ALL, "hello")));

    String body = gone.value();
    String prunes = TestTables.settings().required("PRUNE_CONNECTIONS_QUEUE_URL");
    assertEquals(1, TestSqs.take(prunes, message -> message.body().equals(body), 1).size());
    assertEquals(waiting, TestQueues.size(retries()));
  }

  @Test
  void jobsOfOneGroupAreDoneOneAfterAnother() {
    List<ConnectionId> members = join(6);
    List<ConnectionId> left = members.subList(0, 3);
    String rest = new PushJob.Retry(room, left, 0, null, events("1")).encode();
    AtomicInteger pushes = new AtomicInteger();
    // Were the group's jobs side by side, the last would be the first to arrive.
    gateway.delay(() -> Math.max(0, 100 - 30 * pushes.getAndIncrement()));

    assertDone(
        push.handleRequest(
            event(
                List.of("whole", "whole", "whole"),
                rest,
                segment(SlotRange.ALL, "2"),
                segment(SlotRange.ALL, "3")),
            new TestContext()));

    for (ConnectionId member : members) {
      assertEquals(
          left.contains(member) ? List.of("\"1\"", "[\"2\",\"3\"]") : List.of("[\"2\",\"3\"]"),
          gateway.received(member.value()));
    }
  }

  @Test
  void aJobThatFailsFailsWhatFollowsInItsGroupAndNothingElse() {
    ConnectionId member = join(1).getFirst();
    RoomId other = new RoomId(fresh("other"));
    ConnectionId slow = join(other);
    gateway.answer(slow.value(), 429);
    PushHandler withoutRetries =
        new PushHandler(
            gateway.environment(
                "PushFunction", Map.of("PUSH_RETRIES_QUEUE_URL", retries() + "-nowhere")),
            InstantSource.system());
    String fails = new PushJob.Retry(other, List.of(slow), 0, null, events("1")).encode();

    SQSBatchResponse response =
        withoutRetries.handleRequest(
            event(
                List.of("a", "a", "b"),
                fails,
                segment(SlotRange.ALL, "2"),
                segment(SlotRange.ALL, "3")),
            new TestContext());

    assertEquals(
        List.of("0", "1"),
        response.getBatchItemFailures().stream()
            .map(SQSBatchResponse.BatchItemFailure::getItemIdentifier)
            .toList());
    assertEquals(List.of("\"3\""), gateway.received(member.value()));
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
      members.add(join(room));
    }
    return members;
  }

  private ConnectionId join(RoomId in) {
    ConnectionId id = new ConnectionId(fresh("c"));
    connections.open(
        new Connection(
            id,
            new Identity("guest:" + id, "Ada"),
            "127.0.0.1",
            "test",
            longAgo,
            Connection.end(longAgo, null),
            false,
            Framing.BATCHED),
        TestTables.rooms(in),
        TestTables::admission,
        longAgo,
        List.of());
    return id;
  }

  private Slot slot(ConnectionId member) {
    String salt = requireNonNull(TestTables.rooms(room).getFirst().salt());
    return Slot.of(salt, "guest:" + member, member, Framing.SINGLE);
  }

  /// A job whose events are these texts, as JSON strings.
  private String segment(SlotRange range, String... events) {
    return new PushJob.Segment(room, range, events(events)).encode();
  }

  private static Events events(String... texts) {
    return Events.of(Stream.of(texts).map(text -> "\"" + text + "\""), null);
  }

  /// Jobs of one segment are in one message group, and other messages in none.
  private SQSBatchResponse handle(String... bodies) {
    List<String> groups = new ArrayList<>();
    for (String body : bodies) {
      groups.add(body.contains("\"from\"") ? body.lines().toList().getFirst() : "");
    }
    return push.handleRequest(event(groups, bodies), new TestContext());
  }

  /// @param groups of each message its group, or empty where it has none
  private static SQSEvent event(List<String> groups, String... bodies) {
    List<SQSMessage> messages = new ArrayList<>();
    for (String body : bodies) {
      SQSMessage message = new SQSMessage();
      message.setMessageId(Integer.toString(messages.size()));
      message.setBody(body);
      String group = groups.get(messages.size());
      message.setAttributes(group.isEmpty() ? Map.of() : Map.of("MessageGroupId", group));
      messages.add(message);
    }
    SQSEvent event = new SQSEvent();
    event.setRecords(messages);
    return event;
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
