package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class ConnectionTableTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");
  private static final Duration COST = Duration.ofMillis(50);
  private static final Duration BURST = Duration.ofMillis(200);

  private final Settings settings = TestTables.settings();
  private final ConnectionTable connections = new ConnectionTable(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.now();
  private final RoomId room = new RoomId(fresh("room"));

  @Test
  void aConnectionOpensInAllItsRoomsAtOnce() {
    RoomId other = new RoomId(fresh("other"));

    ConnectionId id = open(now, room, other);

    assertEquals(Set.of(room, other), connections.joined(id, Set.of(room, other), now));
    assertEquals(2, own(id).number("rooms"));
    assertEquals(List.of(id), ids(members()));
  }

  @Test
  void aSecondJoinIsOneMembership() {
    ConnectionId id = open(now);

    assertInstanceOf(Joining.Joined.class, join(id, room));
    assertInstanceOf(Joining.Joined.class, join(id, room));

    assertEquals(1, own(id).number("rooms"));
    assertEquals(1, members().size());
  }

  @Test
  void aFiftyFirstRoomIsRefusedAndOneThatWasQuitMakesPlace() {
    ConnectionId id = open(now);
    RoomId first = new RoomId(fresh("first"));
    join(id, first);
    for (int i = 1; i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
      join(id, new RoomId(fresh("r")));
    }

    assertInstanceOf(Joining.TooManyRooms.class, join(id, room));
    assertFalse(connections.isMember(id, room, now));
    assertInstanceOf(Joining.Joined.class, join(id, first));

    assertTrue(connections.quit(id, first, now));
    assertInstanceOf(Joining.Joined.class, join(id, room));
  }

  @Test
  void aRoomIsQuitOnce() {
    ConnectionId id = open(now, room);

    assertTrue(connections.quit(id, room, now));
    assertFalse(connections.quit(id, room, now));

    assertEquals(0, own(id).number("rooms"));
    assertFalse(connections.isMember(id, room, now));
  }

  @Test
  void theCountHoldsWhateverJoinsAndQuitsMeet() throws Exception {
    long seed = 7;
    ConnectionId id = open(now);
    List<RoomId> rooms = IntStream.range(0, 6).mapToObj(i -> new RoomId(fresh("r" + i))).toList();
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        Random random = new Random(seed + thread);
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int i = 0; i < 15; i++) {
                    RoomId any = rooms.get(random.nextInt(rooms.size()));
                    if (random.nextBoolean()) {
                      join(id, any);
                    } else {
                      connections.quit(id, any, now);
                    }
                  }
                },
                executor));
      }
      all.forEach(CompletableFuture::join);
    }

    assertEquals(
        connections.joined(id, rooms, now).size(), own(id).number("rooms"), "seed " + seed);
  }

  @Test
  void aJoinInFlightCannotOutliveItsConnection() throws Exception {
    ConnectionId id = open(now);
    CountDownLatch ready = new CountDownLatch(1);
    CountDownLatch forgotten = new CountDownLatch(1);
    ConnectionTable slow =
        new ConnectionTable(
            client(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeTransmission(
                      Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    ready.countDown();
                    await(forgotten);
                  }
                }),
            settings);
    CompletableFuture<Joining> joining =
        CompletableFuture.supplyAsync(() -> slow.join(id, ADA, room, now, now));

    await(ready);
    connections.forget(id);
    forgotten.countDown();

    assertInstanceOf(Joining.NotConnected.class, joining.get());
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void aJoinBetweenTheTwoStepsOfForgettingFails() {
    ConnectionId id = open(now, room);
    AtomicBoolean tried = new AtomicBoolean();
    ConnectionTable forgetting =
        new ConnectionTable(
            client(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    // The query comes after the connection's own row is deleted.
                    if (context.request().getClass().getSimpleName().startsWith("Query")) {
                      tried.set(
                          join(id, new RoomId(fresh("late"))) instanceof Joining.NotConnected);
                    }
                  }
                }),
            settings);

    forgetting.forget(id);

    assertTrue(tried.get());
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void joinsAndForgettingMeetInAnyOrderAndNothingIsLeft() throws Exception {
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
  void whoWasInManyRoomsIsForgottenButForItsMemberships() {
    RoomId[] eleven = new RoomId[11];
    Arrays.setAll(eleven, i -> new RoomId(fresh("room")));
    ConnectionId few = open(now, Arrays.copyOf(eleven, 10));
    ConnectionId many = open(now, eleven);

    assertTrue(connections.forget(few));
    assertFalse(connections.forget(many));

    assertTrue(rows(few).isEmpty());
    assertEquals(11, rows(many).size());
    assertInstanceOf(Joining.NotConnected.class, join(many, room));
    assertEquals(12, connections.prune(many, now), "however young it was");
    assertTrue(rows(many).isEmpty());
  }

  @Test
  void nothingIsPrunedInItsFirst30Seconds() {
    ConnectionId id = open(now, room);

    assertEquals(0, connections.prune(id, now.plusSeconds(29)));
    assertEquals(2, rows(id).size());

    assertEquals(2, connections.prune(id, now.plusSeconds(30)));
    assertTrue(rows(id).isEmpty());
  }

  @Test
  void pruningFinishesWhatAnotherBegan() {
    ConnectionId id = open(now, room);
    TestTables.dynamoDb()
        .deleteItem(
            delete ->
                delete
                    .tableName("ChatConnections")
                    .key(
                        Map.of(
                            "connection_id", Row.s(id.value()),
                            "room_id", Row.s(ConnectionTable.CONNECTION_ROW))));

    assertEquals(2, connections.prune(id, now));

    assertTrue(rows(id).isEmpty());
  }

  @Test
  void aRowPastItsExpiryCountsAsGone() {
    Instant longAgo = now.minus(Limits.CONNECTION_ROW_MAX).minusSeconds(1);
    ConnectionId id = open(longAgo, room);

    assertFalse(connections.isMember(id, room, now));
    assertTrue(members().isEmpty());
    assertTrue(connections.members(room, null, 10, now).members().isEmpty());
    assertTrue(connections.joined(id, List.of(room), now).isEmpty());
    assertInstanceOf(Spending.NotAMember.class, connections.spend(id, room, COST, BURST, now));
    assertInstanceOf(
        Joining.NotConnected.class,
        connections.join(id, ADA, new RoomId(fresh("late")), longAgo, now));
  }

  @Test
  void anAllowanceCarriesABurstAndThenItsRate() {
    ConnectionId id = open(now, room);

    // One message of its own time, then 200 ms of burst, 50 ms each.
    for (int i = 0; i < 5; i++) {
      assertInstanceOf(
          Spending.Spent.class, connections.spend(id, room, COST, BURST, now), "message " + i);
    }
    var limited =
        assertInstanceOf(Spending.RateLimited.class, connections.spend(id, room, COST, BURST, now));

    assertEquals(50, limited.retryAfterMs());
    Instant later = now.plusMillis(limited.retryAfterMs());
    assertInstanceOf(Spending.Spent.class, connections.spend(id, room, COST, BURST, later));
    assertInstanceOf(Spending.RateLimited.class, connections.spend(id, room, COST, BURST, later));
  }

  @Test
  void anAllowanceThatNobodyCanHaveSpentBeginsAnew() {
    for (AttributeValue impossible :
        List.of(
            Row.n(now.plusSeconds(3_600).toEpochMilli()),
            Row.n(Long.MAX_VALUE),
            Row.s("ten"),
            AttributeValue.fromBool(true))) {
      ConnectionId id = open(now, room);
      TestTables.dynamoDb()
          .updateItem(
              update ->
                  update
                      .tableName("ChatConnections")
                      .key(
                          Map.of("connection_id", Row.s(id.value()), "room_id", Row.s(room.name())))
                      .updateExpression("SET allowance = :impossible")
                      .expressionAttributeValues(Map.of(":impossible", impossible)));

      for (int i = 0; i < 5; i++) {
        assertInstanceOf(
            Spending.Spent.class, connections.spend(id, room, COST, BURST, now), "message " + i);
      }
      var limited =
          assertInstanceOf(
              Spending.RateLimited.class, connections.spend(id, room, COST, BURST, now));
      assertEquals(50, limited.retryAfterMs());
    }
  }

  @Test
  void afterAClockThatWasFastNobodyWaitsLongerThanTheCostOfAMessage() {
    ConnectionId id = open(now, room);
    Instant fast = now.plusMillis(900);
    for (int i = 0; i < 5; i++) {
      connections.spend(id, room, COST, BURST, fast);
    }

    var limited =
        assertInstanceOf(Spending.RateLimited.class, connections.spend(id, room, COST, BURST, now));

    assertTrue(
        limited.retryAfterMs() <= COST.plus(Limits.CLOCK_SKEW_MAX).toMillis(),
        "retry after " + limited.retryAfterMs());
  }

  @Test
  void aConnectionWhoseAgeIsNotKnownIsPrunedWhereAPushFoundItGone() {
    for (AttributeValue odd :
        List.of(Row.s("ten"), Row.n(now.plusSeconds(3_600).toEpochMilli()), Row.n(-1))) {
      ConnectionId id = open(now, room);
      TestTables.dynamoDb()
          .updateItem(
              update ->
                  update
                      .tableName("ChatConnections")
                      .key(
                          Map.of(
                              "connection_id", Row.s(id.value()), "room_id", Row.s("$connection")))
                      .updateExpression("SET connected_at = :odd")
                      .expressionAttributeValues(Map.of(":odd", odd)));

      assertEquals(2, connections.prune(id, now));

      assertTrue(rows(id).isEmpty());
    }
  }

  @Test
  void messagesOfOneMomentTogetherNeverExceedTheBurst() {
    ConnectionId id = open(now, room);
    List<CompletableFuture<Spending>> spending = new ArrayList<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      for (int i = 0; i < 24; i++) {
        spending.add(
            CompletableFuture.supplyAsync(
                () -> connections.spend(id, room, COST, BURST, now), executor));
      }
    }

    assertEquals(5, spending.stream().filter(s -> s.join() instanceof Spending.Spent).count());
  }

  @Test
  void aJoinThatMeetsAPruneLeavesNothing() {
    for (int i = 0; i < 20; i++) {
      ConnectionId id = open(now.minusSeconds(60), room);
      try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
        CompletableFuture.allOf(
                CompletableFuture.runAsync(() -> join(id, new RoomId(fresh("a"))), executor),
                CompletableFuture.runAsync(() -> connections.prune(id, now), executor))
            .join();
      }

      assertTrue(rows(id).isEmpty(), "round " + i);
    }
  }

  @Test
  void whoIsNotInARoomHasNothingToSpendThere() {
    ConnectionId id = open(now);

    assertInstanceOf(Spending.NotAMember.class, connections.spend(id, room, COST, BURST, now));
  }

  @Test
  void spendingChangesNothingThatTheIndexHolds() {
    ConnectionId id = open(now, room);
    Membership before = members().getFirst();

    connections.spend(id, room, COST, BURST, now);

    assertEquals(before, members().getFirst());
  }

  @Test
  void thePagesOfARoomHoldEveryMemberOnce() {
    Set<ConnectionId> all = new HashSet<>();
    for (int i = 0; i < 23; i++) {
      all.add(open(now, room));
    }

    List<ConnectionId> paged = new ArrayList<>();
    String cursor = null;
    do {
      ConnectionTable.Page page = connections.members(room, cursor, 5, now);
      assertTrue(page.members().size() <= 5);
      paged.addAll(ids(page.members()));
      cursor = page.cursor();
    } while (cursor != null);

    assertEquals(23, paged.size());
    assertEquals(all, new HashSet<>(paged));
    assertEquals(paged, ids(members()));
  }

  @Test
  void rangesOfSlotsHoldEveryMemberOnceAndALimitTheFirstOnes() {
    for (int i = 0; i < 40; i++) {
      open(now, room);
    }
    List<ConnectionId> all = ids(members());

    List<ConnectionId> parts = new ArrayList<>();
    for (long from = 0; from < SlotRange.SLOTS; from += SlotRange.SLOTS / 8) {
      SlotRange range = new SlotRange(from, from + SlotRange.SLOTS / 8);
      List<ConnectionId> part = ids(connections.membersIn(room, range, Integer.MAX_VALUE, now));
      assertTrue(part.stream().allMatch(range::contains));
      parts.addAll(part);
    }

    assertEquals(all, parts);
    assertEquals(all.subList(0, 7), ids(connections.membersIn(room, SlotRange.ALL, 7, now)));
  }

  @Test
  void aCursorWhoseMemberLeftStillLeadsOn() {
    for (int i = 0; i < 6; i++) {
      open(now, room);
    }
    ConnectionTable.Page first = connections.members(room, null, 3, now);
    List<ConnectionId> rest = ids(members()).subList(3, 6);
    assertNotNull(first.cursor());

    connections.forget(first.members().getLast().connection());

    assertEquals(rest, ids(connections.members(room, first.cursor(), 3, now).members()));
    assertNull(connections.members(room, first.cursor(), 3, now).cursor());
  }

  @Test
  void aStoredRowWithAnExpiryThatIsNoneIsPassedOver() {
    ConnectionId id = open(now, room);
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(fresh("c")),
                            "room_id", Row.s(room.name()),
                            "slot", Row.s("00000000c"),
                            "expires_at", Row.s("never"))));

    assertEquals(List.of(id), ids(members()));
  }

  @Test
  void lostAnswersOfJoinAndQuitAreAskedForAgain() {
    ConnectionId id = open(now);

    assertInstanceOf(
        Joining.Joined.class,
        new ConnectionTable(losingFirstAnswer(), settings).join(id, ADA, room, now, now));
    assertEquals(1, own(id).number("rooms"));
    assertTrue(new ConnectionTable(losingFirstAnswer(), settings).quit(id, room, now));
    assertEquals(0, own(id).number("rooms"));
  }

  @Test
  void aConnectionWhoseOpeningLostItsAnswerIsOpen() {
    Connection connection =
        new Connection(new ConnectionId(fresh("c")), ADA, "127.0.0.1", "test", now);

    new ConnectionTable(losingFirstAnswer(), settings)
        .open(connection, Set.of(room), now, List.of());

    assertEquals(2, rows(connection.id()).size());
  }

  @Test
  void aSessionIsClosedOnce() {
    SessionTable sessions = new SessionTable(TestTables.dynamoDb(), settings);
    Connection connection =
        new Connection(new ConnectionId(fresh("c")), ADA, "127.0.0.1", "test", now);
    connections.open(connection, Set.of(room), now, List.of(sessions.opening(connection)));

    assertTrue(sessions.close(connection.id(), now, now.plusSeconds(61), "1001 Going away"));
    assertFalse(sessions.close(connection.id(), now, now.plusSeconds(99), "gone"));

    Row session =
        new Row(
            TestTables.dynamoDb()
                .getItem(
                    get ->
                        get.tableName("ChatSessions")
                            .key(Map.of("connection_id", Row.s(connection.id().value()))))
                .item());
    assertEquals(61, session.number("duration_seconds"));
    assertEquals("1001 Going away", session.string("reason"));
  }

  private ConnectionId open(Instant connectedAt, RoomId... rooms) {
    Connection connection =
        new Connection(new ConnectionId(fresh("c")), ADA, "127.0.0.1", "test", connectedAt);
    connections.open(connection, Set.of(rooms), connectedAt, List.of());
    return connection.id();
  }

  private List<Membership> members() {
    return connections.membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, now);
  }

  private Joining join(ConnectionId id, RoomId room) {
    return connections.join(id, ADA, room, now, now);
  }

  private static List<ConnectionId> ids(List<Membership> members) {
    return members.stream().map(Membership::connection).toList();
  }

  private static Row own(ConnectionId id) {
    return rows(id).stream()
        .filter(row -> row.string("room_id").equals(ConnectionTable.CONNECTION_ROW))
        .findFirst()
        .orElseThrow();
  }

  private static List<Row> rows(ConnectionId id) {
    return TestTables.dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatConnections")
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", Row.s(id.value()))))
        .items()
        .stream()
        .map(Row::new)
        .toList();
  }

  private DynamoDbClient client(ExecutionInterceptor interceptor) {
    return DynamoDbClient.builder()
        .region(new Aws(settings).region())
        .credentialsProvider(new Aws(settings).credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
        .overrideConfiguration(o -> o.addExecutionInterceptor(interceptor))
        .build();
  }

  private DynamoDbClient losingFirstAnswer() {
    return DynamoDbClient.builder()
        .region(new Aws(settings).region())
        .credentialsProvider(new Aws(settings).credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
        .httpClient(new LosesFirstAnswer())
        .build();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
