package dev.parley.table;

import dev.parley.platform.Deadline;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

/// Transactions. One that meets another on the same item, or is throttled, is tried again; a
/// condition that does not hold is an answer.
///
/// Source: DynamoDB developer guide, "Transaction conflict handling": the SDK does not repeat a
/// cancelled transaction by itself. API reference, TransactWriteItems, for the codes.
public final class Transactions {
  static final Duration PAUSE_MIN = Duration.ofMillis(1);
  static final Duration PAUSE_MAX = Duration.ofMillis(100);

  /// Reasons for which another attempt may succeed.
  private static final Set<String> TEMPORARY =
      Set.of("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded");

  private Transactions() {}

  /// The write of a row, on condition that there is none with its key.
  ///
  /// @param partitionKey the name of the table's partition key
  public static TransactWriteItem insert(
      String table, Map<String, AttributeValue> row, String partitionKey) {
    return TransactWriteItem.builder()
        .put(
            Put.builder()
                .tableName(table)
                .item(row)
                .conditionExpression("attribute_not_exists(" + partitionKey + ")")
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
        .build();
  }

  /// Writes all items or none.
  ///
  /// @throws TransactionCanceledException where it still met other transactions or was throttled at
  ///     the deadline, or was cancelled for any other reason
  public static WriteResult write(
      DynamoDbClient dynamoDb, List<TransactWriteItem> items, Deadline deadline) {
    while (true) {
      try {
        dynamoDb.transactWriteItems(
            request ->
                request
                    .transactItems(items)
                    .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
        return new WriteResult.Written();
      } catch (TransactionCanceledException e) {
        Map<TransactWriteItem, Row> found = found(items, e.cancellationReasons());
        if (!found.isEmpty()) {
          return new WriteResult.Refused(found);
        }
        boolean temporary =
            e.cancellationReasons().stream().anyMatch(reason -> TEMPORARY.contains(reason.code()));
        if (!temporary || deadline.passed()) {
          throw e;
        }
        deadline.pause(PAUSE_MIN, PAUSE_MAX);
      }
    }
  }

  /// @param reasons one for each item, in their order
  private static Map<TransactWriteItem, Row> found(
      List<TransactWriteItem> items, List<CancellationReason> reasons) {
    Map<TransactWriteItem, Row> found = new HashMap<>();
    for (int i = 0; i < reasons.size(); i++) {
      CancellationReason reason = reasons.get(i);
      if ("ConditionalCheckFailed".equals(reason.code())) {
        found.put(items.get(i), new Row(reason.hasItem() ? reason.item() : Map.of()));
      }
    }
    return found;
  }
}
