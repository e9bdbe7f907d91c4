package dev.parley.local.sqs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.Wait;
import dev.parley.local.template.QueueResource;
import dev.parley.local.template.QueueResource.Redrive;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeName;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeNameForSends;
import software.amazon.awssdk.services.sqs.model.MessageSystemAttributeValue;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;
import software.amazon.awssdk.services.sqs.model.SqsException;

class LocalSqsTest {
  private static final String TRACE =
      "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";

  private static final int BATCHES = 40;

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
  void aQueueHasTheUrlAndTheArnOfTheTemplate() {
    QueueResource queue = queues.standard(Duration.ofSeconds(30));

    assertEquals(
        queue.url(), sqs.client().getQueueUrl(get -> get.queueName(queue.name())).queueUrl());
    assertEquals(
        queue.arn(),
        sqs.client()
            .getQueueAttributes(
                get -> get.queueUrl(queue.url()).attributeNames(QueueAttributeName.QUEUE_ARN))
            .attributes()
            .get(QueueAttributeName.QUEUE_ARN));
    assertEquals(Map.of("AWS_ENDPOINT_URL_SQS", sqs.url().toString()), sqs.environment());
    assertEquals("127.0.0.1", sqs.url().getHost());
  }

  /// What a form of any web page can send, and what older SDKs do.
  @Test
  void aFormReachesAQueueOnlyIfItIsSigned() throws Exception {
    QueueResource queue = queues.standard(Duration.ofSeconds(30));
    HttpRequest.Builder form =
        HttpRequest.newBuilder(sqs.url().resolve("/000000000000/" + queue.name()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("Action=SendMessage&MessageBody=forged"));
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> refused = http.send(form.build(), HttpResponse.BodyHandlers.ofString());

      assertEquals(403, refused.statusCode());
      assertEquals(
          "{\"__type\":\"AccessDeniedException\",\"message\":\"A call must be signed"
              + " (AWS4-HMAC-SHA256); any credentials will do.\"}",
          refused.body());
      assertEquals(0, queues.size(queue));

      String signature =
          "AWS4-HMAC-SHA256 Credential=local/20260801/us-east-1/sqs/aws4_request,"
              + " SignedHeaders=host;x-amz-date, Signature=0a";
      HttpResponse<String> sent =
          http.send(
              form.header("Authorization", signature).build(),
              HttpResponse.BodyHandlers.ofString());

      assertEquals(200, sent.statusCode(), sent.body());
      assertEquals(1, queues.size(queue));
    }
  }

  @Test
  void theEntriesOfABatchKeepTheirOrderInAGroup() throws InterruptedException {
    QueueResource queue = queues.fifo(Duration.ofSeconds(30));
    List<String> groups = List.of("a", "b", "c", "d");
    List<Thread> senders =
        groups.stream()
            .map(group -> Thread.startVirtualThread(() -> sendBatches(queue, group)))
            .toList();
    for (Thread sender : senders) {
      sender.join();
    }

    Map<String, List<String>> received =
        queues.drain(queue).stream()
            .collect(
                Collectors.groupingBy(
                    message ->
                        String.valueOf(
                            message.attributes().get(MessageSystemAttributeName.MESSAGE_GROUP_ID)),
                    Collectors.mapping(Message::body, Collectors.toList())));

    for (String group : groups) {
      assertEquals(
          IntStream.range(0, BATCHES * 10).mapToObj(n -> group + n).toList(),
          received.get(group),
          group);
    }
  }

  private static void sendBatches(QueueResource queue, String group) {
    for (int batch = 0; batch < BATCHES; batch++) {
      List<SendMessageBatchRequestEntry> entries =
          IntStream.range(batch * 10, batch * 10 + 10)
              .mapToObj(n -> entry(group, group + n))
              .toList();
      sqs.client().sendMessageBatch(send -> send.queueUrl(queue.url()).entries(entries));
    }
  }

  private static SendMessageBatchRequestEntry entry(String group, String body) {
    return SendMessageBatchRequestEntry.builder()
        .id(body)
        .messageBody(body)
        .messageGroupId(group)
        .messageDeduplicationId(body)
        .messageSystemAttributes(
            Map.of(
                MessageSystemAttributeNameForSends.AWS_TRACE_HEADER,
                MessageSystemAttributeValue.builder()
                    .dataType("String")
                    .stringValue(TRACE)
                    .build()))
        .build();
  }

