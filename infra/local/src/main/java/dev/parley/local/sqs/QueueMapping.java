package dev.parley.local.sqs;

import static java.util.Objects.requireNonNull;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.streams.EventFilter;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.QueueResource;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.DeleteMessageBatchResponse;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;

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
  private static final ObjectMapper JSON = new ObjectMapper();

  /// Batches in flight where the template leaves it open. `Unlike AWS:` where Lambda begins with 5
  /// and goes up to 1,250: a laptop has few cores.
  static final int CONCURRENCY = 5;

  /// `Unlike AWS:` what the template's `MaximumConcurrency` is cut to; no function runs more at
  /// once.
  static final int CONCURRENCY_MAX = 16;

  /// What `ReceiveMessage` gives, and `DeleteMessageBatch` takes, at most.
  private static final int MESSAGES_PER_CALL_MAX = 10;

  /// What an invocation may carry.
  private static final int EVENT_BYTES_MAX = 6 * 1024 * 1024;

  /// `Unlike AWS:` where a poll waits up to 20 s. ElasticMQ gives messages also to a poll that
  /// [#close] has cut off; these stay hidden for the visibility timeout.
  private static final int POLL_SECONDS = 1;

  /// Between polls that do not wait.
  private static final Duration SHORT_POLL_INTERVAL = Duration.ofMillis(50);

  /// How long [#close] waits for invocations that are under way.
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final QueueMappingResource mapping;
  private final QueueResource queue;
  private final SqsClient sqs;
  private final BiFunction<byte[], @Nullable String, byte[]> function;
  private final Faults faults;
  private final EventFilter filter;
  private final int concurrency;
  private final Thread poller;
  private final Semaphore turns;
  private final CountDownLatch closing = new CountDownLatch(1);

  /// One permit for each batch that ended since the poller looked.
  private final Semaphore ended = new Semaphore(0);

  private final Set<String> groupsInFlight = ConcurrentHashMap.newKeySet();

  /// Until then a message that was left in the FIFO queue may hide others of its group.
  private final AtomicLong leftUntilNanos = new AtomicLong(System.nanoTime());

  /// Reads nothing before [#start].
  ///
  /// @param function takes an event and the trace header of its first message, or null, and gives
  ///     its result, or throws; called by many threads at once
  /// @throws IllegalArgumentException where a filter pattern cannot be honoured
  public QueueMapping(
      QueueMappingResource mapping,
      SqsClient sqs,
      BiFunction<byte[], @Nullable String, byte[]> function) {
    this(mapping, sqs, function, Faults.none());
  }

  /// As above, with faults.
  public QueueMapping(
      QueueMappingResource mapping,
      SqsClient sqs,
      BiFunction<byte[], @Nullable String, byte[]> function,
      Faults faults) {
    this.mapping = mapping;
    this.queue = mapping.queue();
    this.sqs = sqs;
    this.function = function;
    this.faults = faults;
    mapping.filters().forEach(QueueMapping::requireBodyPattern);
    this.filter = EventFilter.of(mapping.filters());
    this.concurrency =
        mapping.concurrencyMax() == 0
            ? CONCURRENCY
            : Math.min(mapping.concurrencyMax(), CONCURRENCY_MAX);
    this.turns = new Semaphore(concurrency);
    // Virtual, because only such a thread can be interrupted while it waits at a socket.
    this.poller = Thread.ofVirtual().name("queue-" + mapping.logicalId()).unstarted(this::run);
  }

  private static void requireBodyPattern(String pattern) {
    try {
      for (var name : JSON.readTree(pattern).properties()) {
        if (!name.getKey().equals("body")) {
          throw new IllegalArgumentException(
              "a queue's messages are filtered by their body, not by " + name.getKey());
        }
      }
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a filter pattern is not JSON: " + pattern);
    }
  }

  /// Begins to poll.
  public QueueMapping start() {
    poller.start();
    return this;
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  /// Waits, but not beyond the begin of [#close].
  private void pause(Duration duration) throws InterruptedException {
    closing.await(duration.toNanos(), TimeUnit.NANOSECONDS);
  }

  private void run() {
    try {
      while (!isClosing()) {
        if (!turns.tryAcquire(100, TimeUnit.MILLISECONDS)) {
          continue;
        }
        List<Message> messages = List.of();
        try {
          messages = withoutGroupsInFlight(gather());
        } catch (SdkException e) {
          if (!isClosing()) {
            LOG.warn("{}: cannot receive from {}", mapping.logicalId(), queue.name(), e);
          }
          pause(Duration.ofSeconds(1));
        } finally {
          if (messages.isEmpty()) {
            turns.release();
          } else {
            deliverAside(messages);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- Receiving ------------------------------------------------------------------------------

  /// The messages of one batch, of a standard queue from as many receives as the window allows.
  private List<Message> gather() throws InterruptedException {
    List<Message> messages = new ArrayList<>(queue.fifo() ? receiveFifo() : receive(POLL_SECONDS));
    if (messages.isEmpty() || mapping.batchingWindow().isZero()) {
      return messages;
    }
    long endsAt = System.nanoTime() + mapping.batchingWindow().toNanos();
    long bytes = bytes(messages);
    while (messages.size() < mapping.batchSize() && bytes < EVENT_BYTES_MAX && !isClosing()) {
      long remaining = endsAt - System.nanoTime();
      if (remaining <= 0) {
        break;
      }
      boolean wait = remaining >= TimeUnit.SECONDS.toNanos(POLL_SECONDS);
      List<Message> more = receive(wait ? POLL_SECONDS : 0, mapping.batchSize() - messages.size());
      messages.addAll(more);
      bytes += bytes(more);
      if (!wait && more.isEmpty()) {
        pause(Duration.ofNanos(Math.min(remaining, SHORT_POLL_INTERVAL.toNanos())));
      }
    }
    return messages;
  }

  private static long bytes(List<Message> messages) {
    return messages.stream().mapToLong(message -> message.body().length()).sum();
  }

  /// Unlike AWS: no receive waits at a FIFO queue that may have a message hidden behind another of
  /// its group. ElasticMQ would ask itself without a pause whether it may now give it out, at the
  /// expense of a whole core.
  private List<Message> receiveFifo() throws InterruptedException {
    ended.drainPermits();
    boolean mayHide =
        turns.availablePermits() < concurrency - 1 || System.nanoTime() - leftUntilNanos.get() < 0;
    if (!mayHide) {
      return receive(POLL_SECONDS);
    }
    List<Message> messages = receive(0);
    if (messages.isEmpty()) {
      ended.tryAcquire(SHORT_POLL_INTERVAL.toNanos(), TimeUnit.NANOSECONDS);
    }
    return messages;
  }

  private List<Message> receive(int waitSeconds) {
    return receive(waitSeconds, mapping.batchSize());
  }

  private List<Message> receive(int waitSeconds, int sizeMax) {
    return sqs.receiveMessage(
            receive ->
                receive
                    .queueUrl(queue.url())
                    .maxNumberOfMessages(Math.min(sizeMax, MESSAGES_PER_CALL_MAX))
                    .waitTimeSeconds(waitSeconds)
                    .messageSystemAttributeNames(MessageSystemAttributeName.ALL)
                    .messageAttributeNames("All"))
        .messages();
  }

  /// A batch that outlives its visibility timeout is handed out again while it is in flight; its
  /// group must wait nevertheless.
  private List<Message> withoutGroupsInFlight(List<Message> messages) {
    if (!queue.fifo()) {
      return messages;
    }
    List<Message> free =
        messages.stream().filter(message -> !groupsInFlight.contains(group(message))).toList();
    if (free.size() < messages.size()) {
      left();
    }
    free.forEach(message -> groupsInFlight.add(group(message)));
    return free;
  }

  private static String group(Message message) {
    return message.attributes().getOrDefault(MessageSystemAttributeName.MESSAGE_GROUP_ID, "");
  }

  private void left() {
    long until = System.nanoTime() + queue.visibilityTimeout().toNanos();
    leftUntilNanos.accumulateAndGet(until, (a, b) -> a - b > 0 ? a : b);
  }

  // ---- Delivering -----------------------------------------------------------------------------

  private void deliverAside(List<Message> messages) {
    Set<String> held = new HashSet<>();
    messages.forEach(message -> held.add(group(message)));
    Thread.ofVirtual()
        .name("queue-" + mapping.logicalId())
        .start(
            () -> {
              try {
                deliver(messages, held);
              } catch (RuntimeException e) {
                LOG.warn("{}: a batch of {} is left", mapping.logicalId(), messages.size(), e);
                left();
              } finally {
                letGo(held, messages);
                turns.release();
                ended.release();
              }
            });
  }

  /// Ends a batch's hold on the groups of these messages, once: by then another batch may hold
  /// them.
  private void letGo(Set<String> held, List<Message> messages) {
    for (Message message : messages) {
      if (held.remove(group(message))) {
        groupsInFlight.remove(group(message));
      }
    }
  }

  /// Invokes the function with what the filter lets through, more than once where one event could
  /// not carry it.
  private void deliver(List<Message> messages, Set<String> held) {
    List<Message> unwanted =
        messages.stream()
            .filter(message -> !filter.matches(QueueEvent.filtered(message.body())))
            .toList();
    List<Message> wanted = new ArrayList<>(messages);
    wanted.removeAll(unwanted);
    wanted = reordered(wanted);
    if (wanted.isEmpty()) {
      letGo(held, unwanted);
    }
    delete(unwanted);
    Set<String> heldUpGroups = new HashSet<>();
    while (!wanted.isEmpty()) {
      Batch batch = Batch.first(wanted, queue.arn());
      wanted = wanted.subList(batch.messages().size(), wanted.size());
      Set<String> failed = invoke(batch);
      if (failed.isEmpty() && faults.happens(Fault.QUEUE_DUPLICATED)) {
        failed = invoke(batch);
      }
      List<Message> processed = new ArrayList<>();
      for (Message message : batch.messages()) {
        if (!failed.contains(message.messageId())) {
          processed.add(message);
        } else if (queue.fifo()) {
          heldUpGroups.add(group(message));
        }
      }
      // Before the queue gives out the next of a group, not after: what came in between would be
      // taken for a message of a group in flight, and stay hidden until its visibility timeout.
      letGo(held, processed);
      delete(processed);
      if (!failed.isEmpty()) {
        left();
        wanted = wanted.stream().filter(message -> !heldUpGroups.contains(group(message))).toList();
      }
    }
  }

  /// Where a fault asks for it, in another order, which is the same within each group; of a
  /// standard queue each message is one.
  private List<Message> reordered(List<Message> messages) {
    if (!faults.plan().hasAny(Fault.QUEUE_REORDERED)) {
      return messages;
    }
    Map<String, Deque<Message>> byGroup = new HashMap<>();
    List<String> order = new ArrayList<>();
    for (Message message : messages) {
      String group = queue.fifo() ? group(message) : message.messageId();
      byGroup.computeIfAbsent(group, g -> new ArrayDeque<>()).add(message);
      order.add(group);
    }
    Faults.Occurrence reorder = byGroup.size() > 1 ? faults.next(Fault.QUEUE_REORDERED) : null;
    if (reorder == null) {
      return messages;
    }
    List<String> before = List.copyOf(order);
    do {
      Collections.shuffle(order, Random.from(reorder.random()));
    } while (order.equals(before));
    List<Message> reordered = new ArrayList<>();
    order.forEach(group -> reordered.add(requireNonNull(byGroup.get(group)).removeFirst()));
    return reordered;
  }

  /// The ids of the messages that the function did not process.
  private Set<String> invoke(Batch batch) {
    Set<String> ids = batch.messages().stream().map(Message::messageId).collect(Collectors.toSet());
    byte[] result;
    try {
      result = function.apply(batch.event(), batch.traceHeader());
    } catch (RuntimeException e) {
      LOG.warn(
          "{}: {} failed on a batch of {}: {}",
          mapping.logicalId(),
          mapping.function(),
          ids.size(),
          e.toString());
      return ids;
    }
    if (!mapping.reportsItemFailures()) {
      return Set.of();
    }
    Set<String> failed = QueueEvent.failures(result, ids);
    if (!failed.isEmpty()) {
      LOG.warn(
          "{}: {} left {} of {} messages unprocessed",
          mapping.logicalId(),
          mapping.function(),
          failed.size(),
          ids.size());
    }
    return failed;
  }

  private void delete(Collection<Message> messages) {
    List<Message> rest = List.copyOf(messages);
    for (int from = 0; from < rest.size(); from += MESSAGES_PER_CALL_MAX) {
      List<DeleteMessageBatchRequestEntry> entries = new ArrayList<>();
      for (int i = from; i < Math.min(from + MESSAGES_PER_CALL_MAX, rest.size()); i++) {
        entries.add(
            DeleteMessageBatchRequestEntry.builder()
                .id(Integer.toString(i))
                .receiptHandle(rest.get(i).receiptHandle())
                .build());
      }
      DeleteMessageBatchResponse response =
          sqs.deleteMessageBatch(delete -> delete.queueUrl(queue.url()).entries(entries));
      if (response.hasFailed() && !response.failed().isEmpty()) {
        LOG.warn(
            "{}: {} messages were processed and will come again: {}",
            mapping.logicalId(),
            response.failed().size(),
            response.failed().getFirst().message());
        left();
      }
    }
  }

  /// Messages that a function gets in one event.
  @SuppressWarnings("ArrayRecordComponent") // encoded once, never compared
  private record Batch(List<Message> messages, byte[] event) {

    /// The first messages, as many as an event may carry, and at least one.
    static Batch first(List<Message> messages, String queueArn) {
      ByteArrayOutputStream event = new ByteArrayOutputStream();
      event.writeBytes("{\"Records\":[".getBytes(StandardCharsets.UTF_8));
      int size = 0;
      for (Message message : messages) {
        byte[] json = QueueEvent.of(message, queueArn).toString().getBytes(StandardCharsets.UTF_8);
        if (size > 0) {
          if (event.size() + json.length + 3 > EVENT_BYTES_MAX) {
            break;
          }
          event.write(',');
        }
        event.writeBytes(json);
        size++;
      }
      event.writeBytes("]}".getBytes(StandardCharsets.UTF_8));
      return new Batch(messages.subList(0, size), event.toByteArray());
    }

    /// Of the first message that has one: X-Ray has an invocation belong to one trace.
    @Nullable String traceHeader() {
      return messages.stream()
          .map(m -> m.attributes().get(MessageSystemAttributeName.AWS_TRACE_HEADER))
          .filter(header -> header != null && !header.isEmpty())
          .findFirst()
          .orElse(null);
    }
  }

  /// Stops polling and lets invocations that are under way finish, for a few seconds at most; what
  /// one that takes longer was given is received again.
  @Override
  public void close() {
    closing.countDown();
    poller.interrupt();
    try {
      if (poller.isAlive() && !poller.join(CLOSE_TIMEOUT)) {
        LOG.warn("{}: a poll is still running", mapping.logicalId());
      }
      if (!turns.tryAcquire(concurrency, CLOSE_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn("{}: an invocation is still running", mapping.logicalId());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
