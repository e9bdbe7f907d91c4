package dev.parley.connection;

import dev.parley.Sha256;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// The queue PruneConnections: connections that are gone, whose rows the Prune function removes at
/// a pace that the tables bear. It is FIFO, which drops what comes twice within 5 minutes. Each
/// connection is a message group of its own, so that one that fails delays no other.
///
/// Nothing else fails or waits for this queue. A connection that could not be enqueued is found
/// gone again by a later push.
public final class PruneQueue {
  private static final Logger LOG = LoggerFactory.getLogger(PruneQueue.class);

  /// `SendMessageBatch` takes no more.
  private static final int ENTRIES_MAX = 10;

  /// Of one invocation. A later push finds the others gone again.
  private static final int CONNECTIONS_MAX = 1_000;

  /// How long an invocation that has nothing else to do waits for this.
  private static final Duration WAIT_MAX = Duration.ofMillis(250);

  /// For this time this instance does not enqueue a connection again: many batches find the same
  /// connections gone until they are pruned.
  private static final Duration REMEMBERED = Duration.ofMinutes(1);

  /// What is enqueued. The queue drops equal ones.
  private record Entry(ConnectionId connection, String reason) {
    SendMessageBatchRequestEntry encode(int number) {
      return SendMessageBatchRequestEntry.builder()
          .id(Integer.toString(number))
          .messageGroupId(Sha256.hex(connection.value()))
          .messageDeduplicationId(Sha256.hex(reason + " " + connection.value()))
          .messageBody(connection.value())
          .build();
    }
  }

  private final Map<Entry, Deadline> remembered = new ConcurrentHashMap<>();
  private final InvocationExecutor executor = new InvocationExecutor();
  private final SqsClient sqs;
  private final String queue;
  private final Ticker ticker;

  public PruneQueue(SqsClient sqs, Settings settings) {
    this(sqs, settings, Ticker.SYSTEM);
  }

  PruneQueue(SqsClient sqs, Settings settings, Ticker ticker) {
    this.sqs = sqs;
    this.queue = settings.required("PRUNE_CONNECTIONS_QUEUE_URL");
    this.ticker = ticker;
  }

  /// Enqueues connections that a push found gone.
  public void add(Collection<ConnectionId> gone) {
    enqueue(gone, "gone");
  }

  /// Enqueues a connection that was closed, although it may be in the queue as gone: it may have
  /// been too young to be pruned then.
  public void addClosed(ConnectionId connection) {
    enqueue(List.of(connection), "closed");
  }

  private void enqueue(Collection<ConnectionId> connections, String reason) {
    remembered.values().removeIf(Deadline::passed);
    List<Entry> entries = new ArrayList<>();
    for (ConnectionId connection : connections) {
      Entry entry = new Entry(connection, reason);
      if (entries.size() < CONNECTIONS_MAX
          && remembered.putIfAbsent(entry, Deadline.in(REMEMBERED, ticker)) == null) {
        entries.add(entry);
      }
    }
    List<CompletableFuture<Void>> calls = new ArrayList<>();
    for (int from = 0; from < entries.size(); from += ENTRIES_MAX) {
      List<Entry> batch = entries.subList(from, Math.min(entries.size(), from + ENTRIES_MAX));
      calls.add(CompletableFuture.runAsync(() -> send(batch), executor));
    }
    try {
      CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
          .orTimeout(WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)
          .join();
    } catch (CompletionException e) {
      LOG.warn(
          "not all of {} gone connections are in the queue {} yet",
          entries.size(),
          queue,
          e.getCause());
    }
  }

  private void send(List<Entry> batch) {
    List<SendMessageBatchRequestEntry> encoded = new ArrayList<>();
    for (Entry entry : batch) {
      encoded.add(entry.encode(encoded.size()));
    }
    Set<Entry> refused = new HashSet<>(batch);
    try {
      sqs.sendMessageBatch(send -> send.queueUrl(queue).entries(encoded)).successful().stream()
          .map(result -> batch.get(Integer.parseInt(result.id())))
          .forEach(refused::remove);
    } finally {
      refused.forEach(remembered::remove);
    }
    if (!refused.isEmpty()) {
      LOG.warn(
          "the queue {} refused {} of {} gone connections", queue, refused.size(), batch.size());
    }
  }
}
