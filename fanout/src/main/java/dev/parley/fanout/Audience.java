package dev.parley.fanout;

import java.util.List;

/// Who is in a room: all of them, where one segment holds them, and else how many.
///
/// They are counted, not estimated. An estimate from the members with the smallest slots could be
/// moved by who has many connections, and by who finds out which guests have small slots: each of a
/// room's messages would then cost more than its members are worth.
sealed interface Audience {
  record Small(List<Receiver> members) implements Audience {}

  /// @param members more than a segment is to have
  record Large(long members) implements Audience {}

  /// It could not be read in time.
  record Unknown() implements Audience {}
}
