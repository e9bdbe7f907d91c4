package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static dev.parley.connection.TestConnections.ADA;
import static dev.parley.connection.TestConnections.own;
import static dev.parley.connection.TestConnections.rows;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.CallCounter;
import dev.parley.TestTables;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

/// A connection that another token lets live longer, with all of its rows.
class RenewalTest {
  private final Settings settings = TestTables.settings();
  private final ConnectionTable connections = new ConnectionTable(TestTables.dynamoDb(), settings);
  private final Memberships memberships = new Memberships(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.ofEpochSecond(Instant.now().getEpochSecond());
  private final Instant soon = now.plusSeconds(60);
  private final Instant later = now.plusSeconds(600);
  private final RoomId room = new RoomId(fresh("room"));
  private final RoomId other = new RoomId(fresh("other"));

  private ConnectionId open(Instant end, boolean admin, RoomId... rooms) {
    Connection connection =
        new Connection(
            new ConnectionId(fresh("c")),
            ADA,
            "127.0.0.1",
            "test",
            now,
            end,
            admin,
            Framing.SINGLE);
    connections.open(connection, TestTables.rooms(rooms), TestTables::admission, now, List.of());
    return connection.id();
  }

  private static Set<Long> ends(ConnectionId id) {
    return rows(id).stream().map(row -> row.number("expires_at")).collect(Collectors.toSet());
  }

  @Test
  void allRowsLiveAsLongAsTheOtherTokenAndEachIsWrittenOnce() {
    ConnectionId id = open(soon, false, room, other);
    CallCounter counter = new CallCounter();
    ConnectionTable counted = new ConnectionTable(TestTables.dynamoDb(counter), settings);

    assertEquals(new RenewResult.Renewed(later, false, 2), counted.renew(id, later, false, now));

    assertEquals(Set.of(later.getEpochSecond()), ends(id));
    assertEquals(2, own(id).number("rooms"));
    assertEquals(Map.of("UpdateItem", 3, "Query", 1), counter.calls());
    assertEquals(new RenewResult.Renewed(later, false, 0), counted.renew(id, later, false, now));
    assertEquals(Map.of("UpdateItem", 4, "Query", 2), counter.calls(), "a second time, nothing is");
  }

  @Test
  void aTokenThatExpiresNoLaterChangesNothing() {
    ConnectionId id = open(later, true, room);

    assertEquals(new RenewResult.Renewed(later, true, 0), connections.renew(id, soon, false, now));
    assertEquals(new RenewResult.Renewed(later, true, 0), connections.renew(id, later, false, now));

    assertEquals(Set.of(later.getEpochSecond()), ends(id));
    assertTrue(connections.get(id, now).orElseThrow().admin());
  }

  @Test
  void theAdminRoleIsThatOfTheTokenWhichExpiresLast() {
    ConnectionId id = open(soon, false, room);
    assertFalse(connections.get(id, now).orElseThrow().admin());

    assertEquals(new RenewResult.Renewed(later, true, 1), connections.renew(id, later, true, now));
    assertTrue(connections.get(id, now).orElseThrow().admin());
    connections.renew(id, later.plusSeconds(1), false, now);

    assertFalse(connections.get(id, now).orElseThrow().admin());
    assertNull(own(id).attributes().get("admin"));
  }

  @Test
  void whatHasExpiredOrIsClosedIsNotRenewed() {
    ConnectionId expired = open(now, false, room);
    ConnectionId closed = new ConnectionId(fresh("c"));

    for (ConnectionId id : List.of(expired, closed)) {
      assertEquals(new RenewResult.NotConnected(), connections.renew(id, later, true, now));
      assertTrue(connections.get(id, now).isEmpty());
    }

    assertEquals(Set.of(now.getEpochSecond()), ends(expired));
    assertEquals(List.of(), rows(closed));
  }

  @Test
  void theSameTokenDoesTheRestOfARenewalThatWasEndedHalfway() {
    ConnectionId id = open(soon, false, room, other);
    TestConnections.edit(ConnectionTable.key(id), "expires_at", Row.n(later.getEpochSecond()));
    TestConnections.edit(
        ConnectionTable.key(id, room), "expires_at", Row.n(later.getEpochSecond()));

    assertEquals(
        new RenewResult.Renewed(later, false, 1), connections.renew(id, later, false, now));

    assertEquals(Set.of(later.getEpochSecond()), ends(id));
  }

  /// The join has read the connection's row, and not written yet.
  @Test
  void aRoomThatIsJoinedDuringARenewalEndsWithTheOthers() {
    ConnectionId id = open(soon, false, room);
    DynamoDbClient interrupted =
        TestTables.dynamoDb(
            once(TransactWriteItemsRequest.class, () -> connections.renew(id, later, false, now)));

    JoinResult joined =
        new Memberships(interrupted, settings)
            .join(
                id,
                ADA,
                Framing.SINGLE,
                other,
                () -> TestTables.rooms(other).getFirst(),
                TestTables.admission(other),
                now);

    assertEquals(new JoinResult.Joined(later, false), joined);
    assertEquals(Set.of(later.getEpochSecond()), ends(id));
    assertEquals(2, own(id).number("rooms"));
  }

  /// The renewal has written the connection's row, and not read the memberships yet.
  @Test
  void aRoomThatIsQuitOrJoinedAmidARenewalEndsRight() {
    ConnectionId id = open(soon, false, room);
    RoomId third = new RoomId(fresh("third"));
    DynamoDbClient interrupted =
        TestTables.dynamoDb(
            once(
                QueryRequest.class,
                () -> {
                  assertTrue(memberships.quit(id, room));
                  memberships.join(
                      id,
                      ADA,
                      Framing.SINGLE,
                      third,
                      () -> TestTables.rooms(third).getFirst(),
                      TestTables.admission(third),
                      now);
                }));

    assertEquals(
        new RenewResult.Renewed(later, false, 0),
        new ConnectionTable(interrupted, settings).renew(id, later, false, now));

    assertEquals(Set.of(third), memberships.joined(id, Set.of(room, third), now));
    assertEquals(Set.of(later.getEpochSecond()), ends(id));
    assertEquals(1, own(id).number("rooms"));
  }

  /// Does something in the middle of a call's way, once: before the first request of a kind.
  private static ExecutionInterceptor once(Class<?> request, Runnable work) {
    AtomicBoolean done = new AtomicBoolean();
    return new ExecutionInterceptor() {
      @Override
      public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
        if (request.isInstance(context.request()) && done.compareAndSet(false, true)) {
          work.run();
        }
      }
    };
  }

