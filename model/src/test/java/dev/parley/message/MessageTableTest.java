package dev.parley.message;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.LosesFirstAnswer;
import dev.parley.Sha256;
import dev.parley.TestTables;
import dev.parley.allowance.Allowances;
import dev.parley.allowance.Rate;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable.Draft;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkRequest;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.InternalServerErrorException;
import software.amazon.awssdk.services.dynamodb.model.PutItemRequest;
import software.amazon.awssdk.services.dynamodb.model.PutItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemRequest;
import software.amazon.awssdk.services.dynamodb.model.UpdateItemResponse;

class MessageTableTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");
  private static final Identity BOB = new Identity("guest:bob", "Bob");

  private final Settings settings = TestTables.settings();
  private final MessageTable messages = new MessageTable(TestTables.dynamoDb(), settings);
  private final RoomId room = new RoomId(fresh("room"));
  private final Instant now = Instant.now();
  private final InstantSource clock = InstantSource.fixed(now);

  @Test
  void messagesOfOneMicrosecondGetTimestampsOfTheirOwn() {
    List<Timestamp> timestamps = IntStream.range(0, 5).mapToObj(i -> sent(draft("m" + i))).toList();

    assertEquals(5, Set.copyOf(timestamps).size());
    assertEquals(Timestamp.of(now), timestamps.get(0));
    assertEquals(Timestamp.of(now).next(), timestamps.get(1));
    assertEquals(Set.copyOf(timestamps), Set.copyOf(all().stream().map(Entry::timestamp).toList()));
    timestamps.forEach(t -> assertTrue(t.micros() - timestamps.getFirst().micros() < 1_000));
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

    SendResult first = messages.send(draft, clock);
    SendResult again = messages.send(draft, InstantSource.fixed(now.plusSeconds(60)));

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
        InstantSource at = InstantSource.fixed(now.plusMillis(i));
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

    SendResult again = messages.send(new Draft(room, ADA, "twice", "id-1", null, null), clock);

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
    InstantSource yesterday = InstantSource.fixed(now.minus(Duration.ofHours(25)));
    SendResult first = messages.send(draft, yesterday);

    assertEquals(first, messages.send(draft, clock));
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

      assertInstanceOf(SendResult.IdReused.class, messages.send(draft, clock), odd.toString());

      TestTables.dynamoDb().deleteItem(delete -> delete.tableName("ChatSends").key(key));
    }
  }

  /// An attempt that was killed between its two writes.
  @Test
  void whatWasReservedIsWrittenAtItsTimestampByALaterAttempt() {
    Timestamp first = Timestamp.of(now);
    reserve("id-1", first, now);

    Draft draft = new Draft(room, ADA, "once", "id-1", first.next(), null);
    SendResult sent = messages.send(draft, InstantSource.fixed(now.plusMillis(4_900)));

    assertEquals(new SendResult.Sent("id-1", first, null), sent);
    assertEquals(List.of("once"), texts(all()));
  }

  @Test
  void whatIsNotWrittenWithin5SecondsOfItsTimestampGetsAnother() {
    Timestamp first = Timestamp.of(now);
    reserve("id-1", first, now);
    Instant later = now.plusSeconds(5);

    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    SendResult sent = messages.send(draft, InstantSource.fixed(later));

    assertEquals(new SendResult.Sent("id-1", Timestamp.of(later), null), sent);
    assertEquals(sent, messages.send(draft, InstantSource.fixed(later.plusSeconds(60))));
    assertEquals(List.of("once"), texts(all()));
    Row left = row(first);
    assertTrue(VoidRow.is(left), "so that a late write of the earlier attempt finds it taken");
    assertEquals(later.plus(Limits.SEND_REMEMBERED).getEpochSecond(), left.number("expires_at"));
  }

  @Test
  void whatAWrongClockReservedFarAheadGetsAnotherTimestamp() {
    Timestamp inAnHour = Timestamp.of(now.plusSeconds(3_600));
    reserve("id-1", inAnHour, now);
    Timestamp ahead = Timestamp.of(now.plus(Limits.TIMESTAMP_AHEAD_MAX));
    reserve("id-2", ahead, now);

    assertEquals(Timestamp.of(now), sent(new Draft(room, ADA, "once", "id-1", null, null)));
    assertEquals(ahead, sent(new Draft(room, ADA, "once", "id-2", null, null)));
    assertTrue(VoidRow.is(row(inAnHour)));
  }

  @Test
  void anIdIsRememberedForADayFromWhereItsMessageWentAtLast() {
    reserve("id-1", Timestamp.of(now), now);
    Instant later = now.plus(Duration.ofHours(20));

    messages.send(new Draft(room, ADA, "once", "id-1", null, null), InstantSource.fixed(later));

    assertEquals(
        later.plus(Limits.SEND_REMEMBERED).getEpochSecond(),
        reservation("id-1").number("expires_at"));
  }

  @Test
  void aTimestampThatIsTakenIsExchangedForTheNext() {
    sent(new Draft(room, BOB, "of the same moment", "id-1", null, null));
    Draft draft = new Draft(room, ADA, "once", "id-1", null, null);

    Timestamp timestamp = sent(draft);

    assertEquals(Timestamp.of(now).next(), timestamp, "an id is its sender's own");
    assertEquals(timestamp.micros(), reservation("id-1").number("timestamp"));
    assertEquals(timestamp, sent(draft));
    assertEquals(2, all().size());
  }

  /// The same attributes, whose message was written in the same transaction.
  @Test
  void aSendOfTheVersionBeforeIsRemembered() {
    Timestamp then = Timestamp.of(now.minusSeconds(60));
    Message message = new Message(room, then, "id-1", ADA, "once", null);
    TestTables.dynamoDb()
        .putItem(put -> put.tableName("ChatMessages").item(message.row(now.plusSeconds(60))));
    reserve("id-1", then, now);

    assertEquals(then, sent(new Draft(room, ADA, "once", "id-1", null, null)));
    assertInstanceOf(
        SendResult.IdReused.class,
        messages.send(new Draft(room, ADA, "twice", "id-1", null, null), clock));
    assertEquals(List.of("once"), texts(all()));
  }

  /// As somebody else's attempt leaves it.
  private void reserve(String id, Timestamp timestamp, Instant at) {
    TestTables.dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatSends")
                    .item(
                        Map.of(
                            "send_id", Row.s(room.name() + "#" + ADA.user() + "#" + id),
                            "timestamp", Row.n(timestamp.micros()),
                            "digest", Row.s(Sha256.hex("once")),
                            "expires_at", Row.seconds(at.plus(Limits.SEND_REMEMBERED)))));
  }

  private Row reservation(String id) {
    return get("ChatSends", Map.of("send_id", Row.s(room.name() + "#" + ADA.user() + "#" + id)));
  }

  private Row row(Timestamp timestamp) {
    return get(
        "ChatMessages",
        Map.of("room_id", Row.s(room.name()), "timestamp", Row.n(timestamp.micros())));
  }

  private static Row get(String table, Map<String, AttributeValue> key) {
    return new Row(
        TestTables.dynamoDb()
            .getItem(get -> get.tableName(table).key(key).consistentRead(true))
            .item());
  }

  /// DynamoDB charges a unit for each KB of a row, and one partition takes 1,000 units a second: a
  /// room's messages are in one.
  @Test
  void aSendWithAnIdTakesThreeWriteUnitsOneOfThemOfItsRoom() {
    Draft without = draft("Good morning!");
    Draft with = new Draft(room, ADA, "Good morning!", UUID.randomUUID().toString(), null, null);

    assertEquals("ChatConnections 1, ChatMessages 1", units(without));
    assertEquals("ChatConnections 1, ChatMessages 1, ChatSends 1", units(with));
    assertEquals(
        List.of("1,000 a second", "500 a second", "200 a second", "62 a second"),
        Stream.of(
                "x".repeat(700), "x".repeat(1_500), "x".repeat(4_000), "\ud83d\ude00".repeat(4_000))
            .map(text -> new Draft(room, ADA, text, UUID.randomUUID().toString(), null, null))
            .map(draft -> units(draft).replaceAll(".*ChatMessages (\\d+).*", "$1"))
            .map(units -> "%,d a second".formatted(1_000 / Integer.parseInt(units)))
            .toList());
  }

  /// What the allowance and the send take.
  private String units(Draft draft) {
    Map<String, Integer> units = new TreeMap<>();
    DynamoDbClient measured =
        TestTables.dynamoDb(
            new ExecutionInterceptor() {
              @Override
              public SdkRequest modifyRequest(
                  Context.ModifyRequest context, ExecutionAttributes attributes) {
                return switch (context.request()) {
                  case PutItemRequest put ->
                      put.toBuilder().returnConsumedCapacity(ReturnConsumedCapacity.TOTAL).build();
                  case UpdateItemRequest update ->
                      update.toBuilder()
                          .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL)
                          .build();
                  case SdkRequest other -> throw new AssertionError("it costs, too: " + other);
                };
              }

              @Override
              public void afterExecution(
                  Context.AfterExecution context, ExecutionAttributes attributes) {
                ConsumedCapacity consumed =
                    context.response() instanceof PutItemResponse put
                        ? put.consumedCapacity()
                        : ((UpdateItemResponse) context.response()).consumedCapacity();
                units.merge(
                    consumed.tableName(), consumed.capacityUnits().intValue(), Integer::sum);
              }
            });
    Map<String, AttributeValue> key =
        Map.of("connection_id", Row.s(fresh("c")), "room_id", Row.s(room.name()));
    Map<String, AttributeValue> membership = new HashMap<>(key);
    membership.put("allowance", Row.n(0));
    membership.put("expires_at", Row.seconds(now.plusSeconds(60)));
    TestTables.dynamoDb().putItem(put -> put.tableName("ChatConnections").item(membership));

    new Allowances(measured, "ChatConnections", "allowance")
        .charge(key, new Rate(Duration.ofMillis(50), Duration.ofSeconds(5)), 1, row -> true, now);
    assertInstanceOf(
        SendResult.Sent.class,
        new MessageTable(measured, settings).send(draft, InstantSource.system()));
    return units.entrySet().stream()
        .map(table -> table.getKey() + " " + table.getValue())
        .collect(Collectors.joining(", "));
  }

  @Test
  void aSendWhoseAnswerWasLostIsOneRow() {
    for (String id : new String[] {null, "id-1"}) {
      RoomId alone = new RoomId(fresh("lost"));
      LosesFirstAnswer losing = new LosesFirstAnswer();
      MessageTable flaky = new MessageTable(TestTables.dynamoDb(losing), settings);

      SendResult sending = flaky.send(new Draft(alone, ADA, "once", id, null, null), clock);

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

    assertInstanceOf(SendResult.Unavailable.class, unreachable.send(draft("m"), clock));
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

    assertInstanceOf(SendResult.Unavailable.class, failing.send(draft("m"), clock));
    assertInstanceOf(
        SendResult.Unavailable.class,
        failing.send(new Draft(room, ADA, "m", "id-1", null, null), clock));
  }

  private Draft draft(String text) {
    return new Draft(room, ADA, text, null, null, null);
  }

  private Timestamp sent(Draft draft) {
    return assertInstanceOf(SendResult.Sent.class, messages.send(draft, clock)).timestamp();
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
