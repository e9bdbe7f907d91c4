package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.Client;
import java.io.IOException;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// What functions behind streams and queues see on a bad day, and how faults are asked for.
@Timeout(120)
class LocalCloudFaultsTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function: {Runtime: java25, Timeout: 10}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $default: {FunctionArn: !GetAtt Relay.Arn}
        OfRows:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudFaultsTest$OfRows
            Events:
              Rows:
                Type: DynamoDB
                Properties:
                  Stream: !GetAtt Rows.StreamArn
                  StartingPosition: TRIM_HORIZON
                  BatchSize: 100
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
            StreamSpecification: {StreamViewType: NEW_IMAGE}
        Relay:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudFaultsTest$Relay
            Environment: {Variables: {NEXT: !Ref Jobs}}
        OfJobs:
          Type: AWS::Serverless::Function
          Properties:
            Handler: dev.parley.local.LocalCloudFaultsTest$OfJobs
            Events:
              Jobs: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}
        Jobs:
          Type: AWS::SQS::Queue
          Properties: {FifoQueue: true, VisibilityTimeout: 60}
      """;

  private static final String JOBS = "https://sqs.us-east-1.amazonaws.com/000000000000/Jobs.fifo";
  private static final BlockingQueue<List<String>> BATCHES = new LinkedBlockingQueue<>();

  @TempDir private Path folder = Path.of("");
  private Path template = Path.of("");

  @BeforeEach
  void write() throws IOException {
    template = Files.writeString(folder.resolve("template.yaml"), TEMPLATE);
    BATCHES.clear();
  }

  /// Tells the test what a batch of the stream holds.
  public static final class OfRows implements RequestHandler<DynamodbEvent, @Nullable Void> {
    @Override
    public @Nullable Void handleRequest(DynamodbEvent event, Context context) {
      List<String> batch = new ArrayList<>();
      event
          .getRecords()
          .forEach(r -> r.getDynamodb().getKeys().values().forEach(id -> batch.add(id.getS())));
      BATCHES.add(batch);
      return null;
    }
  }

  /// Tells the test what a batch of the queue holds.
  public static final class OfJobs implements RequestHandler<SQSEvent, @Nullable Void> {
    @Override
    public @Nullable Void handleRequest(SQSEvent event, Context context) {
      BATCHES.add(event.getRecords().stream().map(SQSEvent.SQSMessage::getBody).toList());
      return null;
    }
  }

  /// Sends a frame's body to the queue.
  public static final class Relay
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final Map<String, String> environment;

    /// As the local cloud makes it.
    public Relay(Map<String, String> environment) {
      this.environment = environment;
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      try (SqsClient client = FunctionClients.sqs(environment)) {
        client.sendMessage(
            send ->
                send.queueUrl(environment.get("NEXT"))
                    .messageBody(String.valueOf(event.get("body")))
                    .messageGroupId("group")
                    .messageDeduplicationId(context.getAwsRequestId()));
      }
      return Map.of("statusCode", 200);
    }
  }

  private LocalCloud start(String plan) throws StartException {
    return LocalCloud.start(
        Options.inMemory(template)
            .withPollsPerSecond(50)
            .withFaults(FaultPlan.parse("seed=1," + plan)));
  }

  // ---- Streams

  @Test
  void aStreamBatchIsDeliveredTwice() throws Exception {
    try (LocalCloud cloud = start("stream.duplicated=1")) {
      put(cloud, "a");
      assertEquals(List.of("a"), batch());
      assertEquals(List.of("a"), batch());
      put(cloud, "b");
      assertEquals(List.of("b"), batch());
      assertEquals(List.of("b"), batch());

      cloud.faults().stop();
      put(cloud, "c");
      put(cloud, "d");
      List<String> last = new ArrayList<>(batch());
      if (last.size() == 1) {
        last.addAll(batch());
      }
      assertEquals(List.of("c", "d"), last);
    }
  }

  @Test
  void aStreamBatchIsDeliveredInParts() throws Exception {
    try (LocalCloud cloud = start("stream.split=1")) {
      List<String> put = new ArrayList<>();
      List<String> delivered = new ArrayList<>();
      List<Integer> sizes = new ArrayList<>();
      // A poll may come between two of them, and find nothing to split.
      while (cloud.faults().injected(Fault.STREAM_SPLIT) == 0) {
        for (int i = 0; i < 10; i++) {
          put.add("row " + put.size());
          put(cloud, put.getLast());
        }
        while (delivered.size() < put.size()) {
          List<String> batch = batch();
          delivered.addAll(batch);
          sizes.add(batch.size());
        }
      }

      assertEquals(put, delivered);
      assertTrue(sizes.size() > 1, sizes.toString());
      assertTrue(BATCHES.isEmpty());
    }
  }

  @Test
  void aStreamBatchIsLate() throws Exception {
    try (LocalCloud cloud = start("stream.delayed=1/60000ms")) {
      put(cloud, "a");
      Wait.until(() -> cloud.faults().injected(Fault.STREAM_DELAYED) == 1);
      assertTrue(BATCHES.isEmpty());

      cloud.faults().stop();
      assertEquals(List.of("a"), batch());
    }
    BATCHES.clear();
    try (LocalCloud cloud = start("stream.delayed=1/300ms")) {
      long start = System.nanoTime();
      put(cloud, "a");

      assertEquals(List.of("a"), batch());
      assertTrue(System.nanoTime() - start >= TimeUnit.MILLISECONDS.toNanos(300));
    }
  }

  // ---- Queues

  @Test
  void aQueuesBatchIsDeliveredTwice() throws Exception {
    try (LocalCloud cloud = start("queue.duplicated=1")) {
      send(cloud, "a1");
      assertEquals(List.of("a1"), batch());
      assertEquals(List.of("a1"), batch());

      cloud.faults().stop();
      send(cloud, "a2");
      assertEquals(List.of("a2"), batch());
      assertTrue(BATCHES.isEmpty());
    }
  }

  @Test
  void aQueuesMessagesAreReorderedAcrossGroupsAndNeverWithin() throws Exception {
    try (LocalCloud cloud = start("queue.reordered=1")) {
      List<String> sent = new ArrayList<>();
      List<String> delivered = new ArrayList<>();
      List<List<String>> mixed = new ArrayList<>();
      // A receive may come between two of them, and find nothing to reorder.
      while (cloud.faults().injected(Fault.QUEUE_REORDERED) == 0) {
        List<String> round =
            Stream.of("a", "b", "a", "b", "a", "c", "c", "b")
                .map(group -> group + sent.size() + UUID.randomUUID())
                .toList();
        sent.addAll(round);
        send(cloud, round.toArray(String[]::new));
        while (delivered.size() < sent.size()) {
          List<String> batch = batch();
          delivered.addAll(batch);
          if (batch.stream().map(body -> body.charAt(0)).distinct().count() > 1) {
            mixed.add(batch);
          }
        }
      }

      for (String group : List.of("a", "b", "c")) {
        assertEquals(
            sent.stream().filter(body -> body.startsWith(group)).toList(),
            delivered.stream().filter(body -> body.startsWith(group)).toList());
      }
      assertEquals(mixed.size(), cloud.faults().injected(Fault.QUEUE_REORDERED));
      for (List<String> batch : mixed) {
        assertNotEquals(sent.stream().filter(batch::contains).toList(), batch);
      }
    }
  }

  // ---- All together

  @Test
  void whatFunctionsCallGoesThroughTheProxyWhereFaultsNeedIt() throws Exception {
    try (LocalCloud cloud = start("function.killed.before.call=0")) {
      frame(cloud, "hello");

      assertEquals(List.of("hello"), batch());
      assertEquals(1, cloud.faults().decisions(Fault.FUNCTION_KILLED_BEFORE_CALL));
    }
    try (LocalCloud cloud = start("function.killed.before.call=1")) {
      frame(cloud, "lost");
      Wait.until(() -> cloud.faults().injected(Fault.FUNCTION_KILLED_BEFORE_CALL) == 1);

      cloud.faults().stop();
      frame(cloud, "hello");
      assertEquals(List.of("hello"), batch());
      assertTrue(BATCHES.isEmpty());
    }
  }

  @Test
  void aCloudThatStopsDoesNotWaitForItsFaults() throws Exception {
    LocalCloud cloud = start("stream.delayed=1/60000ms");
    put(cloud, "a");
    Wait.until(() -> cloud.faults().injected(Fault.STREAM_DELAYED) == 1);

    long start = System.nanoTime();
    cloud.close();

    assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(5));
    assertTrue(cloud.faults().isStopped());
  }

  // ---- What it is asked

  private static List<String> batch() throws InterruptedException {
    List<String> batch = BATCHES.poll(30, TimeUnit.SECONDS);
    assertNotNull(batch, "no batch");
    return batch;
  }

  private static void put(LocalCloud cloud, String id) {
    cloud
        .dynamoDb()
        .client()
        .putItem(put -> put.tableName("Rows").item(Map.of("id", AttributeValue.fromS(id))));
  }

  /// To the message groups that their first letters name.
  private static void send(LocalCloud cloud, String... bodies) {
    List<SendMessageBatchRequestEntry> entries = new ArrayList<>();
    for (String body : bodies) {
      entries.add(
          SendMessageBatchRequestEntry.builder()
              .id(Integer.toString(entries.size()))
              .messageBody(body)
              .messageGroupId(body.substring(0, 1))
              .messageDeduplicationId(body)
              .build());
    }
    cloud.sqs().client().sendMessageBatch(send -> send.queueUrl(JOBS).entries(entries));
  }

  private static void frame(LocalCloud cloud, String text) throws Exception {
    Client.connect(HttpClient.newHttpClient(), cloud.webSocketUrl()).send(text);
  }
}
