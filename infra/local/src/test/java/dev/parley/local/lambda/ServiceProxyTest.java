package dev.parley.local.lambda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.TableResource;
import java.io.IOException;
import java.net.URI;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.BatchWriteItemResponse;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.PutRequest;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.TransactionCanceledException;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// DynamoDB on a bad day, as the SDK of a function sees it.
@Timeout(60)
final class ServiceProxyTest {
  @SuppressWarnings("NullAway.Init") // set before the first test
  private static LocalDynamoDb dynamoDb;

  private static int tables;

  @BeforeAll
  static void start() throws IOException {
    dynamoDb = LocalDynamoDb.inMemory();
  }

  @AfterAll
  static void stop() {
    dynamoDb.close();
  }

  /// A client that tries each call once.
  static DynamoDbClient client(Map<String, String> environment) {
    return DynamoDbClient.builder()
        .endpointOverride(URI.create(environment.getOrDefault("AWS_ENDPOINT_URL_DYNAMODB", "")))
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
        .httpClientBuilder(Apache5HttpClient.builder())
        .overrideConfiguration(o -> o.retryStrategy(DefaultRetryStrategy.doNotRetry()))
        .build();
  }

  private interface Body {
    void run(DynamoDbClient client, Faults faults, String table) throws Exception;
  }

  /// @return its name
  private static String createTable() {
    String table = "Rows" + ++tables;
    dynamoDb.create(
        List.of(
            new TableResource(
                table,
                table,
                new TableResource.Key("id", null),
                Map.of("id", "S", "room", "S"),
                List.of(
                    new TableResource.Index(
                        "Rooms", new TableResource.Key("room", "id"), "ALL", List.of())),
                null,
                null)));
    return table;
  }

  private static void with(String plan, Body body) throws Exception {
    String table = createTable();
    Faults faults = new Faults(FaultPlan.parse(plan));
    try (ServiceProxy proxy = new ServiceProxy(faults);
        DynamoDbClient client =
            client(proxy.open(dynamoDb.environment(), new MetricStore()).endpoints())) {
      body.run(client, faults, table);
    }
  }

  @Test
  void aCallIsThrottledInBothOfDynamoDbsWays() throws Exception {
    with(
        "seed=1,dynamodb.throttled=1",
        (client, faults, table) -> {
          Set<String> codes = new HashSet<>();
          for (int i = 0; i < 20; i++) {
            DynamoDbException e =
                assertThrows(DynamoDbException.class, () -> put(client, table, "a", "lobby"));
            assertEquals(400, e.statusCode());
            assertTrue(e.isThrottlingException());
            codes.add(e.awsErrorDetails().errorCode());
          }
          assertEquals(
              Set.of("ProvisionedThroughputExceededException", "ThrottlingException"), codes);
          assertEquals(Set.of(), ids(table));
          assertEquals(20, faults.injected(Fault.DYNAMODB_THROTTLED));

          faults.stop();
          put(client, table, "a", "lobby");
          assertEquals(Set.of("a"), ids(table));
        });
  }

  @Test
  void aTransactionIsCancelledBecauseOneOfItsItemsIsThrottled() throws Exception {
    with(
        "seed=1,dynamodb.throttled=1",
        (client, faults, table) -> {
          Set<List<String>> seen = new HashSet<>();
          for (int i = 0; i < 40; i++) {
            TransactionCanceledException e =
                assertThrows(
                    TransactionCanceledException.class, () -> putBoth(client, table, "a", "b"));
            List<String> codes = e.cancellationReasons().stream().map(r -> r.code()).toList();
            assertTrue(
                String.valueOf(e.getMessage())
                    .contains("refer cancellation reasons for specific reasons " + codes),
                e.getMessage());
            seen.add(codes);
          }
          assertEquals(
              Set.of(
                  List.of("ThrottlingError", "None"),
                  List.of("None", "ThrottlingError"),
                  List.of("ProvisionedThroughputExceeded", "None"),
                  List.of("None", "ProvisionedThroughputExceeded")),
              seen);
          assertEquals(Set.of(), ids(table));

          faults.stop();
          putBoth(client, table, "a", "b");
          assertEquals(Set.of("a", "b"), ids(table));
        });
  }

