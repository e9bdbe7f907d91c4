package dev.parley.table;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestTables;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;

class TransactionsTest {
  private final String id = fresh("send");
  private final AtomicInteger calls = new AtomicInteger();

  @ParameterizedTest
  @ValueSource(
      strings = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
  void whatPassesIsTriedAgain(String code) {
    assertNull(write(cancelling(3, "None", code), Deadline.in(Duration.ofSeconds(30))));

    assertEquals(4, calls.get());
    assertTrue(isThere());
  }

  @Test
  void whatDoesNotPassIsNotTriedAgain() {
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
  void whatHasNotPassedAtTheDeadlineFails() {
    DynamoDbClient throttled = cancelling(Integer.MAX_VALUE, "ThrottlingError");
    assertThrows(
        TransactionCanceledException.class,
        () -> write(throttled, Deadline.in(Duration.ofSeconds(-1))));

    assertEquals(1, calls.get());
  }

  private @Nullable List<CancellationReason> write(DynamoDbClient dynamoDb, Deadline deadline) {
    Put put =
        Put.builder()
            .tableName("ChatSends")
            .item(Map.of("send_id", Row.s(id)))
            .conditionExpression("attribute_not_exists(send_id)")
            .build();
    return Transactions.write(
        dynamoDb, List.of(TransactWriteItem.builder().put(put).build()), deadline);
  }

  private boolean isThere() {
    return TestTables.dynamoDb()
        .getItem(
            get ->
                get.tableName("ChatSends").key(Map.of("send_id", Row.s(id))).consistentRead(true))
        .hasItem();
  }

  /// The first transactions are cancelled for these reasons.
  private DynamoDbClient cancelling(int times, String... codes) {
    Settings settings = TestTables.settings();
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
    return DynamoDbClient.builder()
        .region(new Aws(settings).region())
        .credentialsProvider(new Aws(settings).credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
        .overrideConfiguration(o -> o.addExecutionInterceptor(interceptor))
        .build();
  }
}
