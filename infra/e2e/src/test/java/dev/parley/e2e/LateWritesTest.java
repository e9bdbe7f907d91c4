package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Slot;
import dev.parley.handlers.SendMessageHandler;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.lambda.ServiceProxy;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.Template;
import dev.parley.local.xray.Tracing;
import dev.parley.message.VoidRow;
import dev.parley.table.Row;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Sends whose writes take effect up to a minute late, by functions that are killed and frozen:
/// far later than clients look back, so this looks for doubles only.
@Execution(ExecutionMode.CONCURRENT)
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.LOG)
class LateWritesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long SEED = Long.getLong("parley.seed", 7);
  private static final int SENDS = 120;

  /// Longer than a message may be written at its timestamp.
  private static final int AGAIN_MAX_MS = 8_000;

  private static final String FAULTS =
      """
      dynamodb.late=0.3/0-60000ms,dynamodb.answer.lost=0.1,dynamodb.throttled=0.1,\
      function.frozen=0.01/0-8000ms,function.killed.before.call=0.1,\
      function.killed.after.call=0.15,function.killed.at.end=0.05,clock.skew=1/0-500ms\
      """;

  private final Faults faults = new Faults(FaultPlan.parse("seed=" + SEED + "," + FAULTS));

  /// What each send was answered, by its id.
  private final Map<String, Set<Long>> sent = new ConcurrentHashMap<>();

  @Test
  void aMessageIsThereOnceHoweverLateItsWritesTakeEffect() throws Exception {
    Configurator.setAllLevels(LogManager.ROOT_LOGGER_NAME, Level.OFF); // thousands of failures
    Template template = Template.read(TestCloud.TEMPLATE, Map.of());
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory();
        ServiceProxy proxy = new ServiceProxy(faults);
        LocalFunction function = function(template, dynamoDb, proxy);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      dynamoDb.create(template.tables());
      List<Future<?>> sending = new ArrayList<>();
      for (int i = 0; i < SENDS; i++) {
        String id = "send-" + i;
        Random random = new Random(SEED * SENDS + i);
        for (String tab : List.of("-a", "-b")) {
          join(dynamoDb, id + tab);
        }
        sending.add(executor.submit(() -> untilSent(function, executor, id, random)));
      }
      for (Future<?> one : sending) {
        one.get();
      }
      faults.stop();
      while (faults.pending() > 0) {
        Thread.sleep(1);
      }
      for (String id : sent.keySet()) {
        attempt(function, id, "-a");
      }

      Map<String, Set<Long>> written = new HashMap<>();
      int voids = 0;
      for (Row row : rows(dynamoDb)) {
        if (VoidRow.is(row)) {
          voids++;
        } else {
          assertTrue(
              written.put(row.string("id"), Set.of(row.number("timestamp"))) == null,
              () -> row.string("id") + " is there twice: " + faults);
        }
      }
      assertEquals(SENDS, written.size());
      assertEquals(written, sent, faults::toString);
      assertTrue(voids > 0, () -> "nothing was written later than its timestamp allows: " + faults);
    } finally {
      Configurator.reconfigure();
    }
  }

  private LocalFunction function(Template template, LocalDynamoDb dynamoDb, ServiceProxy proxy) {
    var declared = requireNonNull(template.functions().get("SendMessageFunction"));
    Map<String, String> environment = new HashMap<>(declared.environment());
    environment.putAll(dynamoDb.environment());
    return new LocalFunction(
        "SendMessageFunction",
        SendMessageHandler.class.getName(),
        environment,
        declared.timeout(),
        faults,
        proxy,
        Tracing.off(),
        new MetricStore());
  }

  /// A member of the room, past all faults.
  private static void join(LocalDynamoDb dynamoDb, String connection) {
    dynamoDb
        .client()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(connection),
                            "room_id", Row.s("$connection"),
                            "user", Row.s("guest:ada"),
                            "sender", Row.s("Ada"),
                            "rooms", Row.n(1),
                            "allowance", Row.n(0),
                            "send_allowance", Row.n(0),
                            "expires_at", Row.seconds(Instant.now().plusSeconds(3_600)))));
    dynamoDb
        .client()
        .putItem(
            put ->
                put.tableName("ChatConnections")
                    .item(
                        Map.of(
                            "connection_id", Row.s(connection),
                            "room_id", Row.s("lobby"),
                            "user", Row.s("guest:ada"),
                            "sender", Row.s("Ada"),
                            "joined_at", Row.n(0),
                            "slot",
                                Row.s(
                                    Slot.of(
                                            "salt",
                                            "guest:ada",
                                            new ConnectionId(connection),
                                            Framing.SINGLE)
                                        .value()),
                            "expires_at", Row.seconds(Instant.now().plusSeconds(3_600)))));
  }

  /// Two attempts at a time, as by two tabs, until one is answered.
  private @Nullable Void untilSent(
      LocalFunction function, ExecutorService executor, String id, Random random) throws Exception {
    while (!sent.containsKey(id)) {
      Future<?> other = executor.submit(() -> attempt(function, id, "-b"));
      attempt(function, id, "-a");
      other.get();
      Thread.sleep(random.nextInt(AGAIN_MAX_MS));
    }
    return null;
  }

  private @Nullable Void attempt(LocalFunction function, String id, String tab) throws IOException {
    String event =
        """
        {"requestContext": {"connectionId": "%s", "connectedAt": 0,
          "authorizer": {"user": "guest:ada", "sender": "Ada"}},
         "body": "{\\"room\\": \\"lobby\\", \\"message\\": \\"%s\\", \\"id\\": \\"%s\\"}"}
        """
            .formatted(id + tab, id, id);
    try {
      JsonNode result = JSON.readTree(function.invoke(event.getBytes(UTF_8)));
      JsonNode reply = JSON.readTree(result.path("body").asText());
      if (reply.path("type").asText().equals("sent")) {
        sent.computeIfAbsent(id, i -> ConcurrentHashMap.newKeySet())
            .add(reply.path("timestamp").asLong());
      } else {
        assertTrue(
            Set.of("unavailable", "rate_limited").contains(reply.path("code").asText()),
            reply::toString);
      }
    } catch (FunctionError e) {
      // It was killed, or could not charge the sender: whether it has written is not known.
    }
    return null;
  }

  private static List<Row> rows(LocalDynamoDb dynamoDb) {
    return dynamoDb
        .client()
        .queryPaginator(
            query ->
                query
                    .tableName("ChatMessages")
                    .consistentRead(true)
                    .keyConditionExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", AttributeValue.fromS("lobby"))))
        .items()
        .stream()
        .map(Row::new)
        .toList();
  }
}
