package dev.parley.connection;

/// A part of a room's index: the slots whose first 8 hex digits, read as a number, are at least
/// `from` and below `to`.
///
/// @param from 0 to 2^32 - 1
/// @param to 1 to 2^32
public record SlotRange(long from, long to) {
  /// The number of values that the first 8 hex digits have.
  public static final long SLOTS = 1L << 32;

  public static final SlotRange ALL = new SlotRange(0, SLOTS);

  public SlotRange {
    if (from < 0 || to > SLOTS || from >= to) {
      throw new IllegalArgumentException("no range of slots: " + from + " to " + to);
    }
  }

  /// The range as the index compares it: both bounds are inclusive, and `~` sorts after each flag
  /// and after each character of a connection id.
  String first() {
    return digits(from);
  }

  String last() {
    return digits(to - 1) + "~";
  }

  public boolean contains(Slot slot) {
    return from <= slot.number() && slot.number() < to;
  }

  /// For example `40000000-80000000`.
  @Override
  public String toString() {
    return digits(from) + "-" + digits(to);
  }

  private static String digits(long value) {
    return "%08x".formatted(value);
  }
}
