package dev.parley.local.sqs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.Wait;
import dev.parley.local.eventsource.EventFilter;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.template.QueueMappingResource;
import dev.parley.local.template.QueueResource;
import dev.parley.local.template.QueueResource.Redrive;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageAttributeValue;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeNameForSends;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeValue;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageRequest;
import software.amazon.awssdk.services.sqs.model.ReceiveMessageResponse;

class QueueMappingTest {
  private static final int CONCURRENCY_MAX = 16;
  private static final Duration SHORT = Duration.ofSeconds(1);

  /// Also on a slow machine a batch that succeeds is deleted by then.
  private static final Duration HIDDEN = Duration.ofSeconds(5);

  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String TRACE =
      "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static LocalSqs sqs;

  @SuppressWarnings("NullAway.Init") // set before the first test
  private static Queues queues;

  @BeforeAll
  static void start() throws IOException {
    sqs = LocalSqs.start();
    queues = new Queues(sqs);
  }

  @AfterAll
  static void stop() {
    sqs.close();
  }

  @Test
  void aMessageReachesTheFunctionAsLambdasOwnSerializerReadsIt() {
    QueueResource queue = queues.fifo(LONG);
    List<byte[]> events = new CopyOnWriteArrayList<>();
    List<List<String>> traces = new CopyOnWriteArrayList<>();

    sqs.client()
        .sendMessage(
            send ->
                send.queueUrl(queue.url())
                    .messageBody("{\"room\":\"ünï\"}")
                    .messageGroupId("group")
                    .messageDeduplicationId("id")
                    .messageAttributes(
                        Map.of(
                            "text",
                            MessageAttributeValue.builder()
                                .dataType("String")
                                .stringValue("a")
                                .build(),
                            "bytes",
                            MessageAttributeValue.builder()
                                .dataType("Binary")
                                .binaryValue(SdkBytes.fromUtf8String("b"))
                                .build()))
                    .messageSystemAttributes(
                        Map.of(
                            MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
                            MessageSystemAttributeValue.builder()
                                .dataType("String")
                                .stringValue(TRACE)
                                .build())));
    try (QueueMapping _ =
        new QueueMapping(
                mapping(queue),
                sqs.client(),
                CONCURRENCY_MAX,
                (event, trace, _) -> {
                  events.add(event);
                  traces.add(trace);
                  return bytes("null");
                },
                Faults.none(),
                new MetricStore())
            .start()) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(List.of(List.of(TRACE)), traces);
    SQSEvent event =
        LambdaEventSerializers.serializerFor(SQSEvent.class, SQSEvent.class.getClassLoader())
            .fromJson(new ByteArrayInputStream(events.getFirst()));
    SQSEvent.SQSMessage message = event.getRecords().getFirst();
    assertEquals("{\"room\":\"ünï\"}", message.getBody());
    assertFalse(message.getMessageId().isBlank());
    assertFalse(message.getReceiptHandle().isBlank());
    assertEquals("aws:sqs", message.getEventSource());
    assertEquals(queue.arn(), message.getEventSourceArn());
    assertEquals("us-east-1", message.getAwsRegion());
    assertEquals(32, message.getMd5OfBody().length());
    assertEquals(32, message.getMd5OfMessageAttributes().length());
    Map<String, String> attributes = message.getAttributes();
    assertEquals(
        Set.of(
            "ApproximateReceiveCount",
            "SentTimestamp",
            "SenderId",
            "ApproximateFirstReceiveTimestamp",
            "MessageGroupId",
            "MessageDeduplicationId",
            "SequenceNumber",
            "AWSTraceHeader"),
        attributes.keySet());
    assertEquals("1", attributes.get("ApproximateReceiveCount"));
    assertEquals("group", attributes.get("MessageGroupId"));
    assertEquals(TRACE, attributes.get("AWSTraceHeader"));
    SQSEvent.MessageAttribute text =
        Objects.requireNonNull(message.getMessageAttributes().get("text"));
    assertEquals("a", text.getStringValue());
    assertEquals("String", text.getDataType());
    SQSEvent.MessageAttribute binary =
        Objects.requireNonNull(message.getMessageAttributes().get("bytes"));
    assertEquals("b", StandardCharsets.UTF_8.decode(binary.getBinaryValue()).toString());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2})
  void aGroupIsProcessedInOrderAndByOneInvocationAtATimeWhateverFails(long seed) {
    Random random = new Random(seed);
    QueueResource queue = queues.fifo(SHORT);
    int groups = 6;
    Map<String, List<String>> sent = new ConcurrentHashMap<>();
    Map<String, List<String>> done = new ConcurrentHashMap<>();
    Set<String> running = ConcurrentHashMap.newKeySet();
    List<String> violations = new CopyOnWriteArrayList<>();
    Set<String> failingOnce = ConcurrentHashMap.newKeySet();
    AtomicInteger processed = new AtomicInteger();
    for (int i = 0; i < 5; i++) {
      failingOnce.add(Integer.toString(random.nextInt(120)));
    }

    // It stops at a group's first failure and names the rest of the group, as Lambda asks of it.
    Function<List<Delivered>, Set<String>> function =
        batch -> {
          Set<String> mine = batch.stream().map(Delivered::group).collect(Collectors.toSet());
          mine.forEach(
              group -> {
                if (!running.add(group)) {
                  violations.add(group + " has two batches in flight");
                }
              });
          Set<String> failed = new HashSet<>();
          Set<String> failedGroups = new HashSet<>();
          for (Delivered record : batch) {
            if (failedGroups.contains(record.group()) || failingOnce.remove(record.body())) {
              failedGroups.add(record.group());
              failed.add(record.id());
            } else {
              done.computeIfAbsent(record.group(), _ -> new CopyOnWriteArrayList<>())
                  .add(record.body());
              processed.incrementAndGet();
            }
          }
          running.removeAll(mine);
          return failed;
        };
    try (QueueMapping _ = started(reporting(mapping(queue)), function)) {
      for (int i = 0; i < 120; i++) {
        String group = "group-" + random.nextInt(groups);
        sent.computeIfAbsent(group, _ -> new ArrayList<>()).add(Integer.toString(i));
        queues.sendTo(group, queue, Integer.toString(i));
      }
      Wait.until(() -> processed.get() >= 120 && queues.size(queue) == 0);
    }

    // Where a batch is deleted late, it comes again.
    done.replaceAll((_, all) -> all.stream().distinct().toList());
    assertEquals(sent, done, "seed " + seed);
    assertEquals(List.of(), violations, "seed " + seed);
  }

  /// Polling goes on while a batch ends: what is received just then must not be left hidden. The
  /// queue hides for longer than this test has patience.
  @Test
  void theNextMessageOfAGroupFollowsWheneverItIsReceived() {
    QueueResource queue = queues.fifo(Duration.ofMinutes(10));
    List<String> done = new CopyOnWriteArrayList<>();
    try (QueueMapping _ =
        throwing(
            sized(mapping(queue), 1), batch -> batch.forEach(record -> done.add(record.body())))) {
      for (int i = 0; i < 300; i++) {
        queues.sendTo("group-" + i % 2, queue, Integer.toString(i));
      }
      Wait.until(() -> done.size() == 300);
    }
  }

  @Test
  void aFailureHoldsBackOnlyItsGroupAndOnlyUntilTheVisibilityTimeout() {
    QueueResource queue = queues.fifo(HIDDEN);
    List<String> done = new CopyOnWriteArrayList<>();
    List<Long> waitsMs = new CopyOnWriteArrayList<>();

    queues.sendTo("bad", queue, "b1", "b2");
    Consumer<List<Delivered>> function =
        batch -> {
          if (batch.getFirst().body().equals("b1")) {
            waitsMs.add(System.currentTimeMillis() - batch.getFirst().firstReceivedMs());
            if (waitsMs.size() == 1) {
              throw new FunctionError("java.lang.IllegalStateException", "b1");
            }
          }
          batch.forEach(record -> done.add(record.body()));
        };
    try (QueueMapping _ = throwing(sized(mapping(queue), 1), function)) {
      Wait.until(() -> !waitsMs.isEmpty());
      queues.sendTo("good", queue, "g1", "g2");
      Wait.until(() -> done.size() == 4);
    }

    assertEquals(List.of("g1", "g2", "b1", "b2"), done);
    // ElasticMQ asks its clock twice for a receive.
    assertTrue(
        waitsMs.get(1) >= HIDDEN.minusSeconds(1).toMillis(),
        "tried again after " + waitsMs.get(1) + " ms");
  }

  @Test
  void onlyTheMessagesThatAreReportedComeAgain() {
    QueueResource queue = queues.standard(HIDDEN);
    List<List<String>> calls = new CopyOnWriteArrayList<>();

    queues.send(queue, "a", "b", "c", "d");
    try (QueueMapping _ =
        started(
            reporting(mapping(queue)),
            batch -> {
              calls.add(batch.stream().map(Delivered::body).sorted().toList());
              return calls.size() > 1
                  ? Set.of()
                  : batch.stream()
                      .filter(record -> record.body().matches("[bd]"))
                      .map(Delivered::id)
                      .collect(Collectors.toSet());
            })) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(List.of("a", "b", "c", "d"), calls.getFirst());
    assertEquals(List.of("b", "d"), calls.stream().skip(1).flatMap(List::stream).sorted().toList());
  }

  @Test
  void aMessageThatKeepsFailingMovesToTheDeadLetterQueue() {
    QueueResource dead = queues.fifo(LONG);
    QueueResource queue = queues.create(true, HIDDEN, new Redrive(dead.arn(), 2));
    List<String> tried = new CopyOnWriteArrayList<>();

    queues.sendTo("group", queue, "poison", "next");
    try (QueueMapping _ =
        throwing(
            sized(mapping(queue), 1),
            batch -> {
              tried.add(batch.getFirst().body());
              if (batch.getFirst().body().equals("poison")) {
                throw new FunctionError("java.lang.IllegalStateException", "poison");
              }
            })) {
      Wait.until(() -> tried.contains("next") && queues.size(queue) == 0);
    }

    assertEquals(List.of("poison", "poison", "next"), tried);
    List<Message> letters = queues.drain(dead);
    assertEquals(List.of("poison"), letters.stream().map(Message::body).toList());
  }

  @Test
  void aStandardQueueGathersABatchForItsWindow() {
    QueueResource queue = queues.standard(LONG);
    List<Integer> sizes = new CopyOnWriteArrayList<>();
    QueueMappingResource mapping = windowed(mapping(queue), 40, Duration.ofSeconds(2));

    queues.send(queue, numbers(50));
    try (QueueMapping _ = throwing(mapping, batch -> sizes.add(batch.size()))) {
      Wait.until(() -> sizes.stream().mapToInt(Integer::intValue).sum() == 50);
    }

    assertEquals(List.of(40, 10), sizes);
    assertEquals(0, queues.size(queue));
  }

  @Test
  void aBatchIsNeverLargerThanItsSize() {
    QueueResource queue = queues.fifo(LONG);
    List<List<String>> batches = new CopyOnWriteArrayList<>();

    queues.sendTo("group", queue, numbers(10));
    try (QueueMapping _ =
        throwing(
            sized(mapping(queue), 4),
            batch -> batches.add(batch.stream().map(Delivered::body).toList()))) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(
        List.of(List.of("0", "1", "2", "3"), List.of("4", "5", "6", "7"), List.of("8", "9")),
        batches);
  }

  /// With `MaximumConcurrency`, without (0), and with more than the function can run.
  @ParameterizedTest
  @CsvSource({"2, 2", "3, 3", "16, 16", "1000, 16", "0, 5"})
  void asManyBatchesAsTheConcurrencyAreInFlightAndNoMore(int given, int expected) {
    QueueResource queue = queues.fifo(LONG);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CountDownLatch enough = new CountDownLatch(expected);

    for (int group = 0; group < 3 * expected; group++) {
      queues.sendTo("group-" + group, queue, "message-" + group);
    }
    try (QueueMapping _ =
        throwing(
            concurrent(sized(mapping(queue), 1), given),
            _ -> {
              most.accumulateAndGet(running.incrementAndGet(), Math::max);
              enough.countDown();
              await(enough);
              running.decrementAndGet();
            })) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(expected, most.get());
  }

  @Test
  void messagesThatNoFilterMatchesAreDeletedUndelivered() {
    QueueResource queue = queues.standard(LONG);
    List<String> seen = new CopyOnWriteArrayList<>();
    QueueMappingResource mapping = filtered(mapping(queue), "{\"body\":{\"n\":[2]}}");

    queues.send(queue, "{\"n\":1}", "{\"n\":2}", "text");
    try (QueueMapping _ =
        throwing(mapping, batch -> batch.forEach(record -> seen.add(record.body())))) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(List.of("{\"n\":2}"), seen);
  }

  @Test
  void aGroupWhoseBatchOutlivesItsVisibilityTimeoutWaitsForItNevertheless() {
    QueueResource queue = queues.fifo(SHORT);
    AtomicInteger received = new AtomicInteger();
    List<Integer> polls = new CopyOnWriteArrayList<>();
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger calls = new AtomicInteger();

    queues.sendTo("group", queue, "a");
    try (SqsClient counted = counted(received, polls);
        QueueMapping _ =
            new QueueMapping(
                    mapping(queue),
                    counted,
                    CONCURRENCY_MAX,
                    (_, _, _) -> {
                      most.accumulateAndGet(running.incrementAndGet(), Math::max);
                      if (calls.incrementAndGet() == 1) {
                        Wait.until(() -> received.get() >= 2);
                        int then = polls.size();
                        Wait.until(() -> polls.size() > then + 1);
                      }
                      running.decrementAndGet();
                      return bytes("null");
                    },
                    Faults.none(),
                    new MetricStore())
                .start()) {
      Wait.until(() -> calls.get() >= 2 && queues.size(queue) == 0);
    }

    assertEquals(1, most.get());
  }

  /// ElasticMQ burns a core for a receive that waits then.
  @Test
  void noPollWaitsWhileAMessageMayBeHiddenBehindAnotherOfItsGroup() {
    QueueResource queue = queues.fifo(SHORT);
    List<Integer> polls = new CopyOnWriteArrayList<>();
    List<Integer> whileInFlight = new CopyOnWriteArrayList<>();
    List<Integer> whileLeft = new CopyOnWriteArrayList<>();
    AtomicInteger calls = new AtomicInteger();

    queues.sendTo("group", queue, "a", "b");
    try (SqsClient counted = counted(new AtomicInteger(), polls);
        QueueMapping _ =
            new QueueMapping(
                    sized(mapping(queue), 1),
                    counted,
                    CONCURRENCY_MAX,
                    (_, _, _) -> {
                      int then = polls.size();
                      if (calls.incrementAndGet() == 1) {
                        Wait.until(() -> polls.size() > then + 5);
                        whileInFlight.addAll(polls.subList(then, polls.size()));
                        throw new FunctionError("java.lang.IllegalStateException", "a");
                      }
                      if (calls.get() == 2) {
                        whileLeft.addAll(polls.subList(then - 5, then));
                      }
                      return bytes("null");
                    },
                    Faults.none(),
                    new MetricStore())
                .start()) {
      Wait.until(() -> queues.size(queue) == 0);
    }

    assertEquals(Set.of(0), Set.copyOf(whileInFlight));
    assertEquals(Set.of(0), Set.copyOf(whileLeft));
  }

  /// A client that keeps how long each of its receives that gave nothing could wait, in seconds.
  private static SqsClient counted(AtomicInteger received, List<Integer> polls) {
    return SqsClient.builder()
        .endpointOverride(sqs.url())
        .region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("a", "b")))
        .overrideConfiguration(
            configure ->
                configure.addExecutionInterceptor(
                    new ExecutionInterceptor() {
                      @Override
                      public void afterExecution(
                          Context.AfterExecution context, ExecutionAttributes attributes) {
                        if (context.response() instanceof ReceiveMessageResponse response) {
                          received.addAndGet(response.messages().size());
                          if (response.messages().isEmpty()
                              && context.request() instanceof ReceiveMessageRequest request) {
                            polls.add(request.waitTimeSeconds());
                          }
                        }
                      }
                    }))
        .build();
  }

  @Test
  void aBatchInFlightAtACloseIsFinishedAndOneThatTakesTooLongComesAgain() {
    QueueResource queue = queues.standard(SHORT);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch mayEnd = new CountDownLatch(1);
    CountDownLatch never = new CountDownLatch(1);
    List<String> done = new CopyOnWriteArrayList<>();

    queues.send(queue, "short");
    QueueMapping first =
        throwing(
            mapping(queue),
            batch -> {
              begun.countDown();
              await(mayEnd);
              done.add(batch.getFirst().body());
            });
    await(begun);
    Thread closing = Thread.startVirtualThread(first::close);
    mayEnd.countDown();
    Wait.until(() -> !closing.isAlive());
    assertEquals(List.of("short"), done);
    assertEquals(0, queues.size(queue));

    queues.send(queue, "long");
    CountDownLatch begunAgain = new CountDownLatch(1);
    QueueMapping second =
        throwing(
            mapping(queue),
            _ -> {
              begunAgain.countDown();
              await(never);
            });
    await(begunAgain);
    second.close();
    try (QueueMapping _ = throwing(mapping(queue), batch -> done.add(batch.getFirst().body()))) {
      Wait.until(() -> done.size() == 2);
    }
    never.countDown();

    assertEquals(List.of("short", "long"), done);
  }

  // ---- Parts ----------------------------------------------------------------------------------

  private record Delivered(String id, String body, String group, long firstReceivedMs) {}

  private static QueueMappingResource mapping(QueueResource queue) {
    return new QueueMappingResource(
        "ReadQueue", "Read", queue, 10, Duration.ZERO, 0, false, EventFilter.NONE);
  }

  private static QueueMappingResource reporting(QueueMappingResource m) {
    return new QueueMappingResource(
        m.logicalId(), m.function(), m.queue(), 10, Duration.ZERO, 0, true, EventFilter.NONE);
  }

  private static QueueMappingResource sized(QueueMappingResource m, int batchSize) {
    return windowed(m, batchSize, Duration.ZERO);
  }

  private static QueueMappingResource windowed(
      QueueMappingResource m, int batchSize, Duration window) {
    return new QueueMappingResource(
        m.logicalId(), m.function(), m.queue(), batchSize, window, 0, false, EventFilter.NONE);
  }

  private static QueueMappingResource concurrent(QueueMappingResource m, int concurrencyMax) {
    return new QueueMappingResource(
        m.logicalId(),
        m.function(),
        m.queue(),
        m.batchSize(),
        Duration.ZERO,
        concurrencyMax,
        false,
        EventFilter.NONE);
  }

  private static QueueMappingResource filtered(QueueMappingResource m, String pattern) {
    return new QueueMappingResource(
        m.logicalId(),
        m.function(),
        m.queue(),
        10,
        Duration.ZERO,
        0,
        false,
        EventFilter.onBody(List.of(pattern)));
  }

  /// A mapping to a function that gives the ids it did not process.
  private static QueueMapping started(
      QueueMappingResource mapping, Function<List<Delivered>, Set<String>> function) {
    return new QueueMapping(
            mapping,
            sqs.client(),
            CONCURRENCY_MAX,
            (event, trace, _) -> {
              assertEquals(List.of(), trace);
              return bytes(
                  function.apply(records(event)).stream()
                      .map("{\"itemIdentifier\":\"%s\"}"::formatted)
                      .collect(Collectors.joining(",", "{\"batchItemFailures\":[", "]}")));
            },
            Faults.none(),
            new MetricStore())
        .start();
  }

  /// A mapping to a function that processes all of a batch, or throws.
  private static QueueMapping throwing(
      QueueMappingResource mapping, Consumer<List<Delivered>> function) {
    return started(
        mapping,
        batch -> {
          function.accept(batch);
          return Set.of();
        });
  }

  private static List<Delivered> records(byte[] event) {
    try {
      return StreamSupport.stream(Json.MAPPER.readTree(event).path("Records").spliterator(), false)
          .map(
              (JsonNode record) ->
                  new Delivered(
                      record.path("messageId").asText(),
                      record.path("body").asText(),
                      record.path("attributes").path("MessageGroupId").asText(),
                      record.path("attributes").path("ApproximateFirstReceiveTimestamp").asLong()))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String[] numbers(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toArray(String[]::new);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(20, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
