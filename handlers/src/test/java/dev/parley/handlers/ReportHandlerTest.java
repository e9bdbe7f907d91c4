package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Extremes;
import dev.parley.Limits;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.Memberships;
import dev.parley.connection.Removal;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.sqs.model.Message;

class ReportHandlerTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Map<String, String> environment = environment();
  private final ReportHandler report = new ReportHandler(environment, InstantSource.system());
  private final SendMessageHandler send =
      new SendMessageHandler(
          TestTables.environment("SendMessageFunction", Map.of()), InstantSource.system());
  private final String room = fresh("room");
  private final TestConnection ada = TestConnection.open(room);
  private final TestConnection eve = TestConnection.open("guest:eve-" + room, "Eve", room);

  private static Map<String, String> environment() {
    Map<String, String> environment =
        new HashMap<>(TestTables.environment("ReportFunction", Map.of()));
    environment.putAll(TestSqs.environment());
    return environment;
  }

  @Test
  void theModeratorsGetTheMessageAsItStandsWithWhoReportsItAndWhy() throws Exception {
    long timestamp = say("Buy my pills!");
    Instant before = Instant.now();

    JsonNode reply = ada.send(report, frame(timestamp, " It is an advertisement. ", 7));

    assertEquals(
        "{\"type\":\"reported\",\"room\":\"%s\",\"timestamp\":%d,\"ref\":7}"
            .formatted(room, timestamp),
        reply.toString());
    List<JsonNode> reports = reports(1);
    assertEquals(1, reports.size());
    ObjectNode told = (ObjectNode) reports.getFirst();
    Instant at = Instant.parse(told.remove("reportedAt").asText());
    assertFalse(at.isBefore(before) || at.isAfter(Instant.now()));
    assertEquals(
        JSON.readTree(
            """
            {"room": "%1$s", "timestamp": %2$d, "why": "It is an advertisement.",
             "reporter": {"user": "%3$s", "sender": "Ada"},
             "message": {"id": "m1", "user": "guest:eve-%1$s", "sender": "Eve",
              "message": "Buy my pills!"}}
            """
                .formatted(room, timestamp, ada.user())),
        told);
  }

  @Test
  void theLongestMessageIsReportedForTheLongestReason() throws Exception {
    Random random = new Random(3);
    String text = Extremes.message(random);
    ObjectNode said = JSON.createObjectNode().put("room", room).put("message", text);
    long timestamp = eve.send(send, said.toString()).path("timestamp").asLong();
    String why = "\uffff".repeat(Limits.REPORT_CHARACTERS_MAX - 1) + "!";

    assertEquals("reported", ada.send(report, frame(timestamp, why, 1)).path("type").asText());

    JsonNode told = reports(1).getFirst();
    assertEquals(why, told.path("why").asText());
    assertEquals(text, told.path("message").path("message").asText());
  }

  @Test
  void whatCannotBeReportedComesBeforeNobody() throws Exception {
    long timestamp = say("Hello");
    TestConnection stranger = TestConnection.open(fresh("elsewhere"));
    Row voidRow =
        new Row(
            Map.of(
                "room_id", Row.s(room),
                "timestamp", Row.n(timestamp + 1),
                "void", Row.s("m2"),
                "expires_at", Row.seconds(Instant.now().plusSeconds(60))));
    put(voidRow.attributes());
    Map<String, software.amazon.awssdk.services.dynamodb.model.AttributeValue> expired =
        new HashMap<>(voidRow.attributes());
    expired.remove("void");
    expired.putAll(
        Map.of(
            "timestamp", Row.n(timestamp + 2),
            "id", Row.s("m3"),
            "user", Row.s("guest:eve"),
            "sender", Row.s("Eve"),
            "message", Row.s("gone"),
            "expires_at", Row.seconds(Instant.now().minusSeconds(60))));
    put(expired);

    assertEquals("not_a_member", stranger.refusal(report, frame(timestamp, "Why not?", 1)));
    assertEquals("no_such_message", ada.refusal(report, frame(timestamp - 1, "Why not?", 1)));
    assertEquals("no_such_message", ada.refusal(report, frame(timestamp + 1, "Why not?", 1)));
    assertEquals("no_such_message", ada.refusal(report, frame(timestamp + 2, "Why not?", 1)));
    assertEquals("invalid_why", ada.refusal(report, frame(timestamp, " \u200b ", 1)));
    assertEquals(
        "invalid_why",
        ada.refusal(report, frame(timestamp, "x".repeat(Limits.REPORT_CHARACTERS_MAX + 1), 1)));
    assertEquals(
        "invalid_timestamp",
        ada.refusal(report, "{\"room\":\"%s\",\"why\":\"x\"}".formatted(room)));
    assertEquals("invalid_room", ada.refusal(report, "{\"timestamp\":1,\"why\":\"x\"}"));
    assertTrue(reports(0).isEmpty());
  }

  @Test
  void whoIsNotInTheRoomHearsTheSameAsFromEveryOtherAction() {
    long timestamp = say("Hello");
    new Memberships(TestTables.dynamoDb(), TestTables.settings())
        .remove(ada.id(), new RoomId(room), ada.user(), Removal.KICKED, Standing.FOR_GOOD);

    assertEquals("removed", ada.refusal(report, frame(timestamp, "Why not?", 1)));
    assertEquals(
        "no_such_room",
        eve.refusal(
            report,
            "{\"room\":\"%s\",\"timestamp\":1,\"why\":\"x\"}".formatted(RoomId.newPrivate())));
  }

  private static void put(
      Map<String, software.amazon.awssdk.services.dynamodb.model.AttributeValue> row) {
    TestTables.dynamoDb().putItem(put -> put.tableName("ChatMessages").item(row));
  }

  private long say(String text) {
    ObjectNode frame =
        JSON.createObjectNode().put("room", room).put("message", text).put("id", "m1");
    return eve.send(send, frame.toString()).path("timestamp").asLong();
  }

  private String frame(long timestamp, String why, int ref) {
    return JSON.createObjectNode()
        .put("room", room)
        .put("timestamp", timestamp)
        .put("why", why)
        .put("ref", ref)
        .toString();
  }

  /// Those of this room, once there are as many.
  private List<JsonNode> reports(int count) throws Exception {
    String queue = environment.getOrDefault("REPORTS_QUEUE_URL", "");
    List<JsonNode> found = new ArrayList<>();
    for (Message message :
        count > 0
            ? TestSqs.take(queue, m -> m.body().contains(room), count)
            : TestSqs.takeAll(queue, m -> m.body().contains(room))) {
      found.add(JSON.readTree(message.body()));
    }
    return found;
  }
}
