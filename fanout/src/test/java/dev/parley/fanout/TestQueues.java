package dev.parley.fanout;

import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.template.Template;
import dev.parley.room.RoomId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The template's queues on ElasticMQ, one set for all tests: each test has rooms of its own.
final class TestQueues {
  private static final LocalSqs SQS = start();

  private TestQueues() {}

  private static LocalSqs start() {
    try {
      LocalSqs sqs = LocalSqs.start();
      sqs.create(Template.read(Path.of("..", "infra", "template.yaml"), Map.of()).queues());
      Runtime.getRuntime().addShutdownHook(new Thread(sqs::close));
      return sqs;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Map<String, String> environment() {
    return SQS.environment();
  }

  /// Takes the messages for a room, once there are as many as there must be, within 10 s; messages
  /// for other rooms are thrown away.
  static List<Message> take(String queueUrl, RoomId room, int count) {
    List<Message> taken = new ArrayList<>();
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (taken.size() < count && System.nanoTime() < deadline) {
      for (Message message :
          SQS.client()
              .receiveMessage(
                  receive ->
                      receive
                          .queueUrl(queueUrl)
                          .maxNumberOfMessages(10)
                          .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                          .waitTimeSeconds(1))
              .messages()) {
        SQS.client()
            .deleteMessage(
                delete -> delete.queueUrl(queueUrl).receiptHandle(message.receiptHandle()));
        if (PushJob.decode(message.body()).room().equals(room)) {
          taken.add(message);
        }
      }
    }
    return taken;
  }

  /// How many messages are in a queue, the delayed ones too.
  static int size(String queueUrl) {
    return SQS
        .client()
        .getQueueAttributes(
            get ->
                get.queueUrl(queueUrl)
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
