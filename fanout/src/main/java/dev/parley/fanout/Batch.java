package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import dev.parley.Metrics;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A batch that is handled in parts, side by side. It ends before its invocation does: parts that
/// have not begun or not ended by then come again, and the others do not.
///
/// @param <K> what a part is known by: of a stream's batch the sequence number of its first record
final class Batch<K> {
  private static final Logger LOG = LoggerFactory.getLogger(Batch.class);

  /// A part that begins later could not be read and pushed before the end.
  private static final Duration PART_MIN = Duration.ofSeconds(8);

  /// For what is done after the parts: prunes, traces and measurements.
  static final Duration AFTER_PARTS = Duration.ofSeconds(1);

  private record Part<K>(K key, CompletableFuture<Void> done) {}

  private final InvocationExecutor executor = new InvocationExecutor();
  private final List<Part<K>> parts = new ArrayList<>();
  private final Semaphore turns;
  private final Deadline begin;
  private final Deadline end;

  /// @param atOnce how many parts are handled at once
  Batch(int atOnce, Context invocation) {
    this.turns = new Semaphore(atOnce);
    this.begin = Deadline.beforeEndOf(invocation, PART_MIN);
    this.end = Deadline.beforeEndOf(invocation, AFTER_PARTS);
  }

  /// Begins a part, once it is its turn, or leaves it to the next invocation.
  ///
  void part(K key, Runnable part) {
    if (!hasTurn()) {
      LOG.warn("a part of the batch has not begun in time, it comes again: {}", key);
      Metrics.PARTS_FAILED.add(1);
      parts.add(new Part<>(key, CompletableFuture.failedFuture(new TimeoutException())));
      return;
    }
    Runnable logged =
        () -> {
          try {
            part.run();
          } catch (RuntimeException | Error e) {
            // Here, since this thread has the part's keys.
            LOG.error("a part of the batch failed: {}", key, e);
            Metrics.PARTS_FAILED.add(1);
            throw e;
          }
        };
    parts.add(
        new Part<>(
            key,
            CompletableFuture.runAsync(logged, executor)
                .whenComplete((done, e) -> turns.release())));
  }

  private boolean hasTurn() {
    try {
      return turns.tryAcquire(begin.leftNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Waits for all parts, as long as there is time.
  ///
  /// @return those that come again
  List<K> unfinished() {
    return parts.stream().filter(part -> !ends(part)).map(Part::key).toList();
  }

  /// What Lambda is told of a stream's batch. Source: Lambda developer guide, "Configuring partial
  /// batch response with DynamoDB": the lowest sequence number that is returned becomes the
  /// checkpoint, and everything from it comes again.
  static StreamsEventResponse fromFirstOf(List<String> unfinished) {
    return new StreamsEventResponse(
        unfinished.stream()
            .min(Chain::compare)
            .map(StreamsEventResponse.BatchItemFailure::new)
            .stream()
            .toList());
  }

  private boolean ends(Part<K> part) {
    try {
      part.done().get(Math.max(0, end.leftNanos()), TimeUnit.NANOSECONDS);
      return true;
    } catch (TimeoutException e) {
      LOG.error("a part of the batch has not ended in time, it comes again: {}", part.key());
      Metrics.PARTS_FAILED.add(1);
    } catch (ExecutionException e) {
      // It has logged why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return false;
  }
}
