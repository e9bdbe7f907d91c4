package dev.parley.local.streams;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.dynamodb.TimeToLive;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.OperationType;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.StreamRecord;

/// A stream record as Lambda hands it to a function, one element of the event's `Records`.
final class StreamEvent {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private StreamEvent() {}

  static ObjectNode of(Record record, String table, String streamArn, TimeToLive timeToLive) {
    StreamRecord change = record.dynamodb();
    ObjectNode event = JSON.objectNode();
    event.put("eventID", record.eventID());
    event.put("eventName", record.eventNameAsString());
    event.put("eventVersion", "1.1");
    event.put("eventSource", "aws:dynamodb");
    event.put("awsRegion", LocalAccount.REGION);
    ObjectNode dynamodb = event.putObject("dynamodb");
    // Seconds as a float, as Lambda sends them. Unlike AWS: DynamoDB Local cuts off to the minute.
    dynamodb.put(
        "ApproximateCreationDateTime",
        change.approximateCreationDateTime().toEpochMilli() / 1000.0);
    dynamodb.set("Keys", attributes(change.keys()));
    if (change.hasNewImage()) {
      dynamodb.set("NewImage", attributes(change.newImage()));
    }
    if (change.hasOldImage()) {
      dynamodb.set("OldImage", attributes(change.oldImage()));
    }
    dynamodb.put("SequenceNumber", change.sequenceNumber());
    dynamodb.put("SizeBytes", change.sizeBytes());
    dynamodb.put("StreamViewType", change.streamViewTypeAsString());
    event.put("eventSourceARN", streamArn);
    if (record.eventName() == OperationType.REMOVE
        && timeToLive.removed(table, change.keys(), record.eventID())) {
      event
          .putObject("userIdentity")
          .put("type", "Service")
          .put("principalId", "dynamodb.amazonaws.com");
    }
    return event;
  }

  private static ObjectNode attributes(Map<String, AttributeValue> attributes) {
    ObjectNode node = JSON.objectNode();
    attributes.forEach((name, value) -> node.set(name, attribute(value)));
    return node;
  }

  private static ObjectNode attribute(AttributeValue value) {
    JsonNode content =
        switch (value.type()) {
          case S -> JSON.textNode(value.s());
          case N -> JSON.textNode(value.n());
          case B -> JSON.textNode(base64(value.b()));
          case BOOL -> JSON.booleanNode(value.bool());
          case NUL -> JSON.booleanNode(true);
          case SS -> texts(value.ss());
          case NS -> texts(value.ns());
          case BS -> texts(value.bs().stream().map(StreamEvent::base64).toList());
          case M -> attributes(value.m());
          case L -> {
            ArrayNode list = JSON.arrayNode();
            value.l().forEach(element -> list.add(attribute(element)));
            yield list;
          }
          case UNKNOWN_TO_SDK_VERSION ->
              throw new IllegalStateException("an attribute of a type that this SDK lacks");
        };
    String type = value.type() == AttributeValue.Type.NUL ? "NULL" : value.type().name();
    return JSON.objectNode().set(type, content);
  }

  private static String base64(@Nullable SdkBytes bytes) {
    return bytes == null ? "" : Base64.getEncoder().encodeToString(bytes.asByteArrayUnsafe());
  }

  private static ArrayNode texts(List<String> values) {
    ArrayNode array = JSON.arrayNode();
    values.forEach(array::add);
    return array;
  }
}
