package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AudienceTest {
  /// In the order of their slots.
  private static final List<Membership> MEMBERS = members(5_000);

  @Test
  void aRoomOfWhichAllMembersFitOneSegmentIsSmall() {
    List<Membership> all = MEMBERS.subList(0, 100);

    assertEquals(
        Optional.of(new Audience.Small(all.stream().map(Membership::connection).toList())),
        Audience.of(all, true, 100));
    assertEquals(Optional.of(new Audience.Small(List.of())), Audience.of(List.of(), true, 100));
  }

  @Test
  void aRoomWithMoreMembersThanOneSegmentHoldsIsLarge() {
    List<Membership> first = MEMBERS.subList(0, 101);
    Optional<Audience> large = Optional.of(new Audience.Large(Audience.estimate(first)));

    assertEquals(large, Audience.of(first, true, 100));
    assertEquals(large, Audience.of(first, false, 100));
  }

  @Test
  void aSampleTellsThatARoomIsLargeFromOneAndAHalfSegmentsOn() {
    int sample = 100;
    while (Audience.estimate(MEMBERS.subList(0, sample)) % 3 != 0) {
      sample++;
    }
    List<Membership> first = MEMBERS.subList(0, sample);
    long estimate = Audience.estimate(first);
    int segmentSize = (int) (estimate * 2 / 3);

    assertEquals(Optional.empty(), Audience.of(first, false, segmentSize));
    assertEquals(
        Optional.of(new Audience.Large(estimate)), Audience.of(first, false, segmentSize - 1));
  }

  /// k uniform values in [0, 1), the largest of which is x: (k - 1) / x is the estimate that is
  /// right on average.
  @Test
  void theEstimateIsTheOneThatIsRightOnAverage() {
    for (int k = 2; k <= 500; k++) {
      assertIsExact(MEMBERS.subList(0, k));
    }
    // Of so many the smallest slots are so small that one more or less is seen.
    assertIsExact(members(300_000).subList(0, 2));
    double off = Math.abs(Audience.estimate(MEMBERS.subList(0, 100)) / 5_000.0 - 1);
    assertTrue(off < 0.3, "off by " + off);
  }

  private static void assertIsExact(List<Membership> first) {
    long largest = SlotRange.valueOf(first.getLast().connection());
    BigDecimal exact =
        BigDecimal.valueOf(first.size() - 1L)
            .multiply(BigDecimal.valueOf(SlotRange.SLOTS))
            .divide(BigDecimal.valueOf(largest + 1), 0, RoundingMode.HALF_UP);
    assertEquals(exact.longValueExact(), Audience.estimate(first), first.size() + " members");
  }

  private static List<Membership> members(int count) {
    Random random = new Random(1);
    return IntStream.range(0, count)
        .mapToObj(i -> new ConnectionId("L0SM9cOF" + Long.toString(random.nextLong(), 36)))
        .map(id -> new Membership(id, new Identity("guest:1", "Ada"), Instant.EPOCH))
        .sorted(Comparator.comparing(member -> member.connection().slot()))
        .toList();
  }
}
