package dev.parley.local.streams;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.eventsource.Batch;
import dev.parley.local.eventsource.Closing;
import dev.parley.local.eventsource.Target;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.StreamMappingResource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.model.ExpiredIteratorException;
import software.amazon.awssdk.services.dynamodb.model.GetRecordsResponse;
import software.amazon.awssdk.services.dynamodb.model.Record;
import software.amazon.awssdk.services.dynamodb.model.ResourceNotFoundException;
import software.amazon.awssdk.services.dynamodb.model.Shard;
import software.amazon.awssdk.services.dynamodb.model.TrimmedDataAccessException;

/// Reads one shard from its checkpoint to its end: polls, filters, gathers batches, and delivers
/// them. Used by one thread.
final class ShardReader {
  private static final Logger LOG = LoggerFactory.getLogger(ShardReader.class);

  private final Mapping mapping;
  private final Shard shard;
  private final Delivery delivery;
  private final List<StreamRecord> pending = new ArrayList<>();

  /// Everything up to here was polled; what of it is not in `pending` was processed.
  private String polledTo;

  private @Nullable String iterator;
  private boolean polledAll;
  private long windowEndsAt;
  private long nextPollAt = System.nanoTime();

  /// When a poll last found that there was nothing more.
  private long caughtUpAt = System.nanoTime();

  /// What all readers of a mapping share.
  ///
  /// @param onFailure who is told of the records that are discarded; null for nobody
  record Mapping(
      StreamMappingResource resource,
      TableStream stream,
      Checkpoints checkpoints,
      Duration pollInterval,
      Target target,
      @Nullable FailureDestination onFailure,
      Faults faults,
      MetricStore metrics,
      Closing closing) {
    String name() {
      return resource.logicalId();
    }

    /// Saves how far a shard is processed; not once the mapping is closed, because its checkpoints
    /// then belong to the next run.
    void save(Shard shard, String position) {
      if (!closing.hasEnded()) {
        checkpoints.save(name(), shard.shardId(), position);
      }
    }
  }

  ShardReader(Mapping mapping, Shard shard) {
    this.mapping = mapping;
    this.shard = shard;
    this.delivery = new Delivery(mapping, shard);
    String checkpoint = mapping.checkpoints().find(mapping.name(), shard.shardId());
    this.polledTo = checkpoint == null ? Checkpoints.TRIM_HORIZON : checkpoint;
    this.polledAll = polledTo.equals(Checkpoints.SHARD_END);
  }

  boolean ended() {
    return polledAll && pending.isEmpty();
  }

  /// Polls once it is time to, and delivers what is due.
  void step() throws InterruptedException {
    long wakeAt = pending.isEmpty() || nextPollAt - windowEndsAt < 0 ? nextPollAt : windowEndsAt;
    mapping.closing().pause(Duration.ofNanos(wakeAt - System.nanoTime()));
    if (mapping.closing().hasBegun()) {
      return;
    }
    if (!polledAll && System.nanoTime() - nextPollAt >= 0) {
      poll();
    }
    while (isDue()) {
      Batch<StreamRecord> batch = split(Batch.first(pending, mapping.resource().batchSize()));
      mapping.faults().delay(Fault.STREAM_DELAYED);
      if (!delivery.deliver(batch)) {
        return;
      }
      if (mapping.faults().happens(Fault.STREAM_DUPLICATED) && !delivery.deliver(batch)) {
        return;
      }
      pending.subList(0, batch.size()).clear();
    }
    if (pending.isEmpty() && !polledTo.equals(Checkpoints.TRIM_HORIZON)) {
      mapping.save(shard, polledAll ? Checkpoints.SHARD_END : polledTo);
    }
  }

  /// Where a fault asks for it, the first part of a batch; what is left is the next one.
  private Batch<StreamRecord> split(Batch<StreamRecord> batch) {
    Faults.Occurrence split = batch.size() > 1 ? mapping.faults().next(Fault.STREAM_SPLIT) : null;
    return split == null ? batch : batch.until(split.random().nextInt(1, batch.size()));
  }

  private boolean isDue() {
    return !pending.isEmpty()
        && (polledAll
            || pending.size() >= mapping.resource().batchSize()
            || System.nanoTime() - windowEndsAt >= 0
            || pending.stream().mapToLong(r -> r.json().length).sum() >= Batch.EVENT_BYTES_MAX);
  }

  private String iterator() {
    try {
      return mapping.stream().iterator(shard, polledTo);
    } catch (TrimmedDataAccessException e) {
      if (polledTo.equals(Checkpoints.TRIM_HORIZON)) {
        throw e;
      }
      LOG.warn("{}: its checkpoint was trimmed; it goes on with the oldest record", mapping.name());
      return mapping.stream().iterator(shard, Checkpoints.TRIM_HORIZON);
    }
  }

  private void poll() {
    String from = iterator == null ? iterator() : iterator;
    long polledAt = System.nanoTime();
    nextPollAt = System.nanoTime() + mapping.pollInterval().toNanos();
    GetRecordsResponse page;
    try {
      page = mapping.stream().records(from);
    } catch (ExpiredIteratorException e) {
      iterator = null;
      return;
    } catch (TrimmedDataAccessException | ResourceNotFoundException e) {
      // DynamoDB Local also says so of the very first record after an empty stream.
      if (!polledTo.equals(Checkpoints.TRIM_HORIZON)) {
        LOG.warn("{}: records were trimmed; it goes on with the oldest record", mapping.name());
      }
      iterator = null;
      polledTo = Checkpoints.TRIM_HORIZON;
      return;
    }
    if (pending.isEmpty()) {
      windowEndsAt = System.nanoTime() + mapping.resource().batchingWindow().toNanos();
    }
    for (Record record : page.records()) {
      String event = mapping.stream().event(record).toString();
      if (!TableStream.isOfNothing(record) && mapping.resource().filter().matches(event)) {
        pending.add(
            new StreamRecord(
                record.dynamodb().sequenceNumber(),
                event.getBytes(UTF_8),
                record.dynamodb().approximateCreationDateTime(),
                caughtUpAt));
      }
      polledTo = record.dynamodb().sequenceNumber();
    }
    iterator = page.nextShardIterator();
    polledAll = iterator == null;
    if (page.records().size() == TableStream.RECORDS_PER_POLL_MAX) {
      nextPollAt = System.nanoTime();
    } else {
      caughtUpAt = polledAt;
    }
  }
}
