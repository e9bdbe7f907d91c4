package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import dev.parley.table.Row;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Rows as a stream's event carries them. The event library has its own type for attributes.
/// Strings and numbers are taken over, and nothing else: no reader of a stream needs `admin`, the
/// one boolean of our rows.
final class StreamRow {
  private StreamRow() {}

  /// @param image an image or the keys of a stream record; null where the record has none
  static Row of(@Nullable Map<String, AttributeValue> image) {
    Map<String, software.amazon.awssdk.services.dynamodb.model.AttributeValue> attributes =
        new HashMap<>();
    if (image != null) {
      image.forEach(
          (name, value) -> {
            if (value.getS() != null) {
              attributes.put(name, Row.s(value.getS()));
            } else if (value.getN() != null) {
              attributes.put(
                  name,
                  software.amazon.awssdk.services.dynamodb.model.AttributeValue.fromN(
                      value.getN()));
            }
          });
    }
    return new Row(attributes);
  }
}
