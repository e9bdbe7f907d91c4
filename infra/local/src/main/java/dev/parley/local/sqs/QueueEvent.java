package dev.parley.local.sqs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import java.io.IOException;
import java.util.Base64;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;

/// A message as Lambda hands it to a function, one element of the event's `Records`; and what the
/// function's result says of a batch of them.
final class QueueEvent {
  private static final ObjectMapper JSON = new ObjectMapper();

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

  /// What a filter is matched against: a body that is JSON counts as what it says.
  static ObjectNode filtered(String body) {
    ObjectNode event = JsonNodeFactory.instance.objectNode();
    try {
      JsonNode json = JSON.readTree(body);
      if (json.isObject()) {
        return event.set("body", json);
      }
    } catch (JsonProcessingException e) {
      // Then it is text.
    }
    return event.put("body", body);
  }

  /// The ids that a function with `ReportBatchItemFailures` names as failed. A result that is no
  /// JSON object, or names an id that is empty, missing or of another batch, fails all.
  ///
  /// @param batch the ids that it was given
  static Set<String> failures(byte[] result, Set<String> batch) {
    JsonNode failures;
    try {
      JsonNode json = JSON.readTree(result);
      if (json.isMissingNode() || json.isNull()) {
        return Set.of();
      }
      if (!json.isObject()) {
        return batch;
      }
      failures = json.path("batchItemFailures");
    } catch (IOException e) {
      return batch;
    }
    if (failures.isMissingNode() || failures.isNull()) {
      return Set.of();
    }
    if (!failures.isArray()) {
      return batch;
    }
    Set<String> failed = new HashSet<>();
    for (JsonNode failure : failures) {
      @Nullable String id = failure.path("itemIdentifier").textValue();
      if (id == null || !batch.contains(id)) {
        return batch;
      }
      failed.add(id);
    }
    return failed;
  }
}
