package dev.parley.local.streams;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TimeToLive;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.streams.Batch.Delivery;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.StreamMappingResource.StartingPosition;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.model.ExpiredIteratorException;
import software.amazon.awssdk.services.dynamodb.model.GetRecordsResponse;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.Shard;
import software.amazon.awssdk.services.dynamodb.model.ShardIteratorType;
import software.amazon.awssdk.services.dynamodb.model.StreamDescription;
import software.amazon.awssdk.services.dynamodb.model.TrimmedDataAccessException;

/// An event source mapping from a DynamoDB stream to a function, as Lambda runs it.
///
/// Each shard is polled by one thread, which also calls the function: so a shard has at most one
/// batch in flight, and its records are delivered in stream order. A shard is read only after its
/// parent has been processed to its end. A batch that fails is tried again, with pauses that grow
/// to 10 s, and holds up its shard until it succeeds or the mapping's bounds let it go. Delivery is
/// at least once: the checkpoint is saved after the function has returned, never before.
///
/// Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB".
public final class StreamMapping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StreamMapping.class);

  /// What `GetRecords` gives at most.
  private static final int RECORDS_PER_POLL_MAX = 1_000;

  private static final Duration RETRY_PAUSE_MIN = Duration.ofMillis(100);
  private static final Duration RETRY_PAUSE_MAX = Duration.ofSeconds(10);

  /// How long [#close] waits for an invocation that is under way.
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  /// The checkpoint of a shard that was processed to its end.
  private static final String SHARD_END = "SHARD_END";

  /// The checkpoint of a shard none of whose records was processed, once the mapping has begun.
  private static final String TRIM_HORIZON = "TRIM_HORIZON";

  private final StreamMappingResource mapping;
  private final LocalDynamoDb dynamoDb;
  private final Checkpoints checkpoints;
  private final TimeToLive timeToLive;
  private final UnaryOperator<byte[]> function;
  private final Faults faults;
  private final EventFilter filter;
  private final Duration pollInterval;
  private final String streamArn;
  private final Map<String, Thread> readers = new ConcurrentHashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);

  /// From here on the checkpoints belong to the next run.
  private volatile boolean closed;

  /// Reads nothing before [#start].
  ///
  /// @param timeToLive says which removals are to bear DynamoDB's identity
  /// @param pollsPerSecond of each shard; AWS does 4
  /// @param function takes an event and gives its result, or throws; called by one thread per shard
  /// @throws IllegalArgumentException where a filter pattern cannot be honoured
  public StreamMapping(
      StreamMappingResource mapping,
      LocalDynamoDb dynamoDb,
      Checkpoints checkpoints,
      TimeToLive timeToLive,
      double pollsPerSecond,
      UnaryOperator<byte[]> function) {
    this(mapping, dynamoDb, checkpoints, timeToLive, pollsPerSecond, function, Faults.none());
  }

  /// As above, with faults.
  public StreamMapping(
      StreamMappingResource mapping,
      LocalDynamoDb dynamoDb,
      Checkpoints checkpoints,
      TimeToLive timeToLive,
      double pollsPerSecond,
      UnaryOperator<byte[]> function,
      Faults faults) {
    this.mapping = mapping;
    this.dynamoDb = dynamoDb;
    this.checkpoints = checkpoints;
    this.timeToLive = timeToLive;
    this.function = function;
    this.faults = faults;
    this.filter = EventFilter.of(mapping.filters());
    this.pollInterval = Duration.ofNanos((long) (1e9 / pollsPerSecond));
    this.streamArn =
        dynamoDb
            .client()
            .describeTable(t -> t.tableName(mapping.table()))
            .table()
            .latestStreamArn();
  }

  /// Begins to poll: where the checkpoints say, else at the mapping's starting position.
  public StreamMapping start() {
    List<Shard> shards = shards();
    if (!checkpoints.knows(mapping.logicalId())) {
      for (Shard shard : shards) {
        checkpoints.save(mapping.logicalId(), shard.shardId(), startOf(shard));
      }
    }
    for (Shard shard : shards) {
      boolean parentIsThere =
          shards.stream().anyMatch(other -> other.shardId().equals(shard.parentShardId()));
      if (!parentIsThere) {
        read(shard);
      }
    }
    return this;
  }

  /// A mapping that starts at `LATEST` reads up to the newest record now and keeps that position:
  /// the next run must deliver what came between.
  private String startOf(Shard shard) {
    if (mapping.startingPosition() == StartingPosition.TRIM_HORIZON) {
      return TRIM_HORIZON;
    }
    String position = TRIM_HORIZON;
    String iterator = iterator(shard, TRIM_HORIZON);
    while (iterator != null) {
      String current = iterator;
      GetRecordsResponse page = dynamoDb.streams().getRecords(get -> get.shardIterator(current));
      if (!page.records().isEmpty()) {
        position = page.records().getLast().dynamodb().sequenceNumber();
      } else if (page.nextShardIterator() != null) {
        return position;
      }
      iterator = page.nextShardIterator();
    }
    return SHARD_END;
  }

  private List<Shard> shards() {
    List<Shard> shards = new ArrayList<>();
    @Nullable String last = null;
    do {
      String from = last;
      StreamDescription page =
          dynamoDb
              .streams()
              .describeStream(describe -> describe.streamArn(streamArn).exclusiveStartShardId(from))
              .streamDescription();
      shards.addAll(page.shards());
      last = page.lastEvaluatedShardId();
    } while (last != null);
    return shards;
  }

  private void read(Shard shard) {
    readers.computeIfAbsent(
        shard.shardId(),
        id ->
            Thread.ofPlatform()
                .daemon()
                .name("stream-" + mapping.logicalId())
                .start(() -> run(shard)));
  }

  private void run(Shard shard) {
    try {
      ShardReader reader = new ShardReader(shard);
      while (!reader.ended()) {
        try {
          reader.step();
        } catch (RuntimeException | Error e) {
          // The stream, the checkpoints or the function's classes are out of order. A reader that
          // ended
          // here would end its shard without a word.
          if (!isClosing()) {
            LOG.warn("{}: begins again at its checkpoint", mapping.logicalId(), e);
          }
          pause(Duration.ofSeconds(1));
          reader = new ShardReader(shard);
        }
        if (isClosing()) {
          return;
        }
      }
      readChildren(shard);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readChildren(Shard shard) throws InterruptedException {
    while (!isClosing()) {
      try {
        List<Shard> children =
            shards().stream()
                .filter(other -> shard.shardId().equals(other.parentShardId()))
                .toList();
        if (!children.isEmpty()) {
          children.forEach(this::read);
          return;
        }
        // Not listed yet, or the stream is disabled: there is nobody else who would look again.
      } catch (RuntimeException | Error e) {
        LOG.warn("{}: cannot list the shards of {}", mapping.logicalId(), mapping.table(), e);
      }
      pause(Duration.ofSeconds(1));
    }
  }

  private boolean isClosing() {
    return closing.getCount() == 0;
  }

  /// Waits, but not beyond the begin of [#close].
  private void pause(Duration duration) throws InterruptedException {
    if (duration.isPositive()) {
      closing.await(duration.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  private @Nullable String iterator(Shard shard, String position) {
    try {
      return dynamoDb
          .streams()
          .getShardIterator(
              get -> {
                get.streamArn(streamArn).shardId(shard.shardId());
                if (position.equals(TRIM_HORIZON)) {
                  get.shardIteratorType(ShardIteratorType.TRIM_HORIZON);
                } else {
                  get.shardIteratorType(ShardIteratorType.AFTER_SEQUENCE_NUMBER)
                      .sequenceNumber(position);
                }
              })
          .shardIterator();
    } catch (TrimmedDataAccessException e) {
      if (position.equals(TRIM_HORIZON)) {
        throw e;
      }
      LOG.warn("{}: its checkpoint was trimmed; it goes on with the oldest", mapping.logicalId());
      return iterator(shard, TRIM_HORIZON);
    }
  }

  /// One shard from its checkpoint to its end; used by one thread.
  private final class ShardReader {
    private final Shard shard;
    private final List<Delivery> pending = new ArrayList<>();

    /// Everything up to here was polled; what of it is not in `pending` was processed.
    private String polledTo;

    private @Nullable String iterator;
    private boolean polledAll;
    private long windowEndsAt;
    private long nextPollAt = System.nanoTime();

    ShardReader(Shard shard) {
      this.shard = shard;
      String checkpoint = checkpoints.find(mapping.logicalId(), shard.shardId());
      this.polledTo = checkpoint == null ? TRIM_HORIZON : checkpoint;
      this.polledAll = polledTo.equals(SHARD_END);
    }

    boolean ended() {
      return polledAll && pending.isEmpty();
    }

    /// Polls once it is time to, and delivers what is due.
    void step() throws InterruptedException {
      long wakeAt = pending.isEmpty() || nextPollAt - windowEndsAt < 0 ? nextPollAt : windowEndsAt;
      pause(Duration.ofNanos(wakeAt - System.nanoTime()));
      if (isClosing()) {
        return;
      }
      if (!polledAll && System.nanoTime() - nextPollAt >= 0) {
        poll();
      }
      while (isDue()) {
        Batch batch = split(Batch.first(pending, mapping.batchSize()));
        faults.delay(Fault.STREAM_DELAYED);
        if (!deliver(batch)) {
          return;
        }
        if (faults.happens(Fault.STREAM_DUPLICATED) && !deliver(batch)) {
          return;
        }
        pending.subList(0, batch.size()).clear();
      }
      if (pending.isEmpty() && !polledTo.equals(TRIM_HORIZON)) {
        save(polledAll ? SHARD_END : polledTo);
      }
    }

    /// Where a fault asks for it, the first part of a batch; what is left is the next one.
    private Batch split(Batch batch) {
      Faults.Occurrence split = batch.size() > 1 ? faults.next(Fault.STREAM_SPLIT) : null;
      return split == null ? batch : batch.until(split.random().nextInt(1, batch.size()));
    }

    private boolean isDue() {
      return !pending.isEmpty()
          && (polledAll
              || pending.size() >= mapping.batchSize()
              || System.nanoTime() - windowEndsAt >= 0
              || pending.stream().mapToLong(d -> d.json().length).sum() >= Batch.BYTES_MAX);
    }

    private void poll() {
      if (iterator == null) {
        iterator = iterator(shard, polledTo);
      }
      nextPollAt = System.nanoTime() + pollInterval.toNanos();
      GetRecordsResponse page;
      try {
        page =
            dynamoDb
                .streams()
                .getRecords(get -> get.shardIterator(iterator).limit(RECORDS_PER_POLL_MAX));
      } catch (ExpiredIteratorException e) {
        iterator = null;
        return;
      } catch (TrimmedDataAccessException | ResourceNotFoundException e) {
        // DynamoDB Local also says so of the very first record after an empty stream.
        if (!polledTo.equals(TRIM_HORIZON)) {
          LOG.warn("{}: records were trimmed; it goes on with the oldest", mapping.logicalId());
        }
        iterator = null;
        polledTo = TRIM_HORIZON;
        return;
      }
      if (pending.isEmpty()) {
        windowEndsAt = System.nanoTime() + mapping.batchingWindow().toNanos();
      }
      for (Record record : page.records()) {
        ObjectNode event = StreamEvent.of(record, mapping.table(), eventSourceArn(), timeToLive);
        if (filter.matches(event)) {
          pending.add(
              new Delivery(
                  record.dynamodb().sequenceNumber(),
                  event.toString().getBytes(StandardCharsets.UTF_8),
                  record.dynamodb().approximateCreationDateTime()));
        }
        polledTo = record.dynamodb().sequenceNumber();
      }
      iterator = page.nextShardIterator();
      polledAll = iterator == null;
      if (page.records().size() == RECORDS_PER_POLL_MAX) {
        nextPollAt = System.nanoTime();
      }
    }

    private void save(String position) {
      if (!closed) {
        checkpoints.save(mapping.logicalId(), shard.shardId(), position);
      }
    }

    /// Calls the function until every record of the batch is processed or let go.
    ///
    /// @return false where the mapping is closed before that
    private boolean deliver(Batch whole) throws InterruptedException {
      Batch batch = whole;
      int retries = 0;
      while (!isClosing()) {
        int expired = expired(batch);
        if (expired > 0) {
          discard(batch.until(expired), "older than MaximumRecordAgeInSeconds");
          if (expired == batch.size()) {
            return true;
          }
          batch = batch.from(expired);
        }
        int processed = invoke(batch);
        if (processed > 0) {
          save(batch.records().get(processed - 1).sequenceNumber());
          if (processed == batch.size()) {
            return true;
          }
          // What is left is a batch of its own, with all its retries before it.
          batch = batch.from(processed);
          retries = 0;
        } else if (mapping.bisectOnError() && batch.size() > 1) {
          int half = batch.size() / 2;
          return deliver(batch.until(half)) && deliver(batch.from(half));
        } else if (retries == mapping.retryAttemptsMax()) {
          discard(batch, "MaximumRetryAttempts spent");
          return true;
        }
        retries++;
        pause(retryPause(retries));
      }
      return false;
    }

    /// The number of leading records that the function processed.
    private int invoke(Batch batch) {
      byte[] result;
      try {
        result = function.apply(batch.event());
      } catch (RuntimeException e) {
        LOG.warn(
            "{}: {} failed on a batch of {}: {}",
            mapping.logicalId(),
            mapping.function(),
            batch.size(),
            e.toString());
        return 0;
      }
      int processed = mapping.reportsItemFailures() ? batch.firstFailure(result) : batch.size();
      if (processed < batch.size()) {
        LOG.warn(
            "{}: {} left {} of {} records unprocessed",
            mapping.logicalId(),
            mapping.function(),
            batch.size() - processed,
            batch.size());
      }
      return processed;
    }

    /// The number of leading records that are too old. A record counts as made at the end of its
    /// minute, so none is let go early. Unlike AWS, and so up to a minute late.
    private int expired(Batch batch) {
      if (mapping.recordAgeMaxSeconds() < 0) {
        return 0;
      }
      Instant oldest = Instant.now().minusSeconds(60L + mapping.recordAgeMaxSeconds());
      int expired = 0;
      while (expired < batch.size() && batch.records().get(expired).createdAt().isBefore(oldest)) {
        expired++;
      }
      return expired;
    }

    private void discard(Batch batch, String reason) {
      LOG.error(
          "{}: {} records are discarded, {} to {}: {}",
          mapping.logicalId(),
          batch.size(),
          batch.firstSequenceNumber(),
          batch.lastSequenceNumber(),
          reason);
      save(batch.lastSequenceNumber());
    }
  }

  /// As the function sees it; DynamoDB Local's own has the region `ddblocal`.
  private String eventSourceArn() {
    return streamArn.replace(":ddblocal:", ":" + LocalAccount.REGION + ":");
  }

  private static Duration retryPause(int retries) {
    long ceilingMs =
        Math.min(
            RETRY_PAUSE_MAX.toMillis(), RETRY_PAUSE_MIN.toMillis() << Math.min(retries - 1, 20));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(ceilingMs / 2, ceilingMs + 1));
  }

  /// Stops polling and lets an invocation that is under way finish, for a few seconds at most; one
  /// that takes longer is repeated by the next run.
  @Override
  public void close() {
    closing.countDown();
    long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
    try {
      for (Thread reader : readers.values()) {
        if (!reader.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
          LOG.warn("{}: an invocation is still running", mapping.logicalId());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closed = true;
    }
  }
}
