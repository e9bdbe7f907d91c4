package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.room.RoomId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Who is in a room: all of them, where one segment holds them, and else about how many.
///
/// Slots are uniform, so the k-th smallest of them tells how many there are (KMV: Bar-Yossef et
/// al., "Counting Distinct Elements in a Data Stream", 2002): nothing has to be counted, or kept in
/// step, and of a large room hardly anything is read.
sealed interface Audience {
  /// The k: estimates are within 10 % two times out of three.
  int SAMPLE = 100;

  /// A room that is estimated at this many times a segment's size, or less, is read to see whether
  /// it fits one: five standard deviations.
  double DOUBTFUL = 1.5;

  record Small(List<ConnectionId> connections) implements Audience {}

  /// @param estimate how many members
  record Large(long estimate) implements Audience {}

  /// It could not be read in time.
  record Unknown() implements Audience {}

  /// @param segmentSize how many a small room has at most
  static Audience of(MemberIndex index, RoomId room, int segmentSize, Instant now) {
    int sample = Math.min(SAMPLE, segmentSize + 1);
    List<Membership> first = index.membersIn(room, SlotRange.ALL, sample, now);
    if (first.size() < sample) {
      return small(first);
    }
    long estimate = estimate(first);
    if (first.size() > segmentSize || estimate > DOUBTFUL * segmentSize) {
      return new Large(estimate);
    }
    // Go on from the last slot read: others may begin with the same digits.
    long last = SlotRange.valueOf(first.getLast().connection());
    List<Membership> members = new ArrayList<>(first);
    members.removeIf(member -> SlotRange.valueOf(member.connection()) == last);
    members.addAll(
        index.membersIn(
            room, new SlotRange(last, SlotRange.SLOTS), segmentSize + 1 - members.size(), now));
    return members.size() > segmentSize ? new Large(estimate(members)) : small(members);
  }

  private static Audience small(List<Membership> members) {
    return new Small(members.stream().map(Membership::connection).toList());
  }

  /// How many members a room has, about.
  ///
  /// @param first the k members with the smallest slots, in their order; k is at least 2
  static long estimate(List<Membership> first) {
    long kth = SlotRange.valueOf(first.getLast().connection());
    return Math.round((first.size() - 1) * (double) SlotRange.SLOTS / (kth + 1));
  }
}
