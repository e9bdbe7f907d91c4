package dev.parley.local.dynamodb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// DynamoDB's own faults, between a caller and DynamoDB Local: throttled calls, lost answers, late
/// writes, and indexes that lag.
///
/// Source: DynamoDB developer guide, "Error handling with DynamoDB"; API reference,
/// TransactWriteItems and BatchGetItem.
///
/// Safe for use by many threads.
public final class DynamoDbFaults {
  private static final String ERRORS = "com.amazonaws.dynamodb.v20120810#";

  private static final Set<String> WRITES =
      Set.of("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems");

  private static final Logger LOG = LoggerFactory.getLogger(DynamoDbFaults.class);

  private final Faults faults;
  private final long lagNanosMax;

  /// What indexes answered within the longest lag, the oldest first.
  private final Deque<Past> pasts = new ArrayDeque<>();

  private record Past(JsonNode request, long atNanos, Answer answer) {}

  /// What a service answered.
  ///
  /// @param headers each with one value
  @SuppressWarnings("ArrayRecordComponent") // passed on, never compared
  public record Answer(int status, Map<String, String> headers, byte[] body) {}

  /// A service that answers a request's body.
  @FunctionalInterface
  public interface Service {
    Answer call(byte[] body) throws IOException, InterruptedException;
  }

  /// Why a call is throttled; DynamoDB says it in another way where the call is a transaction.
  private record Throttling(String type, String reason, String message) {}