  @Test
  void ofABatchAPartIsThrottledAndCanBeAskedForAgain() throws Exception {
    with(
        "seed=1,dynamodb.throttled=1",
        (client, faults, table) -> {
          List<String> ids = List.of("a", "b", "c", "d", "e");
          Map<String, List<WriteRequest>> writes =
              Map.of(table, ids.stream().map(id -> write(id)).toList());
          BatchWriteItemResponse written = client.batchWriteItem(w -> w.requestItems(writes));
          assertEquals(Set.of("a", "b"), ids(table));
          assertEquals(3, written.unprocessedItems().getOrDefault(table, List.of()).size());
          dynamoDb.client().batchWriteItem(w -> w.requestItems(written.unprocessedItems()));
          assertEquals(new HashSet<>(ids), ids(table));

          Map<String, KeysAndAttributes> keys =
              Map.of(
                  table,
                  KeysAndAttributes.builder()
                      .keys(ids.stream().map(ServiceProxyTest::key).toList())
                      .consistentRead(true)
                      .build());
          BatchGetItemResponse read = client.batchGetItem(get -> get.requestItems(keys));
          assertEquals(2, read.responses().getOrDefault(table, List.of()).size());
          BatchGetItemResponse rest =
              dynamoDb.client().batchGetItem(get -> get.requestItems(read.unprocessedKeys()));
          Set<String> all = new HashSet<>();
          read.responses().getOrDefault(table, List.of()).forEach(item -> all.add(id(item)));
          rest.responses().getOrDefault(table, List.of()).forEach(item -> all.add(id(item)));
          assertEquals(new HashSet<>(ids), all);

          Map<String, KeysAndAttributes> one =
              Map.of(table, KeysAndAttributes.builder().keys(List.of(key("a"))).build());
          DynamoDbException e =
              assertThrows(
                  DynamoDbException.class, () -> client.batchGetItem(get -> get.requestItems(one)));
          assertTrue(e.isThrottlingException());
        });
  }

  @Test
  void aCallHasItsEffectAndItsAnswerIsLost() throws Exception {
    with(
        "seed=1,dynamodb.answer.lost=1",
        (client, faults, table) -> {
          assertThrows(SdkClientException.class, () -> put(client, table, "a", "lobby"));
          assertEquals(Set.of("a"), ids(table));

          faults.stop();
          put(client, table, "b", "lobby");
          assertEquals(Set.of("a", "b"), ids(table));
        });
  }

