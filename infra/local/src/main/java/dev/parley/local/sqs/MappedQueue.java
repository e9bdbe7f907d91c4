package dev.parley.local.sqs;

import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import dev.parley.local.template.QueueResource;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

/// A queue, as an event source mapping calls it.
record MappedQueue(QueueResource resource, SqsClient sqs, MetricStore metrics) {
  /// What `ReceiveMessage` gives, and `DeleteMessageBatch` takes, at most.
  private static final int MESSAGES_PER_CALL_MAX = 10;

  /// Receives once. A receive that finds nothing is not measured: how often AWS's pollers ask is
  /// their own affair, and not how often it is asked here.
  ///
  /// @param waitSeconds how long to wait where there is no message
  List<QueueMessage> receive(int waitSeconds, int sizeMax) {
    List<Message> messages =
        sqs.receiveMessage(
                receive ->
                    receive
                        .queueUrl(resource.url())
                        .maxNumberOfMessages(Math.min(sizeMax, MESSAGES_PER_CALL_MAX))
                        .waitTimeSeconds(waitSeconds)
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                        .messageAttributeNames("All"))
            .messages();
    if (!messages.isEmpty()) {
      requested(messages.stream().mapToInt(message -> message.body().length()).sum());
    }
    return messages.stream().map(message -> QueueMessage.of(message, resource)).toList();
  }

  /// Deletes messages.
  ///
  /// @return how many could not be deleted, and so will be received again
  int delete(List<QueueMessage> messages) {
    int kept = 0;
    for (int from = 0; from < messages.size(); from += MESSAGES_PER_CALL_MAX) {
      List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
      for (int i = from; i < Math.min(from + MESSAGES_PER_CALL_MAX, messages.size()); i++) {
        entries.add(
            DeleteMessageBatchRequestEntry.builder()
                .id(Integer.toString(i))
                .receiptHandle(messages.get(i).message().receiptHandle())
                .build());
      }
      requested(0);
      DeleteMessageBatchResponse response =
          sqs.deleteMessageBatch(delete -> delete.queueUrl(resource.url()).entries(entries));
      kept += response.failed().size();
    }
    return kept;
  }

  private void requested(int payloadBytes) {
    metrics.add(Series.ofQueueRequests(resource.name()), QueueRequests.of(payloadBytes));
  }
}
