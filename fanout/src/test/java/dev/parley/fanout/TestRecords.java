package dev.parley.fanout;

import static java.util.Objects.requireNonNull;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.StreamRecord;
import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Slot;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Records of the tables' streams, as Lambda hands them to a function.
final class TestRecords {
  /// The label of the stream that they are from.
  static final String STREAM = "2026-11-25T21:28:00.000";

  private TestRecords() {}

  static DynamodbEvent event(DynamodbStreamRecord... records) {
    return event(Arrays.asList(records));
  }

  static DynamodbEvent event(List<DynamodbStreamRecord> records) {
    DynamodbEvent event = new DynamodbEvent();
    event.setRecords(records);
    return event;
  }

  /// A message that was put into ChatMessages.
  static DynamodbStreamRecord message(String sequence, String room, long timestamp) {
    return message(sequence, room, timestamp, "text of " + sequence);
  }

  static DynamodbStreamRecord message(String sequence, String room, long timestamp, String text) {
    AttributeValue number = new AttributeValue().withN(Long.toString(timestamp));
    Map<String, AttributeValue> image = new HashMap<>();
    image.put("room_id", s(room));
    image.put("timestamp", number);
    image.put("id", s("id-" + sequence));
    image.put("user", s("guest:1"));
    image.put("sender", s("Ada"));
    image.put("message", s(text));
    return record(sequence, "INSERT", Map.of("room_id", s(room), "timestamp", number), image, null);
  }

  /// A membership that came (`INSERT`) or went (`REMOVE`), as [TestMembers] writes it.
  static DynamodbStreamRecord membership(
      String sequence,
      String eventName,
      String connection,
      Identity identity,
      RoomId room,
      Instant joinedAt) {
    String salt = requireNonNull(TestTables.rooms(room).getFirst().salt());
    Slot slot = Slot.of(salt, identity.user(), new ConnectionId(connection), Framing.BATCHED);
    return connection(
        sequence,
        eventName,
        connection,
        room.name(),
        Map.of(
            "user", s(identity.user()),
            "sender", s(identity.sender()),
            "slot", s(slot.value()),
            "joined_at", n(joinedAt.toEpochMilli()),
            "expires_at", n(joinedAt.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond())));
  }

  /// A membership that somebody has taken away, or that was written anew after that.
  ///
  /// @param why `kicked`, for example, or null where it was written anew
  static DynamodbStreamRecord changed(DynamodbStreamRecord membership, @Nullable String why) {
    Map<String, AttributeValue> member =
        requireNonNull(membership.getDynamodb()).getNewImage() == null
            ? membership.getDynamodb().getOldImage()
            : membership.getDynamodb().getNewImage();
    Map<String, AttributeValue> removed = new HashMap<>(member);
    removed.remove("slot");
    removed.put("removed", s(why == null ? "kicked" : why));
    return record(
        membership.getDynamodb().getSequenceNumber(),
        "MODIFY",
        membership.getDynamodb().getKeys(),
        why == null ? member : removed,
        why == null ? removed : member);
  }

  /// A connection's own row that went because it had expired.
  static DynamodbStreamRecord expired(String sequence, String connection, Instant connectedAt) {
    DynamodbStreamRecord record = removed(sequence, connection, connectedAt);
    com.amazonaws.services.lambda.runtime.events.models.dynamodb.Identity service =
        new com.amazonaws.services.lambda.runtime.events.models.dynamodb.Identity();
    service.setPrincipalId("dynamodb.amazonaws.com");
    service.setType("Service");
    record.setUserIdentity(service);
    return record;
  }

  /// A connection's own row that a function has removed.
  static DynamodbStreamRecord removed(String sequence, String connection, Instant connectedAt) {
    return connection(
        sequence,
        "REMOVE",
        connection,
        "$connection",
        Map.of(
            "user", s("guest:1"),
            "sender", s("Ada"),
            "connected_at", n(connectedAt.toEpochMilli())));
  }

  private static DynamodbStreamRecord connection(
      String sequence,
      String eventName,
      String connection,
      String room,
      Map<String, AttributeValue> attributes) {
    Map<String, AttributeValue> keys = Map.of("connection_id", s(connection), "room_id", s(room));
    Map<String, AttributeValue> image = new HashMap<>(keys);
    image.putAll(attributes);
    boolean gone = eventName.equals("REMOVE");
    return record(sequence, eventName, keys, gone ? null : image, gone ? image : null);
  }

  static DynamodbStreamRecord record(
      String sequence,
      String eventName,
      Map<String, AttributeValue> keys,
      @Nullable Map<String, AttributeValue> newImage,
      @Nullable Map<String, AttributeValue> oldImage) {
    StreamRecord stream = new StreamRecord();
    stream.setSequenceNumber(sequence);
    stream.setKeys(keys);
    stream.setNewImage(newImage);
    stream.setOldImage(oldImage);
    DynamodbStreamRecord record = new DynamodbStreamRecord();
    record.setEventSourceARN("arn:aws:dynamodb:us-east-1:000000000000:table/T/stream/" + STREAM);
    record.setEventName(eventName);
    record.setDynamodb(stream);
    return record;
  }

  private static AttributeValue n(long value) {
    return new AttributeValue().withN(Long.toString(value));
  }

  static AttributeValue s(String value) {
    return new AttributeValue().withS(value);
  }
}