  @Test
  void aWriteTakesEffectLateAndItsAnswerIsLost() throws Exception {
    with(
        "seed=1,dynamodb.late=1/60000ms",
        (client, faults, table) -> {
          assertThrows(SdkClientException.class, () -> put(client, table, "a", "lobby"));
          assertThrows(SdkClientException.class, () -> putBoth(client, table, "b", "c"));
          assertEquals(List.of(), room(client, table, "lobby"), "a read is no write");
          assertEquals(2, faults.injected(Fault.DYNAMODB_LATE));
          assertEquals(2, faults.pending());
          assertEquals(Set.of(), ids(table));

          faults.stop(); // nothing is late beyond this
          Wait.until(() -> faults.pending() == 0);
          assertEquals(Set.of("a", "b", "c"), ids(table));
        });
    with(
        "seed=1,dynamodb.late=1/300ms",
        (client, faults, table) -> {
          long start = System.nanoTime();
          assertThrows(SdkClientException.class, () -> put(client, table, "a", "lobby"));

          Wait.until(() -> faults.pending() == 0);
          assertEquals(Set.of("a"), ids(table));
          assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(300));
        });
  }

  @Test
  void anIndexAnswersAsItDidBefore() throws Exception {
    with(
        "seed=1,index.lag=1/60000ms",
        (client, faults, table) -> {
          put(client, table, "a", "lobby");
          assertEquals(List.of("a"), room(client, table, "lobby")); // nothing to lag behind
          put(client, table, "b", "lobby");
          put(client, table, "c", "attic");

          assertEquals(List.of("a"), room(client, table, "lobby"));
          assertEquals(List.of("c"), room(client, table, "attic"));
          assertEquals(1, faults.injected(Fault.INDEX_LAG));
          assertEquals(Set.of("a", "b", "c"), ids(table));

          faults.stop();
          assertEquals(List.of("a", "b"), room(client, table, "lobby"));
        });
  }

  @Test
  void anIndexLagsNoFurtherThanItMay() throws Exception {
    with(
        "seed=1,index.lag=1/1ms",
        (client, faults, table) -> {
          put(client, table, "a", "lobby");
          assertEquals(List.of("a"), room(client, table, "lobby"));
          long then = System.nanoTime();
          put(client, table, "b", "lobby");
          while (System.nanoTime() - then <= TimeUnit.MILLISECONDS.toNanos(1)) {
            Thread.onSpinWait();
          }

          assertEquals(List.of("a", "b"), room(client, table, "lobby"));
          assertEquals(0, faults.decisions(Fault.INDEX_LAG));
        });
  }

  @Test
  void aServiceThatIsNotThereGivesNoAnswer() throws Exception {
    Map<String, String> nowhere = new HashMap<>(dynamoDb.environment());
    nowhere.put("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    try (ServiceProxy proxy = new ServiceProxy(Faults.none());
        DynamoDbClient client = client(proxy.open(nowhere, new MetricStore()).endpoints())) {
      assertThrows(SdkClientException.class, () -> put(client, "Rows", "a", "lobby"));
    }
  }

  @Test
  void whatCallsConsumeIsMeasuredOnlyWhereItIsAskedFor() throws Exception {
    String table = createTable();
    for (boolean metered : new boolean[] {false, true}) {
      MetricStore metrics = new MetricStore();
      try (ServiceProxy proxy = new ServiceProxy(Faults.none(), metered);
          DynamoDbClient client = client(proxy.open(dynamoDb.environment(), metrics).endpoints())) {
        put(client, table, "a", "lobby");
      }

      assertEquals(metered ? 1 : 0, metrics.totals().size());
    }
  }

  @Test
  void theProxyIsNeededForItsOwnFaultsOnly() {
    String all =
        Stream.of(Fault.values())
            .map(fault -> fault + "=1" + (fault.timed() ? "/1ms" : ""))
            .collect(Collectors.joining(","));

    assertEquals(
        List.of(
            Fault.FUNCTION_KILLED_BEFORE_CALL,
            Fault.FUNCTION_KILLED_AFTER_CALL,
            Fault.FUNCTION_FROZEN,
            Fault.DYNAMODB_THROTTLED,
            Fault.DYNAMODB_ANSWER_LOST,
            Fault.DYNAMODB_LATE,
            Fault.INDEX_LAG),
        ServiceProxy.faultsOf(FaultPlan.parse(all)));
    assertEquals(List.of(), ServiceProxy.faultsOf(FaultPlan.NONE));
  }

  // ---- Rows

  private static Map<String, AttributeValue> key(String id) {
    return Map.of("id", AttributeValue.fromS(id));
  }

  private static Map<String, AttributeValue> item(String id, String room) {
    return Map.of("id", AttributeValue.fromS(id), "room", AttributeValue.fromS(room));
  }

  private static void put(DynamoDbClient client, String table, String id, String room) {
    client.putItem(put -> put.tableName(table).item(item(id, room)));
  }

  private static void putBoth(DynamoDbClient client, String table, String a, String b) {
    Consumer<Put.Builder> first = put -> put.tableName(table).item(item(a, "lobby"));
    Consumer<Put.Builder> second = put -> put.tableName(table).item(item(b, "lobby"));
    client.transactWriteItems(
        write ->
            write.transactItems(
                TransactWriteItem.builder().put(first).build(),
                TransactWriteItem.builder().put(second).build()));
  }

  private static WriteRequest write(String id) {
    return WriteRequest.builder()
        .putRequest(PutRequest.builder().item(item(id, "lobby")).build())
        .build();
  }

  private static String id(Map<String, AttributeValue> item) {
    return item.getOrDefault("id", AttributeValue.fromS("")).s();
  }

  /// What is in the table, past all faults.
  private static Set<String> ids(String table) {
    Set<String> ids = new HashSet<>();
    dynamoDb
        .client()
        .scan(scan -> scan.tableName(table).consistentRead(true))
        .items()
        .forEach(item -> ids.add(id(item)));
    return ids;
  }

  private static List<String> room(DynamoDbClient client, String table, String room) {
    return client
        .query(
            query ->
                query
                    .tableName(table)
                    .indexName("Rooms")
                    .keyConditionExpression("room = :room")
                    .expressionAttributeValues(Map.of(":room", AttributeValue.fromS(room))))
        .items()
        .stream()
        .map(ServiceProxyTest::id)
        .toList();
  }
}
