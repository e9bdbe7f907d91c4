package dev.parley.table;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestTables;
import dev.parley.platform.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

class TransactionsTest {
  private static final String TABLE = "ChatSends";

  private final String id = fresh("send");
  private final AtomicInteger calls = new AtomicInteger();

  @ParameterizedTest
  @ValueSource(
      strings = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
  void aTemporaryReasonIsTriedAgain(String code) {
    assertEquals(
        new WriteResult.Written(),
        write(cancelling(3, "None", code), Deadline.in(Duration.ofSeconds(30))));

    assertEquals(4, calls.get());
    assertTrue(isThere());
  }

  @Test
  void anyOtherReasonIsNotTriedAgain() {
    TransactionCanceledException e =
        assertThrows(
            TransactionCanceledException.class,
            () ->
                write(
                    cancelling(3, "None", "ValidationError"), Deadline.in(Duration.ofSeconds(30))));

    assertEquals("ValidationError", e.cancellationReasons().getLast().code());
    assertEquals(1, calls.get());
  }

  @Test
  void aTemporaryReasonFailsAtTheDeadline() {
    DynamoDbClient throttled = cancelling(Integer.MAX_VALUE, "ThrottlingError");
    assertThrows(
        TransactionCanceledException.class,
        () -> write(throttled, Deadline.in(Duration.ofSeconds(-1))));

    assertEquals(1, calls.get());
  }

  @Test
  void aRefusalHasTheRowOfEachItemWhoseConditionDidNotHold() {
    TransactWriteItem first = insert(id, "first");
    TransactWriteItem again = insert(id, "again");
    TransactWriteItem other = insert(fresh("send"), "other");
    Deadline deadline = Deadline.in(Duration.ofSeconds(30));
    Transactions.write(TestTables.dynamoDb(), List.of(first), deadline);

    WriteResult result = Transactions.write(TestTables.dynamoDb(), List.of(other, again), deadline);

    WriteResult.Refused refused = assertInstanceOf(WriteResult.Refused.class, result);
    assertEquals("first", refused.found(again).orElseThrow().string("digest"));
    assertTrue(refused.found(other).isEmpty());
  }

  @Test
  void aRefusalWhereThereIsNoRowHasOneWithoutAttributes() {
    TransactWriteItem delete =
        TransactWriteItem.builder()
            .delete(
                Delete.builder()
                    .tableName(TABLE)
                    .key(Map.of("send_id", Row.s(id)))
                    .conditionExpression("attribute_exists(send_id)")
                    .build())
            .build();

    WriteResult result =
        Transactions.write(
            TestTables.dynamoDb(), List.of(delete), Deadline.in(Duration.ofSeconds(30)));

    assertEquals(new WriteResult.Refused(Map.of(delete, new Row(Map.of()))), result);
  }

  private WriteResult write(DynamoDbClient dynamoDb, Deadline deadline) {
    return Transactions.write(dynamoDb, List.of(insert(id, "first")), deadline);
  }

  private static TransactWriteItem insert(String id, String digest) {
    return Transactions.insert(
        TABLE, Map.of("send_id", Row.s(id), "digest", Row.s(digest)), "send_id");
  }

  private boolean isThere() {
    return TestTables.dynamoDb()
        .getItem(get -> get.tableName(TABLE).key(Map.of("send_id", Row.s(id))).consistentRead(true))
        .hasItem();
  }

  /// The first transactions are cancelled for these reasons.
  private DynamoDbClient cancelling(int times, String... codes) {
    ExecutionInterceptor interceptor =
        new ExecutionInterceptor() {
          @Override
          public void beforeExecution(
              Context.BeforeExecution context, ExecutionAttributes attributes) {
            if (calls.incrementAndGet() <= times) {
              throw TransactionCanceledException.builder()
                  .cancellationReasons(
                      Stream.of(codes)
                          .map(code -> CancellationReason.builder().code(code).build())
                          .toList())
                  .build();
            }
          }
        };
    return TestTables.dynamoDb(interceptor);
  }
}
