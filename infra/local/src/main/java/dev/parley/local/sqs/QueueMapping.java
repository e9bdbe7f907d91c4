package dev.parley.local.sqs;

import dev.parley.local.eventsource.Batch;
import dev.parley.local.eventsource.Closing;
import dev.parley.local.eventsource.Target;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.QueueMappingResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;

/// An event source mapping from an SQS queue to a function, as Lambda runs it.
///
/// One thread polls; each batch is delivered on a thread of its own, so many may be in flight. What
/// the function processed is deleted; what it did not stays hidden until the queue's visibility
/// timeout is over, is then received again, and after the queue's `maxReceiveCount` moves to its
/// dead-letter queue. Delivery is at least once. Of a FIFO queue, a message group has at most one
/// batch in flight, and within it the order in which the messages were sent.
///
/// A batch whose function reports item failures loses those that it does not name, also of a FIFO
/// queue: such a function must stop at a group's first failure and name the rest of the group, as
/// on AWS.
///
/// Source: Lambda developer guide, "Using Lambda with Amazon SQS".
public final class QueueMapping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(QueueMapping.class);

  /// Batches in flight where the template leaves it open. `Unlike AWS:` where Lambda begins with 5
  /// and goes up to 1,250: a laptop has few cores.
  private static final int CONCURRENCY = 5;

  /// `Unlike AWS:` where a poll waits up to 20 s. ElasticMQ gives messages also to a poll that
  /// [#close] has cut off; these stay hidden for the visibility timeout.
  private static final int POLL_SECONDS = 1;

  /// Between polls that do not wait.
  private static final Duration SHORT_POLL_INTERVAL = Duration.ofMillis(50);

  /// After a poll that failed.
  private static final Duration FAILED_POLL_PAUSE = Duration.ofSeconds(1);

  /// How long [#close] waits for invocations that are under way.
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final QueueMappingResource mapping;
  private final MappedQueue queue;
  private final Target target;
  private final Faults faults;
  private final int concurrency;
  private final Thread poller;
  private final Semaphore turns;
  private final Closing closing = new Closing();

  /// One permit for each batch that ended since the poller looked.
  private final Semaphore ended = new Semaphore(0);

  private final MessageGroups groups;

  /// Until then a message that was left in the FIFO queue may hide others of its group.
  private final AtomicLong leftUntilNanos = new AtomicLong(System.nanoTime());

  /// Reads nothing before [#start].
  ///
  /// @param functionMax how many invocations the function can have at work. `Unlike AWS:` no more
  ///     batches are taken, whatever `MaximumConcurrency` says: one that waited for its function
  ///     would use up its visibility timeout
  /// @param function called by many threads at once, each time with the trace headers of the
  ///     messages that have one
  /// @param metrics gets the requests to the queue
  public QueueMapping(
      QueueMappingResource mapping,
      SqsClient sqs,
      int functionMax,
      Target.Function function,
      Faults faults,
      MetricStore metrics) {
    this.mapping = mapping;
    this.queue = new MappedQueue(mapping.queue(), sqs, metrics);
    this.target =
        new Target(
            mapping.logicalId(), mapping.function(), mapping.reportsItemFailures(), function);
    this.faults = faults;
    this.groups = new MessageGroups(mapping.queue().fifo());
    this.concurrency =
        Math.min(
            functionMax, mapping.concurrencyMax() == 0 ? CONCURRENCY : mapping.concurrencyMax());
    this.turns = new Semaphore(concurrency);
    // Virtual, because only such a thread can be interrupted while it waits at a socket.
    this.poller = Thread.ofVirtual().name("queue-" + mapping.logicalId()).unstarted(this::run);
  }

  /// Begins to poll.
  public QueueMapping start() {
    poller.start();
    return this;
  }

  private void run() {
    try {
      while (!closing.hasBegun()) {
        if (!turns.tryAcquire(100, TimeUnit.MILLISECONDS)) {
          continue;
        }
        boolean delivering = false;
        try {
          delivering = deliverAside(gather());
        } catch (SdkException e) {
          if (!closing.hasBegun()) {
            LOG.warn("{}: cannot receive from {}", mapping.logicalId(), mapping.queue().name(), e);
          }
          closing.pause(FAILED_POLL_PAUSE);
        } finally {
          if (!delivering) {
            turns.release();
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- Receiving ------------------------------------------------------------------------------

  /// The messages of one batch, of a standard queue from as many receives as the window allows.
  private List<QueueMessage> gather() throws InterruptedException {
    if (mapping.queue().fifo()) {
      return receiveFifo();
    }
    List<QueueMessage> messages = new ArrayList<>(queue.receive(POLL_SECONDS, mapping.batchSize()));
    if (messages.isEmpty() || mapping.batchingWindow().isZero()) {
      return messages;
    }
    long endsAt = System.nanoTime() + mapping.batchingWindow().toNanos();
    long bytes = bytes(messages);
    while (messages.size() < mapping.batchSize()
        && bytes < Batch.EVENT_BYTES_MAX
        && !closing.hasBegun()) {
      long remaining = endsAt - System.nanoTime();
      if (remaining <= 0) {
        break;
      }
      boolean wait = remaining >= TimeUnit.SECONDS.toNanos(POLL_SECONDS);
      List<QueueMessage> more =
          queue.receive(wait ? POLL_SECONDS : 0, mapping.batchSize() - messages.size());
      messages.addAll(more);
      bytes += bytes(more);
      if (!wait && more.isEmpty()) {
        closing.pause(Duration.ofNanos(Math.min(remaining, SHORT_POLL_INTERVAL.toNanos())));
      }
    }
    return messages;
  }

  private static long bytes(List<QueueMessage> messages) {
    return messages.stream().mapToLong(message -> message.json().length).sum();
  }

  /// Unlike AWS: no receive waits at a FIFO queue that may have a message hidden behind another of
  /// its group. ElasticMQ would ask itself without a pause whether it may now give it out, at the
  /// expense of a whole core.
  private List<QueueMessage> receiveFifo() throws InterruptedException {
    ended.drainPermits();
    boolean mayHide =
        turns.availablePermits() < concurrency - 1 || System.nanoTime() - leftUntilNanos.get() < 0;
    if (!mayHide) {
      return queue.receive(POLL_SECONDS, mapping.batchSize());
    }
    List<QueueMessage> messages = queue.receive(0, mapping.batchSize());
    if (messages.isEmpty()) {
      var _ = ended.tryAcquire(SHORT_POLL_INTERVAL.toNanos(), TimeUnit.NANOSECONDS);
    }
    return messages;
  }

  private void left() {
    long until = System.nanoTime() + mapping.queue().visibilityTimeout().toNanos();
    leftUntilNanos.accumulateAndGet(until, (a, b) -> a - b > 0 ? a : b);
  }

  // ---- Delivering -----------------------------------------------------------------------------

  /// @return whether there is anything to deliver; then the batch has its turn until it ends
  private boolean deliverAside(List<QueueMessage> messages) {
    MessageGroups.Taken batch = groups.take(messages);
    if (batch.messages().size() < messages.size()) {
      left();
    }
    if (batch.messages().isEmpty()) {
      return false;
    }
    Thread.ofVirtual()
        .name("queue-" + mapping.logicalId())
        .start(
            () -> {
              try {
                deliver(batch);
              } catch (RuntimeException e) {
                LOG.warn(
                    "{}: a batch of {} failed, and is received again after its visibility timeout",
                    mapping.logicalId(),
                    batch.messages().size(),
                    e);
                left();
              } finally {
                batch.release(batch.messages());
                turns.release();
                ended.release();
              }
            });
    return true;
  }

  /// Invokes the function with what the filter lets through, more than once where one event could
  /// not carry it.
  private void deliver(MessageGroups.Taken taken) {
    Map<Boolean, List<QueueMessage>> byFilter =
        taken.messages().stream()
            .collect(
                Collectors.partitioningBy(
                    message ->
                        mapping.filter().matches(QueueEvent.filtered(message.body()).toString())));
    List<QueueMessage> unwanted = byFilter.getOrDefault(false, List.of());
    List<QueueMessage> wanted = Reordering.of(byFilter.getOrDefault(true, List.of()), faults);
    if (wanted.isEmpty()) {
      taken.release(unwanted);
    }
    delete(unwanted);
    while (!wanted.isEmpty()) {
      Batch<QueueMessage> batch = Batch.first(wanted, wanted.size());
      wanted = wanted.subList(batch.size(), wanted.size());
      Set<String> failed = invoke(batch);
      Set<String> heldUpGroups = new HashSet<>();
      List<QueueMessage> processed = new ArrayList<>();
      for (QueueMessage message : batch.items()) {
        if (failed.contains(message.identifier())) {
          heldUpGroups.add(message.group());
        } else {
          processed.add(message);
        }
      }
      // Before the queue gives out the next of a group, not after: what came in between would be
      // taken for a message of a group in flight, and stay hidden until its visibility timeout.
      taken.release(processed);
      delete(processed);
      if (!failed.isEmpty()) {
        left();
        wanted =
            wanted.stream().filter(message -> !heldUpGroups.contains(message.group())).toList();
      }
    }
  }

  /// The ids of the messages that the function did not process.
  private Set<String> invoke(Batch<QueueMessage> batch) {
    List<String> traceHeaders =
        batch.items().stream()
            .map(QueueMessage::traceHeader)
            .filter(Objects::nonNull)
            .distinct()
            .toList();
    Set<String> failed = target.invoke(batch, traceHeaders).failed();
    return failed.isEmpty() && faults.happens(Fault.QUEUE_DUPLICATED)
        ? target.invoke(batch, traceHeaders).failed()
        : failed;
  }

  private void delete(List<QueueMessage> messages) {
    int kept = queue.delete(messages);
    if (kept > 0) {
      LOG.warn(
          "{}: {} processed messages cannot be deleted, and are received again",
          mapping.logicalId(),
          kept);
      left();
    }
  }

  /// Stops polling and lets invocations that are under way finish, for a few seconds at most; what
  /// one that takes longer was given is received again.
  @Override
  public void close() {
    closing.begin();
    poller.interrupt();
    try {
      if (poller.isAlive() && !poller.join(CLOSE_TIMEOUT)) {
        LOG.warn("{}: is closed while a poll is still running", mapping.logicalId());
      }
      if (!turns.tryAcquire(concurrency, CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("{}: is closed while an invocation is still running", mapping.logicalId());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
