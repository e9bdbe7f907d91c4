package dev.parley.room;

import dev.parley.Limits;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// When a message was sent, and its place in its room: no two messages of a room have the same.
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

  /// A stored timestamp.
  ///
  /// @throws Row.InvalidRow where the attribute is missing, or no timestamp
  public static Timestamp of(Row row, String attribute) {
    long micros = row.number(attribute);
    if (micros < MIN.micros || micros > MAX.micros) {
      throw new Row.InvalidRow(attribute, "a timestamp");
    }
    return new Timestamp(micros);
  }

  /// A stored timestamp that the rest of the row can do without. Where the attribute is no
  /// timestamp, this is reported and it counts as missing.
  public static @Nullable Timestamp optional(String table, Row row, String attribute) {
    Long micros = row.optionalNumber(table, attribute, MIN.micros, MAX.micros);
    return micros == null ? null : new Timestamp(micros);
  }

  /// The first timestamp after this one.
  public Timestamp next() {
    return new Timestamp(micros + 1);
  }

  /// The last timestamp before this one; of [#MIN] it is [#MIN].
  public Timestamp previous() {
    return new Timestamp(Math.max(MIN.micros, micros - 1));
  }

  public boolean isBefore(Timestamp other) {
    return micros < other.micros;
  }

  /// How long ago it is, in milliseconds; 0 where it lies ahead.
  public long ageMillis(Instant now) {
    return Math.max(0, Duration.between(instant(), now).toMillis());
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
