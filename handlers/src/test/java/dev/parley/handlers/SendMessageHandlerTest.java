package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Limits;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.message.History;
import dev.parley.message.Message;
import dev.parley.message.Range;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SendMessageHandlerTest {
  private final SendMessageHandler send = handler(Map.of());
  private final String room = fresh("room");
  private final TestConnection ada = TestConnection.open(room);

  @Test
  void aMessageIsInTheTableWhenItsReplyComes() {
    JsonNode reply = ada.send(send, frame("\"message\":\"  Hello AWS \",\"ref\":\"r1\""));

    Message message = only();
    assertEquals("sent", reply.path("type").asText());
    assertEquals("r1", reply.path("ref").asText());
    assertEquals(room, reply.path("room").asText());
    assertEquals(message.timestamp(), timestamp(reply));
    assertEquals(message.id(), reply.path("id").asText());
    assertEquals("Hello AWS", message.text());
    assertEquals(ada.user(), message.from().user());
    assertEquals("Ada", message.from().sender());
  }

  /// A connection that was opened under earlier rules for names can still send.
  @Test
  void aNameOfAnEarlierConnectionIsCleaned() {
    TestConnection old = TestConnection.open(ada.user(), "A\u202eda\u00a0L", room);

    assertEquals("sent", old.send(send, frame("\"message\":\"hello\"")).path("type").asText());

    assertEquals("Ada L", only().from().sender());
  }

  @Test
  void aMessageWithoutARoomGoesToGlobal() {
    TestConnection student = TestConnection.open("global");

    JsonNode reply =
        student.send(
            send, "{\"action\":\"sendMessage\",\"sender\":\"Student\",\"message\":\"Hello AWS\"}");

    assertEquals("global", reply.path("room").asText());
    Message newest =
        page(RoomId.GLOBAL).stream()
            .filter(message -> message.timestamp().equals(timestamp(reply)))
            .findFirst()
            .orElseThrow();
    assertEquals("Student", newest.from().sender());
    assertEquals(student.user(), newest.from().user());
  }

  @Test
  void fiveMessagesWithinASecondAreFiveRowsInTheirOrder() {
    for (int i = 0; i < 5; i++) {
      ada.send(send, frame("\"message\":\"m" + i + "\""));
    }

    assertEquals(
        List.of("m0", "m1", "m2", "m3", "m4"),
        page(new RoomId(room)).stream().map(Message::text).toList());
  }

  @Test
  void anAnswerComesAfterItsQuestionThoughClocksDiffer() {
    SendMessageHandler ahead = skewed(500);
    SendMessageHandler behind = skewed(-500);

    Timestamp before = Timestamp.of(Instant.now().plusMillis(500));
    Timestamp question = timestamp(ada.send(ahead, frame("\"message\":\"?\"")));
    Timestamp answer =
        timestamp(ada.send(behind, frame("\"message\":\"!\",\"after\":" + question)));

    assertFalse(question.isBefore(before));
    assertTrue(question.isBefore(answer));
  }

  @Test
  void theSameSendTwiceIsOneRowAndTheSameReply() {
    String frame = frame("\"message\":\"once\",\"id\":\"a-1\"");

    assertEquals(ada.send(send, frame), ada.send(send, frame));

    assertEquals("a-1", only().id());
  }

  @Test
  void aReusedIdIsRefusedAndWritesNothing() {
    ada.send(send, frame("\"message\":\"once\",\"id\":\"a-1\""));

    assertEquals("id_reused", ada.refusal(send, frame("\"message\":\"twice\",\"id\":\"a-1\"")));

    assertEquals("once", only().text());
  }

  @Test
  void onlyAMemberSends() {
    TestConnection stranger = TestConnection.open(fresh("elsewhere"));

    assertEquals("not_a_member", stranger.refusal(send, frame("\"message\":\"hello\"")));

    assertTrue(page(new RoomId(room)).isEmpty());
  }

  /// As the relay tutorials call it.
  @Test
  void theTextMayBeCalledDataWhereThereIsNoMessage() {
    ada.send(send, frame("\"data\":\" hi \""));
    assertEquals("hi", only().text());

    ada.send(send, frame("\"message\":null,\"data\":\"there\""));
    ada.send(send, frame("\"message\":\"said\",\"data\":{\"x\":1}"));
    assertEquals(
        List.of("hi", "there", "said"),
        page(new RoomId(room)).stream().map(Message::text).toList());
    assertEquals("invalid_message", ada.refusal(send, frame("\"data\":[\"hi\"]")));
  }

  @Test
  void aHeartbeatIsAnsweredAndWrittenNowhere() throws Exception {
    String beat =
        "{\"action\":\"sendmessage\",\"room\":\"%s\",\"message\":\"ping\"}".formatted(room);
    APIGatewayV2WebSocketEvent event = ada.event(beat);
    Map<String, Object> context = new HashMap<>(event.getRequestContext().getAuthorizer());
    context.put("heartbeat", "ping");
    event.getRequestContext().setAuthorizer(context);

    String answer = send.handleRequest(event, new TestContext()).getBody();

    assertEquals(
        new ObjectMapper().readTree("{\"type\":\"pong\",\"message\":\"pong\"}"),
        new ObjectMapper().readTree(answer));
    assertTrue(page(new RoomId(room)).isEmpty());

    event.setBody(beat.replace("ping", "pinging"));
    send.handleRequest(event, new TestContext());
    assertEquals("pinging", only().text());
    // Of somebody who has named no heartbeat it is a word like any other.
    assertEquals("sent", ada.send(send, beat).path("type").asText());
  }

  @Test
  void badFieldsAreRefusedAndWriteNothing() {
    assertEquals("invalid_message", ada.refusal(send, frame("\"x\":1")));
    assertEquals("invalid_message", ada.refusal(send, frame("\"message\":\"  \"")));
    assertEquals("invalid_message", ada.refusal(send, frame("\"message\":17")));
    assertEquals(
        "invalid_message", ada.refusal(send, frame("\"message\":\"" + "x".repeat(4_001) + "\"")));
    assertEquals(
        "invalid_room", ada.refusal(send, "{\"room\":\"no such room!\",\"message\":\"a\"}"));
    assertEquals("invalid_id", ada.refusal(send, frame("\"message\":\"a\",\"id\":\"#\"")));
    assertEquals("invalid_sender", ada.refusal(send, frame("\"message\":\"a\",\"sender\":\"\"")));

    assertTrue(page(new RoomId(room)).isEmpty());
  }

  @Test
  void anAnswerComesAfterItsQuestion() {
    Timestamp ahead = Timestamp.of(Instant.now().plusMillis(500));

    JsonNode answer = ada.send(send, frame("\"message\":\"a\",\"after\":" + ahead));

    assertEquals(ahead.next(), timestamp(answer));
  }

  @Test
  void anAfterFarAheadOfTheClockSilencesNobody() {
    Timestamp inAnHour = Timestamp.of(Instant.now().plusSeconds(3_600));

    JsonNode reply = ada.send(send, frame("\"message\":\"a\",\"after\":" + inAnHour));

    assertEquals("sent", reply.path("type").asText());
    Timestamp latest = Timestamp.of(Instant.now().plus(Limits.CLOCK_SKEW_MAX)).next();
    assertFalse(latest.isBefore(timestamp(reply)), reply + " is after " + latest);
  }

  @Test
  void aSenderAboveTheRateIsToldWhenToRetry() {
    SendMessageHandler strict =
        handler(Map.of("MESSAGE_COST_MS", "60000", "MESSAGE_BURST_MS", "60000"));
    ada.send(strict, frame("\"message\":\"1\""));
    ada.send(strict, frame("\"message\":\"2\""));

    JsonNode refused = ada.send(strict, frame("\"message\":\"3\""));

    assertEquals("rate_limited", refused.path("code").asText());
    assertTrue(refused.path("retryAfterMs").asLong() > 50_000, refused.toString());
    assertEquals(2, page(new RoomId(room)).size());
  }

  private static SendMessageHandler handler(Map<String, String> instead) {
    return new SendMessageHandler(
        TestTables.environment("SendMessageFunction", instead), InstantSource.system());
  }

  private static SendMessageHandler skewed(int millis) {
    return new SendMessageHandler(
        TestTables.environment("SendMessageFunction", Map.of()),
        InstantSource.offset(InstantSource.system(), Duration.ofMillis(millis)));
  }

  private static Timestamp timestamp(JsonNode reply) {
    return new Timestamp(reply.path("timestamp").asLong());
  }

  private String frame(String fields) {
    return "{\"action\":\"sendMessage\",\"room\":\"" + room + "\"," + fields + "}";
  }

  private Message only() {
    List<Message> all = page(new RoomId(room));
    assertEquals(1, all.size());
    return all.getFirst();
  }

  private static List<Message> page(RoomId room) {
    return new History(TestTables.dynamoDb(), TestTables.settings())
            .page(
                room,
                new Range.Newest(),
                Limits.PAGE_MESSAGES_MAX,
                Reply.PAGE_BYTES_MAX,
                Reply::size,
                Instant.now())
            .entries()
            .stream()
            .map(Message.class::cast)
            .toList();
  }
}
