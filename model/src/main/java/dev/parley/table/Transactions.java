package dev.parley.table;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
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
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

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
        pause();
      }
    }
  }

  public static boolean conditionFailed(CancellationReason reason) {
    return "ConditionalCheckFailed".equals(reason.code());
  }

  /// Before another attempt; of different lengths, so that those who met do not meet again.
  static void pause() {
    try {
      Thread.sleep(ThreadLocalRandom.current().nextLong(1, PAUSE_MAX.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted between two attempts", e);
    }
  }
}
