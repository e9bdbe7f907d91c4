package dev.parley.local.streams;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Wait;
import dev.parley.local.aws.LocalAccount;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.dynamodb.TimeToLive;
import dev.parley.local.eventsource.Batch;
import dev.parley.local.eventsource.Closing;
import dev.parley.local.eventsource.EventFilter;
import dev.parley.local.eventsource.Target;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.origins.Origins;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.template.StreamMappingResource;
import dev.parley.local.template.StreamMappingResource.StartingPosition;
import dev.parley.local.template.TableResource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Shard;
import software.amazon.awssdk.services.sqs.model.Message;

class StreamMappingTest {
  private static final byte[] DONE = "{\"batchItemFailures\":[]}".getBytes(StandardCharsets.UTF_8);
  private static final double POLLS_PER_SECOND = 100;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static LocalDynamoDb dynamoDb;

  private final MetricStore metrics = new MetricStore();

  @BeforeAll
  static void start() throws IOException {
    dynamoDb = LocalDynamoDb.inMemory();
  }

  @AfterAll
  static void stop() {
    dynamoDb.close();
  }

  @Test
  void aRecordReachesTheFunctionAsLambdaWritesIt(TestInfo test) throws IOException {
    String table = table(test);
    List<byte[]> events = new CopyOnWriteArrayList<>();

    put(table, "a", 7);
    try (StreamMapping _ = mapping(shape(table), Checkpoints.inMemory(), recorded(events))) {
      Wait.until(() -> !events.isEmpty());
    }

    JsonNode record = Json.MAPPER.readTree(events.getFirst()).path("Records").path(0);
    assertEquals("INSERT", record.path("eventName").asText());
    assertEquals("1.1", record.path("eventVersion").asText());
    assertEquals("aws:dynamodb", record.path("eventSource").asText());
    assertEquals("us-east-1", record.path("awsRegion").asText());
    assertEquals(LocalAccount.streamArn(table), record.path("eventSourceARN").asText());
    JsonNode change = record.path("dynamodb");
    assertTrue(change.path("ApproximateCreationDateTime").isNumber());
    assertEquals("{\"S\":\"a\"}", change.path("Keys").path("id").toString());
    assertEquals("{\"N\":\"7\"}", change.path("NewImage").path("n").toString());
    assertEquals("NEW_AND_OLD_IMAGES", change.path("StreamViewType").asText());
    assertTrue(change.path("SizeBytes").isNumber());
    assertFalse(record.has("userIdentity"));
  }

  /// DynamoDB Local tells of each of them.
  @Test
  void deletesOfOneRowThatMeetAreOneRemoval(TestInfo test) throws Exception {
    String table = table(test);
    List<byte[]> events = new CopyOnWriteArrayList<>();

    try (StreamMapping _ = mapping(shape(table), Checkpoints.inMemory(), recorded(events));
        ExecutorService deleting = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        put(table, "row", i);
        List<Future<?>> deletes = new ArrayList<>();
        for (int j = 0; j < 4; j++) {
          deletes.add(
              deleting.submit(
                  () -> dynamoDb.client().deleteItem(d -> d.tableName(table).key(key("row")))));
        }
        for (Future<?> delete : deletes) {
          delete.get();
        }
      }
      put(table, "last", 1);
      Wait.until(() -> events.stream().anyMatch(e -> new String(e, UTF_8).contains("\"last\"")));
    }

