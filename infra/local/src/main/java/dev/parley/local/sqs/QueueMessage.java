package dev.parley.local.sqs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.eventsource.BatchItem;
import dev.parley.local.template.QueueResource;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// One message that was received from a queue.
///
/// @param group its message group; its own id in a standard queue, where no message waits for
///     another
/// @param json encoded once
@SuppressWarnings("ArrayRecordComponent") // never compared
record QueueMessage(Message message, String group, byte[] json) implements BatchItem {
  static QueueMessage of(Message message, QueueResource queue) {
    return new QueueMessage(
        message,
        queue.fifo()
            ? message.attributes().getOrDefault(MessageSystemAttributeName.MESSAGE_GROUP_ID, "")
            : message.messageId(),
        QueueEvent.of(message, queue.arn()).toString().getBytes(UTF_8));
  }

  @Override
  public String identifier() {
    return message.messageId();
  }

  String body() {
    return message.body();
  }

  @Nullable String traceHeader() {
    String header = message.attributes().get(MessageSystemAttributeName.AWS_TRACE_HEADER);
    return header == null || header.isEmpty() ? null : header;
  }
}
