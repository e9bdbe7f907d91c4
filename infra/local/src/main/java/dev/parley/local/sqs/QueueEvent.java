package dev.parley.local.sqs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.json.Json;
import java.util.Base64;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/// A message as Lambda hands it to a function, one element of the event's `Records`, and as its
/// filters see it.
final class QueueEvent {

  private QueueEvent() {}

  /// Unlike AWS: `SenderId` is an address and `SequenceNumber` a small number, as ElasticMQ has
  /// them.
  static ObjectNode of(Message message, String queueArn) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    event.put("messageId", message.messageId());
    event.put("receiptHandle", message.receiptHandle());
    event.put("body", message.body());
    ObjectNode attributes = event.putObject("attributes");
    message.attributesAsStrings().forEach(attributes::put);
    ObjectNode messageAttributes = event.putObject("messageAttributes");
    message
        .messageAttributes()
        .forEach((name, value) -> messageAttributes.set(name, attribute(value)));
    if (message.md5OfMessageAttributes() != null) {
      event.put("md5OfMessageAttributes", message.md5OfMessageAttributes());
    }
    event.put("md5OfBody", message.md5OfBody());
    event.put("eventSource", "aws:sqs");
    event.put("eventSourceARN", queueArn);
    event.put("awsRegion", LocalAccount.REGION);
    return event;
  }

  private static ObjectNode attribute(MessageAttributeValue value) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    if (value.stringValue() != null) {
      node.put("stringValue", value.stringValue());
    }
    if (value.binaryValue() != null) {
      node.put(
          "binaryValue",
          Base64.getEncoder().encodeToString(value.binaryValue().asByteArrayUnsafe()));
    }
    node.putArray("stringListValues");
    node.putArray("binaryListValues");
    return node.put("dataType", value.dataType());
  }

  /// What a filter is matched against: a body that is a JSON object counts as that object, and any
  /// other as text.
  static ObjectNode filtered(String body) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    try {
      JsonNode json = Json.MAPPER.readTree(body);
      if (json.isObject()) {
        return event.set("body", json);
      }
    } catch (JsonProcessingException e) {
      // Then it is text.
    }
    return event.put("body", body);
  }
}
