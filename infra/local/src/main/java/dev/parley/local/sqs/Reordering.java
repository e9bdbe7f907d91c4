package dev.parley.local.sqs;

import static java.util.Objects.requireNonNull;

import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/// The fault [Fault#QUEUE_REORDERED].
final class Reordering {
  private Reordering() {}

  /// The messages of a batch; where the fault happens, in another order, in which those of each
  /// group keep theirs.
  static List<QueueMessage> of(List<QueueMessage> messages, Faults faults) {
    if (!faults.plan().hasAny(Fault.QUEUE_REORDERED)) {
      return messages;
    }
    Map<String, Deque<QueueMessage>> byGroup = new HashMap<>();
    List<String> order = new ArrayList<>();
    for (QueueMessage message : messages) {
      byGroup.computeIfAbsent(message.group(), _ -> new ArrayDeque<>()).add(message);
      order.add(message.group());
    }
    Faults.Occurrence reorder = byGroup.size() > 1 ? faults.next(Fault.QUEUE_REORDERED) : null;
    if (reorder == null) {
      return messages;
    }
    List<String> before = List.copyOf(order);
    do {
      Collections.shuffle(order, Random.from(reorder.random()));
    } while (order.equals(before));
    List<QueueMessage> reordered = new ArrayList<>();
    order.forEach(group -> reordered.add(requireNonNull(byGroup.get(group)).removeFirst()));
    return reordered;
  }
}
