package dev.parley.local.sqs;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The message groups of a FIFO queue that have a batch in flight: one each at most.
///
/// Safe for use by many threads.
final class MessageGroups {
  private final boolean fifo;
  private final Set<String> inFlight = ConcurrentHashMap.newKeySet();

  /// @param fifo false for a standard queue, where no message waits for another
  MessageGroups(boolean fifo) {
    this.fifo = fifo;
  }

  /// Takes the messages whose groups have no batch in flight; from now on these have this one.
  ///
  /// A batch that outlives its visibility timeout is handed out again while it is in flight; its
  /// group must wait nevertheless.
  Taken take(List<QueueMessage> messages) {
    List<QueueMessage> free =
        fifo
            ? messages.stream().filter(message -> !inFlight.contains(message.group())).toList()
            : messages;
    Set<String> groups = new HashSet<>();
    if (fifo) {
      free.forEach(message -> groups.add(message.group()));
      inFlight.addAll(groups);
    }
    return new Taken(free, groups);
  }

  /// The messages of one batch, and its hold on their groups. Used by one thread.
  final class Taken {
    private final List<QueueMessage> messages;
    private final Set<String> held;

    private Taken(List<QueueMessage> messages, Set<String> groups) {
      this.messages = messages;
      this.held = groups;
    }

    List<QueueMessage> messages() {
      return messages;
    }

    /// Ends the hold on the groups of these messages, once: by then another batch may hold them.
    void release(Collection<QueueMessage> of) {
      for (QueueMessage message : of) {
        if (held.remove(message.group())) {
          inFlight.remove(message.group());
        }
      }
    }
  }
}
