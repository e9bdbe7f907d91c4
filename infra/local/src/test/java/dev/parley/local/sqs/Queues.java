package dev.parley.local.sqs;

import dev.parley.local.template.QueueResource;
import dev.parley.local.template.QueueResource.Redrive;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// Queues of one ElasticMQ, a new one for each that a test asks for.
final class Queues {
  private static final AtomicInteger COUNT = new AtomicInteger();
  private final LocalSqs sqs;

  Queues(LocalSqs sqs) {
    this.sqs = sqs;
  }

  QueueResource standard(Duration visibilityTimeout) {
    return create(false, visibilityTimeout, null);
  }

  QueueResource fifo(Duration visibilityTimeout) {
    return create(true, visibilityTimeout, null);
  }

  QueueResource create(boolean fifo, Duration visibilityTimeout, @Nullable Redrive redrive) {
    String name = "queue-" + COUNT.incrementAndGet() + (fifo ? ".fifo" : "");
    QueueResource queue =
        new QueueResource(
            name,
            name,
            "arn:aws:sqs:us-east-1:000000000000:" + name,
            "https://sqs.us-east-1.amazonaws.com/000000000000/" + name,
            fifo,
            false,
            visibilityTimeout,
            Duration.ZERO,
            Duration.ZERO,
            redrive);
    sqs.create(List.of(queue));
    return queue;
  }

  void send(QueueResource queue, String... bodies) {
    for (String body : bodies) {
      sqs.client().sendMessage(send -> send.queueUrl(queue.url()).messageBody(body));
    }
  }

  /// The body is also the deduplication id.
  void sendTo(String group, QueueResource queue, String... bodies) {
    for (String body : bodies) {
      sqs.client()
          .sendMessage(
              send ->
                  send.queueUrl(queue.url())
                      .messageBody(body)
                      .messageGroupId(group)
                      .messageDeduplicationId(body));
    }
  }

  /// Takes out what is visible now.
  List<Message> drain(QueueResource queue) {
    List<Message> all = new ArrayList<>();
    while (true) {
      List<Message> some =
          sqs.client()
              .receiveMessage(
                  receive ->
                      receive
                          .queueUrl(queue.url())
                          .maxNumberOfMessages(10)
                          .messageSystemAttributeNames(MessageSystemAttributeName.ALL))
              .messages();
      if (some.isEmpty()) {
        return all;
      }
      List<DeleteMessageBatchRequestEntry> entries =
          some.stream()
              .map(
                  message ->
                      DeleteMessageBatchRequestEntry.builder()
                          .id(message.messageId())
                          .receiptHandle(message.receiptHandle())
                          .build())
              .toList();
      sqs.client().deleteMessageBatch(delete -> delete.queueUrl(queue.url()).entries(entries));
      all.addAll(some);
    }
  }

  /// How many messages there are, visible or not.
  int size(QueueResource queue) {
    return sqs
        .client()
        .getQueueAttributes(
            get ->
                get.queueUrl(queue.url())
                    .attributeNames(
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED,
                        QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE))
        .attributes()
        .values()
        .stream()
        .mapToInt(Integer::parseInt)
        .sum();
  }
}
