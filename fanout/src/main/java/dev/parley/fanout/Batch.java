package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse.BatchItemFailure;
import dev.parley.Metrics;
import dev.parley.platform.InvocationExecutor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A stream batch that is handled in parts, side by side.
///
/// Source: Lambda developer guide, "Configuring partial batch response with DynamoDB": the lowest
/// sequence number that is returned becomes the checkpoint, and everything from it comes again.
final class Batch {
  private static final Logger LOG = LoggerFactory.getLogger(Batch.class);

  private record Part(String first, CompletableFuture<Void> done) {}

  private final InvocationExecutor executor = new InvocationExecutor();
  private final List<Part> parts = new ArrayList<>();
  private final Semaphore turns;

  /// @param atOnce how many parts are handled at once
  Batch(int atOnce) {
    this.turns = new Semaphore(atOnce);
  }

  /// Begins a part, once it is its turn.
  ///
  /// @param first the sequence number of its first record: where the batch begins again if it fails
  void part(String first, Runnable part) {
    turns.acquireUninterruptibly();
    Runnable logged =
        () -> {
          try {
            part.run();
          } catch (RuntimeException | Error e) {
            // Here, since this thread has the part's keys.
            LOG.error("a part of the batch failed, from {} on", first, e);
            Metrics.PARTS_FAILED.add(1);
            throw e;
          }
        };
    parts.add(
        new Part(
            first,
            CompletableFuture.runAsync(logged, executor)
                .whenComplete((done, e) -> turns.release())));
  }

  /// Waits for all parts.
  StreamsEventResponse finish() {
    return new StreamsEventResponse(
        parts.stream()
            .map(Batch::failure)
            .flatMap(Optional::stream)
            .min(Chain::compare)
            .map(BatchItemFailure::new)
            .stream()
            .toList());
  }

  private static Optional<String> failure(Part part) {
    try {
      part.done().join();
      return Optional.empty();
    } catch (CompletionException e) {
      return Optional.of(part.first());
    }
  }
}
