package dev.parley.message;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.connection.Identity;
import dev.parley.lambda.Settings;
import dev.parley.message.MessageTable.Draft;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import dev.parley.wire.Reply;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.InternalServerErrorException;

class MessageTableTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");
  private static final Identity BOB = new Identity("guest:bob", "Bob");

  private final Settings settings = TestTables.settings();
  private final MessageTable messages = new MessageTable(TestTables.dynamoDb(), settings);
  private final RoomId room = new RoomId(fresh("room"));
  private final Instant now = Instant.now();

  @Test
  void messagesOfOneMicrosecondGetTimestampsOfTheirOwn() {
    long first = MessageTable.micros(now);

    List<Long> timestamps = IntStream.range(0, 5).mapToObj(i -> sent(draft("m" + i))).toList();

    assertEquals(LongStream.range(first, first + 5).boxed().toList(), timestamps);
    assertEquals(5, all().size());
  }

  @Test
  void concurrentSendersOfOneMomentAllHaveARow() throws Exception {
    Set<Long> timestamps = new HashSet<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      List<CompletableFuture<Long>> sending = new ArrayList<>();
      for (int i = 0; i < 24; i++) {
        String id = i % 2 == 0 ? null : "id-" + i;
        String text = "m" + i;
        sending.add(
            CompletableFuture.supplyAsync(
                () -> sent(new Draft(room, ADA, text, id, null, null)), executor));
      }
      sending.forEach(s -> timestamps.add(s.join()));
    }

    assertEquals(24, timestamps.size());
    assertEquals(timestamps, new HashSet<>(all().stream().map(Message::timestamp).toList()));
  }

  @Test
  void theSameIdAndTextTwiceIsOneRowAndTheSameReply() {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);

    Sending first = messages.send(draft, now);
    Sending again = messages.send(draft, now.plusSeconds(60));

    assertEquals(first, again);
    assertEquals(1, all().size());
  }

  @Test
  void concurrentDuplicatesAreOneRow() throws Exception {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    Set<Sending> replies = new HashSet<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(6)) {
      List<CompletableFuture<Sending>> sending = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        Instant at = now.plusMillis(i);
        sending.add(CompletableFuture.supplyAsync(() -> messages.send(draft, at), executor));
      }
      sending.forEach(s -> replies.add(s.join()));
    }

    assertEquals(1, replies.size(), replies.toString());
    assertEquals(1, all().size());
  }

  @Test
  void theSameIdWithAnotherTextIsRefusedAndWritesNothing() {
    sent(new Draft(room, ADA, "once", "id-1", null, null));

    Sending again = messages.send(new Draft(room, ADA, "twice", "id-1", null, null), now);

    assertInstanceOf(Sending.IdReused.class, again);
    assertEquals(List.of("once"), all().stream().map(Message::text).toList());
  }

  @Test
  void anIdBelongsToItsSenderAndItsRoom() {
    RoomId other = new RoomId(fresh("other"));
    sent(new Draft(room, ADA, "one", "id-1", null, null));
    sent(new Draft(room, BOB, "two", "id-1", null, null));
    sent(new Draft(other, ADA, "three", "id-1", null, null));

    assertEquals(2, all().size());
  }

  @Test
  void anIdIsRememberedPastItsExpiryWhileItsRowIsThere() {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    Instant yesterday = now.minus(Duration.ofHours(25));
    Sending first = messages.send(draft, yesterday);

    assertEquals(first, messages.send(draft, now));
  }

  @Test
  void aMessageComesAfterWhatItsSenderHadSeenWhateverTheClocksSay() {
    long ahead = MessageTable.micros(now.plusMillis(900));

    long timestamp = sent(new Draft(room, ADA, "answer", null, ahead, null));

    assertEquals(ahead + 1, timestamp);
  }

  @Test
  void aLostAnswerIsNoSecondRow() {
    for (String id : new String[] {null, "id-1"}) {
      RoomId alone = new RoomId(fresh("lost"));
      LosesFirstAnswer losing = new LosesFirstAnswer();
      MessageTable flaky =
          new MessageTable(
              DynamoDbClient.builder()
                  .region(settings.region())
                  .credentialsProvider(settings.credentials())
                  .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
                  .httpClient(losing)
                  .build(),
              settings);

      Sending sending = flaky.send(new Draft(alone, ADA, "once", id, null, null), now);

      assertTrue(losing.lost().get());
      assertInstanceOf(Sending.Sent.class, sending, "id " + id);
      assertEquals(1, page(alone, new Range.Newest(), 10).messages().size());
    }
  }

  @Test
  void whatCannotBeWrittenInTimeIsUnavailable() {
    MessageTable unreachable =
        new MessageTable(
            client(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeTransmission(
                      Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    throw SdkClientException.create("no way through");
                  }
                }),
            settings);

    assertInstanceOf(Sending.Unavailable.class, unreachable.send(draft("m"), now));
    assertTrue(all().isEmpty());
  }

  @Test
  void aFailureOfTheTableIsUnavailableToo() {
    MessageTable failing =
        new MessageTable(
            client(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    throw InternalServerErrorException.builder().statusCode(500).build();
                  }
                }),
            settings);

    assertInstanceOf(Sending.Unavailable.class, failing.send(draft("m"), now));
    assertInstanceOf(
        Sending.Unavailable.class,
        failing.send(new Draft(room, ADA, "m", "id-1", null, null), now));
  }

  @Test
  void pagesInBothDirectionsHoldEveryMessageOnce() {
    long seed = 11;
    Random random = new Random(seed);
    List<Long> written = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      written.add(sent(draft("x".repeat(1 + random.nextInt(400)))));
    }

    for (int limit : new int[] {1, 7, 60, 100}) {
      List<Long> backward = new ArrayList<>();
      Range range = new Range.Newest();
      while (true) {
        Page page = page(room, range, limit);
        backward.addAll(0, timestamps(page));
        if (!page.more()) {
          break;
        }
        range = new Range.Before(page.messages().getFirst().timestamp());
      }
      assertEquals(written, backward, "seed " + seed + " limit " + limit);

      List<Long> forward = new ArrayList<>();
      range = new Range.After(0);
      while (true) {
        Page page = page(room, range, limit);
        forward.addAll(timestamps(page));
        if (!page.more()) {
          break;
        }
        range = new Range.After(page.messages().getLast().timestamp());
      }
      assertEquals(written, forward, "seed " + seed + " limit " + limit);
    }
  }

  @Test
  void aPageEndsWhereItsBytesDo() {
    for (int i = 0; i < 10; i++) {
      sent(draft("\u0001".repeat(4_000)));
    }

    Page page = page(room, new Range.Newest(), 100);

    assertEquals(1, page.messages().size(), "24 kB of escapes each");
    assertTrue(page.more());
    assertFalse(page(room, new Range.After(page.messages().getFirst().timestamp()), 1).more());
  }

  @Test
  void whatRetentionWouldRemoveIsNotRead() {
    Instant longAgo = now.minus(Duration.ofDays(31));
    assertInstanceOf(Sending.Sent.class, messages.send(draft("old"), longAgo));
    sent(draft("new"));

    assertEquals(List.of("new"), all().stream().map(Message::text).toList());
  }

  @Test
  void whatIsNotOlderThanTheHorizonIsRead() {
    Instant second = Instant.ofEpochSecond(now.getEpochSecond());
    Instant end = second.plusMillis(999);
    messages.send(new Draft(room, ADA, "m", null, MessageTable.micros(end), null), second);
    Instant later = second.plus(Duration.ofDays(30)).plusMillis(500);

    Range all = new Range.After(messages.horizon(later));
    Page page = messages.page(room, all, 10, Reply.PAGE_BYTES_MAX, Reply::size, later);

    assertTrue(page.complete(new Room(room, null, null, 0L, null), messages.horizon(later), later));
    assertEquals(1, page.messages().size());
  }

  @Test
  void whatIsPastRetentionCostsNoRead() {
    for (int i = 0; i < 9; i++) {
      messages.send(draft("old"), now.minus(Duration.ofDays(31)));
    }
    long only = sent(draft("new"));
    AtomicInteger reads = new AtomicInteger();
    MessageTable counting =
        new MessageTable(
            client(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    reads.incrementAndGet();
                  }
                }),
            settings);

    for (Range range : List.of(new Range.Newest(), new Range.Before(only), new Range.After(0))) {
      counting.page(room, range, 1, Reply.PAGE_BYTES_MAX, Reply::size, now);
    }

    assertEquals(3, reads.get());
    assertTrue(page(room, new Range.Before(1), 1).messages().isEmpty());
  }

  @Test
  void aRowThatNobodyOfOursWroteIsPassedOver() {
    long foreign = MessageTable.micros(now);
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatMessages")
                    .item(Map.of("room_id", Row.s(room.name()), "timestamp", Row.n(foreign))));
    sent(draft("ours"));

    assertEquals(List.of("ours"), all().stream().map(Message::text).toList());
  }

  @Test
  void aPageIsCompleteWhereRetentionHasLeftTheAskedRangeAlone() {
    long horizon = 1_000;
    Room old = new Room(room, null, null, 0L, null);
    Room young = new Room(room, null, null, 5L, null);
    Message message = new Message(room, 2_000, "id", ADA, "m", null);
    Room unborn = new Room(room, null, null, now.plusSeconds(60).toEpochMilli(), null);

    assertTrue(new Page(new Range.Newest(), List.of(), false).complete(young, horizon, now));
    assertFalse(new Page(new Range.Newest(), List.of(), false).complete(unborn, horizon, now));
    assertTrue(new Page(new Range.After(1_000), List.of(), false).complete(old, horizon, now));
    assertFalse(new Page(new Range.After(999), List.of(), false).complete(old, horizon, now));
    assertTrue(new Page(new Range.Newest(), List.of(message), true).complete(old, horizon, now));
    assertFalse(new Page(new Range.Newest(), List.of(message), false).complete(old, horizon, now));
    assertFalse(new Page(new Range.Before(9_999), List.of(), false).complete(old, horizon, now));
  }

  @Test
  void aRowThatNoClientCouldBeToldIsPassedOver() {
    long first = sent(draft("before"));
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("room_id", Row.s(room.name()));
    item.put("timestamp", Row.n(first + 1));
    TestTables.dynamoDb().putItem(put -> put.tableName("ChatMessages").item(item));
    Message large = new Message(room, first + 2, "id", ADA, "x".repeat(40_000), null);
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatMessages")
                    .item(large.item(now.plusSeconds(60).getEpochSecond())));
    sent(new Draft(room, ADA, "after", null, first + 2, null));

    assertEquals(List.of("before", "after"), all().stream().map(Message::text).toList());
  }

  @Test
  void aForeignRowIsAClearError() {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("room_id", Row.s(room.name()));
    item.put("timestamp", Row.n(1));

    Row.InvalidRow error = assertThrows(Row.InvalidRow.class, () -> Message.of(new Row(item)));

    assertEquals("stored attribute id is not a string", error.getMessage());
  }

  private Draft draft(String text) {
    return new Draft(room, ADA, text, null, null, null);
  }

  private long sent(Draft draft) {
    return assertInstanceOf(Sending.Sent.class, messages.send(draft, now)).timestamp();
  }

  private List<Message> all() {
    return page(room, new Range.Newest(), 100).messages();
  }

  private Page page(RoomId of, Range range, int limit) {
    return messages.page(of, range, limit, Reply.PAGE_BYTES_MAX, Reply::size, now);
  }

  private static List<Long> timestamps(Page page) {
    return page.messages().stream().map(Message::timestamp).toList();
  }

  private DynamoDbClient client(ExecutionInterceptor interceptor) {
    return DynamoDbClient.builder()
        .region(settings.region())
        .credentialsProvider(settings.credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
        .overrideConfiguration(o -> o.addExecutionInterceptor(interceptor))
        .build();
  }
}
