package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SegmentsTest {
  private static final int SIZE = 500;
  private static final Identity ADA = new Identity("guest:1", "Ada");

  @Test
  void everyMemberIsInExactlyOneSegment() {
    for (long seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      List<Membership> members = room(random, 2 + random.nextInt(2_000));
      int power = Segments.power(null, members.size(), 1 + random.nextInt(members.size()));

      List<SlotRange> ranges = Segments.ranges(power);

      assertEquals(1 << power, ranges.size());
      assertEquals(0, ranges.getFirst().from());
      assertEquals(SlotRange.SLOTS, ranges.getLast().to());
      for (Membership member : members) {
        assertEquals(
            1,
            ranges.stream().filter(range -> range.contains(member.slot())).count(),
            "seed " + seed);
      }
    }
  }

  @Test
  void aRoomIsCutIntoSegmentsOfAboutTheAskedSize() {
    assertEquals(1, Segments.power(null, 501, SIZE));
    assertEquals(1, Segments.power(null, 1_000, SIZE));
    assertEquals(3, Segments.power(null, 5_000, SIZE));
    assertEquals(7, Segments.power(null, 50_000, SIZE));
    assertEquals(12, Segments.power(null, 1_000_000_000, SIZE));
  }

  @Test
  void aSmallRoomIsOneSegment() {
    assertEquals(Segments.WHOLE, Segments.power(null, 500, SIZE));
    assertEquals(Segments.WHOLE, Segments.power(null, 1, SIZE));
    assertEquals(Segments.WHOLE, Segments.power(3, 10, SIZE));
    assertEquals(List.of(SlotRange.ALL), Segments.ranges(Segments.WHOLE));
  }

  @Test
  void aRoomOfUnknownSizeStaysCutAsItIs() {
    assertEquals(3, Segments.power(3));
    assertEquals(Segments.WHOLE, Segments.power(null));
  }

  @Test
  void segmentsStayWhileASizeWandersWithinHalfToTwice() {
    for (long seed = 0; seed < 100; seed++) {
      Random random = new Random(seed);
      int power = Segments.power(null, 4_000, SIZE);
      for (int i = 0; i < 200; i++) {
        long estimate = 2_000L + random.nextInt(6_001);
        assertEquals(power, Segments.power(power, estimate, SIZE), "seed " + seed);
      }
    }
    assertEquals(4, Segments.power(3, 8_001, SIZE));
    assertEquals(2, Segments.power(3, 1_999, SIZE));
  }

  private static List<Membership> room(Random random, int size) {
    // Ids of one moment share a prefix, as API Gateway's do.
    List<Membership> members = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      members.add(
          new Membership(
              Slot.of(
                  "salt",
                  "guest:" + i,
                  new ConnectionId("L0SM9cOF" + Long.toString(random.nextLong(), 36) + "="),
                  Framing.SINGLE),
              ADA,
              Instant.EPOCH));
    }
    members.sort(Comparator.comparing(member -> member.slot().value()));
    return members;
  }
}
