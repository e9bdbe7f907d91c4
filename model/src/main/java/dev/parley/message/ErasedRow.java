package dev.parley.message;

import static dev.parley.table.Row.millis;

import dev.parley.table.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A row of ChatMessages whose message was erased with its user. It keeps its place, since it may
/// be a room's head or the `prev` of an event, and nothing of what was said or by whom: readers get
/// it as [Entry.Unreadable]. A write of the message that is late finds its timestamp taken.
public final class ErasedRow {
  private static final String MARK = "erased_at";

  private ErasedRow() {}

  static boolean is(Row row) {
    return row.attributes().containsKey(MARK);
  }

  /// @param kept the key of the message's row, and its expiry
  public static Map<String, AttributeValue> instead(Map<String, AttributeValue> kept, Instant now) {
    Map<String, AttributeValue> row = new HashMap<>(kept);
    row.put(MARK, millis(now));
    return row;
  }
}
