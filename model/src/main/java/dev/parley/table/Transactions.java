package dev.parley.table;

import dev.parley.platform.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// Transactions that meet another one on the same item, or are throttled, try again; a condition
/// that fails is an answer, and is returned.
///
/// Source: DynamoDB developer guide, "Transaction conflict handling": the SDK does not repeat a
/// cancelled transaction by itself. API reference, TransactWriteItems, for the codes.
public final class Transactions {
  static final Duration PAUSE_MIN = Duration.ofMillis(1);
  static final Duration PAUSE_MAX = Duration.ofMillis(100);

  /// Reasons that pass.
  private static final Set<String> PASSING =
      Set.of("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded");

  private Transactions() {}

  /// Writes all items or none.
  ///
  /// @return null where it is written; else a reason for each item, in their order, of which at
  ///     least one has the code `ConditionalCheckFailed`
  /// @throws TransactionCanceledException where it still met other transactions or was throttled at
  ///     the deadline, or was cancelled for any other reason
  public static @Nullable List<CancellationReason> write(
      DynamoDbClient dynamoDb, List<TransactWriteItem> items, Deadline deadline) {
    while (true) {
      try {
        dynamoDb.transactWriteItems(
            request ->
                request
                    .transactItems(items)
                    .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
        return null;
      } catch (TransactionCanceledException e) {
        List<CancellationReason> reasons = e.cancellationReasons();
        if (reasons.stream().anyMatch(Transactions::conditionFailed)) {
          return reasons;
        }
        boolean passes = reasons.stream().anyMatch(r -> PASSING.contains(r.code()));
        if (!passes || deadline.passed()) {
          throw e;
        }
        deadline.pause(PAUSE_MIN, PAUSE_MAX);
      }
    }
  }

  public static boolean conditionFailed(CancellationReason reason) {
    return "ConditionalCheckFailed".equals(reason.code());
  }
}
