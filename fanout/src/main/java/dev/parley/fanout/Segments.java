package dev.parley.fanout;

import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How a large room is cut into segments of about equal size, each of which one Push function
/// serves.
///
/// Slots are uniform, so the k-th smallest of them tells how many there are (KMV: Bar-Yossef et
/// al., "Counting Distinct Elements in a Data Stream", 2002): nothing has to be counted, or kept in
/// step.
final class Segments {
  /// 4,096 segments: at 500 connections each, two million.
  private static final int POWER_MAX = 12;

  private Segments() {}

  /// How many members a room has, about: within 5 % two times out of three for k = 500.
  ///
  /// @param first the k members with the smallest slots, in their order; k is at least 2
  static long estimate(List<Membership> first) {
    long kth = SlotRange.valueOf(first.getLast().connection());
    return Math.round((first.size() - 1) * (double) SlotRange.SLOTS / (kth + 1));
  }

  /// Into how many segments a room is cut, as a power of two. It stays what it was until the
  /// estimate leaves half to twice what that many segments hold, so that message groups are stable
  /// while a room's size wanders.
  ///
  /// @param current the power in use, or null
  /// @param segmentSize how many members one segment is to have
  static int power(@Nullable Integer current, long estimate, int segmentSize) {
    double segments = (double) estimate / segmentSize;
    if (current != null) {
      double capacity = Math.scalb(1.0, current);
      if (segments >= capacity / 2 && segments <= capacity * 2) {
        return current;
      }
    }
    long rounded = Math.round(Math.log(Math.max(1, segments)) / Math.log(2));
    return Math.clamp(rounded, 1, POWER_MAX);
  }

  /// The 2^power ranges, in order; together they are all slots.
  static List<SlotRange> ranges(int power) {
    List<SlotRange> ranges = new ArrayList<>();
    long width = SlotRange.SLOTS >> power;
    for (long from = 0; from < SlotRange.SLOTS; from += width) {
      ranges.add(new SlotRange(from, from + width));
    }
    return ranges;
  }
}