  private static final List<Throttling> THROTTLINGS =
      List.of(
          new Throttling(
              ERRORS + "ProvisionedThroughputExceededException",
              "ProvisionedThroughputExceeded",
              "The level of configured provisioned throughput for the table was exceeded. Consider"
                  + " increasing your provisioning level with the UpdateTable API."),
          new Throttling(
              "com.amazon.coral.availability#ThrottlingException",
              "ThrottlingError",
              "Throughput exceeds the current capacity of your table or index. DynamoDB is"
                  + " automatically scaling your table or index so please try again shortly. If"
                  + " exceptions persist, check if you have a hot key:"
                  + " https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                  + "bp-partition-key-design.html"));

  public DynamoDbFaults(Faults faults) {
    this.faults = faults;
    FaultPlan.Rule lag = faults.plan().rules().get(Fault.INDEX_LAG);
    this.lagNanosMax =
        lag == null || lag.length() == null
            ? 0
            : TimeUnit.MILLISECONDS.toNanos(lag.length().longestMs());
  }

  /// Makes one call.
  ///
  /// @param target for example `DynamoDB_20120810.PutItem`
  /// @return null where its caller gets no answer
  public @Nullable Answer call(String target, byte[] body, Service dynamoDb)
      throws IOException, InterruptedException {
    String operation = target.substring(target.indexOf('.') + 1);
    JsonNode request = Json.MAPPER.readTree(body);
    Faults.Occurrence throttled = faults.next(Fault.DYNAMODB_THROTTLED);
    if (throttled != null) {
      return throttled(operation, request, throttled.random(), dynamoDb);
    }
    Faults.Occurrence late = WRITES.contains(operation) ? faults.next(Fault.DYNAMODB_LATE) : null;
    if (late != null) {
      faults.later(late, () -> callUnheard(body, dynamoDb));
      return null;
    }
    Answer answer = dynamoDb.call(body);
    if (lagNanosMax > 0 && answer.status() == 200 && request.has("IndexName")) {
      answer = lagging(request, answer);
    }
    return faults.happens(Fault.DYNAMODB_ANSWER_LOST) ? null : answer;
  }

  /// For nobody who would hear the answer.
  private static void callUnheard(byte[] body, Service dynamoDb) {
    try {
      dynamoDb.call(body);
    } catch (IOException e) {
      LOG.debug("A late write failed", e); // the tables were closed
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- Throttling -----------------------------------------------------------------------------

  private static Answer throttled(
      String operation, JsonNode request, RandomGenerator random, Service dynamoDb)
      throws IOException, InterruptedException {
    Throttling throttling = THROTTLINGS.get(random.nextInt(THROTTLINGS.size()));
    ObjectNode error = Json.MAPPER.createObjectNode();
    if (operation.startsWith("Transact")) {
      int items = request.path("TransactItems").size();
      int first = random.nextInt(Math.max(1, items));
      ArrayNode reasons = Json.MAPPER.createArrayNode();
      for (int i = 0; i < items; i++) {
        ObjectNode reason =
            reasons.addObject().put("Code", i == first ? throttling.reason() : "None");
        if (i == first) {
          reason.put("Message", throttling.message());
        }
      }
      error.put("__type", ERRORS + "TransactionCanceledException");
      error.put(
          "Message",
          "Transaction cancelled, please refer cancellation reasons for specific reasons "
              + reasons.findValuesAsText("Code"));
      error.set("CancellationReasons", reasons);
    } else {
      if (operation.startsWith("Batch") && keys(request) > 1) {
        return partly(operation, request, dynamoDb);
      }
      error.put("__type", throttling.type());
      error.put("message", throttling.message());
    }
    return new Answer(
        400,
        Map.of("content-type", "application/x-amz-json-1.0"),
        Json.MAPPER.writeValueAsBytes(error));
  }

  /// Of a batch that has more than one, some are done; it fails as a whole only where none is.
  private static Answer partly(String operation, JsonNode request, Service dynamoDb)
      throws IOException, InterruptedException {
    JsonNode done = request.deepCopy();
    JsonNode left = request.path("RequestItems").deepCopy();
    int share = keys(request) / 2;
    for (Iterator<String> tables = request.path("RequestItems").fieldNames(); tables.hasNext(); ) {
      String table = tables.next();
      ArrayNode ofDone = items(done.path("RequestItems").path(table));
      ArrayNode ofLeft = items(left.path(table));
      while (ofDone.size() > share) {
        ofDone.remove(ofDone.size() - 1);
      }
      for (int i = 0; i < ofDone.size(); i++) {
        ofLeft.remove(0);
      }
      share -= ofDone.size();
      if (ofDone.isEmpty()) {
        ((ObjectNode) done.path("RequestItems")).remove(table);
      }
      if (ofLeft.isEmpty()) {
        ((ObjectNode) left).remove(table);
      }
    }
    Answer answer = dynamoDb.call(Json.MAPPER.writeValueAsBytes(done));
    if (answer.status() != 200
        || !(Json.MAPPER.readTree(answer.body()) instanceof ObjectNode result)) {
      return answer;
    }
    result.set(operation.equals("BatchGetItem") ? "UnprocessedKeys" : "UnprocessedItems", left);
    return new Answer(200, answer.headers(), Json.MAPPER.writeValueAsBytes(result));
  }

  private static int keys(JsonNode request) {
    int keys = 0;
    for (JsonNode table : request.path("RequestItems")) {
      keys += items(table).size();
    }
    return keys;
  }

  /// A table's part of `BatchWriteItem` is a list; of `BatchGetItem` it has one.
  private static ArrayNode items(JsonNode table) {
    JsonNode items = table.isArray() ? table : table.path("Keys");
    return items instanceof ArrayNode list ? list : Json.MAPPER.createArrayNode();
  }

  // ---- Lag ------------------------------------------------------------------------------------

  private synchronized Answer lagging(JsonNode request, Answer present) {
    long now = System.nanoTime();
    while (!pasts.isEmpty() && now - pasts.getFirst().atNanos() > lagNanosMax) {
      pasts.removeFirst();
    }
    List<Past> earlier = pasts.stream().filter(past -> past.request().equals(request)).toList();
    pasts.addLast(new Past(request, now, present));
    if (earlier.isEmpty()) {
      return present;
    }
    Faults.Occurrence lag = faults.next(Fault.INDEX_LAG);
    if (lag == null) {
      return present;
    }
    long nanos = TimeUnit.MICROSECONDS.toNanos(lag.micros());
    return earlier.stream()
        .filter(past -> now - past.atNanos() <= nanos)
        .findFirst()
        .orElse(earlier.getLast())
        .answer();
  }
}
