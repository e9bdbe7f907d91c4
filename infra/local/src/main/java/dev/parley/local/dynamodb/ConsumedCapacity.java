package dev.parley.local.dynamodb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import java.io.IOException;
import java.util.Set;

/// The read and write units that AWS would count for a call of DynamoDB, from what DynamoDB Local
/// says that it consumed.
///
/// DynamoDB Local 2.6.1 counts as AWS does, but for these, which are put right here: an item of a
/// transaction counts four times instead of twice; a read that finds nothing counts nothing instead
/// of the least that a read costs; of a batch of deletions those count twice that find nothing;
/// and a condition that fails counts nothing, where AWS counts the write. The rows here
/// are of less than 1 KB, so a failed write is taken for one unit, and an item of a cancelled
/// transaction for two [?].
///
/// Source: DynamoDB developer guide, "DynamoDB read and write operations" and "Managing complex
/// workflows with DynamoDB transactions".
public final class ConsumedCapacity {
  private static final String READ = "ConsumedReadCapacityUnits";
  private static final String WRITE = "ConsumedWriteCapacityUnits";
  private static final Set<String> WRITES = Set.of("PutItem", "UpdateItem", "DeleteItem");
  private static final Set<String> READS = Set.of("GetItem", "Query", "Scan", "BatchGetItem");
  private static final String BATCH_WRITE = "BatchWriteItem";
  private static final String TRANSACTION = "TransactWriteItems";
  private static final int TRANSACTION_FACTOR = 2;
  private static final double EVENTUALLY = 0.5;

  private ConsumedCapacity() {}

  /// Makes a call, and adds what it consumed.
  ///
  /// @param target for example `DynamoDB_20120810.PutItem`
  public static DynamoDbFaults.Answer measured(
      String target, byte[] body, DynamoDbFaults.Service dynamoDb, MetricStore metrics)
      throws IOException, InterruptedException {
    String operation = target.substring(target.indexOf('.') + 1);
    boolean single = WRITES.contains(operation);
    if (!(Json.MAPPER.readTree(body) instanceof ObjectNode request)
        || !(single
            || READS.contains(operation)
            || operation.equals(BATCH_WRITE)
            || operation.equals(TRANSACTION))) {
      return dynamoDb.call(body);
    }
    request.put("ReturnConsumedCapacity", "INDEXES");
    DynamoDbFaults.Answer answer = dynamoDb.call(Json.MAPPER.writeValueAsBytes(request));
    JsonNode answered = Json.MAPPER.readTree(answer.body());
    if (answer.status() != 200) {
      failed(operation, request, answered, metrics);
    } else if (READS.contains(operation)) {
      read(request, answered, metrics);
    } else {
      written(operation, request, answered.path("ConsumedCapacity"), metrics);
    }
    return answer;
  }

  private static void written(
      String operation, JsonNode request, JsonNode consumed, MetricStore metrics) {
    for (JsonNode of :
        consumed.isArray() ? consumed : Json.MAPPER.createArrayNode().add(consumed)) {
      double factor = operation.equals(TRANSACTION) ? 1.0 / TRANSACTION_FACTOR : 1;
      String table = of.path("TableName").asText();
      for (var index : of.path("GlobalSecondaryIndexes").properties()) {
        metrics.add(
            Series.ofIndex(WRITE, table, index.getKey()),
            index.getValue().path("CapacityUnits").asDouble() * factor);
      }
      double units = of.path("Table").path("CapacityUnits").asDouble() * factor;
      JsonNode batch = request.path("RequestItems").path(table);
      metrics.add(
          Series.ofTable(WRITE, table), batch.path(0).has("DeleteRequest") ? batch.size() : units);
    }
  }

  private static void read(JsonNode request, JsonNode answered, MetricStore metrics) {
    JsonNode batch = request.path("RequestItems");
    if (!batch.isMissingNode()) {
      for (JsonNode of : answered.path("ConsumedCapacity")) {
        String table = of.path("TableName").asText();
        int missing =
            batch.path(table).path("Keys").size() - answered.path("Responses").path(table).size();
        double units = of.path("CapacityUnits").asDouble() + missing * least(batch.path(table));
        metrics.add(Series.ofTable(READ, table), units);
      }
      return;
    }
    double consumed = answered.path("ConsumedCapacity").path("CapacityUnits").asDouble();
    double units = Math.max(consumed, least(request));
    String table = request.path("TableName").asText();
    metrics.add(
        request.has("IndexName")
            ? Series.ofIndex(READ, table, request.path("IndexName").asText())
            : Series.ofTable(READ, table),
        units);
  }

  private static double least(JsonNode request) {
    return request.path("ConsistentRead").asBoolean() ? 1 : EVENTUALLY;
  }

  /// What was refused for another reason than its condition (throttled, or no valid request) counts
  /// nothing.
  private static void failed(
      String operation, JsonNode request, JsonNode error, MetricStore metrics) {
    String type = error.path("__type").asText();
    if (WRITES.contains(operation) && type.endsWith("#ConditionalCheckFailedException")) {
      metrics.add(Series.ofTable(WRITE, request.path("TableName").asText()), 1);
    } else if (type.endsWith("#TransactionCanceledException")) {
      for (JsonNode item : request.path("TransactItems")) {
        String table = item.elements().next().path("TableName").asText();
        metrics.add(Series.ofTable(WRITE, table), TRANSACTION_FACTOR);
      }
    }
  }
}
