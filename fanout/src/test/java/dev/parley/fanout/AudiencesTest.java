package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Slot;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
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

      assertEquals(new Audience.Small(all), audience(room, SIZE), members + " members");
    }
  }

  @Test
  void theSizeOfALargerRoomIsEstimated() {
    for (int members : new int[] {201, 250, 299, 400, 1_000}) {
      RoomId room = new RoomId(fresh("room"));
      fill(room, members, members);

      if (audience(room, SIZE) instanceof Audience.Large(long estimate)) {
        double off = Math.abs(estimate / (double) members - 1);
        assertTrue(off < 0.4, members + " members, estimated " + estimate);
      } else {
        throw new AssertionError(members + " members are not small");
      }
    }
  }

  @Test
  void aSegmentSmallerThanTheSampleIsABoundAllTheSame() {
    RoomId room = new RoomId(fresh("room"));
    List<ConnectionId> all = fill(room, 3, 7);

    assertEquals(new Audience.Small(all), audience(room, 3));
    assertTrue(audience(room, 2) instanceof Audience.Large);
    assertTrue(audience(room, 1) instanceof Audience.Large);
  }

  private Audience audience(RoomId room, int segmentSize) {
    return new Audiences(index, new Settings(Map.of("SEGMENT_SIZE", Integer.toString(segmentSize))))
        .of(room, now);
  }

  /// @return who was put into the room, in slot order
  private List<ConnectionId> fill(RoomId room, int members, long seed) {
    Random random = new Random(seed);
    List<Slot> slots = new ArrayList<>();
    List<WriteRequest> rows = new ArrayList<>();
    for (int i = 0; i < members; i++) {
      ConnectionId id = new ConnectionId("L0SM9cOF" + Long.toString(random.nextLong(), 36) + "=");
      Slot slot = Slot.of("salt", "guest:" + id, id);
      slots.add(slot);
      rows.add(
          WriteRequest.builder()
              .putRequest(
                  put ->
                      put.item(
                          Map.of(
                              "connection_id", Row.s(id.value()),
                              "room_id", Row.s(room.name()),
                              "user", Row.s("guest:" + id),
                              "sender", Row.s("Ada"),
                              "slot", Row.s(slot.value()),
                              "joined_at", Row.n(now.toEpochMilli()),
                              "allowance", Row.n(now.toEpochMilli()),
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
