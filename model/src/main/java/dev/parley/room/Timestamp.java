package dev.parley.room;

import dev.parley.Limits;
import java.time.Instant;

/// When a message was said, and its place in its room: no two messages of a room have the same.
///
/// @param micros epoch microseconds, 0 to 2^53 - 1, for example `1795654801123456`
public record Timestamp(long micros) implements Comparable<Timestamp> {
  private static final long MICROS_PER_SECOND = 1_000_000L;

  /// Before every message.
  public static final Timestamp MIN = new Timestamp(0);

  /// After every message.
  public static final Timestamp MAX = new Timestamp(Limits.NUMBER_MAX);

  public Timestamp {
    if (micros < 0 || micros > Limits.NUMBER_MAX) {
      throw new IllegalArgumentException("a timestamp is 0 to 2^53 - 1");
    }
  }

  /// The moment in whole microseconds; one before 1970 is [#MIN].
  public static Timestamp of(Instant moment) {
    return new Timestamp(
        Math.max(0, moment.getEpochSecond() * MICROS_PER_SECOND + moment.getNano() / 1_000));
  }

  /// The first timestamp after this one.
  public Timestamp next() {
    return new Timestamp(micros + 1);
  }

  public Instant instant() {
    return Instant.ofEpochSecond(micros / MICROS_PER_SECOND, micros % MICROS_PER_SECOND * 1_000);
  }

  @Override
  public int compareTo(Timestamp other) {
    return Long.compare(micros, other.micros);
  }

  @Override
  public String toString() {
    return Long.toString(micros);
  }
}
