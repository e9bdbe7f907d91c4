package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import software.amazon.awssdk.services.sqs.model.Message;
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

  /// Takes the jobs for a room, as [TestSqs#take].
  static List<Message> take(String queueUrl, RoomId room, int count) {
    return TestSqs.take(queueUrl, isFor(room), count);
  }

  /// Takes all jobs for a room, as [TestSqs#takeAll].
  static List<Message> takeAll(String queueUrl, RoomId room) {
    return TestSqs.takeAll(queueUrl, isFor(room));
  }

  /// Takes the departures from a room. One that is enqueued now comes after them: so none is missed
  /// whose delay is as long.
  static List<Departure> departures(RoomId room) {
    Settings settings = new Settings(TestTables.environment("PresenceFunction", environment()));
    String queue = settings.required("DEPARTURES_QUEUE_URL");
    String last = TestTables.fresh("last");
    TestSqs.client().sendMessage(send -> send.queueUrl(queue).messageBody(last).delaySeconds(1));
    List<Departure> taken = new ArrayList<>();
    TestSqs.take(
        queue,
        message -> {
          if (message.body().equals(last)) {
            return true;
          }
          if (message.body().startsWith("{")) {
            taken.add(Departure.decode(message.body()));
          }
          return false;
        },
        1);
    taken.removeIf(departure -> !departure.room().equals(room));
    return taken;
  }

  private static Predicate<Message> isFor(RoomId room) {
    return message -> PushJob.decode(message.body()).room().equals(room);
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
