package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A message as it is kept.
///
/// @param timestamp epoch microseconds; with the room it is the message's key, and is never reused
///     there
/// @param id the client's, or one of ours where it gave none
/// @param text 1 to 4,000 code points
/// @param trace the X-Ray trace header of the send, so that the fan-out can report under it:
///     nothing else links a trace across a DynamoDB stream
public record Message(
    RoomId room, long timestamp, String id, Identity from, String text, @Nullable String trace)
    implements Entry {

  public Message {
    if (timestamp < 0 || timestamp > Limits.NUMBER_MAX) {
      throw new IllegalArgumentException("a timestamp is 0 to 2^53 - 1");
    }
  }

  /// @throws RuntimeException where an attribute is missing or not what it should be
  public static Message of(Row row) {
    return new Message(
        new RoomId(row.string("room_id")),
        row.number("timestamp"),
        row.string("id"),
        Identity.stored(row.string("user"), row.string("sender")),
        row.string("message"),
        row.optionalString("trace"));
  }

  /// @param expiresAt epoch seconds
  Map<String, AttributeValue> item(long expiresAt) {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("room_id", s(room.name()));
    item.put("timestamp", n(timestamp));
    item.put("id", s(id));
    item.put("user", s(from.user()));
    item.put("sender", s(from.sender()));
    item.put("message", s(text));
    item.put("expires_at", n(expiresAt));
    if (trace != null) {
      item.put("trace", s(trace));
    }
    return item;
  }

  Message at(long otherTimestamp) {
    return new Message(room, otherTimestamp, id, from, text, trace);
  }
}
