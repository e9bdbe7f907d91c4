package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static dev.parley.connection.TestConnections.ADA;
import static dev.parley.connection.TestConnections.connection;
import static dev.parley.connection.TestConnections.edit;
import static dev.parley.connection.TestConnections.open;
import static dev.parley.connection.TestConnections.own;
import static dev.parley.connection.TestConnections.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.CallCounter;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class ConnectionTableTest {
  private final Settings settings = TestTables.settings();
  private final ConnectionTable connections = new ConnectionTable(TestTables.dynamoDb(), settings);
  private final SessionTable sessions = new SessionTable(TestTables.dynamoDb(), settings);
  private final Memberships memberships = new Memberships(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.now();
  private final RoomId room = new RoomId(fresh("room"));

  @Test
  void aConnectionOpensInAllItsRoomsAtOnce() {
    RoomId other = new RoomId(fresh("other"));

    ConnectionId id = open(now, room, other);

    assertEquals(Set.of(room, other), memberships.joined(id, Set.of(room, other), now));
    assertEquals(2, own(id).number("rooms"));
  }

  @Test
  void aConnectionIdIsOpenedOnce() {
    Connection connection = connection(now);
    connections.open(connection, List.of(), TestTables::admission, now, List.of());

    assertThrows(
        IllegalStateException.class,
        () ->
            connections.open(
                connection, TestTables.rooms(room), TestTables::admission, now, List.of()));

    assertEquals(1, rows(connection.id()).size());
  }

  @Test
  void aConnectionIsOpenAlsoWhereTheAnswerWasLost() {
    Connection connection = connection(now);

    new ConnectionTable(TestTables.dynamoDb(new LosesFirstAnswer()), settings)
        .open(connection, TestTables.rooms(room), TestTables::admission, now, List.of());

    assertEquals(2, rows(connection.id()).size());
  }

  @Test
  void aJoinInFlightDoesNotOutliveItsConnection() throws Exception {
    ConnectionId id = open(now);
    CountDownLatch ready = new CountDownLatch(1);
    CountDownLatch forgotten = new CountDownLatch(1);
    Memberships slow =
        new Memberships(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeTransmission(
                      Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    ready.countDown();
                    await(forgotten);
                  }
                }),
            settings);
    CompletableFuture<JoinResult> joining =
        CompletableFuture.supplyAsync(
            () ->
                slow.join(
                    id,
                    ADA,
                    Framing.SINGLE,
                    room,
                    () -> TestTables.rooms(room).getFirst(),
                    TestTables.admission(room),
                    now));

    await(ready);
    connections.forget(id);
    forgotten.countDown();

    assertInstanceOf(JoinResult.NotConnected.class, joining.get());
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void aJoinBetweenTheTwoStepsOfForgettingFails() {
    ConnectionId id = open(now, room);
    AtomicBoolean refused = new AtomicBoolean();
    ConnectionTable forgetting =
        new ConnectionTable(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    // The query comes after the connection's own row is deleted.
                    if (context.request().getClass().getSimpleName().startsWith("Query")) {
                      refused.set(
                          join(id, new RoomId(fresh("late"))) instanceof JoinResult.NotConnected);
                    }
                  }
                }),
            settings);

    forgetting.forget(id);

    assertTrue(refused.get());
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void concurrentJoinsAndForgettingLeaveNothing() throws Exception {
    for (int i = 0; i < 20; i++) {
      ConnectionId id = open(now, room);
      try (ExecutorService executor = Executors.newFixedThreadPool(3)) {
        CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> join(id, new RoomId(fresh("a"))), executor),
                CompletableFuture.runAsync(() -> connections.forget(id), executor),
                CompletableFuture.runAsync(() -> join(id, new RoomId(fresh("b"))), executor))
            .join();
      }

      assertTrue(rows(id).isEmpty(), "round " + i);
    }
  }

  @Test
  void aConcurrentJoinAndPruneLeaveNothing() {
    for (int i = 0; i < 20; i++) {
      ConnectionId id = open(now.minusSeconds(60), room);
      try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
        CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> join(id, new RoomId(fresh("a"))), executor),
                CompletableFuture.runAsync(() -> connections.prune(id, sessions, now), executor))
            .join();
      }

      assertTrue(rows(id).isEmpty(), "round " + i);
    }
  }

  @Test
  void forgettingLeavesMoreThan10MembershipsToPruning() {
    RoomId[] eleven = new RoomId[11];
    Arrays.setAll(eleven, i -> new RoomId(fresh("room")));
    ConnectionId few = open(now, Arrays.copyOf(eleven, 10));
    ConnectionId many = open(now, eleven);

    assertTrue(connections.forget(few));
    assertFalse(connections.forget(many));

    assertTrue(rows(few).isEmpty());
    assertEquals(11, rows(many).size());
    assertInstanceOf(JoinResult.NotConnected.class, join(many, room));
    assertEquals(12, connections.prune(many, sessions, now), "its age is not known any more");
    assertTrue(rows(many).isEmpty());
  }

  @Test
  void nothingIsPrunedInItsFirst30Seconds() {
    ConnectionId id = open(now, room);

    assertEquals(0, connections.prune(id, sessions, now.plusSeconds(29)));
    assertEquals(2, rows(id).size());

    assertEquals(2, connections.prune(id, sessions, now.plusSeconds(30)));
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void pruningClosesTheSessionUnlessTheConnectionWasRemovedBefore() {
    Connection gone = connection(now.minusSeconds(60));
    Connection closed = connection(now.minusSeconds(60));
    for (Connection connection : List.of(gone, closed)) {
      connections.open(
          connection,
          TestTables.rooms(room),
          TestTables::admission,
          connection.connectedAt(),
          List.of(sessions.opening(connection)));
    }
    sessions.close(closed.id(), closed.connectedAt(), now, "1001");
    connections.forget(closed.id());
    CallCounter counter = new CallCounter();
    SessionTable counted = new SessionTable(TestTables.dynamoDb(counter), settings);

    connections.prune(gone.id(), counted, now);
    connections.prune(closed.id(), counted, now);

    assertEquals(Map.of("UpdateItem", 1), counter.calls());
    assertFalse(sessions.close(gone.id(), null, now, "again"));
  }

  @Test
  void pruningFinishesWhatAnEarlierPruneBegan() {
    ConnectionId id = open(now, room);
    TestTables.dynamoDb()
        .deleteItem(delete -> delete.tableName("ChatConnections").key(ConnectionTable.key(id)));

    assertEquals(2, connections.prune(id, sessions, now));

    assertTrue(rows(id).isEmpty());
  }

  @Test
  void aConnectionWhoseAgeCannotBeReadIsPruned() {
    for (AttributeValue odd :
        List.of(Row.s("ten"), Row.millis(now.plusSeconds(3_600)), Row.n(-1))) {
      ConnectionId id = open(now, room);
      edit(ConnectionTable.key(id), "connected_at", odd);

      assertEquals(2, connections.prune(id, sessions, now));

      assertTrue(rows(id).isEmpty());
    }
  }

  private JoinResult join(ConnectionId id, RoomId room) {
    return memberships.join(
        id,
        ADA,
        Framing.SINGLE,
        room,
        () -> TestTables.rooms(room).getFirst(),
        TestTables.admission(room),
        now);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
