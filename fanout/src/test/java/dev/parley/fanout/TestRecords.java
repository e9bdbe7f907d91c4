package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.StreamRecord;
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

  /// A row of ChatConnections that came (`INSERT`) or went (`REMOVE`).
  static DynamodbStreamRecord connection(
      String sequence, String eventName, String connection, String room, long connectedAtMs) {
    Map<String, AttributeValue> keys = Map.of("connection_id", s(connection), "room_id", s(room));
    Map<String, AttributeValue> image = new HashMap<>(keys);
    image.put("user", s("guest:" + connection.hashCode()));
    image.put("sender", s("Someone"));
    image.put("connected_at", new AttributeValue().withN(Long.toString(connectedAtMs)));
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

  static AttributeValue s(String value) {
    return new AttributeValue().withS(value);
  }
}
