package dev.parley.local.streams;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.eventsource.Batch;
import dev.parley.local.eventsource.Target;
import dev.parley.local.metrics.Series;
import dev.parley.local.streams.FailureDestination.Condition;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.model.Shard;

/// Hands the batches of one shard to the function: again and again, until each record is processed
/// or the mapping's bounds discard it. Used by one thread.
final class Delivery {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
  private static final Duration RETRY_PAUSE_MIN = Duration.ofMillis(100);
  private static final Duration RETRY_PAUSE_MAX = Duration.ofSeconds(10);

  private final ShardReader.Mapping mapping;
  private final Shard shard;
  private final Series iteratorAge;
  private Target.@Nullable Invocation last;

  Delivery(ShardReader.Mapping mapping, Shard shard) {
    this.mapping = mapping;
    this.shard = shard;
    this.iteratorAge =
        Series.ofFunction("IteratorAge", "Milliseconds", mapping.resource().function());
  }

  /// @return false where the mapping is closed before all of the batch is done with
  boolean deliver(Batch<StreamRecord> whole) throws InterruptedException {
    last = null;
    return deliver(whole, 0);
  }

  /// @param before how often the function was asked with these records among others
  private boolean deliver(Batch<StreamRecord> whole, int before) throws InterruptedException {
    Batch<StreamRecord> batch = whole;
    int invocations = before;
    int retries = 0;
    while (!mapping.closing().hasBegun()) {
      int expired = expired(batch);
      if (expired > 0) {
        discard(batch.until(expired), Condition.RECORD_AGE_EXCEEDED, invocations);
        if (expired == batch.size()) {
          return true;
        }
        batch = batch.from(expired);
      }
      int processed = invoke(batch);
      invocations++;
      if (processed > 0) {
        mapping.save(shard, batch.items().get(processed - 1).sequenceNumber());
        if (processed == batch.size()) {
          return true;
        }
        // What is left is a batch of its own, with all its retries before it.
        batch = batch.from(processed);
        retries = 0;
      } else if (mapping.resource().bisectOnError() && batch.size() > 1) {
        int half = batch.size() / 2;
        return deliver(batch.until(half), invocations) && deliver(batch.from(half), invocations);
      }
      if (retries == mapping.resource().retryAttemptsMax()) {
        discard(batch, Condition.RETRY_ATTEMPTS_EXHAUSTED, invocations);
        return true;
      }
      retries++;
      mapping.closing().pause(retryPause(retries));
    }
    return false;
  }

  /// The number of records before the first that the function did not process: that one is where
  /// the next invocation begins, whatever was processed behind it.
  private int invoke(Batch<StreamRecord> batch) {
    // Unlike AWS, where a record's own time says how old it is: here that is to the minute. It is
    // too much by as long as the batch before took, and too little for what was there at the start.
    long age = System.nanoTime() - batch.items().getLast().notBefore();
    mapping.metrics().add(iteratorAge, age / 1e6);
    Target.Invocation invocation = mapping.target().invoke(batch, List.of());
    last = invocation;
    Set<String> failed = invocation.failed();
    int processed = 0;
    while (processed < batch.size()
        && !failed.contains(batch.items().get(processed).identifier())) {
      processed++;
    }
    return processed;
  }

  /// The number of leading records that are too old. A record counts as made at the end of its
  /// minute, so none is discarded early. Unlike AWS, and so up to a minute late.
  private int expired(Batch<StreamRecord> batch) {
    int ageMaxSeconds = mapping.resource().recordAgeMaxSeconds();
    if (ageMaxSeconds < 0) {
      return 0;
    }
    Instant oldest = Instant.now().minusSeconds(60L + ageMaxSeconds);
    int expired = 0;
    while (expired < batch.size() && batch.items().get(expired).createdAt().isBefore(oldest)) {
      expired++;
    }
    return expired;
  }

  /// Where the queue that is to be told does not take it, the shard is read again from its
  /// checkpoint.
  private void discard(Batch<StreamRecord> batch, Condition condition, int invocations) {
    String end = batch.items().getLast().sequenceNumber();
    LOG.error(
        "{}: {} records are discarded, {} to {}: {}",
        mapping.name(),
        batch.size(),
        batch.items().getFirst().sequenceNumber(),
        end,
        condition.reason());
    FailureDestination destination = mapping.onFailure();
    if (destination != null) {
      destination.tell(
          batch,
          LocalAccount.streamArn(mapping.resource().table()),
          shard.shardId(),
          condition,
          invocations,
          invocations == 0 ? null : last);
    }
    mapping.save(shard, end);
  }

  private static Duration retryPause(int retries) {
    long ceilingMs =
        Math.min(
            RETRY_PAUSE_MAX.toMillis(), RETRY_PAUSE_MIN.toMillis() << Math.min(retries - 1, 20));
    return Duration.ofMillis(ThreadLocalRandom.current().nextLong(ceilingMs / 2, ceilingMs + 1));
  }
}
