package dev.parley.fanout;

import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/// Reads who is in a room: as many members as it takes to tell whether it is small.
final class Audiences {
  /// What is read first: estimates from it are within 10 % two times out of three.
  private static final int SAMPLE = 100;

  private final MemberIndex index;
  private final int segmentSize;

  Audiences(MemberIndex index, Settings settings) {
    this.index = index;
    this.segmentSize = settings.number("SEGMENT_SIZE", 1, 10_000);
  }

  /// How many members a segment is to have, and a small room has at most.
  int segmentSize() {
    return segmentSize;
  }

  Audience of(RoomId room, Instant now) {
    int sample = Math.min(SAMPLE, segmentSize + 1);
    List<Membership> first = index.membersIn(room, SlotRange.ALL, sample, now);
    return Audience.of(first, first.size() < sample, segmentSize)
        .orElseGet(() -> ofAll(room, first, now));
  }

  /// Goes on from the last hash read: other connections of that user may follow.
  private Audience ofAll(RoomId room, List<Membership> first, Instant now) {
    long last = first.getLast().slot().number();
    List<Membership> members = new ArrayList<>(first);
    members.removeIf(member -> member.slot().number() == last);
    members.addAll(
        index.membersIn(
            room, new SlotRange(last, SlotRange.SLOTS), segmentSize + 1 - members.size(), now));
    return Audience.of(members, true, segmentSize).orElseThrow();
  }
}
