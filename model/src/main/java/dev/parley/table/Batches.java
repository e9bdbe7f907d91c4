package dev.parley.table;

import dev.parley.platform.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Reads and deletes several rows at once. What DynamoDB leaves unprocessed, since it is throttled,
/// is requested again after a pause.
///
/// Source: API reference, BatchGetItem and BatchWriteItem: the SDK does not do so by itself.
public final class Batches {
  private static final Duration ALL_MAX = Duration.ofSeconds(5);

  /// What one `BatchWriteItem` takes.
  private static final int WRITES_MAX = 25;

  private Batches() {}

  /// Those of the rows that are there, read strongly, in no particular order.
  ///
  /// @param keys at most 100, each once
  /// @throws SdkClientException where some were still unprocessed after 5 s
  public static List<Map<String, AttributeValue>> get(
      DynamoDbClient dynamoDb, String table, Collection<Map<String, AttributeValue>> keys) {
    return get(dynamoDb, table, keys, Deadline.in(ALL_MAX));
  }

  /// As above, read eventually, which costs half.
  public static List<Map<String, AttributeValue>> getEventually(
      DynamoDbClient dynamoDb, String table, Collection<Map<String, AttributeValue>> keys) {
    return get(dynamoDb, table, keys, false, Deadline.in(ALL_MAX));
  }

  static List<Map<String, AttributeValue>> get(
      DynamoDbClient dynamoDb,
      String table,
      Collection<Map<String, AttributeValue>> keys,
      Deadline deadline) {
    return get(dynamoDb, table, keys, true, deadline);
  }

  private static List<Map<String, AttributeValue>> get(
      DynamoDbClient dynamoDb,
      String table,
      Collection<Map<String, AttributeValue>> keys,
      boolean strongly,
      Deadline deadline) {
    List<Map<String, AttributeValue>> items = new ArrayList<>();
    Map<String, KeysAndAttributes> wanted =
        keys.isEmpty()
            ? Map.of()
            : Map.of(
                table, KeysAndAttributes.builder().keys(keys).consistentRead(strongly).build());
    while (!wanted.isEmpty()) {
      Map<String, KeysAndAttributes> request = wanted;
      BatchGetItemResponse response = dynamoDb.batchGetItem(batch -> batch.requestItems(request));
      items.addAll(response.responses().getOrDefault(table, List.of()));
      wanted = response.unprocessedKeys();
      if (!wanted.isEmpty()) {
        if (deadline.passed()) {
          throw SdkClientException.create("items of " + table + " were left unread");
        }
        deadline.pause(Transactions.PAUSE_MIN, Transactions.PAUSE_MAX);
      }
    }
    return items;
  }

  /// Deletes rows. One that is not there counts as deleted.
  ///
  /// @param keys any number, each once
  /// @throws SdkClientException where some were still unprocessed after 5 s
  public static void delete(
      DynamoDbClient dynamoDb, String table, List<Map<String, AttributeValue>> keys) {
    delete(dynamoDb, table, keys, Deadline.in(ALL_MAX));
  }

  static void delete(
      DynamoDbClient dynamoDb,
      String table,
      List<Map<String, AttributeValue>> keys,
      Deadline deadline) {
    for (int from = 0; from < keys.size(); from += WRITES_MAX) {
      Map<String, List<WriteRequest>> wanted =
          Map.of(
              table,
              keys.subList(from, Math.min(keys.size(), from + WRITES_MAX)).stream()
                  .map(key -> WriteRequest.builder().deleteRequest(d -> d.key(key)).build())
                  .toList());
      while (!wanted.isEmpty()) {
        Map<String, List<WriteRequest>> request = wanted;
        wanted = dynamoDb.batchWriteItem(batch -> batch.requestItems(request)).unprocessedItems();
        if (!wanted.isEmpty()) {
          if (deadline.passed()) {
            throw SdkClientException.create("items of " + table + " were left undeleted");
          }
          deadline.pause(Transactions.PAUSE_MIN, Transactions.PAUSE_MAX);
        }
      }
    }
  }
}
