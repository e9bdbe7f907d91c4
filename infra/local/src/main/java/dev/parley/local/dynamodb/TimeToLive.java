package dev.parley.local.dynamodb;

import dev.parley.local.template.TableResource;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;

/// Deletes items whose TTL attribute (epoch seconds) is past, and knows which removals were its
/// own.
///
/// Unlike AWS: within seconds rather than "typically within two days", because a laptop's run is
/// short. An item that is renewed while it is being swept stays: the deletion is conditional on the
/// value that was read. As on AWS, values of more than five years ago are left alone.
public final class TimeToLive implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TimeToLive.class);
  private static final Duration PAUSE_MIN = Duration.ofSeconds(3);

  /// A sweep scans whole tables; it may take one part in this many of the time.
  private static final int PAUSE_PER_SWEEP = 50;

  private static final long AGE_MAX_SECONDS = Duration.ofDays(5 * 365).toSeconds();

  /// As long as a stream keeps the removal.
  private static final Duration MARK_KEPT = Duration.ofHours(24);

  private final DynamoDbClient client;
  private final List<TableResource> tables;
  private final InstantSource clock;
  private final Map<Removal, Mark> marks = new ConcurrentHashMap<>();
  private final CountDownLatch closing = new CountDownLatch(1);
  private @Nullable Thread thread;

  private record Removal(String table, Map<String, AttributeValue> key) {}

  /// A removal of ours; `eventId` is the stream record that was found to tell of it.
  private record Mark(long madeAtMs, @Nullable String eventId) {}

  public TimeToLive(DynamoDbClient client, Collection<TableResource> tables, InstantSource clock) {
    this.client = client;
    this.tables = tables.stream().filter(table -> table.timeToLiveAttribute() != null).toList();
    this.clock = clock;
  }

  /// Sweeps in the background until [#close].
  public TimeToLive start() {
    thread = Thread.ofPlatform().daemon().name("time-to-live").start(this::run);
    return this;
  }

  private void run() {
    try {
      while (true) {
        long start = System.nanoTime();
        try {
          sweep();
        } catch (RuntimeException e) {
          LOG.debug("A sweep of expired items failed; the next one repeats it", e);
        }
        long pauseNanos =
            Math.max(PAUSE_MIN.toNanos(), PAUSE_PER_SWEEP * (System.nanoTime() - start));
        if (closing.await(pauseNanos, TimeUnit.NANOSECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Deletes what is expired now.
  public void sweep() {
    long nowMs = clock.millis();
    marks.values().removeIf(mark -> mark.madeAtMs() < nowMs - MARK_KEPT.toMillis());
    for (TableResource table : tables) {
      sweep(table, nowMs / 1000);
    }
  }

  private void sweep(TableResource table, long nowSeconds) {
    String attribute = String.valueOf(table.timeToLiveAttribute());
    Map<String, String> names = new HashMap<>(Map.of("#ttl", attribute));
    names.put("#partition", table.key().partition());
    if (table.key().sort() != null) {
      names.put("#sort", table.key().sort());
    }
    var pages =
        client.scanPaginator(
            scan ->
                scan.tableName(table.name())
                    .consistentRead(true)
                    .projectionExpression(String.join(", ", names.keySet()))
                    .filterExpression("#ttl < :now AND #ttl > :oldest")
                    .expressionAttributeNames(names)
                    .expressionAttributeValues(
                        Map.of(
                            ":now", number(nowSeconds),
                            ":oldest", number(nowSeconds - AGE_MAX_SECONDS))));
    for (Map<String, AttributeValue> item : pages.items()) {
      if (closing.getCount() == 0) {
        return;
      }
      delete(table, attribute, item);
    }
  }

  private void delete(TableResource table, String attribute, Map<String, AttributeValue> item) {
    Map<String, AttributeValue> key = new HashMap<>(item);
    key.keySet()
        .removeIf(
            name -> !name.equals(table.key().partition()) && !name.equals(table.key().sort()));
    // Marked first: the stream may tell of the removal before the call returns.
    Removal removal = new Removal(table.name(), Map.copyOf(key));
    Mark earlier = marks.put(removal, new Mark(clock.millis(), null));
    try {
      client.deleteItem(
          delete ->
              delete
                  .tableName(table.name())
                  .key(key)
                  .conditionExpression("#ttl = :seen")
                  .expressionAttributeNames(Map.of("#ttl", attribute))
                  .expressionAttributeValues(Map.of(":seen", item.getOrDefault(attribute, NULL))));
    } catch (ConditionalCheckFailedException e) {
      if (earlier == null) {
        marks.remove(removal);
      } else {
        marks.put(removal, earlier);
      }
    }
  }

  private static final AttributeValue NULL = AttributeValue.fromNul(true);

  private static AttributeValue number(long value) {
    return AttributeValue.fromN(Long.toString(value));
  }

  /// Whether a removal in a table's stream was made here. AWS marks such a record in the stream
  /// itself; DynamoDB Local cannot, so the event source mapping asks. Each removal made here
  /// stands for one record: the first with its key that is asked about. Asked again about that
  /// record, the answer is the same.
  ///
  /// @param eventId the record's `eventID`
  public boolean removed(String table, Map<String, AttributeValue> key, String eventId) {
    Mark mark =
        marks.computeIfPresent(
            new Removal(table, Map.copyOf(key)),
            (removal, found) ->
                found.eventId() == null ? new Mark(found.madeAtMs(), eventId) : found);
    return mark != null && eventId.equals(mark.eventId());
  }

  @Override
  public void close() {
    closing.countDown();
    Thread running = thread;
    if (running != null) {
      try {
        running.join(Duration.ofSeconds(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
