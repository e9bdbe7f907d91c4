package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.table.Row;
import java.time.Instant;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A row of ChatMessages that is no message. It takes a timestamp that a send had reserved, so that
/// a write of that send which is still under way finds it taken, whenever it arrives. Nobody is
/// shown it or told of it.
public final class VoidRow {
  /// Holds the id of the send.
  private static final String MARK = "void";

  private VoidRow() {}

  public static boolean is(Row row) {
    return row.attributes().containsKey(MARK);
  }

  /// @param message which is not to be written at its timestamp
  static Map<String, AttributeValue> instead(Message message, Instant expiresAt) {
    return Map.of(
        "room_id",
        s(message.room().name()),
        "timestamp",
        n(message.timestamp().micros()),
        MARK,
        s(message.id()),
        "expires_at",
        seconds(expiresAt));
  }
}
