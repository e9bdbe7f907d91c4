package dev.parley.message;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.LosesFirstAnswer;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable.Draft;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
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
    List<Timestamp> timestamps = IntStream.range(0, 5).mapToObj(i -> sent(draft("m" + i))).toList();

    assertEquals(Stream.iterate(Timestamp.of(now), Timestamp::next).limit(5).toList(), timestamps);
    assertEquals(5, all().size());
  }

  @Test
  void concurrentMessagesOfOneMomentAllHaveARow() throws Exception {
    Set<Timestamp> timestamps = new HashSet<>();
    try (ExecutorService executor = Executors.newFixedThreadPool(8)) {
      List<CompletableFuture<Timestamp>> sending = new ArrayList<>();
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
  void aMessageComesAfterTheNewestThatItsSenderHasSeen() {
    Timestamp ahead = Timestamp.of(now.plusMillis(900));

    Timestamp timestamp = sent(new Draft(room, ADA, "answer", null, ahead, null));

    assertEquals(ahead.next(), timestamp);
  }

  @Test
  void anEarlierSendWhoseTimestampCannotBeReadIsNotCalledSent() {
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    Map<String, AttributeValue> key =
        Map.of("send_id", Row.s(room.name() + "#" + ADA.user() + "#id-1"));
    for (AttributeValue odd : List.of(Row.n(-1), Row.n(Long.MAX_VALUE), Row.s("ten"))) {
      sent(new Draft(room, ADA, "once", "id-1", null, null));
      TestTables.dynamoDb()
          .updateItem(
              update ->
                  update
                      .tableName("ChatSends")
                      .key(key)
                      .updateExpression("SET #timestamp = :odd")
                      .expressionAttributeNames(Map.of("#timestamp", "timestamp"))
                      .expressionAttributeValues(Map.of(":odd", odd)));

      assertInstanceOf(SendResult.IdReused.class, messages.send(draft, now), odd.toString());

      TestTables.dynamoDb().deleteItem(delete -> delete.tableName("ChatSends").key(key));
    }
  }

  @Test
  void aSendWhoseAnswerWasLostIsOneRow() {
    for (String id : new String[] {null, "id-1"}) {
      RoomId alone = new RoomId(fresh("lost"));
      LosesFirstAnswer losing = new LosesFirstAnswer();
      MessageTable flaky = new MessageTable(TestTables.dynamoDb(losing), settings);

      SendResult sending = flaky.send(new Draft(alone, ADA, "once", id, null, null), now);

      assertTrue(losing.lost().get());
      assertInstanceOf(SendResult.Sent.class, sending, "id " + id);
      assertEquals(1, all(alone).size());
    }
  }

  @Test
  void aTableThatCannotBeReachedIsUnavailable() {
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
  void aTableThatFailsIsUnavailable() {
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

  private Draft draft(String text) {
    return new Draft(room, ADA, text, null, null, null);
  }

  private Timestamp sent(Draft draft) {
    return assertInstanceOf(SendResult.Sent.class, messages.send(draft, now)).timestamp();
  }

  private List<Entry> all() {
    return all(room);
  }

  private List<Entry> all(RoomId of) {
    return new History(TestTables.dynamoDb(), settings)
        .page(of, new Range.Newest(), 100, Reply.PAGE_BYTES_MAX, Reply::size, now)
        .entries();
  }

  private static List<String> texts(List<Entry> entries) {
    return entries.stream().map(entry -> ((Message) entry).text()).toList();
  }
}