  @Test
  void theTraceHeaderOfABatchEntryIsReceivedWithIt() {
    QueueResource queue = queues.fifo(Duration.ofSeconds(30));

    sqs.client().sendMessageBatch(send -> send.queueUrl(queue.url()).entries(entry("g", "a")));

    assertEquals(
        TRACE,
        queues
            .drain(queue)
            .getFirst()
            .attributes()
            .get(MessageSystemAttributeName.AWS_TRACE_HEADER));
  }

  @Test
  void aSecondMessageWithTheSameDeduplicationIdIsAcceptedAndDropped() {
    QueueResource queue = queues.fifo(Duration.ofSeconds(30));

    String first = send(queue, "one", "a");
    List<Message> received = queues.drain(queue);
    String second = send(queue, "two", "a");
    send(queue, "three", "b");

    assertEquals(first, second);
    assertEquals(List.of("one"), received.stream().map(Message::body).toList());
    assertEquals(List.of("three"), queues.drain(queue).stream().map(Message::body).toList());
  }

  private static String send(QueueResource queue, String body, String deduplicationId) {
    return sqs.client()
        .sendMessage(
            send ->
                send.queueUrl(queue.url())
                    .messageBody(body)
                    .messageGroupId("group")
                    .messageDeduplicationId(deduplicationId))
        .messageId();
  }

  @Test
  void aDelayHidesAMessageOfAStandardQueueAndIsRefusedByAFifoQueue() {
    QueueResource standard = queues.standard(Duration.ofSeconds(30));
    QueueResource fifo = queues.fifo(Duration.ofSeconds(30));

    long sentAt = System.nanoTime();
    sqs.client()
        .sendMessage(send -> send.queueUrl(standard.url()).messageBody("a").delaySeconds(1));
    List<Message> got =
        sqs.client()
            .receiveMessage(receive -> receive.queueUrl(standard.url()).waitTimeSeconds(5))
            .messages();

    assertEquals(1, got.size());
    assertTrue(System.nanoTime() - sentAt >= Duration.ofMillis(950).toNanos());
    assertThrows(
        SqsException.class,
        () ->
            sqs.client()
                .sendMessage(
                    send ->
                        send.queueUrl(fifo.url())
                            .messageBody("a")
                            .messageGroupId("g")
                            .messageDeduplicationId("d")
                            .delaySeconds(1)));
  }

  @Test
  void aMessageOfAQuarterMegabyteArrivesWhole() {
    QueueResource queue = queues.standard(Duration.ofSeconds(30));
    byte[] letters = new byte[250_000];
    new Random(7).nextBytes(letters);
    String body =
        IntStream.range(0, letters.length)
            .mapToObj(i -> Character.toString('a' + (letters[i] & 15)))
            .collect(Collectors.joining());

    queues.send(queue, body);

    assertEquals(body, queues.drain(queue).getFirst().body());
  }

  @Test
  void aDeadLetterQueueMayComeAfterTheQueueThatUsesIt() throws IOException {
    QueueResource dead = resource("dead", null);
    QueueResource queue = resource("first", new Redrive(dead.arn(), 3));
    try (LocalSqs other = LocalSqs.start().create(List.of(queue, dead))) {
      String policy =
          other
              .client()
              .getQueueAttributes(
                  get ->
                      get.queueUrl(queue.url()).attributeNames(QueueAttributeName.REDRIVE_POLICY))
              .attributes()
              .getOrDefault(QueueAttributeName.REDRIVE_POLICY, "");

      assertTrue(policy.contains(dead.arn()), policy);
    }
  }

  private static QueueResource resource(String name, @Nullable Redrive redrive) {
    return new QueueResource(
        name,
        name,
        "arn:aws:sqs:us-east-1:000000000000:" + name,
        "https://sqs.us-east-1.amazonaws.com/000000000000/" + name,
        false,
        false,
        Duration.ofSeconds(30),
        Duration.ZERO,
        Duration.ZERO,
        redrive);
  }

  @Test
  void aCloseIsQuickAndLeavesNoThread() throws IOException {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    LocalSqs other = LocalSqs.start().create(List.of(resource("closed", null)));
    new Queues(other).send(resource("closed", null), "a");

    long begin = System.nanoTime();
    other.close();

    assertTrue(System.nanoTime() - begin < Duration.ofSeconds(2).toNanos());
    Wait.until(
        () ->
            Thread.getAllStackTraces().keySet().stream()
                .noneMatch(
                    thread ->
                        !before.contains(thread) && thread.getName().startsWith("elasticmq")));
  }
}
