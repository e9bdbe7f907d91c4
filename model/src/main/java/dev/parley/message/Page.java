package dev.parley.message;

import dev.parley.Limits;
import dev.parley.room.Room;
import java.time.Instant;
import java.util.List;

/// A part of a room's history.
///
/// @param entries in ascending order of their timestamps
/// @param more whether there are others in the direction that was asked for; not in an empty page
public record Page(Range range, List<Entry> entries, boolean more) {

  /// Whether retention has left the asked range alone: nothing that was written between its begin
  /// and the entries of this page has been removed.
  ///
  /// @param horizon epoch microseconds; whatever is older may have been removed
  /// @param now a room that was made later than now says nothing of its age
  public boolean complete(Room room, long horizon, Instant now) {
    Long created = room.createdAtMs();
    if (created != null
        && created * 1000 >= horizon
        && created <= now.plus(Limits.CLOCK_SKEW_MAX).toEpochMilli()) {
      return true;
    }
    return switch (range) {
      case Range.After after -> after.timestamp() >= horizon;
      case Range.Newest newest -> more && first() >= horizon;
      case Range.Before before -> more && first() >= horizon;
    };
  }

  private long first() {
    return entries.isEmpty() ? Long.MIN_VALUE : entries.getFirst().timestamp();
  }
}
