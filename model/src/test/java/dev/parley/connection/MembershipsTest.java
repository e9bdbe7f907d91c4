package dev.parley.connection;

import static dev.parley.TestTables.fresh;
import static dev.parley.connection.TestConnections.ADA;
import static dev.parley.connection.TestConnections.edit;
import static dev.parley.connection.TestConnections.ids;
import static dev.parley.connection.TestConnections.open;
import static dev.parley.connection.TestConnections.own;
import static dev.parley.connection.TestConnections.rows;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.parley.CallCounter;
import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItemsRequest;

class MembershipsTest {
  private final Settings settings = TestTables.settings();
  private final Memberships memberships = new Memberships(TestTables.dynamoDb(), settings);
  private final Instant now = Instant.now();
  private final RoomId room = new RoomId(fresh("room"));

  @Test
  void aSecondJoinIsOneMembership() {
    ConnectionId id = open(now);

    assertInstanceOf(JoinResult.Joined.class, join(id, room));
    assertInstanceOf(JoinResult.Joined.class, join(id, room));

    assertEquals(1, own(id).number("rooms"));
    assertEquals(2, rows(id).size());
  }

  @Test
  void aJoinThatChangesNothingWritesNothingAndMakesNoRoom() {
    RoomId[] fifty = new RoomId[Limits.ROOMS_PER_CONNECTION_MAX];
    Arrays.setAll(fifty, i -> new RoomId(fresh("r")));
    ConnectionId full = open(now, fifty);
    ConnectionId closed = new ConnectionId(fresh("c"));
    CallCounter counter = new CallCounter();
    Memberships counted = new Memberships(TestTables.dynamoDb(counter), settings);
    Supplier<Room> none = () -> fail("no room is made");

    assertInstanceOf(
        JoinResult.Joined.class,
        counted.join(full, ADA, Framing.SINGLE, fifty[7], none, TestTables.admission(room), now));
    assertInstanceOf(
        JoinResult.TooManyRooms.class,
        counted.join(full, ADA, Framing.SINGLE, room, none, TestTables.admission(room), now));
    assertInstanceOf(
        JoinResult.NotConnected.class,
        counted.join(closed, ADA, Framing.SINGLE, room, none, TestTables.admission(room), now));

    assertEquals(Map.of("BatchGetItem", 3), counter.calls());
  }

  @Test
  void onlyWhatTheTableHasIsConfirmed() {
    ConnectionId here = open(now, room);
    ConnectionId gone = open(now, room);
    List<Membership> shown =
        new MemberIndex(TestTables.dynamoDb(), settings).membersIn(room, SlotRange.ALL, 10, now);
    memberships.quit(gone, room);

    assertEquals(List.of(here), ids(memberships.confirmed(room, shown, now)));
    assertEquals(List.of(), memberships.confirmed(room, List.of(), now));
  }

  @Test
  void a51stRoomIsRefusedUntilAnotherIsQuit() {
    ConnectionId id = open(now);
    RoomId first = new RoomId(fresh("first"));
    join(id, first);
    for (int i = 1; i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
      join(id, new RoomId(fresh("r")));
    }

    assertInstanceOf(JoinResult.TooManyRooms.class, join(id, room));
    assertFalse(memberships.attendance(id, room, now) instanceof Attendance.In);
    assertInstanceOf(JoinResult.Joined.class, join(id, first));

    assertTrue(memberships.quit(id, first));
    assertInstanceOf(JoinResult.Joined.class, join(id, room));
  }

  @Test
  void aRoomIsQuitOnce() {
    ConnectionId id = open(now, room);

    assertTrue(memberships.quit(id, room));
    assertFalse(memberships.quit(id, room));

    assertEquals(0, own(id).number("rooms"));
    assertFalse(memberships.attendance(id, room, now) instanceof Attendance.In);
  }

