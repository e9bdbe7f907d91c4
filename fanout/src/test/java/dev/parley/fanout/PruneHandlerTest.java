package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Memberships;
import dev.parley.connection.PruneQueue;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.platform.TestTicker;
import dev.parley.room.RoomId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

class PruneHandlerTest {
  private final ConnectionTable connections =
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());
  private final Memberships memberships =
      new Memberships(TestTables.dynamoDb(), TestTables.settings());
  private final MemberIndex index = new MemberIndex(TestTables.dynamoDb(), TestTables.settings());
  private final RoomId room = new RoomId(fresh("room"));
  private final Instant longAgo = Instant.now().minusSeconds(600);

  @Test
  void aGoneConnectionLosesAllItsRowsAndOthersNone() {
    Set<RoomId> forty = new HashSet<>(Set.of(room));
    while (forty.size() < 40) {
      forty.add(new RoomId(fresh("room")));
    }
    ConnectionId gone = open(longAgo, forty);
    ConnectionId other = open(longAgo, Set.of(room));

    assertEquals(List.of(), handle(gone.value()));

    assertEquals(Set.of(), memberships.joined(gone, forty, Instant.now()));
    assertEquals(1, members());
    assertEquals(Set.of(room), memberships.joined(other, forty, Instant.now()));
  }

  @Test
  void aConnectionThatIsPrunedAlreadyIsDone() {
    assertEquals(List.of(), handle(fresh("c")));
  }

  @Test
  void aConnectionThatIsBeingOpenedIsNotPruned() {
    ConnectionId opening = open(Instant.now(), Set.of(room));

    assertEquals(List.of(), handle(opening.value()));

    assertEquals(1, members());
  }

  @Test
  void aConnectionThatWasTooYoungIsHandedOverAgainWhenItCloses() {
    Settings settings =
        new Settings(TestTables.environment("DisconnectFunction", TestQueues.environment()));
    PruneQueue prunes = new PruneQueue(new Aws(settings).sqs(), settings);
    ConnectionId young = new ConnectionId(fresh("c"));

    prunes.add(List.of(young));
    prunes.add(List.of(young));
    new PruneQueue(new Aws(settings).sqs(), settings).add(List.of(young));
    new PruneQueue(new Aws(settings).sqs(), settings).addClosed(young);

    String queue = settings.required("PRUNE_CONNECTIONS_QUEUE_URL");
    Predicate<Message> its = message -> message.body().equals(young.value());
    assertEquals(2, TestSqs.take(queue, its, 2).size());
    assertEquals(List.of(), TestSqs.takeAll(queue, its));
  }

  @Test
  void rowsAreRemovedAtARateOf125ASecond() {
    TestTicker ticker = new TestTicker();
    PruneHandler paced =
        new PruneHandler(
            TestTables.environment("PruneFunction", Map.of()), InstantSource.system(), ticker);
    ConnectionId two = open(longAgo, Set.of(room, new RoomId(fresh("room"))));
    ConnectionId young = open(Instant.now(), Set.of(room));

    assertEquals(List.of(), handle(paced, two.value(), young.value()));

    assertEquals(List.of(Duration.ofMillis(24), Duration.ZERO), ticker.pauses());
  }

  @Test
  void aMessageThatNamesNoConnectionFailsAlone() {
    ConnectionId gone = open(longAgo, Set.of(room));

    assertEquals(List.of("0", "1", "2"), handle("", "%", "x".repeat(129), gone.value()));

    assertEquals(0, members());
  }

  @Test
  void whatCannotBeRemovedComesAgain() {
    PruneHandler withoutTables =
        new PruneHandler(
            TestTables.environment(
                "PruneFunction", Map.of("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")),
            InstantSource.system());

    assertEquals(List.of("0"), handle(withoutTables, fresh("c")));
  }

  @Test
  void anyIdComesBackAsItWas() {
    ConnectionId id = open("L0S+9c/=_" + fresh("c"));

    assertEquals(List.of(), handle(id.value()));

    assertEquals(0, members());
  }

  private int members() {
    return index.membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, Instant.now()).size();
  }

  private ConnectionId open(String id) {
    return open(new ConnectionId(id), longAgo, Set.of(room));
  }

  private ConnectionId open(Instant at, Set<RoomId> rooms) {
    return open(new ConnectionId(fresh("c")), at, rooms);
  }

  private ConnectionId open(ConnectionId id, Instant at, Set<RoomId> rooms) {
    connections.open(
        new Connection(id, new Identity("guest:1", "Ada"), "127.0.0.1", "test", at),
        TestTables.rooms(rooms.toArray(RoomId[]::new)),
        TestTables::admission,
        at,
        List.of());
    return id;
  }

  private static List<String> handle(String... bodies) {
    return handle(
        new PruneHandler(TestTables.environment("PruneFunction", Map.of()), InstantSource.system()),
        bodies);
  }

  /// @return the ids of the messages that are left: `0` for the first
  private static List<String> handle(PruneHandler prune, String... bodies) {
    List<SQSMessage> messages = new ArrayList<>();
    for (String body : bodies) {
      SQSMessage message = new SQSMessage();
      message.setMessageId(Integer.toString(messages.size()));
      message.setBody(body);
      messages.add(message);
    }
    SQSEvent event = new SQSEvent();
    event.setRecords(messages);
    return prune.handleRequest(event, new TestContext()).getBatchItemFailures().stream()
        .map(SQSBatchResponse.BatchItemFailure::getItemIdentifier)
        .toList();
  }
}
