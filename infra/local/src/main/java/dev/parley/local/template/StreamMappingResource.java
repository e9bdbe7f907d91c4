package dev.parley.local.template;

import dev.parley.local.eventsource.EventFilter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A function's event of type `DynamoDB`: a stream of a table, invoking the function in batches.
///
/// @param logicalId the function's logical id followed by the event's, as SAM names the mapping
/// @param function the function's logical id
/// @param table the table's `TableName`
/// @param startingPosition where a mapping without a checkpoint begins
/// @param batchSize 1 to 10,000 records
/// @param batchingWindow 0 s to 300 s to gather them
/// @param bisectOnError whether a batch that failed as a whole is halved
/// @param retryAttemptsMax -1 for no bound
/// @param recordAgeMaxSeconds -1 for no bound
/// @param reportsItemFailures whether the function's result names the records that failed
/// @param onFailure the standard queue that is told of records that are discarded; null for none
/// @param filter a record that does not match is passed over
public record StreamMappingResource(
    String logicalId,
    String function,
    String table,
    StartingPosition startingPosition,
    int batchSize,
    Duration batchingWindow,
    boolean bisectOnError,
    int retryAttemptsMax,
    int recordAgeMaxSeconds,
    boolean reportsItemFailures,
    @Nullable QueueResource onFailure,
    EventFilter filter) {

  /// Where a mapping without a checkpoint begins: with the oldest record, or with the next one.
  public enum StartingPosition {
    TRIM_HORIZON,
    LATEST
  }
}
