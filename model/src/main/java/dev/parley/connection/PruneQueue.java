package dev.parley.connection;

import dev.parley.Sha256;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchResponse;

/// The queue of connections that are closed and whose rows are to be removed at a pace, by the
/// Prune function: FIFO, since that drops what comes twice within 5 minutes. Each is a message
/// group of its own, so that one that fails holds up no other.
public final class PruneQueue {
  private static final Logger log = LoggerFactory.getLogger(PruneQueue.class);

  /// `SendMessageBatch` takes no more.
  private static final int ENTRIES_MAX = 10;

  /// Of one invocation; those beyond are found gone again.
  private static final int CONNECTIONS_MAX = 1_000;

  /// How long an invocation that is done otherwise waits for this.
  private static final Duration WAIT_MAX = Duration.ofMillis(250);

  /// How long this instance does not hand over again whom it handed over: many batches find the
  /// same connections gone until they are pruned.
  private static final Duration REMEMBERED = Duration.ofMinutes(1);

  /// By `System.nanoTime()`, when it was.
  private final Map<ConnectionId, Long> handedOver = new ConcurrentHashMap<>();

  private final InvocationExecutor executor = new InvocationExecutor();
  private final SqsClient sqs;
  private final String queue;

  public PruneQueue(SqsClient sqs, Settings settings) {
    this.sqs = sqs;
    this.queue = settings.required("PRUNE_CONNECTIONS_QUEUE_URL");
  }

  /// Hands over connections that a push found gone. One that was handed over so less than 5 minutes
  /// ago, by any function, is not again.
  ///
  /// Nothing else must fail or wait for this: who cannot be handed over is found gone by a later
  /// push.
  public void add(Collection<ConnectionId> gone) {
    add(gone, "gone");
  }

  /// Hands over a connection that was closed, as above; also where it was found gone before, since
  /// it may have been too young then.
  public void addClosed(ConnectionId connection) {
    add(List.of(connection), "closed");
  }

  private void add(Collection<ConnectionId> gone, String why) {
    long now = System.nanoTime();
    handedOver.values().removeIf(at -> now - at > REMEMBERED.toNanos());
    List<ConnectionId> all =
        gone.stream().filter(id -> !handedOver.containsKey(id)).limit(CONNECTIONS_MAX).toList();
    List<CompletableFuture<Void>> calls = new ArrayList<>();
    for (int from = 0; from < all.size(); from += ENTRIES_MAX) {
      List<ConnectionId> some = all.subList(from, Math.min(all.size(), from + ENTRIES_MAX));
      calls.add(CompletableFuture.runAsync(() -> send(some, why), executor));
    }
    try {
      CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new))
          .orTimeout(WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)
          .join();
    } catch (CompletionException e) {
      log.warn("not all of {} gone connections are handed over yet", all.size(), e.getCause());
    }
  }

  private void send(List<ConnectionId> some, String why) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
    for (ConnectionId connection : some) {
      entries.add(
          SendMessageBatchRequestEntry.builder()
              .id(Integer.toString(entries.size()))
              .messageGroupId(Sha256.hex(connection.value()))
              .messageDeduplicationId(Sha256.hex(why + " " + connection.value()))
              .messageBody(connection.value())
              .build());
    }
    SendMessageBatchResponse response =
        sqs.sendMessageBatch(send -> send.queueUrl(queue).entries(entries));
    if (response.hasFailed() && !response.failed().isEmpty()) {
      log.warn("{} of {} gone connections were refused", response.failed().size(), some.size());
    } else {
      some.forEach(connection -> handedOver.put(connection, System.nanoTime()));
    }
  }
}
