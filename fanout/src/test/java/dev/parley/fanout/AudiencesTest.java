package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Slot;
import dev.parley.platform.Settings;
import dev.parley.platform.TestTicker;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

class AudiencesTest {
  private static final int SIZE = 200;

  private final MemberIndex index = new MemberIndex(TestTables.dynamoDb(), TestTables.settings());
  private final Instant now = Instant.now();

  @Test
  void allMembersOfARoomThatFitsOneSegmentAreListed() {
    for (int members : new int[] {0, 1, 99, 100, 101, 150, 199, 200}) {
      RoomId room = new RoomId(fresh("room"));
      List<ConnectionId> all = fill(room, members, members);

      assertEquals(new Audience.Small(singly(all)), audience(room, SIZE), members + " members");
    }
  }

  private static List<Receiver> singly(List<ConnectionId> connections) {
    return connections.stream().map(id -> new Receiver(id, Framing.SINGLE)).toList();
  }

  @Test
  void theMembersOfALargerRoomAreCounted() {
    for (int members : new int[] {201, 250, 400, 1_000}) {
      RoomId room = new RoomId(fresh("room"));
      fill(room, members, members);

      assertEquals(new Audience.Large(members), audience(room, SIZE));
    }
  }

  @Test
  void aLargeRoomIsReadOnceInAMinute() {
    TestTicker ticker = new TestTicker();
    Reads reads = new Reads();
    Audiences audiences =
        new Audiences(
            new MemberIndex(TestTables.dynamoDb(reads), TestTables.settings()),
            new Settings(Map.of("SEGMENT_SIZE", "3")),
            ticker);
    RoomId room = new RoomId(fresh("room"));
    fill(room, 4, 1);

    assertEquals(new Audience.Large(4), audiences.of(room, now));
    fill(room, 1, 2);
    int before = reads.count.get();
    assertEquals(new Audience.Large(4), audiences.of(room, now));
    assertEquals(before, reads.count.get());

    ticker.pass(Duration.ofSeconds(61));
    assertEquals(new Audience.Large(5), audiences.of(room, now));
  }

  /// Whatever crowd somebody gathers, by many connections of few users, or by the guests that
  /// turned out to have the smallest slots: a room is as large as the number of its members.
  @Test
  void aForgedCrowdCountsForItsRealNumber() {
    for (long seed = 0; seed < 12; seed++) {
      Random random = new Random(seed);
      RoomId room = new RoomId(fresh("room"));
      List<String> crowd = new ArrayList<>();
      int honest = random.nextInt(60);
      for (int i = 0; i < honest; i++) {
        crowd.add("guest:honest-" + i);
      }
      int forged = random.nextInt(150);
      // Those of many guests whose slots are the smallest, with some connections each.
      List<String> aimed =
          IntStream.range(0, 5_000)
              .mapToObj(i -> "guest:aimed-" + i)
              .sorted(Comparator.comparing(user -> slot(user, new ConnectionId("c")).hash()))
              .limit(1 + random.nextInt(105))
              .toList();
      for (int i = 0; i < forged; i++) {
        crowd.add(aimed.get(random.nextInt(aimed.size())));
      }
      put(room, crowd, random);
      int size = 1 + random.nextInt(120);

      Audience audience = audience(room, size);

      String message = "seed " + seed + ": " + honest + " and " + forged + ", size " + size;
      if (crowd.size() <= size) {
        assertEquals(crowd.size(), ((Audience.Small) audience).members().size(), message);
      } else {
        assertEquals(new Audience.Large(crowd.size()), audience, message);
      }
    }
  }

  private Audience audience(RoomId room, int segmentSize) {
    return new Audiences(index, new Settings(Map.of("SEGMENT_SIZE", Integer.toString(segmentSize))))
        .of(room, now);
  }

  private static final class Reads implements ExecutionInterceptor {
    private final AtomicInteger count = new AtomicInteger();

    @Override
    public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
      count.incrementAndGet();
    }
  }

  private static Slot slot(String user, ConnectionId connection) {
    return Slot.of("salt", user, connection, Framing.SINGLE);
  }

  /// @return who was put into the room, in slot order
  private List<ConnectionId> fill(RoomId room, int members, long seed) {
    Random random = new Random(seed);
    return put(
        room,
        IntStream.range(0, members).mapToObj(i -> "guest:" + random.nextLong()).toList(),
        random);
  }

  /// @param users one for each connection
  private List<ConnectionId> put(RoomId room, List<String> users, Random random) {
    List<Slot> slots = new ArrayList<>();
    List<WriteRequest> rows = new ArrayList<>();
    for (String user : users) {
      ConnectionId id = new ConnectionId("L0SM9cOF" + Long.toString(random.nextLong(), 36) + "=");
      Slot slot = slot(user, id);
      slots.add(slot);
      rows.add(
          WriteRequest.builder()
              .putRequest(
                  put ->
                      put.item(
                          Map.of(
                              "connection_id", Row.s(id.value()),
                              "room_id", Row.s(room.name()),
                              "user", Row.s(user),
                              "sender", Row.s("Ada"),
                              "slot", Row.s(slot.value()),
                              "joined_at", Row.n(now.toEpochMilli()),
                              "expires_at", Row.n(now.plusSeconds(600).getEpochSecond()))))
              .build());
    }
    for (int from = 0; from < rows.size(); from += 25) {
      List<WriteRequest> batch = rows.subList(from, Math.min(rows.size(), from + 25));
      TestTables.dynamoDb()
          .batchWriteItem(write -> write.requestItems(Map.of("ChatConnections", batch)));
    }
    slots.sort(Comparator.comparing(Slot::value));
    return slots.stream().map(Slot::connection).toList();
  }
}