  @Test
  void joinsQuitsAndRenewalsSideBySideEndRight() {
    long seed = 5;
    ConnectionId id = open(soon, false, room);
    List<RoomId> rooms = IntStream.range(0, 5).mapToObj(i -> new RoomId(fresh("r" + i))).toList();
    AtomicLong end = new AtomicLong(soon.getEpochSecond());
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        Random random = new Random(seed + thread);
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int i = 0; i < 15; i++) {
                    RoomId any = rooms.get(random.nextInt(rooms.size()));
                    switch (random.nextInt(3)) {
                      case 0 ->
                          memberships.join(
                              id,
                              ADA,
                              Framing.SINGLE,
                              any,
                              () -> TestTables.rooms(any).getFirst(),
                              TestTables.admission(any),
                              now);
                      case 1 -> memberships.quit(id, any);
                      default ->
                          connections.renew(
                              id, Instant.ofEpochSecond(end.incrementAndGet()), false, now);
                    }
                  }
                },
                executor));
      }
      all.forEach(CompletableFuture::join);
    }

    assertEquals(Set.of(end.get()), ends(id), "seed " + seed);
    assertEquals(rows(id).size() - 1, own(id).number("rooms"), "seed " + seed);
  }

  @Test
  void afterItsTokenHasExpiredAConnectionTakesNothing() {
    ConnectionId id = open(soon, false, room);

    assertInstanceOf(Attendance.In.class, memberships.attendance(id, room, soon.minusSeconds(1)));
    assertFalse(memberships.attendance(id, room, soon) instanceof Attendance.In);
    assertEquals(
        new JoinResult.NotConnected(),
        memberships.join(
            id,
            ADA,
            Framing.SINGLE,
            other,
            () -> TestTables.rooms(other).getFirst(),
            TestTables.admission(other),
            soon));
    assertEquals(
        List.of(),
        new MemberIndex(TestTables.dynamoDb(), settings).membersIn(room, SlotRange.ALL, 10, soon));
  }

  @Test
  void aConnectionEndsWithItsTokenButNoLaterThanAnyOther() {
    Instant longest = Connection.end(now, null);

    assertEquals(soon, Connection.end(now, soon));
    assertEquals(longest, Connection.end(now, now.plus(Duration.ofDays(1))));
    assertEquals(soon, Connection.renewable(now, soon));
    assertNull(Connection.renewable(now, longest));
  }
}
