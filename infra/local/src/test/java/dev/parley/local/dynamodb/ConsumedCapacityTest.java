package dev.parley.local.dynamodb;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import dev.parley.local.template.TableResource;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What AWS would count for a call, beside what DynamoDB Local says.
final class ConsumedCapacityTest {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static LocalDynamoDb dynamoDb;

  private static int tables;
  private final String table = "Rows" + ++tables;
  private MetricStore metrics = new MetricStore();

  @BeforeAll
  static void start() throws IOException {
    dynamoDb = LocalDynamoDb.inMemory();
  }

  @AfterAll
  static void stop() {
    dynamoDb.close();
  }

  @BeforeEach
  void create() {
    dynamoDb.create(
        List.of(
            new TableResource(
                table,
                table,
                new TableResource.Key("id", null),
                Map.of("id", "S", "room", "S"),
                List.of(
                    new TableResource.Index(
                        "Rooms", new TableResource.Key("room", "id"), "KEYS_ONLY", List.of())),
                null,
                null)));
  }

  @Test
  void anItemThatIsInAnIndexIsWrittenTwice() throws Exception {
    call("PutItem", "{'TableName': '%s', 'Item': {'id': {'S': 'a'}, 'room': {'S': 'r'}}}");
    assertEquals(Map.of("Write", 1.0, "Write Rooms", 1.0), counted());

    call(
        "UpdateItem",
        """
        {'TableName': '%s', 'Key': {'id': {'S': 'a'}}, 'UpdateExpression': 'SET n = :n',
         'ExpressionAttributeValues': {':n': {'N': '1'}}}\
        """);
    assertEquals(Map.of("Write", 1.0), counted());
  }

  @Test
  void anItemOfATransactionCountsTwice() throws Exception {
    call(
        "TransactWriteItems",
        """
        {'TransactItems': [
          {'Put': {'TableName': '%1$s', 'Item': {'id': {'S': 'a'}, 'room': {'S': 'r'}}}},
          {'Put': {'TableName': '%1$s', 'Item': {'id': {'S': 'b'}}}}]}\
        """);
    assertEquals(Map.of("Write", 4.0, "Write Rooms", 2.0), counted());
  }

  @Test
  void aWriteWhoseConditionFailsIsPaidFor() throws Exception {
    call("PutItem", "{'TableName': '%s', 'Item': {'id': {'S': 'a'}}}");
    counted();

    call(
        "PutItem",
        """
        {'TableName': '%s', 'Item': {'id': {'S': 'a'}},
         'ConditionExpression': 'attribute_not_exists(id)'}\
        """);
    assertEquals(Map.of("Write", 1.0), counted());

    call(
        "TransactWriteItems",
        """
        {'TransactItems': [
          {'Put': {'TableName': '%1$s', 'Item': {'id': {'S': 'a'}},
                   'ConditionExpression': 'attribute_not_exists(id)'}},
          {'Put': {'TableName': '%1$s', 'Item': {'id': {'S': 'b'}}}}]}\
        """);
    assertEquals(Map.of("Write", 4.0), counted());
  }

  @Test
  void aBatchOfWritesCountsEachItemOnce() throws Exception {
    call(
        "BatchWriteItem",
        """
        {'RequestItems': {'%s': [
          {'PutRequest': {'Item': {'id': {'S': 'a'}, 'room': {'S': 'r'}}}},
          {'PutRequest': {'Item': {'id': {'S': 'b'}}}}]}}\
        """);
    assertEquals(Map.of("Write", 2.0, "Write Rooms", 1.0), counted());

    call(
        "BatchWriteItem",
        """
        {'RequestItems': {'%s': [
          {'DeleteRequest': {'Key': {'id': {'S': 'a'}}}},
          {'DeleteRequest': {'Key': {'id': {'S': 'none'}}}}]}}\
        """);
    assertEquals(Map.of("Write", 2.0, "Write Rooms", 1.0), counted());
  }

  @Test
  void aReadThatFindsNothingIsPaidFor() throws Exception {
    call("GetItem", "{'TableName': '%s', 'Key': {'id': {'S': 'a'}}, 'ConsistentRead': true}");
    assertEquals(Map.of("Read", 1.0), counted());

    call(
        "Query",
        """
        {'TableName': '%s', 'IndexName': 'Rooms', 'KeyConditionExpression': 'room = :r',
         'ExpressionAttributeValues': {':r': {'S': 'r'}}}\
        """);
    assertEquals(Map.of("Read Rooms", 0.5), counted());

    call("PutItem", "{'TableName': '%s', 'Item': {'id': {'S': 'a'}}}");
    counted();
    call(
        "BatchGetItem",
        """
        {'RequestItems': {'%s': {'ConsistentRead': true,
          'Keys': [{'id': {'S': 'a'}}, {'id': {'S': 'b'}}]}}}\
        """);
    assertEquals(Map.of("Read", 2.0), counted());
  }

  /// What came since it was last asked.
  private Map<String, Double> counted() {
    Map<String, Double> counted = new TreeMap<>();
    metrics.totals().forEach((series, units) -> counted.put(name(series), units));
    metrics = new MetricStore();
    return counted;
  }

  private static String name(Series series) {
    String index = series.dimensions().get("GlobalSecondaryIndexName");
    return series.name().replace("Consumed", "").replace("CapacityUnits", "")
        + (index == null ? "" : " " + index);
  }

  private void call(String operation, String request) throws Exception {
    String target = "DynamoDB_20120810." + operation;
    byte[] body = request.replace('\'', '"').formatted(table).getBytes(UTF_8);
    var _ = ConsumedCapacity.measured(target, body, sent -> send(target, sent), metrics);
  }

  private static DynamoDbFaults.Answer send(String target, byte[] body)
      throws IOException, InterruptedException {
    HttpResponse<byte[]> response =
        HTTP.send(
            HttpRequest.newBuilder(dynamoDb.url())
                .header("X-Amz-Target", target)
                .header("Content-Type", "application/x-amz-json-1.0")
                .header(
                    "Authorization",
                    "AWS4-HMAC-SHA256 Credential=a/20261126/us-east-1/dynamodb/aws4_request,"
                        + " SignedHeaders=host, Signature=0")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                .build(),
            HttpResponse.BodyHandlers.ofByteArray());
    return new DynamoDbFaults.Answer(response.statusCode(), Map.of(), response.body());
  }
}
