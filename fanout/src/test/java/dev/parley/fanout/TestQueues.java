package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestSqs;
import dev.parley.room.RoomId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// The jobs in the template's queues: each test has rooms of its own.
final class TestQueues {
  private TestQueues() {}

  static Map<String, String> environment() {
    return TestSqs.environment();
  }

  static String endpoint() {
    return Objects.requireNonNull(environment().get("AWS_ENDPOINT_URL_SQS"));
  }

  /// Takes the jobs for a room, once there are as many as there must be, within 10 s; jobs for
  /// other rooms are thrown away.
  static List<Message> take(String queueUrl, RoomId room, int count) {
    return take(queueUrl, message -> PushJob.decode(message.body()).room().equals(room), count);
  }

  /// As above for messages of whatever queue.
  static List<Message> take(String queueUrl, Predicate<Message> wanted, int count) {
    List<Message> taken = new ArrayList<>();
    long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (taken.size() < count && System.nanoTime() < deadline) {
      taken.addAll(receive(queueUrl, 1).stream().filter(wanted).toList());
    }
    return taken;
  }

  /// Takes all jobs that are there for a room, in the order of each message group; jobs for other
  /// rooms are thrown away.
  static List<Message> takeAll(String queueUrl, RoomId room) {
    return takeAll(queueUrl, message -> PushJob.decode(message.body()).room().equals(room));
  }

  /// As above for messages of whatever queue.
  static List<Message> takeAll(String queueUrl, Predicate<Message> wanted) {
    List<Message> taken = new ArrayList<>();
    List<Message> received;
    do {
      received = receive(queueUrl, 0);
      taken.addAll(received);
    } while (!received.isEmpty());
    taken.removeIf(wanted.negate());
    return taken;
  }

  private static List<Message> receive(String queueUrl, int waitSeconds) {
    List<Message> messages =
        TestSqs.client()
            .receiveMessage(
                receive ->
                    receive
                        .queueUrl(queueUrl)
                        .maxNumberOfMessages(10)
                        .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                        .waitTimeSeconds(waitSeconds))
            .messages();
    for (Message message : messages) {
      TestSqs.client()
          .deleteMessage(
              delete -> delete.queueUrl(queueUrl).receiptHandle(message.receiptHandle()));
    }
    return messages;
  }

  /// The event with which Lambda hands these to a function.
  static SQSEvent event(List<Message> messages) {
    List<SQSMessage> records = new ArrayList<>();
    for (Message message : messages) {
      SQSMessage record = new SQSMessage();
      record.setMessageId(message.messageId());
      record.setBody(message.body());
      record.setAttributes(message.attributesAsStrings());
      records.add(record);
    }
    SQSEvent event = new SQSEvent();
    event.setRecords(records);
    return event;
  }

  /// How many messages are in a queue, the delayed ones too.
  static int size(String queueUrl) {
    return TestSqs.client()
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
