package dev.parley.message;

import dev.parley.Limits;
import dev.parley.room.Room;
import dev.parley.room.Timestamp;
import java.time.Instant;
import java.util.List;

/// A part of a room's history.
///
/// @param entries in ascending order of their timestamps
/// @param more whether there are others in the direction that was asked for; false in an empty page
/// @param readUnits what DynamoDB charges for having read it
public record Page(Range range, List<Entry> entries, boolean more, double readUnits) {
  /// A page that nothing was read for.
  public Page(Range range, List<Entry> entries, boolean more) {
    this(range, entries, more, 0);
  }

  /// Whether retention has removed nothing from the asked range, between its beginning and the
  /// entries of this page.
  ///
  /// @param horizon messages before it may have been removed
  /// @param now a room that was created later than now does not tell its age
  public boolean complete(Room room, Timestamp horizon, Instant now) {
    Instant created = room.createdAt();
    if (created != null
        && !created.isBefore(horizon.instant())
        && !created.isAfter(now.plus(Limits.CLOCK_SKEW_MAX))) {
      return true;
    }
    return switch (range) {
      case Range.After after -> !after.timestamp().isBefore(horizon);
      case Range.Newest newest -> more && !entries.getFirst().timestamp().isBefore(horizon);
      case Range.Before before -> more && !entries.getFirst().timestamp().isBefore(horizon);
    };
  }
}
