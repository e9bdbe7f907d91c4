package dev.parley.local.streams;

import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TimeToLive;
import dev.parley.local.eventsource.Closing;
import dev.parley.local.eventsource.Target;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.StreamMappingResource.StartingPosition;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.model.Shard;

/// An event source mapping from a DynamoDB stream to a function, as Lambda runs it.
///
/// Each shard is polled by one thread, which also calls the function: so a shard has at most one
/// batch in flight, and its records are delivered in stream order. A shard is read only after its
/// parent has been processed to its end. A batch that fails is tried again, with pauses that grow
/// to 10 s, and holds up its shard until it succeeds or the mapping's bounds discard it. Delivery
/// is at least once: the checkpoint is saved after the function has returned, never before.
///
/// Source: Lambda developer guide, "Using AWS Lambda with Amazon DynamoDB".
public final class StreamMapping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(StreamMapping.class);

  /// Before a shard that could not be read is read again, and before a shard without children is
  /// asked for them again.
  private static final Duration SHARD_PAUSE = Duration.ofSeconds(1);

  /// How long [#close] waits for an invocation that is under way.
  private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(2);

  private final ShardReader.Mapping mapping;
  private final Closing closing = new Closing();
  private final Map<String, Thread> readers = new ConcurrentHashMap<>();

  /// Reads nothing before [#start].
  ///
  /// @param timeToLive says which removals are to bear DynamoDB's identity
  /// @param pollsPerSecond of each shard; AWS does 4
  /// @param function called by one thread per shard
  /// @param onFailure who is told of the records that are discarded; null for nobody
  /// @param metrics gets the function's `IteratorAge`
  public StreamMapping(
      StreamMappingResource resource,
      LocalDynamoDb dynamoDb,
      Checkpoints checkpoints,
      TimeToLive timeToLive,
      double pollsPerSecond,
      Target.Function function,
      @Nullable FailureDestination onFailure,
      Faults faults,
      MetricStore metrics) {
    this.mapping =
        new ShardReader.Mapping(
            resource,
            new TableStream(dynamoDb, timeToLive, resource.table()),
            checkpoints,
            Duration.ofNanos((long) (1e9 / pollsPerSecond)),
            new Target(
                resource.logicalId(),
                resource.function(),
                resource.reportsItemFailures(),
                function),
            onFailure,
            faults,
            metrics,
            closing);
  }

  /// Begins to poll: where the checkpoints say, else at the mapping's starting position.
  public StreamMapping start() {
    List<Shard> shards = mapping.stream().shards();
    if (!mapping.checkpoints().knows(mapping.name())) {
      shards.forEach(shard -> mapping.save(shard, startOf(shard)));
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

  /// A mapping that starts at `LATEST` begins behind the newest record now, and keeps that
  /// position: the next run must deliver what came between.
  private String startOf(Shard shard) {
    return mapping.resource().startingPosition() == StartingPosition.TRIM_HORIZON
        ? Checkpoints.TRIM_HORIZON
        : mapping.stream().newest(shard);
  }

  private void read(Shard shard) {
    readers.computeIfAbsent(
        shard.shardId(),
        _ -> Thread.ofPlatform().daemon().name("stream-" + mapping.name()).start(() -> run(shard)));
  }

  private void run(Shard shard) {
    try {
      ShardReader reader = new ShardReader(mapping, shard);
      while (!reader.ended()) {
        try {
          reader.step();
        } catch (RuntimeException | Error e) {
          // The stream, the checkpoints or the function's classes are out of order. A thread that
          // ended here would end its shard, and nobody would notice.
          if (!closing.hasBegun()) {
            LOG.warn(
                "{}: cannot read its stream, and begins again at its checkpoint",
                mapping.name(),
                e);
          }
          closing.pause(SHARD_PAUSE);
          reader = new ShardReader(mapping, shard);
        }
        if (closing.hasBegun()) {
          return;
        }
      }
      readChildren(shard);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void readChildren(Shard shard) throws InterruptedException {
    while (!closing.hasBegun()) {
      try {
        List<Shard> children =
            mapping.stream().shards().stream()
                .filter(other -> shard.shardId().equals(other.parentShardId()))
                .toList();
        if (!children.isEmpty()) {
          children.forEach(this::read);
          return;
        }
        // Not listed yet, or the stream is disabled: nobody else would look again.
      } catch (RuntimeException | Error e) {
        LOG.warn(
            "{}: cannot list the shards of {}, and tries again",
            mapping.name(),
            mapping.resource().table(),
            e);
      }
      closing.pause(SHARD_PAUSE);
    }
  }

  /// Stops polling and lets an invocation that is under way finish, for a few seconds at most; one
  /// that takes longer is repeated by the next run.
  @Override
  public void close() {
    closing.begin();
    long deadline = System.nanoTime() + CLOSE_TIMEOUT.toNanos();
    try {
      for (Thread reader : readers.values()) {
        if (!reader.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())))) {
          LOG.warn("{}: is closed while an invocation is still running", mapping.name());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closing.end();
    }
  }
}
