package dev.parley.table;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// An item of a table, read with the types that are expected of its attributes.
///
/// @param attributes as DynamoDB gives them; never changed
public record Row(Map<String, AttributeValue> attributes) {
  /// A stored item is not what was written there: somebody else wrote it, or a version of ours that
  /// this one does not know.
  public static final class InvalidRow extends RuntimeException {
    InvalidRow(String attribute, String expected) {
      super("stored attribute " + attribute + " is not " + expected);
    }
  }

  public static AttributeValue s(String value) {
    return AttributeValue.fromS(value);
  }

  public static AttributeValue n(long value) {
    return AttributeValue.fromN(Long.toString(value));
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

  /// Whether DynamoDB would delete this row by now. It does so "typically within two days", and
  /// returns the row until then, so every read asks.
  ///
  /// @param nowSeconds epoch seconds
  public boolean expired(long nowSeconds) {
    Long expiresAt = optionalNumber("expires_at");
    return expiresAt != null && expiresAt <= nowSeconds;
  }
}