    int removals = 0;
    for (byte[] event : events) {
      for (JsonNode record : Json.MAPPER.readTree(event).path("Records")) {
        if (record.path("eventName").asText().equals("REMOVE")) {
          removals++;
          assertTrue(record.path("dynamodb").has("OldImage"), record.toString());
        }
      }
    }
    assertEquals(100, removals);
  }

  /// DynamoDB Local's own times are to the minute, so that they cannot say it.
  @Test
  void aBatchThatFailsIsOlderWhenItComesAgain(TestInfo test) throws Exception {
    String table = table(test);
    List<Integer> seen = new CopyOnWriteArrayList<>();
    AtomicLong failedAfterNanos = new AtomicLong();

    long began = System.nanoTime();
    put(table, "a", 1);
    try (StreamMapping _ =
        mapping(
            shape(table),
            Checkpoints.inMemory(),
            event -> {
              if (failedAfterNanos.get() == 0) {
                long called = System.nanoTime();
                Wait.until(() -> System.nanoTime() - called > 50_000_000);
                failedAfterNanos.set(System.nanoTime() - called);
                throw new IllegalStateException("not now");
              }
              return numbers(seen).apply(event);
            })) {
      Wait.until(() -> seen.contains(1));
    }

    JsonNode series = Json.MAPPER.readTree(metrics.json()).at("/series/0");
    assertEquals("IteratorAge", series.path("name").asText());
    assertEquals("{\"FunctionName\":\"Function\"}", series.path("dimensions").toString());
    double oldest = 0;
    for (JsonNode point : series.path("points")) {
      oldest = Math.max(oldest, point.path(3).asDouble());
    }
    assertTrue(oldest >= failedAfterNanos.get() / 1e6, oldest + " ms");
    assertTrue(oldest <= (System.nanoTime() - began) / 1e6, oldest + " ms");
  }

  @Test
  void whatWasThereBeforeAMappingAtLatestIsNotDelivered(TestInfo test) {
    String table = table(test);
    List<Integer> seen = new CopyOnWriteArrayList<>();
    Checkpoints checkpoints = Checkpoints.inMemory();
    Shape shape = shape(table).startingAt(StartingPosition.LATEST);

    put(table, "a", 1);
    mapping(shape, checkpoints, numbers(seen)).close();
    put(table, "a", 2);
    try (StreamMapping _ = mapping(shape, checkpoints, numbers(seen))) {
      Wait.until(() -> !seen.isEmpty());
    }

    assertEquals(List.of(2), seen);
  }

  @Test
  void recordsThatNoFilterMatchesAreCheckpointedUndelivered(TestInfo test) {
    String table = table(test);
    List<Integer> seen = new CopyOnWriteArrayList<>();
    Shape shape =
        shape(table).filteredBy("{\"dynamodb\":{\"NewImage\":{\"n\":{\"N\":[\"2\",\"4\"]}}}}");

    for (int n = 1; n <= 5; n++) {
      put(table, "a", n);
    }
    try (StreamMapping _ = mapping(shape, Checkpoints.inMemory(), numbers(seen))) {
      Wait.until(() -> seen.size() == 2);
    }

    assertEquals(List.of(2, 4), seen);
  }

  @Test
  void aBatchingWindowGathersRecordsIntoOneInvocation(TestInfo test) throws IOException {
    String table = table(test);
    List<byte[]> events = new CopyOnWriteArrayList<>();
    Shape shape = shape(table).windowed(Duration.ofSeconds(20)).batched(10);

    try (StreamMapping _ = mapping(shape, Checkpoints.inMemory(), recorded(events))) {
      for (int n = 1; n <= 10; n++) {
        put(table, "a", n);
      }
      Wait.until(() -> !events.isEmpty());
    }

    assertEquals(10, Json.MAPPER.readTree(events.getFirst()).path("Records").size());
  }

  @Test
  void aBatchIsNeverLargerThanItsSize(TestInfo test) {
    String table = table(test);
    List<Integer> sizes = new CopyOnWriteArrayList<>();
    Shape shape = shape(table).batched(3);

    for (int n = 1; n <= 10; n++) {
      put(table, "a", n);
    }
    UnaryOperator<byte[]> function =
        event -> {
          sizes.add(read(event).size());
          return DONE;
        };
    try (StreamMapping _ = mapping(shape, Checkpoints.inMemory(), function)) {
      Wait.until(() -> sizes.stream().mapToInt(Integer::intValue).sum() == 10);
    }

    assertEquals(List.of(3, 3, 3, 1), sizes);
  }

  @Test
  void aPoisonRecordIsDiscardedAloneWhereRetriesAreBounded(TestInfo test) {
    String table = table(test);
    List<Integer> done = new CopyOnWriteArrayList<>();
    Shape shape = shape(table).bisecting().retriedAtMost(1);

    for (int n = 1; n <= 8; n++) {
      put(table, "a", n);
    }
    UnaryOperator<byte[]> function =
        event -> {
          List<Integer> batch = read(event);
          if (batch.contains(5)) {
            throw new FunctionError("java.lang.IllegalStateException", "five");
          }
          done.addAll(batch);
          return DONE;
        };
    try (StreamMapping _ = mapping(shape, Checkpoints.inMemory(), function)) {
      Wait.until(() -> done.size() == 7);
    }

    assertEquals(List.of(1, 2, 3, 4, 6, 7, 8), done);
  }

  /// Where the function throws, and where it names a record.
  @ParameterizedTest
  @CsvSource({"true, 0", "true, 1", "false, 0", "false, 1"})
  void whatIsDiscardedIsToldToTheQueueOfFailures(boolean throwing, int retries) throws Exception {
    String table = "Discarded" + throwing + retries;
    dynamoDb.create(List.of(resource(table)));
    List<Integer> done = new CopyOnWriteArrayList<>();
    List<String> requests = new CopyOnWriteArrayList<>();
    for (int n = 1; n <= 3; n++) {
      put(table, "a", n);
    }
    try (LocalSqs sqs = LocalSqs.start()) {
      sqs.client().createQueue(create -> create.queueName("failed"));
      String url = sqs.client().getQueueUrl(get -> get.queueName("failed")).queueUrl();
      Target.Function function =
          (event, _, requestId) -> {
            requests.add(requestId);
            List<Integer> batch = read(event);
            if (!batch.contains(2)) {
              done.addAll(batch);
              return DONE;
            }
            if (throwing) {
              throw new FunctionError("java.lang.IllegalStateException", "two");
            }
            return failures(event, batch.indexOf(2), batch.indexOf(2) + 1);
          };
      Shape shape =
          throwing
              ? shape(table).batched(2).retriedAtMost(retries)
              : shape(table).batched(2).retriedAtMost(retries).reportingItemFailures();
      FailureDestination queue =
          new FailureDestination(sqs.client(), url, "its ARN", "its version");
      try (StreamMapping _ =
          new StreamMapping(
                  shape.resource(),
                  dynamoDb,
                  Checkpoints.inMemory(),
                  new TimeToLive(dynamoDb.client(), List.of(), InstantSource.system()),
                  POLLS_PER_SECOND,
                  function,
                  queue,
                  Faults.none(),
                  metrics)
              .start()) {
        Wait.until(() -> done.contains(3));
      }

      List<Message> messages = sqs.client().receiveMessage(r -> r.queueUrl(url)).messages();
      assertEquals(1, messages.size());
      JsonNode told = Json.MAPPER.readTree(messages.getFirst().body());
      int invocations = 1 + retries;
      JsonNode request = told.path("requestContext");
      assertEquals(requests.get(invocations - 1), request.path("requestId").asText());
      assertEquals("its ARN", request.path("functionArn").asText());
      assertEquals("RetryAttemptsExhausted", request.path("condition").asText());
      assertEquals(invocations, request.path("approximateInvokeCount").asInt());
      JsonNode response = told.path("responseContext");
      assertEquals(200, response.path("statusCode").asInt());
      assertEquals("its version", response.path("executedVersion").asText());
      assertEquals(throwing ? "Unhandled" : "", response.path("functionError").asText());
      assertEquals("1.0", told.path("version").asText());
      assertTrue(told.path("timestamp").asText().matches("\\d{4}-.*T.*Z"), told.toString());
      JsonNode batch = told.path("DDBStreamBatchInfo");
      assertEquals(throwing ? 2 : 1, batch.path("batchSize").asInt());
      assertTrue(batch.path("shardId").asText().startsWith("shardId-"), told.toString());
      String start = batch.path("startSequenceNumber").asText();
      String end = batch.path("endSequenceNumber").asText();
      assertTrue(throwing ? start.compareTo(end) < 0 : start.equals(end), told.toString());
      String arrival = batch.path("approximateArrivalOfFirstRecord").asText();
      assertTrue(arrival.matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ"), arrival);
      assertEquals(LocalAccount.streamArn(table), batch.path("streamArn").asText());
    }
  }

  @Test
  void recordsThatAreTooOldAreDiscardedUnasked(TestInfo test) throws Exception {
    String table = table(test);
    List<Integer> sizes = new ArrayList<>();
    try (LocalSqs sqs = LocalSqs.start()) {
      sqs.client().createQueue(create -> create.queueName("failed"));
      String url = sqs.client().getQueueUrl(get -> get.queueName("failed")).queueUrl();
      Checkpoints checkpoints = Checkpoints.inMemory();
      ShardReader.Mapping mapping =
          new ShardReader.Mapping(
              shape(table).agedAtMost(60).resource(),
              new TableStream(
                  dynamoDb,
                  new TimeToLive(dynamoDb.client(), List.of(), InstantSource.system()),
                  table),
              checkpoints,
              Duration.ZERO,
              new Target(
                  "FunctionRows",
                  "Function",
                  false,
                  (event, _, _) -> {
                    sizes.add(tree(event).path("Records").size());
                    return DONE;
                  }),
              new FailureDestination(sqs.client(), url, "its ARN", "1"),
              Faults.none(),
              metrics,
              new Closing());
      Instant now = Instant.now();

      // A record's time is to the minute, so that one is older by up to a minute than it says.
      assertTrue(
          new Delivery(mapping, Shard.builder().shardId("shard").build())
              .deliver(
                  new Batch<>(
                      List.of(
                          aged("1", now.minusSeconds(121)),
                          aged("2", now.minusSeconds(121)),
                          aged("3", now.minusSeconds(90))))));

      assertEquals(List.of(1), sizes);
      assertEquals("3", checkpoints.find("FunctionRows", "shard"));
      JsonNode told =
          Json.MAPPER.readTree(
              sqs.client().receiveMessage(r -> r.queueUrl(url)).messages().getFirst().body());
      assertEquals("RecordAgeExceeded", told.at("/requestContext/condition").asText());
      assertEquals(0, told.at("/requestContext/approximateInvokeCount").asInt());
      assertFalse(told.has("responseContext"));
      assertEquals("1", told.at("/DDBStreamBatchInfo/startSequenceNumber").asText());
      assertEquals("2", told.at("/DDBStreamBatchInfo/endSequenceNumber").asText());
    }
  }

  private static StreamRecord aged(String sequenceNumber, Instant createdAt) {
    return new StreamRecord(sequenceNumber, "{}".getBytes(UTF_8), createdAt, System.nanoTime());
  }

  @Test
  void aFailingBatchHoldsUpItsShardUntilItSucceeds(TestInfo test) {
    String table = table(test);
    List<List<Integer>> calls = new CopyOnWriteArrayList<>();

    put(table, "a", 1);
    UnaryOperator<byte[]> function =
        event -> {
          calls.add(read(event));
          if (calls.size() < 4) {
            throw new FunctionError("Sandbox.Timedout", "Task timed out after 3.00 seconds");
          }
          return DONE;
        };
    try (StreamMapping _ = mapping(shape(table), Checkpoints.inMemory(), function)) {
      Wait.until(() -> !calls.isEmpty());
      put(table, "b", 2);
      Wait.until(() -> calls.size() == 5);
    }

    assertEquals(List.of(List.of(1), List.of(1), List.of(1), List.of(1), List.of(2)), calls);
  }

  @Test
  void anErrorDoesNotEndTheReader(TestInfo test) {
    String table = table(test);
    List<Integer> seen = new CopyOnWriteArrayList<>();
    AtomicInteger calls = new AtomicInteger();
    UnaryOperator<byte[]> function =
        event -> {
          if (calls.getAndIncrement() == 0) {
            throw new NoClassDefFoundError("dev/parley/Missing");
          }
          seen.addAll(read(event));
          return DONE;
        };

    put(table, "a", 1);
    try (StreamMapping _ = mapping(shape(table), Checkpoints.inMemory(), function)) {
      Wait.until(() -> !seen.isEmpty());
    }

    assertEquals(List.of(1), seen);
  }

  @Test
  void anInvocationThatOutlastsCloseLeavesTheCheckpointsToTheNextRun(TestInfo test)
      throws Exception {
    String table = table(test);
    Checkpoints checkpoints = Checkpoints.inMemory();
    CountDownLatch entered = new CountDownLatch(1);
    CountDownLatch released = new CountDownLatch(1);
    CompletableFuture<Thread> reader = new CompletableFuture<>();
    UnaryOperator<byte[]> function =
        event -> {
          reader.complete(Thread.currentThread());
          entered.countDown();
          try {
            released.await();
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return DONE;
        };
    String shard =
        dynamoDb
            .streams()
            .describeStream(
                d ->
                    d.streamArn(
                        dynamoDb
                            .client()
                            .describeTable(t -> t.tableName(table))
                            .table()
                            .latestStreamArn()))
            .streamDescription()
            .shards()
            .getFirst()
            .shardId();

    put(table, "a", 1);
    try (StreamMapping _ = mapping(shape(table), checkpoints, function)) {
      entered.await();
    }
    String atClose = checkpoints.find("FunctionRows", shard);
    released.countDown();
    reader.get().join();

    assertEquals(atClose, checkpoints.find("FunctionRows", shard));
  }

  /// Whatever fails, each record is processed at least once, and those of one key in their order.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6})
  void nothingIsLostAndKeysStayInOrderWhateverFails(long seed) {
    Random random = new Random(seed);
    String table = "Property" + seed;
    dynamoDb.create(List.of(resource(table)));
    Shape shape = shape(table).batched(1 + random.nextInt(12)).reportingItemFailures();
    if (random.nextBoolean()) {
      shape = shape.bisecting();
    }
    if (random.nextBoolean()) {
      shape = shape.windowed(Duration.ofMillis(30));
    }
    List<Integer> processed = new CopyOnWriteArrayList<>();
    UnaryOperator<byte[]> function =
        event -> {
          List<Integer> batch = read(event);
          int fate = random.nextInt(10);
          if (fate < 2) {
            throw new FunctionError("java.lang.RuntimeException", "injected");
          }
          if (fate < 4) {
            int from = random.nextInt(batch.size());
            processed.addAll(batch.subList(0, from));
            return failures(event, from, batch.size());
          }
          processed.addAll(batch);
          if (fate == 4) {
            return "{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}"
                .getBytes(StandardCharsets.UTF_8);
          }
          return fate == 5 ? new byte[0] : DONE;
        };
    Checkpoints checkpoints = Checkpoints.inMemory();

    int writes = 60;
    for (int n = 0; n < writes; n++) {
      put(table, "key" + n % 7, n);
      if (n % 20 == 19) {
        Shape now = shape;
        try (StreamMapping _ = mapping(now, checkpoints, function)) {
          int enough = processed.size() + random.nextInt(20);
          Wait.until(() -> processed.size() >= Math.min(enough, 15));
        }
      }
    }
    try (StreamMapping _ = mapping(shape, checkpoints, function)) {
      Wait.until(() -> new LinkedHashSet<>(processed).size() == writes);
    }

    Map<Integer, List<Integer>> byKey = new HashMap<>();
    for (int n : new LinkedHashSet<>(processed)) {
      byKey.computeIfAbsent(n % 7, key -> new ArrayList<>()).add(n);
    }
    byKey.values().forEach(ns -> assertEquals(ns.stream().sorted().toList(), ns, "seed " + seed));
  }

  @Test
  void aRestartedFolderCarriesOnFromItsCheckpoint(@TempDir Path folder) throws IOException {
    List<Integer> seen = new CopyOnWriteArrayList<>();
    TableResource table = resource("Kept");
    try (LocalDynamoDb first = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      first.create(List.of(table));
      put(first, "Kept", "a", 1);
      try (StreamMapping _ = mapping(first, shape("Kept"), Checkpoints.in(folder), numbers(seen))) {
        Wait.until(() -> seen.size() == 1);
      }
      put(first, "Kept", "a", 2);
    }

    try (LocalDynamoDb second = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      second.create(List.of(table));
      put(second, "Kept", "a", 3);
      try (StreamMapping _ =
          mapping(second, shape("Kept"), Checkpoints.in(folder), numbers(seen))) {
        Wait.until(() -> seen.size() == 3);
      }
    }

    assertEquals(List.of(1, 2, 3), seen);
  }

  @Test
  void aCheckpointOfAnotherStreamSkipsNothing(TestInfo test) {
    String table = table(test);
    List<Integer> seen = new CopyOnWriteArrayList<>();
    Checkpoints checkpoints = Checkpoints.inMemory();
    checkpoints.save("FunctionRows", "shardId-gone", "000000000000000999999");

    put(table, "a", 1);
    Shape shape = shape(table).startingAt(StartingPosition.LATEST);
    try (StreamMapping _ = mapping(shape, checkpoints, numbers(seen))) {
      Wait.until(() -> seen.size() == 1);
    }

    assertEquals(List.of(1), seen);
  }

  @Test
  void onlyRemovalsByTimeToLiveBearDynamoDbsIdentity(TestInfo test) throws IOException {
    String table = table(test);
    List<byte[]> events = new CopyOnWriteArrayList<>();
    Shape shape = shape(table).filteredBy("{\"eventName\":[\"REMOVE\"]}");
    TimeToLive timeToLive =
        new TimeToLive(dynamoDb.client(), List.of(resource(table)), InstantSource.system());

    put(table, "expired", (int) (System.currentTimeMillis() / 1000) - 10);
    put(table, "alive", (int) (System.currentTimeMillis() / 1000) + 100);
    timeToLive.sweep();
    dynamoDb.client().deleteItem(d -> d.tableName(table).key(key("alive")));
    try (StreamMapping _ =
        new StreamMapping(
                shape.resource(),
                dynamoDb,
                Checkpoints.inMemory(),
                timeToLive,
                POLLS_PER_SECOND,
                (event, _, _) -> recorded(events).apply(event),
                null,
                Faults.none(),
                metrics)
            .start()) {
      Wait.until(() -> !events.isEmpty());
    }

    JsonNode records = Json.MAPPER.readTree(events.getFirst()).path("Records");
    assertEquals(2, records.size());
    assertEquals(
        "{\"type\":\"Service\",\"principalId\":\"dynamodb.amazonaws.com\"}",
        records.path(0).path("userIdentity").toString());
    assertFalse(records.path(1).has("userIdentity"));
  }

  private record Shape(StreamMappingResource resource) {
    Shape startingAt(StartingPosition position) {
      return with(position, resource.batchSize(), resource.batchingWindow(), resource.filter());
    }

    Shape batched(int size) {
      return with(resource.startingPosition(), size, resource.batchingWindow(), resource.filter());
    }

    Shape windowed(Duration window) {
      return with(resource.startingPosition(), resource.batchSize(), window, resource.filter());
    }

    Shape filteredBy(String pattern) {
      return with(
          resource.startingPosition(),
          resource.batchSize(),
          resource.batchingWindow(),
          EventFilter.of(List.of(pattern)));
    }

    private Shape with(StartingPosition position, int size, Duration window, EventFilter filter) {
      return make(
          resource.table(),
          position,
          size,
          window,
          resource.bisectOnError(),
          resource.retryAttemptsMax(),
          resource.reportsItemFailures(),
          filter);
    }

    Shape bisecting() {
      return failing(true, resource.retryAttemptsMax(), resource.reportsItemFailures());
    }

    Shape retriedAtMost(int times) {
      return failing(resource.bisectOnError(), times, resource.reportsItemFailures());
    }

    Shape agedAtMost(int seconds) {
      StreamMappingResource r = resource;
      return new Shape(
          new StreamMappingResource(
              r.logicalId(),
              r.function(),
              r.table(),
              r.startingPosition(),
              r.batchSize(),
              r.batchingWindow(),
              r.bisectOnError(),
              r.retryAttemptsMax(),
              seconds,
              r.reportsItemFailures(),
              null,
              r.filter()));
    }

    Shape reportingItemFailures() {
      return failing(resource.bisectOnError(), resource.retryAttemptsMax(), true);
    }

    private Shape failing(boolean bisect, int retries, boolean reports) {
      return make(
          resource.table(),
          resource.startingPosition(),
          resource.batchSize(),
          resource.batchingWindow(),
          bisect,
          retries,
          reports,
          resource.filter());
    }

    static Shape make(
        String table,
        StartingPosition position,
        int size,
        Duration window,
        boolean bisect,
        int retries,
        boolean reports,
        EventFilter filter) {
      return new Shape(
          new StreamMappingResource(
              "FunctionRows",
              "Function",
              table,
              position,
              size,
              window,
              bisect,
              retries,
              -1,
              reports,
              null,
              filter));
    }
  }

  private static Shape shape(String table) {
    return Shape.make(
        table,
        StartingPosition.TRIM_HORIZON,
        100,
        Duration.ZERO,
        false,
        -1,
        false,
        EventFilter.NONE);
  }

  private StreamMapping mapping(
      Shape shape, Checkpoints checkpoints, UnaryOperator<byte[]> function) {
    return mapping(dynamoDb, shape, checkpoints, function);
  }

  private StreamMapping mapping(
      LocalDynamoDb from, Shape shape, Checkpoints checkpoints, UnaryOperator<byte[]> function) {
    TimeToLive none = new TimeToLive(from.client(), List.of(), InstantSource.system());
    return new StreamMapping(
            shape.resource(),
            from,
            checkpoints,
            none,
            POLLS_PER_SECOND,
            (event, _, _) -> function.apply(event),
            null,
            Faults.none(),
            metrics)
        .start();
  }

  private static String table(TestInfo test) {
    String name = test.getTestMethod().orElseThrow().getName();
    dynamoDb.create(List.of(resource(name)));
    return name;
  }

  private static TableResource resource(String name) {
    return new TableResource(
        name,
        name,
        new TableResource.Key("id", null),
        Map.of("id", "S"),
        List.of(),
        "NEW_AND_OLD_IMAGES",
        "n");
  }

  private static Map<String, AttributeValue> key(String id) {
    return Map.of("id", AttributeValue.fromS(id));
  }

  private static void put(String table, String id, int n) {
    put(dynamoDb, table, id, n);
  }

  private static void put(LocalDynamoDb to, String table, String id, int n) {
    to.client()
        .putItem(
            put ->
                put.tableName(table)
                    .item(
                        Map.of(
                            "id", AttributeValue.fromS(id),
                            "n", AttributeValue.fromN(Integer.toString(n)))));
  }

  private static UnaryOperator<byte[]> recorded(List<byte[]> events) {
    return event -> {
      events.add(event);
      return DONE;
    };
  }

  private static UnaryOperator<byte[]> numbers(List<Integer> seen) {
    return event -> {
      seen.addAll(read(event));
      return DONE;
    };
  }

  private static List<Integer> read(byte[] event) {
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode record : tree(event).path("Records")) {
      numbers.add(record.path("dynamodb").path("NewImage").path("n").path("N").asInt());
    }
    return numbers;
  }

  private static byte[] failures(byte[] event, int from, int to) {
    List<String> items = new ArrayList<>();
    for (int i = from; i < to; i++) {
      items.add(
          "{\"itemIdentifier\":"
              + tree(event).path("Records").path(i).path("dynamodb").path("SequenceNumber")
              + "}");
    }
    return ("{\"batchItemFailures\":[" + String.join(",", items) + "]}")
        .getBytes(StandardCharsets.UTF_8);
  }

  private static JsonNode tree(byte[] event) {
    try {
      return Json.MAPPER.readTree(event);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
