package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse;
import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse.BatchItemFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;

/// How a stream batch that was handled in parts is reported.
///
/// Source: Lambda developer guide, "Configuring partial batch response with DynamoDB": the lowest
/// sequence number that is returned becomes the checkpoint, and everything from it comes again.
final class BatchFailures {
  private BatchFailures() {}

  /// Waits for all parts.
  ///
  /// @param first the first sequence number of each part
  /// @return those of the parts that failed
  static List<String> join(List<CompletableFuture<Void>> parts, List<String> first, Logger log) {
    List<String> failed = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      try {
        parts.get(i).join();
      } catch (CompletionException e) {
        log.error("a part of the batch failed, from {} on", first.get(i), e.getCause());
        failed.add(first.get(i));
      }
    }
    return failed;
  }

  /// @param failed sequence numbers, in any order
  static StreamsEventResponse of(List<String> failed) {
    List<BatchItemFailure> lowest =
        failed.stream().min(Chain::compare).map(BatchItemFailure::new).stream().toList();
    return new StreamsEventResponse(lowest);
  }
}
