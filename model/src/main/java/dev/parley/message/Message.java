package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.identity.Identity;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A message as it is kept.
///
/// @param timestamp with the room it is the message's key, and is never used again there
/// @param id the client's, or one of ours where it gave none
/// @param text 1 to 4,000 code points
/// @param trace where the send's X-Ray trace goes on, or null where it was not sampled: a DynamoDB
///     stream carries no trace header of its own
public record Message(
    RoomId room,
    Timestamp timestamp,
    String id,
    Identity from,
    String text,
    Trace.@Nullable Context trace)
    implements Entry {

  /// @throws RuntimeException where an attribute is missing or not what it should be
  public static Message of(Row row) {
    return new Message(
        new RoomId(row.string("room_id")),
        Timestamp.of(row, "timestamp"),
        row.string("id"),
        Identity.stored(row.string("user"), row.string("sender")),
        row.string("message"),
        Trace.Context.of(row.optionalString("trace")).orElse(null));
  }

  Map<String, AttributeValue> row(Instant expiresAt) {
    Map<String, AttributeValue> row = new HashMap<>();
    row.put("room_id", s(room.name()));
    row.put("timestamp", n(timestamp.micros()));
    row.put("id", s(id));
    row.put("user", s(from.user()));
    row.put("sender", s(from.sender()));
    row.put("message", s(text));
    row.put("expires_at", seconds(expiresAt));
    if (trace != null) {
      row.put("trace", s(trace.header()));
    }
    return row;
  }

  /// The same message at another timestamp.
  Message at(Timestamp other) {
    return new Message(room, other, id, from, text, trace);
  }

  /// Whether a row holds the message of the same send, by whichever attempt: ids are a user's own.
  boolean isIn(Row row) {
    return id.equals(row.optionalString("id")) && from.user().equals(row.optionalString("user"));
  }

  /// The result of its send, once it is in the table.
  SendResult.Sent sent() {
    return new SendResult.Sent(id, timestamp, trace);
  }

  /// As above where a row holds it: another attempt may have written that, with another trace.
  SendResult.Sent sent(Row row) {
    boolean written =
        Trace.Context.of(row.optionalString("trace")).filter(c -> c.equals(trace)).isPresent();
    return new SendResult.Sent(id, timestamp, written ? trace : null);
  }
}
