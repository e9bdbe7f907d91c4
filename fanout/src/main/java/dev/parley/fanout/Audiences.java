package dev.parley.fanout;

import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import dev.parley.room.RoomId;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Reads who is in a room: as many members as a small one has. Where there are more, they are
/// counted, which reads all of them; the room then counts as so large for a minute, in which
/// nothing is read.
///
/// Safe for use by many threads.
final class Audiences {
  /// A room that has grown meanwhile has larger segments, and one that is small by now goes by the
  /// queue for longer than this in any case (`Limits.QUEUED_CALM`).
  private static final Duration COUNTED_FOR = Duration.ofMinutes(1);

  private record Counted(long members, Deadline until) {}

  private final Map<RoomId, Counted> large = new ConcurrentHashMap<>();
  private final MemberIndex index;
  private final int segmentSize;
  private final Ticker ticker;

  Audiences(MemberIndex index, Settings settings) {
    this(index, settings, Ticker.SYSTEM);
  }

  Audiences(MemberIndex index, Settings settings, Ticker ticker) {
    this.index = index;
    this.segmentSize = settings.number("SEGMENT_SIZE", 1, 10_000);
    this.ticker = ticker;
  }

  /// How many members a segment is to have, and a small room has at most.
  int segmentSize() {
    return segmentSize;
  }

  Audience of(RoomId room, Instant now) {
    large.values().removeIf(counted -> counted.until().passed());
    Counted known = large.get(room);
    if (known != null) {
      return new Audience.Large(known.members());
    }
    List<Membership> first = index.membersIn(room, SlotRange.ALL, segmentSize + 1, now);
    if (first.size() <= segmentSize) {
      return new Audience.Small(first.stream().map(Receiver::of).toList());
    }
    // Members may have gone between the two reads.
    long members = Math.max(first.size(), index.count(room, now));
    large.put(room, new Counted(members, Deadline.in(COUNTED_FOR, ticker)));
    return new Audience.Large(members);
  }
}
