package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/// Who is in a room: all of them, where one segment holds them, and else about how many. It is
/// decided from the members with the smallest slots.
///
/// The hashes of slots are uniform, so the k-th smallest of them tells how many users there are
/// (KMV: Bar-Yossef et al., "Counting Distinct Elements in a Data Stream", 2002): nothing has to be
/// counted, or kept in step, and of a large room hardly anything is read. The connections of one
/// user have one hash. So distinct hashes are counted, and multiplied by how many connections have
/// one of them, apart from the hash that has most: one user with a hundred connections does not
/// make a small room look huge.
sealed interface Audience {
  /// A room that is estimated at this many times a segment's size, or less, may fit one segment:
  /// five standard deviations.
  double DOUBTFUL = 1.5;

  /// Fewer distinct hashes tell too little: from so many on, estimates are within 14 % two times
  /// out of three, and doubtful ones within three and a half standard deviations.
  int HASHES_MIN = 50;

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
    boolean large = estimate > DOUBTFUL * segmentSize && hashes(first).size() >= HASHES_MIN;
    return large ? Optional.of(new Large(estimate)) : Optional.empty();
  }

  /// How many members a room has, about: those whose hash is below the last one, of which others
  /// may follow, for the share of all hashes that this is. Of the hash that has most members one
  /// counts.
  ///
  /// @param first the members with the smallest slots, in their order; at least one
  static long estimate(List<Membership> first) {
    Map<Long, Long> hashes = hashes(first);
    long kth = first.getLast().slot().number();
    hashes.remove(kth);
    long members = hashes.values().stream().mapToLong(count -> count).sum();
    long most = hashes.values().stream().mapToLong(count -> count).max().orElse(1);
    long estimate = Math.round((members - most + 1) * (double) SlotRange.SLOTS / (kth + 1));
    return Math.max(estimate, first.size());
  }

  /// How many members have each hash.
  private static Map<Long, Long> hashes(List<Membership> members) {
    return members.stream()
        .collect(Collectors.groupingBy(m -> m.slot().number(), Collectors.counting()));
  }
}
