package dev.parley.message;

import static dev.parley.TestTables.fresh;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.TextNode;
import dev.parley.Extremes;
import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable.Draft;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.InternalServerErrorException;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;

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
    assertEquals(timestamps, new HashSet<>(all().stream().map(Entry::timestamp).toList()));
  }

  @Test
  void theSameIdAndTextTwiceIsOneRowAndTheSameReply() {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);

    SendResult first = messages.send(draft, now);
    SendResult again = messages.send(draft, now.plusSeconds(60));

    assertEquals(first, again);
    assertEquals(1, all().size());
  }

  @Test
  void concurrentDuplicatesAreOneRow() throws Exception {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    Set<SendResult> replies = new HashSet<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(6)) {
      List<CompletableFuture<SendResult>> sending = new ArrayList<>();
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

    SendResult again = messages.send(new Draft(room, ADA, "twice", "id-1", null, null), now);

    assertInstanceOf(SendResult.IdReused.class, again);
    assertEquals(List.of("once"), texts(all()));
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
    SendResult first = messages.send(draft, yesterday);

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
      MessageTable flaky = new MessageTable(TestTables.dynamoDb(losing), settings);

      SendResult sending = flaky.send(new Draft(alone, ADA, "once", id, null, null), now);

      assertTrue(losing.lost().get());
      assertInstanceOf(SendResult.Sent.class, sending, "id " + id);
      assertEquals(1, page(alone, new Range.Newest(), 10).entries().size());
    }
  }

  @Test
  void whatCannotBeWrittenInTimeIsUnavailable() {
    MessageTable unreachable =
        new MessageTable(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeTransmission(
                      Context.BeforeTransmission context, ExecutionAttributes attributes) {
                    throw SdkClientException.create("no way through");
                  }
                }),
            settings);

    assertInstanceOf(SendResult.Unavailable.class, unreachable.send(draft("m"), now));
    assertTrue(all().isEmpty());
  }

  @Test
  void aFailureOfTheTableIsUnavailableToo() {
    MessageTable failing =
        new MessageTable(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    throw InternalServerErrorException.builder().statusCode(500).build();
                  }
                }),
            settings);

    assertInstanceOf(SendResult.Unavailable.class, failing.send(draft("m"), now));
    assertInstanceOf(
        SendResult.Unavailable.class,
        failing.send(new Draft(room, ADA, "m", "id-1", null, null), now));
  }

  /// The worst that is accepted, and rows that are no messages.
  @Test
  void pagesInBothDirectionsHoldEveryRowOnceAndFitAFrame() {
    long seed = 11;
    Random random = new Random(seed);
    List<Entry> written = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Identity from = new Identity(Extremes.user(random), Extremes.name(random));
      String text = i % 3 == 0 ? Extremes.message(random) : "x".repeat(1 + random.nextInt(400));
      long timestamp = MessageTable.micros(now) + i;
      Message message = new Message(room, timestamp, Extremes.id("i"), from, text, null);
      Map<String, AttributeValue> item = message.item(now.plusSeconds(60).getEpochSecond());
      if (i % 7 == 0) {
        item.put("message", i % 2 == 0 ? Row.n(5) : Row.s("x".repeat(31_000)));
      }
      written.add(i % 7 == 0 ? new Entry.Unreadable(timestamp) : message);
      put(item);
    }

    for (int limit : new int[] {1, 7, 60, 100}) {
      List<Entry> backward = new ArrayList<>();
      Range range = new Range.Newest();
      while (true) {
        Page page = framed(page(room, range, limit), limit);
        backward.addAll(0, page.entries());
        if (!page.more()) {
          break;
        }
        range = new Range.Before(page.entries().getFirst().timestamp());
      }
      assertEquals(written, backward, "seed " + seed + " limit " + limit);

      List<Entry> forward = new ArrayList<>();
      range = new Range.After(0);
      while (true) {
        Page page = framed(page(room, range, limit), limit);
        forward.addAll(page.entries());
        if (!page.more()) {
          break;
        }
        range = new Range.After(page.entries().getLast().timestamp());
      }
      assertEquals(written, forward, "seed " + seed + " limit " + limit);
    }
  }

  private Page framed(Page page, int limit) {
    Room known = new Room(room, Limits.NUMBER_MAX, "1", 0L, null);
    Identity you = new Identity("\"".repeat(128), "\ud83d\ude00".repeat(64));
    String frame =
        Reply.joined(known, page, false, new ConnectionId("c"), you)
            .encode(TextNode.valueOf("\u0001".repeat(64)));
    int bytes = frame.getBytes(UTF_8).length;
    assertTrue(bytes <= Limits.FRAME_BYTES_MAX, bytes + " bytes");
    assertTrue(page.entries().size() <= limit);
    assertTrue(!page.entries().isEmpty() || !page.more(), "an empty page with more");
    return page;
  }

  /// DynamoDB charges a unit for each 4 KB that a query reads.
  @Test
  void aPageReadsWhatFitsIt() {
    assertEquals(
        List.of(
            "2 of 12,000 bytes: 1 query, 12 units",
            "1 of 16,000 bytes: 1 query, 16 units",
            "7 of 4,000 bytes: 2 queries, 10 units",
            "27 of 1,000 bytes: 2 queries, 9 units",
            "100 of 5 bytes: 2 queries, 5 units"),
        Stream.of(
                "\u20ac".repeat(4_000),
                "\ud83d\ude00".repeat(4_000),
                "x".repeat(4_000),
                "x".repeat(1_000),
                "hello")
            .map(this::reading)
            .toList());
  }

  /// Of a room in which this was said 120 times.
  private String reading(String text) {
    RoomId of = new RoomId(fresh("room"));
    for (int i = 0; i < 120; i++) {
      String id = UUID.randomUUID().toString();
      Message message = new Message(of, MessageTable.micros(now) + i, id, ADA, text, null);
      put(message.item(now.plusSeconds(60).getEpochSecond()));
    }
    AtomicInteger queries = new AtomicInteger();
    AtomicInteger units = new AtomicInteger();
    MessageTable measured =
        new MessageTable(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public SdkRequest modifyRequest(
                      Context.ModifyRequest context, ExecutionAttributes attributes) {
                    return ((QueryRequest) context.request())
                        .toBuilder().returnConsumedCapacity(ReturnConsumedCapacity.TOTAL).build();
                  }

                  @Override
                  public void afterExecution(
                      Context.AfterExecution context, ExecutionAttributes attributes) {
                    queries.incrementAndGet();
                    QueryResponse response = (QueryResponse) context.response();
                    units.addAndGet(response.consumedCapacity().capacityUnits().intValue());
                  }
                }),
            settings);

    Page page = measured.page(of, new Range.Newest(), 100, Reply.PAGE_BYTES_MAX, Reply::size, now);

    assertTrue(page.more());
    return "%d of %,d bytes: %d %s, %d units"
        .formatted(
            page.entries().size(),
            text.getBytes(UTF_8).length,
            queries.get(),
            queries.get() == 1 ? "query" : "queries",
            units.get());
  }

  @Test
  void aPageEndsWhereItsBytesDo() {
    for (int i = 0; i < 10; i++) {
      sent(draft("\u0001".repeat(4_000)));
    }

    Page page = page(room, new Range.Newest(), 100);

    assertEquals(1, page.entries().size(), "24 kB of escapes each");
    assertTrue(page.more());
    assertFalse(page(room, new Range.After(page.entries().getFirst().timestamp()), 1).more());
  }

  @Test
  void whatRetentionWouldRemoveIsNotRead() {
    Instant longAgo = now.minus(Duration.ofDays(31));
    assertInstanceOf(SendResult.Sent.class, messages.send(draft("old"), longAgo));
    sent(draft("new"));

    assertEquals(List.of("new"), texts(all()));
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
    assertEquals(1, page.entries().size());
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
            TestTables.dynamoDb(
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
    assertTrue(page(room, new Range.Before(1), 1).entries().isEmpty());
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
  void aRowThatCannotBeShownKeepsItsPlace() {
    long first = sent(draft("before"));
    put(Map.of("room_id", Row.s(room.name()), "timestamp", Row.n(first + 1)));
    Message large = new Message(room, first + 2, "id", ADA, "x".repeat(40_000), null);
    put(large.item(now.plusSeconds(60).getEpochSecond()));
    Map<String, AttributeValue> odd = draftItem(first + 3, "odd expiry");
    odd.put("expires_at", Row.s("never"));
    put(odd);
    sent(new Draft(room, ADA, "after", null, first + 3, null));

    assertEquals(
        List.of("before", "unreadable", "unreadable", "unreadable", "after"), texts(all()));
    Page page = page(room, new Range.After(first), 2);
    assertEquals(
        List.of(new Entry.Unreadable(first + 1), new Entry.Unreadable(first + 2)), page.entries());
    assertTrue(page.more());
  }

  @Test
  void aNameFromBeforeItsRulesIsCleaned() {
    Map<String, AttributeValue> item = draftItem(MessageTable.micros(now), "hello");
    item.put("sender", Row.s("\u202eAda\u00a0L\uffff"));
    put(item);

    assertEquals("Ada L", ((Message) all().getFirst()).from().sender());
  }

  /// JSON's whole numbers end where JavaScript's do.
  @Test
  void aTimestampThatNoClientCouldBeToldIsPassedOver() {
    for (String timestamp : List.of("-1", "0.5", MessageTable.micros(now) + ".5", "1E20")) {
      Map<String, AttributeValue> item = draftItem(0, "unsayable");
      item.put("timestamp", AttributeValue.fromN(timestamp));
      put(item);
    }
    put(draftItem(Limits.NUMBER_MAX + 1, "too late"));
    put(draftItem(Limits.NUMBER_MAX, "last"));
    sent(draft("now"));

    assertEquals(List.of("now", "last"), texts(all()));
    assertEquals(List.of("now", "last"), texts(page(room, new Range.After(0), 100).entries()));
    assertFalse(page(room, new Range.After(Limits.NUMBER_MAX), 1).more());
  }

  /// As [Message#item], which takes no timestamp that cannot be told.
  private Map<String, AttributeValue> draftItem(long timestamp, String text) {
    Message message = new Message(room, 0, "id", ADA, text, null);
    Map<String, AttributeValue> item = message.item(now.plusSeconds(60).getEpochSecond());
    item.put("timestamp", Row.n(timestamp));
    return item;
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

  private static void put(Map<String, AttributeValue> item) {
    TestTables.dynamoDb().putItem(put -> put.tableName("ChatMessages").item(item));
  }

  private long sent(Draft draft) {
    return assertInstanceOf(SendResult.Sent.class, messages.send(draft, now)).timestamp();
  }

  private List<Entry> all() {
    return page(room, new Range.Newest(), 100).entries();
  }

  /// What the messages say; `unreadable` for what is none.
  private static List<String> texts(List<Entry> entries) {
    return entries.stream().map(e -> e instanceof Message m ? m.text() : "unreadable").toList();
  }

  private Page page(RoomId of, Range range, int limit) {
    return messages.page(of, range, limit, Reply.PAGE_BYTES_MAX, Reply::size, now);
  }
}
