package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.Slot;
import dev.parley.connection.SlotRange;
import dev.parley.identity.Identity;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AudienceTest {
  private static final Comparator<Membership> BY_SLOT =
      Comparator.comparing(member -> member.slot().value());

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

  @Test
  void aUserWithManyConnectionsDoesNotMakeASmallRoomLookHuge() {
    for (long seed = 1; seed <= 200; seed++) {
      List<Membership> room = new ArrayList<>(members(300, 1, new Random(seed)));
      String user = room.get((int) (seed % 100)).slot().hash();
      for (int i = 0; i < 150; i++) {
        room.add(member(new Slot(user, ".", new ConnectionId("many" + i))));
      }
      room.sort(BY_SLOT);

      long estimate = Audience.estimate(room.subList(0, 100));
      Optional<Audience> sampled = Audience.of(room.subList(0, 100), false, 500);
      assertTrue(sampled.isEmpty(), "seed " + seed + ": " + estimate);
    }
  }

  @Test
  void allConnectionsOfPeopleWithSeveralAreEstimated() {
    List<Membership> room = members(2_000, 3, new Random(1));

    double off = Audience.estimate(room.subList(0, 500)) / 6_000.0 - 1;

    assertTrue(Math.abs(off) < 0.3, "off by " + off);
  }

  @Test
  void fewHashesTellNothingOfARoomsSize() {
    Slot slot = new Slot("00000001", ".", new ConnectionId("c"));
    List<Membership> one = Collections.nCopies(100, member(slot));

    assertEquals(Optional.empty(), Audience.of(one, false, 500));
    assertEquals(
        Optional.empty(),
        Audience.of(members(20_000, 1, new Random(1)).subList(0, 49), false, 500));
  }

  private static void assertIsExact(List<Membership> first) {
    long largest = first.getLast().slot().number();
    BigDecimal exact =
        BigDecimal.valueOf(first.size() - 1L)
            .multiply(BigDecimal.valueOf(SlotRange.SLOTS))
            .divide(BigDecimal.valueOf(largest + 1), 0, RoundingMode.HALF_UP);
    assertEquals(exact.longValueExact(), Audience.estimate(first), first.size() + " members");
  }

  private static List<Membership> members(int count) {
    return members(count, 1, new Random(1));
  }

  private static List<Membership> members(int users, int connections, Random random) {
    return IntStream.range(0, users)
        .mapToObj(user -> "guest:" + random.nextLong())
        .flatMap(
            user ->
                IntStream.range(0, connections)
                    .mapToObj(
                        c -> Slot.of("salt", user, new ConnectionId("c" + random.nextInt(9)))))
        .map(AudienceTest::member)
        .sorted(BY_SLOT)
        .toList();
  }

  private static Membership member(Slot slot) {
    return new Membership(slot, new Identity("guest:1", "Ada"), Instant.EPOCH);
  }
}
