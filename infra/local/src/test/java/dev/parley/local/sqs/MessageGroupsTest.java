package dev.parley.local.sqs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

class MessageGroupsTest {
  @Test
  void aGroupHasOneBatchInFlightUntilItsMessageIsReleased() {
    MessageGroups groups = new MessageGroups(true);
    MessageGroups.Taken first = groups.take(messages("a", "a", "b"));

    assertEquals(List.of("a", "a", "b"), inOrder(first));
    assertEquals(List.of("c"), inOrder(groups.take(messages("a", "b", "c"))));

    first.release(messages("a"));
    assertEquals(List.of("a"), inOrder(groups.take(messages("a", "b"))));
  }

  @Test
  void aBatchEndsItsHoldOnceAndNotThatOfTheBatchAfterIt() {
    MessageGroups groups = new MessageGroups(true);
    MessageGroups.Taken first = groups.take(messages("a"));
    first.release(messages("a"));
    MessageGroups.Taken second = groups.take(messages("a"));

    first.release(messages("a"));

    assertEquals(List.of("a"), inOrder(second));
    assertEquals(List.of(), inOrder(groups.take(messages("a"))));
  }

  @Test
  void inAStandardQueueNoMessageWaitsForAnother() {
    MessageGroups groups = new MessageGroups(false);

    assertEquals(List.of("a"), inOrder(groups.take(messages("a"))));
    assertEquals(List.of("a"), inOrder(groups.take(messages("a"))));
  }

  private static List<QueueMessage> messages(String... groups) {
    return Stream.of(groups)
        .map(group -> new QueueMessage(Message.builder().build(), group, new byte[0]))
        .toList();
  }

  private static List<String> inOrder(MessageGroups.Taken taken) {
    return taken.messages().stream().map(QueueMessage::group).toList();
  }
}
