package dev.parley.table;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.parley.TestTables;
import dev.parley.platform.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.SdkResponse;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemRequest;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

class BatchesTest {
  private static final String TABLE = "ChatRooms";

  private final AtomicInteger calls = new AtomicInteger();

  @Test
  void withoutKeysThereIsNoCall() {
    assertEquals(List.of(), Batches.get(processing(0), TABLE, List.of()));

    assertEquals(0, calls.get());
  }

  @Test
  void unprocessedKeysAreReadAgain() {
    List<Map<String, AttributeValue>> keys = rooms(5);
    List<Map<String, AttributeValue>> wanted = new ArrayList<>(keys);
    wanted.add(Map.of("room_id", Row.s(fresh("absent"))));

    List<Map<String, AttributeValue>> items = Batches.get(processing(2), TABLE, wanted);

    assertEquals(5, items.size());
    assertEquals(Set.copyOf(keys), new HashSet<>(items));
    assertEquals(3, calls.get());
  }

  @Test
  void keysThatAreUnprocessedAtTheDeadlineAreAnError() {
    SdkClientException e =
        assertThrows(
            SdkClientException.class,
            () -> Batches.get(processing(0), TABLE, rooms(1), Deadline.in(Duration.ZERO)));

    assertEquals("items of ChatRooms were left unread", e.getMessage());
    assertEquals(1, calls.get());
  }

  @Test
  void anyNumberOfRowsIsDeletedAndNoOther() {
    List<Map<String, AttributeValue>> keys = rooms(60);
    List<Map<String, AttributeValue>> others = rooms(1);

    Batches.delete(TestTables.dynamoDb(), TABLE, keys);
    Batches.delete(TestTables.dynamoDb(), TABLE, keys);

    assertEquals(List.of(), Batches.get(TestTables.dynamoDb(), TABLE, keys));
    assertEquals(others, Batches.get(TestTables.dynamoDb(), TABLE, others));
  }

  @Test
  void unprocessedDeletionsAreRequestedAgain() {
    List<Map<String, AttributeValue>> keys = rooms(5);

    Batches.delete(deleting(2), TABLE, keys);

    assertEquals(List.of(), Batches.get(TestTables.dynamoDb(), TABLE, keys));
    assertEquals(3, calls.get());
  }

  @Test
  void deletionsThatAreUnprocessedAtTheDeadlineAreAnError() {
    SdkClientException e =
        assertThrows(
            SdkClientException.class,
            () -> Batches.delete(deleting(1), TABLE, rooms(2), Deadline.in(Duration.ZERO)));

    assertEquals("items of ChatRooms were left undeleted", e.getMessage());
  }

  private static List<Map<String, AttributeValue>> rooms(int count) {
    List<Map<String, AttributeValue>> keys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Map<String, AttributeValue> key = Map.of("room_id", Row.s(fresh("room")));
      TestTables.dynamoDb().putItem(put -> put.tableName(TABLE).item(key));
      keys.add(key);
    }
    return keys;
  }

  /// A DynamoDB that processes so many keys of each batch, and leaves the others.
  private DynamoDbClient processing(int keys) {
    ExecutionInterceptor interceptor =
        new ExecutionInterceptor() {
          private List<Map<String, AttributeValue>> left = List.of();

          @Override
          public SdkRequest modifyRequest(
              Context.ModifyRequest context, ExecutionAttributes attributes) {
            calls.incrementAndGet();
            KeysAndAttributes wanted =
                requireNonNull(((BatchGetItemRequest) context.request()).requestItems().get(TABLE));
            List<Map<String, AttributeValue>> all = wanted.keys();
            left = all.subList(Math.min(keys, all.size()), all.size());
            // There is no batch without a key.
            List<Map<String, AttributeValue>> first =
                all.subList(0, Math.max(1, all.size() - left.size()));
            return ((BatchGetItemRequest) context.request())
                .copy(r -> r.requestItems(Map.of(TABLE, wanted.copy(k -> k.keys(first)))));
          }

          @Override
          public SdkResponse modifyResponse(
              Context.ModifyResponse context, ExecutionAttributes attributes) {
            BatchGetItemResponse.Builder response =
                ((BatchGetItemResponse) context.response()).toBuilder();
            if (keys == 0) {
              response.responses(Map.of());
            }
            return left.isEmpty()
                ? response.build()
                : response
                    .unprocessedKeys(Map.of(TABLE, KeysAndAttributes.builder().keys(left).build()))
                    .build();
          }
        };
    return TestTables.dynamoDb(interceptor);
  }

  /// A DynamoDB that writes so many items of each batch, and leaves the others.
  private DynamoDbClient deleting(int items) {
    return TestTables.dynamoDb(
        new ExecutionInterceptor() {
          private List<WriteRequest> left = List.of();

          @Override
          public SdkRequest modifyRequest(
              Context.ModifyRequest context, ExecutionAttributes attributes) {
            calls.incrementAndGet();
            BatchWriteItemRequest request = (BatchWriteItemRequest) context.request();
            List<WriteRequest> all = requireNonNull(request.requestItems().get(TABLE));
            left = all.subList(Math.min(items, all.size()), all.size());
            List<WriteRequest> first = all.subList(0, all.size() - left.size());
            return request.copy(r -> r.requestItems(Map.of(TABLE, first)));
          }

          @Override
          public SdkResponse modifyResponse(
              Context.ModifyResponse context, ExecutionAttributes attributes) {
            BatchWriteItemResponse response = (BatchWriteItemResponse) context.response();
            return left.isEmpty()
                ? response
                : response.copy(r -> r.unprocessedItems(Map.of(TABLE, left)));
          }
        });
  }
}
