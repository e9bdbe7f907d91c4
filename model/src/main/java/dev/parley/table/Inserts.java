package dev.parley.table;

import dev.parley.platform.Deadline;
import java.util.Map;
import java.util.Optional;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;

/// Single rows that are written where there is none with their key.
public final class Inserts {
  private Inserts() {}

  /// Writes a row, on condition that there is none with its key. Where an attempt's answer is lost,
  /// the SDK makes another one, which finds what the first one has written.
  ///
  /// @param partitionKey the name of the table's partition key
  /// @return the row that is there; nothing where this one was written
  public static Optional<Row> insert(
      DynamoDbClient dynamoDb,
      String table,
      Map<String, AttributeValue> row,
      String partitionKey,
      Deadline deadline) {
    try {
      dynamoDb.putItem(
          put ->
              put.tableName(table)
                  .item(row)
                  .conditionExpression("attribute_not_exists(" + partitionKey + ")")
                  .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                  .overrideConfiguration(o -> o.apiCallTimeout(deadline.left())));
      return Optional.empty();
    } catch (ConditionalCheckFailedException e) {
      return Optional.of(new Row(e.hasItem() ? e.item() : Map.of()));
    }
  }
}