  @Test
  void concurrentJoinsAndQuitsAreCountedRight() throws Exception {
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
                      memberships.quit(id, any);
                    }
                  }
                },
                executor));
      }
      all.forEach(CompletableFuture::join);
    }

    assertEquals(
        memberships.joined(id, rooms, now).size(), own(id).number("rooms"), "seed " + seed);
  }

  @Test
  void aJoinAndAQuitAreCountedOnceAlsoWhereTheirAnswersWereLost() {
    ConnectionId id = open(now);

    assertInstanceOf(JoinResult.Joined.class, join(losingFirstAnswer(), id, room));
    assertEquals(1, own(id).number("rooms"));
    assertTrue(losingFirstAnswer().quit(id, room));
    assertEquals(0, own(id).number("rooms"));
  }

  @Test
  void aMembershipThatCannotBeReadIsWrittenAnewAndCountedOnce() {
    ConnectionId id = open(now, room);
    edit(ConnectionTable.key(id, room), "joined_at", Row.s("ten"));
    assertFalse(memberships.attendance(id, room, now) instanceof Attendance.In);

    assertInstanceOf(JoinResult.Joined.class, join(id, room));

    assertEquals(Set.of(room), memberships.joined(id, List.of(room), now));
    assertEquals(1, own(id).number("rooms"));
  }

  @Test
  void aConnectionWhoseOwnRowCannotBeReadIsNotConnected() {
    ConnectionId id = open(now);
    edit(ConnectionTable.key(id), "rooms", Row.s("ten"));

    assertInstanceOf(JoinResult.NotConnected.class, join(id, room));

    assertEquals(1, rows(id).size());
  }

  @Test
  void aRowPastItsExpiryIsNoMembership() {
    Instant longAgo = now.minus(Limits.CONNECTION_ROW_MAX).minusSeconds(1);
    ConnectionId id = open(longAgo, room);
    RoomId late = new RoomId(fresh("late"));

    assertFalse(memberships.attendance(id, room, now) instanceof Attendance.In);
    assertTrue(memberships.joined(id, List.of(room), now).isEmpty());
    assertInstanceOf(
        JoinResult.NotConnected.class,
        memberships.join(
            id,
            ADA,
            Framing.SINGLE,
            late,
            () -> TestTables.rooms(late).getFirst(),
            TestTables.admission(late),
            now));
  }

  /// Its room was counted off with it: written in its place, it would not be counted.
  @Test
  void aRemovedRowThatIsQuitDuringAJoinIsCountedAnew() {
    ConnectionId id = open(now);
    join(id, room);
    assertTrue(memberships.remove(id, room, ADA.user(), Removal.KICKED, now));
    AtomicInteger writes = new AtomicInteger();
    Memberships disturbed =
        new Memberships(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    if (context.request() instanceof TransactWriteItemsRequest
                        && writes.incrementAndGet() == 2) {
                      assertTrue(memberships.quit(id, room));
                    }
                  }
                }),
            settings);

    assertInstanceOf(JoinResult.Joined.class, join(disturbed, id, room));

    assertEquals(3, writes.get());
    assertEquals(1, own(id).number("rooms"));
    assertInstanceOf(Attendance.In.class, memberships.attendance(id, room, now));
  }

  /// What is done for somebody takes the same calls wherever their slot is: time tells it to
  /// nobody.
  @Test
  void theSameIsCalledForTheSmallestSlotAsForTheLargest() {
    List<Identity> bySlot =
        IntStream.range(0, 300)
            .mapToObj(i -> new Identity("guest:" + i, "Somebody"))
            .sorted(
                Comparator.comparing(
                    who ->
                        Slot.of(
                                requireNonNull(TestTables.rooms(room).getFirst().salt()),
                                who.user(),
                                new ConnectionId("c"),
                                Framing.SINGLE)
                            .value()))
            .toList();
    List<List<String>> calls = new ArrayList<>();
    for (Identity who : List.of(bySlot.getFirst(), bySlot.get(150), bySlot.getLast())) {
      List<String> made = new ArrayList<>();
      Memberships recorded =
          new Memberships(
              TestTables.dynamoDb(
                  new ExecutionInterceptor() {
                    @Override
                    public void beforeExecution(
                        Context.BeforeExecution context, ExecutionAttributes attributes) {
                      made.add(context.request().getClass().getSimpleName());
                    }
                  }),
              settings);
      ConnectionId id = open(who, now);
      recorded.join(
          id,
          who,
          Framing.SINGLE,
          room,
          () -> TestTables.rooms(room).getFirst(),
          TestTables.admission(room),
          now);
      assertInstanceOf(Attendance.In.class, recorded.attendance(id, room, now));
      recorded.joined(id, List.of(room), now);
      assertTrue(recorded.quit(id, room));
      calls.add(made);
    }

    assertEquals(calls.getFirst(), calls.get(1));
    assertEquals(calls.getFirst(), calls.get(2));
  }

  private JoinResult join(ConnectionId id, RoomId room) {
    return join(memberships, id, room);
  }

  private JoinResult join(Memberships memberships, ConnectionId id, RoomId room) {
    return memberships.join(
        id,
        ADA,
        Framing.SINGLE,
        room,
        () -> TestTables.rooms(room).getFirst(),
        TestTables.admission(room),
        now);
  }

  private Memberships losingFirstAnswer() {
    return new Memberships(TestTables.dynamoDb(new LosesFirstAnswer()), settings);
  }
}
