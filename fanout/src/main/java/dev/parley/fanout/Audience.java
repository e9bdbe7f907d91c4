package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import java.util.List;
import java.util.Optional;

/// Who is in a room: all of them, where one segment holds them, and else about how many. It is
/// decided from the members with the smallest slots.
///
/// Slots are uniform, so the k-th smallest of them tells how many there are (KMV: Bar-Yossef et
/// al., "Counting Distinct Elements in a Data Stream", 2002): nothing has to be counted, or kept in
/// step, and of a large room hardly anything is read.
sealed interface Audience {
  /// A room that is estimated at this many times a segment's size, or less, may fit one segment:
  /// five standard deviations.
  double DOUBTFUL = 1.5;

  record Small(List<ConnectionId> connections) implements Audience {}

  /// @param estimate how many members
  record Large(long estimate) implements Audience {}

  /// It could not be read in time.
  record Unknown() implements Audience {}

  /// @param first the members with the smallest slots, in their order
  /// @param all whether the room has no others
  /// @param segmentSize how many a small room has at most
  /// @return nothing where they do not tell whether the room is small, and more must be read
  static Optional<Audience> of(List<Membership> first, boolean all, int segmentSize) {
    if (first.size() > segmentSize) {
      return Optional.of(new Large(estimate(first)));
    }
    if (all) {
      return Optional.of(new Small(first.stream().map(Membership::connection).toList()));
    }
    long estimate = estimate(first);
    return estimate > DOUBTFUL * segmentSize ? Optional.of(new Large(estimate)) : Optional.empty();
  }

  /// How many members a room has, about.
  ///
  /// @param first the k members with the smallest slots, in their order; k is at least 2
  static long estimate(List<Membership> first) {
    long kth = SlotRange.valueOf(first.getLast().connection());
    return Math.round((first.size() - 1) * (double) SlotRange.SLOTS / (kth + 1));
  }
}
