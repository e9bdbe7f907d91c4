package dev.parley.message;

import dev.parley.platform.Settings;
import dev.parley.room.Timestamp;
import java.time.Duration;
import java.time.Instant;

/// How long messages are kept.
record Retention(Duration time) {
  private static final long NANOS_PER_SECOND = 1_000_000_000L;

  Retention(Settings settings) {
    this(Duration.ofDays(settings.number("MESSAGE_RETENTION_DAYS", 1, 3650)));
  }

  /// Messages before this may have been removed.
  Timestamp horizon(Instant now) {
    return Timestamp.of(now.minus(time));
  }

  /// When a message may be removed. It is before the horizon by then, also in the whole seconds
  /// that `expires_at` holds: so a page that is called complete lacks no message.
  Instant expiresAt(Timestamp timestamp) {
    return timestamp.instant().plus(time).plusNanos(NANOS_PER_SECOND - 1);
  }
}
