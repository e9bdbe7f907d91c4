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
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable.Draft;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryRequest;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;

class HistoryTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");

  private final Settings settings = TestTables.settings();
  private final MessageTable messages = new MessageTable(TestTables.dynamoDb(), settings);
  private final History history = new History(TestTables.dynamoDb(), settings);
  private final RoomId room = new RoomId(fresh("room"));
  private final Instant now = Instant.now();
  private final Timestamp first = Timestamp.of(now);

  /// The largest messages that are accepted, and rows that are no messages.
  @Test
  void pagesInBothDirectionsHoldEveryRowOnceAndFitAFrame() {
    long seed = 11;
    Random random = new Random(seed);
    List<Entry> written = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      Identity from = new Identity(Extremes.user(random), Extremes.name(random));
      String text = i % 3 == 0 ? Extremes.message(random) : "x".repeat(1 + random.nextInt(400));
      Timestamp timestamp = at(i);
      Message message = new Message(room, timestamp, Extremes.id("i"), from, text, null);
      Map<String, AttributeValue> item = message.row(now.plusSeconds(60));
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
      range = new Range.After(Timestamp.MIN);
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
    Room known = new Room(room, Timestamp.MAX, "1", Instant.EPOCH, null);
    Identity you = new Identity("\"".repeat(128), "\ud83d\ude00".repeat(64));
    String frame =
        Reply.joined(known, page, false, new Reply.You(you, null, false))
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

  /// What a page of a room costs in which this was said 120 times.
  private String reading(String text) {
    RoomId of = new RoomId(fresh("room"));
    for (int i = 0; i < 120; i++) {
      String id = UUID.randomUUID().toString();
      Message message = new Message(of, at(i), id, ADA, text, null);
      put(message.row(now.plusSeconds(60)));
    }
    AtomicInteger queries = new AtomicInteger();
    AtomicInteger units = new AtomicInteger();
    History measured =
        new History(
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
  void aMessagePastRetentionIsNotShown() {
    InstantSource longAgo = InstantSource.fixed(now.minus(Duration.ofDays(31)));
    assertInstanceOf(SendResult.Sent.class, messages.send(draft("old"), longAgo));
    sent(draft("new"));

    assertEquals(List.of("new"), texts(all()));
  }

  @Test
  void aMessageThatIsNotBeforeTheHorizonIsShown() {
    Instant second = Instant.ofEpochSecond(now.getEpochSecond());
    Instant end = second.plusMillis(999);
    messages.send(
        new Draft(room, ADA, "m", null, Timestamp.of(end), null), InstantSource.fixed(second));
    Instant later = second.plus(Duration.ofDays(30)).plusMillis(500);

    Range all = new Range.After(history.horizon(later));
    Page page = history.page(room, all, 10, Reply.PAGE_BYTES_MAX, Reply::size, later);

    assertTrue(
        page.complete(
            new Room(room, null, null, Instant.EPOCH, null), history.horizon(later), later));
    assertEquals(1, page.entries().size());
  }

  @Test
  void messagesPastRetentionCostNoRead() {
    InstantSource longAgo = InstantSource.fixed(now.minus(Duration.ofDays(31)));
    for (int i = 0; i < 9; i++) {
      messages.send(draft("old"), longAgo);
    }
    Timestamp only = sent(draft("new"));
    AtomicInteger reads = new AtomicInteger();
    History counting =
        new History(
            TestTables.dynamoDb(
                new ExecutionInterceptor() {
                  @Override
                  public void beforeExecution(
                      Context.BeforeExecution context, ExecutionAttributes attributes) {
                    reads.incrementAndGet();
                  }
                }),
            settings);

    for (Range range :
        List.of(new Range.Newest(), new Range.Before(only), new Range.After(Timestamp.MIN))) {
      counting.page(room, range, 1, Reply.PAGE_BYTES_MAX, Reply::size, now);
    }

    assertEquals(3, reads.get());
    assertTrue(page(room, new Range.Before(new Timestamp(1)), 1).entries().isEmpty());
  }

  @Test
  void aRowThatCannotBeShownKeepsItsPlace() {
    sent(draft("before"));
    put(Map.of("room_id", Row.s(room.name()), "timestamp", Row.n(at(1).micros())));
    Message large = new Message(room, at(2), "id", ADA, "x".repeat(40_000), null);
    put(large.row(now.plusSeconds(60)));
    Map<String, AttributeValue> odd = row(at(3).micros(), "odd expiry");
    odd.put("expires_at", Row.s("never"));
    put(odd);
    sent(new Draft(room, ADA, "after", null, at(3), null));

    assertEquals(
        List.of("before", "unreadable", "unreadable", "unreadable", "after"), texts(all()));
    Page page = page(room, new Range.After(first), 2);
    assertEquals(List.of(new Entry.Unreadable(at(1)), new Entry.Unreadable(at(2))), page.entries());
    assertTrue(page.more());
  }

  @Test
  void aVoidRowIsInNoPageAndEndsNone() {
    sent(draft("one"));
    for (int i = 1; i < 8; i++) {
      Message gone = new Message(room, at(i), "id", ADA, "void", null);
      put(VoidRow.instead(gone, now.plusSeconds(60)));
    }

    assertEquals(List.of("one"), texts(all()));
    for (Range range : List.of(new Range.Newest(), new Range.After(Timestamp.MIN))) {
      assertEquals(List.of("one"), texts(page(room, range, 1).entries()));
      assertFalse(page(room, range, 1).more(), "nothing else is there");
    }

    sent(new Draft(room, ADA, "two", null, at(7), null));
    Page newest = page(room, new Range.Newest(), 1);
    assertEquals(List.of("two"), texts(newest.entries()));
    assertTrue(newest.more());
    assertEquals(List.of("one"), texts(page(room, new Range.Before(at(8)), 1).entries()));
    assertEquals(List.of("two"), texts(page(room, new Range.After(first), 1).entries()));
  }

  @Test
  void aNameStoredUnderEarlierRulesIsCleaned() {
    Map<String, AttributeValue> item = row(first.micros(), "hello");
    item.put("sender", Row.s("\u202eAda\u00a0L\uffff"));
    put(item);

    assertEquals("Ada L", ((Message) all().getFirst()).from().sender());
  }

  /// JSON's whole numbers end where JavaScript's do.
  @Test
  void aRowWhoseNumberIsNoTimestampIsSkipped() {
    for (String timestamp : List.of("-1", "0.5", first + ".5", "1E20")) {
      Map<String, AttributeValue> item = row(0, "no timestamp");
      item.put("timestamp", AttributeValue.fromN(timestamp));
      put(item);
    }
    put(row(Limits.NUMBER_MAX + 1, "too late"));
    put(row(Limits.NUMBER_MAX, "last"));
    sent(draft("now"));

    assertEquals(List.of("now", "last"), texts(all()));
    assertEquals(
        List.of("now", "last"), texts(page(room, new Range.After(Timestamp.MIN), 100).entries()));
    assertFalse(page(room, new Range.After(Timestamp.MAX), 1).more());
  }

  @Test
  void aMissingAttributeIsNamed() {
    Map<String, AttributeValue> item = new HashMap<>();
    item.put("room_id", Row.s(room.name()));
    item.put("timestamp", Row.n(1));

    Row.InvalidRow error = assertThrows(Row.InvalidRow.class, () -> Message.of(new Row(item)));

    assertEquals("stored attribute id is not a string", error.getMessage());
  }

  /// The timestamp that many microseconds after the first.
  private Timestamp at(int micros) {
    return new Timestamp(first.micros() + micros);
  }

  private Draft draft(String text) {
    return new Draft(room, ADA, text, null, null, null);
  }

  private Timestamp sent(Draft draft) {
    return assertInstanceOf(SendResult.Sent.class, messages.send(draft, InstantSource.fixed(now)))
        .timestamp();
  }

  /// As [Message#row], also with a number that is no timestamp.
  private Map<String, AttributeValue> row(long timestamp, String text) {
    Message message = new Message(room, first, "id", ADA, text, null);
    Map<String, AttributeValue> item = message.row(now.plusSeconds(60));
    item.put("timestamp", Row.n(timestamp));
    return item;
  }

  private static void put(Map<String, AttributeValue> item) {
    TestTables.dynamoDb().putItem(put -> put.tableName("ChatMessages").item(item));
  }

  private List<Entry> all() {
    return page(room, new Range.Newest(), 100).entries();
  }

  /// What the messages say, and `unreadable` for an entry that is none.
  private static List<String> texts(List<Entry> entries) {
    return entries.stream().map(e -> e instanceof Message m ? m.text() : "unreadable").toList();
  }

  private Page page(RoomId of, Range range, int limit) {
    return history.page(of, range, limit, Reply.PAGE_BYTES_MAX, Reply::size, now);
  }
}
