package dev.parley.table;

import dev.parley.Metrics;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A row of a table, read with the types that its attributes should have.
///
/// @param attributes as DynamoDB gives them; never changed
public record Row(Map<String, AttributeValue> attributes) {
  private static final Logger LOG = LoggerFactory.getLogger(Row.class);

  /// The key attributes of all tables.
  private static final List<String> KEYS =
      List.of("connection_id", "room_id", "slot", "timestamp", "send_id", "user_digest");

  /// The partition key of ChatRoles; elsewhere it is an attribute.
  private static final String USER = "user";

  private static final Set<String> NOT_OF_ROLES = Set.of("connection_id", "timestamp", "send_id");

  /// A stored row is not as we write it: somebody else wrote it, or another version of ours.
  public static final class InvalidRow extends RuntimeException {
    public InvalidRow(String attribute, String expected) {
      super("stored attribute " + attribute + " is not " + expected);
    }
  }

  public static AttributeValue s(String value) {
    return AttributeValue.fromS(value);
  }

  public static AttributeValue n(long value) {
    return AttributeValue.fromN(Long.toString(value));
  }

  /// A moment in epoch milliseconds.
  public static AttributeValue millis(Instant moment) {
    return n(moment.toEpochMilli());
  }

  /// A moment in whole epoch seconds, as `expires_at` holds it.
  public static AttributeValue seconds(Instant moment) {
    return n(moment.getEpochSecond());
  }

  /// @throws InvalidRow where the attribute is missing or no string
  public String string(String attribute) {
    String value = optionalString(attribute);
    if (value == null) {
      throw new InvalidRow(attribute, "a string");
    }
    return value;
  }

  public @Nullable String optionalString(String attribute) {
    AttributeValue value = attributes.get(attribute);
    return value == null ? null : value.s();
  }

  /// Whether the attribute is there and true.
  ///
  /// @throws InvalidRow where it is there and no boolean
  public boolean is(String attribute) {
    AttributeValue value = attributes.get(attribute);
    if (value != null && value.bool() == null) {
      throw new InvalidRow(attribute, "a boolean");
    }
    return value != null && value.bool();
  }

  /// @throws InvalidRow where the attribute is missing or no whole number of 64 bits
  public long number(String attribute) {
    Long value = optionalNumber(attribute);
    if (value == null) {
      throw new InvalidRow(attribute, "a number");
    }
    return value;
  }

  /// @throws InvalidRow where the attribute is there and no whole number of 64 bits
  public @Nullable Long optionalNumber(String attribute) {
    AttributeValue value = attributes.get(attribute);
    if (value == null) {
      return null;
    }
    try {
      return Long.valueOf(value.n());
    } catch (NumberFormatException e) {
      throw new InvalidRow(attribute, "a whole number");
    }
  }

  /// An attribute that the rest of the row can do without. Where it is not a whole number within
  /// the bounds, this is reported and it counts as missing.
  public @Nullable Long optionalNumber(String table, String attribute, long min, long max) {
    try {
      Long value = optionalNumber(attribute);
      if (value == null || (min <= value && value <= max)) {
        return value;
      }
      throw new InvalidRow(attribute, "a whole number from " + min + " to " + max);
    } catch (InvalidRow e) {
      report(table, e);
      return null;
    }
  }

  /// As above, a moment in epoch milliseconds from 1970 to `max`.
  public @Nullable Instant optionalMillis(String table, String attribute, Instant max) {
    Long millis = optionalNumber(table, attribute, 0, max.toEpochMilli());
    return millis == null ? null : Instant.ofEpochMilli(millis);
  }

  /// As above, a moment in epoch seconds, as `expires_at` holds it.
  public @Nullable Instant optionalSeconds(String table, String attribute) {
    Long seconds = optionalNumber(table, attribute, 0, Long.MAX_VALUE);
    return seconds == null ? null : moment(seconds);
  }

  /// The moment of epoch seconds; the last one that Java has where they are more.
  public static Instant moment(long epochSeconds) {
    return Instant.ofEpochSecond(Math.min(epochSeconds, Instant.MAX.getEpochSecond()));
  }

  /// Logs and counts that this row, or an attribute of it, is skipped.
  public void report(String table, RuntimeException why) {
    StringBuilder key = new StringBuilder();
    for (String attribute : KEYS) {
      AttributeValue value = attributes.get(attribute);
      if (value != null) {
        key.append(key.isEmpty() ? "" : ", ").append(attribute).append(' ');
        key.append(value.s() == null ? value.n() : value.s());
      }
    }
    AttributeValue user = attributes.get(USER);
    if (user != null && attributes.keySet().stream().noneMatch(NOT_OF_ROLES::contains)) {
      key.append(", user ").append(user.s());
    }
    LOG.warn("skipped a row of {} or an attribute of it ({}): {}", table, key, why.getMessage());
    Metrics.ROWS_UNREADABLE.add(1);
  }

  /// Whether DynamoDB would delete this row by now. It does so "typically within two days", and
  /// returns the row until then, so every read asks. A row without `expires_at` never expires.
  ///
  /// @throws InvalidRow where `expires_at` is no whole number
  public boolean expired(Instant now) {
    Long expiresAt = optionalNumber("expires_at");
    return expiresAt != null && expiresAt <= now.getEpochSecond();
  }
}
