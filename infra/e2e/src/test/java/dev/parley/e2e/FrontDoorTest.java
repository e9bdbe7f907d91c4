package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Extremes;
import dev.parley.Limits;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import dev.parley.table.Row;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class FrontDoorTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static LocalCloud cloud;

  @BeforeAll
  static void start() throws StartException {
    cloud = TestCloud.start();
  }

  @AfterAll
  static void stop() {
    cloud.close();
    assertEquals(Map.of(), cloud.traces().refused(), "whatever a test did");
  }

  @Test
  void aClientThatKnowsOnlyToSendIsHeardByEveryoneInGlobal() {
    try (TestClient student = connect("");
        TestClient teacher = connect("")) {
      student.send("{\"action\":\"sendMessage\",\"sender\":\"Student\",\"message\":\"Hello AWS\"}");

      for (TestClient client : List.of(student, teacher)) {
        JsonNode event = client.awaitMessage("Hello AWS");
        assertEquals("Student", event.path("sender").asText());
        assertEquals("global", event.path("room").asText());
      }
    }
  }

  @Test
  void theActionInLowerCaseIsHeardToo() {
    try (TestClient ada = connect("?name=Ada&rooms=lower")) {
      JsonNode reply = ada.request("sendmessage", "\"room\":\"lower\",\"message\":\"quietly\"");

      assertEquals("sent", reply.path("type").asText());
      ada.awaitMessage("quietly");
    }
  }

  @Test
  void twoRoomsHearTheirOwnMessagesAndNoOthers() {
    try (TestClient ada = connect("?name=Ada&rooms=red");
        TestClient bob = connect("?name=Bob&rooms=red,blue");
        TestClient cid = connect("?name=Cid&rooms=blue")) {
      ada.request("sendMessage", "\"room\":\"red\",\"message\":\"to red\"");
      cid.request("sendMessage", "\"room\":\"blue\",\"message\":\"to blue\"");

      ada.awaitMessage("to red");
      cid.awaitMessage("to blue");
      bob.awaitMessage("to red");
      bob.awaitMessage("to blue");
      // Whatever is said next comes after all that was said before.
      ada.request("sendMessage", "\"room\":\"red\",\"message\":\"end\"");
      cid.request("sendMessage", "\"room\":\"blue\",\"message\":\"end\"");
      ada.awaitMessage("end");
      cid.awaitMessage("end");
      assertTrue(ada.messages("blue").isEmpty());
      assertTrue(cid.messages("red").isEmpty());
    }
  }

  @Test
  void messagesOfOneSecondArriveOnceInAChainAndAreReplayedOnJoin() {
    try (TestClient ada = connect("?name=Ada&rooms=chain")) {
      List<Long> acknowledged =
          IntStream.range(0, 5)
              .mapToObj(
                  i -> ada.request("sendMessage", "\"room\":\"chain\",\"message\":\"m" + i + "\""))
              .map(reply -> reply.path("timestamp").asLong())
              .toList();

      ada.awaitMessage("m4");
      List<JsonNode> events = ada.messages("chain");
      assertEquals(acknowledged, timestamps(events));
      assertTrue(events.getFirst().path("prev").isNull());
      for (int i = 1; i < 5; i++) {
        assertEquals(acknowledged.get(i - 1), events.get(i).path("prev").asLong());
      }

      try (TestClient bob = connect("?name=Bob&rooms=elsewhere")) {
        JsonNode joined = bob.request("join", "\"room\":\"chain\"");
        assertEquals(acknowledged, timestamps(joined.path("messages")));
        assertTrue(joined.path("complete").asBoolean());
        JsonNode pong = bob.request("ping", "\"rooms\":[\"chain\",\"not-mine\"]");
        assertEquals(acknowledged.getLast(), pong.path("rooms").path("chain").asLong());
        assertTrue(pong.path("rooms").path("not-mine").isNull());
      }
    }
  }

  /// What takes most bytes, in the longest room, by the longest name: what is acknowledged is seen.
  @Test
  void theCostliestThatIsAcceptedIsHeardAndIsInHistory() {
    String room = Extremes.id("costly");
    String name = URLEncoder.encode("\ud83d\ude00".repeat(64), UTF_8);
    try (TestClient ada = connect("?name=" + name + "&rooms=" + room);
        TestClient bob = connect("?name=Bob&rooms=" + room)) {
      for (String c : List.of("\ud83d\ude00", "\u0001", "\uffff", "\u2028", "\"", "\u00e9")) {
        String text = "x" + c.repeat(3_998) + "x";
        ObjectNode fields = JsonNodeFactory.instance.objectNode().put("room", room);
        String json =
            fields.put("message", text).put("id", Extremes.id("c" + c.hashCode())).toString();

        JsonNode reply = ada.request("sendMessage", json.substring(1, json.length() - 1));

        assertEquals("sent", reply.path("type").asText(), reply.toString());
        bob.awaitMessage(text);
        JsonNode page = bob.request("history", "\"room\":\"" + room + "\",\"limit\":100");
        JsonNode last = page.path("messages").path(page.path("messages").size() - 1);
        assertEquals(text, last.path("message").asText());
        assertEquals("\ud83d\ude00".repeat(64), last.path("sender").asText());
      }
    }
  }

  /// What somebody else has written into the table.
  @Test
  void aRowThatIsNoMessageKeepsItsPlaceInHistory() {
    try (TestClient ada = connect("?name=Ada&rooms=odd")) {
      long first =
          ada.request("sendMessage", "\"room\":\"odd\",\"message\":\"one\"")
              .path("timestamp")
              .asLong();
      dynamoDb()
          .putItem(
              put ->
                  put.tableName("ChatMessages")
                      .item(Map.of("room_id", Row.s("odd"), "timestamp", Row.n(first + 1))));
      ada.request("sendMessage", "\"room\":\"odd\",\"message\":\"two\",\"after\":" + (first + 1));

      JsonNode event = ada.awaitMessage("two");
      JsonNode page = ada.request("history", "\"room\":\"odd\",\"after\":" + first);

      assertEquals(first + 1, event.path("prev").asLong());
      assertEquals(
          "{\"timestamp\":" + (first + 1) + ",\"unreadable\":true}",
          page.path("messages").path(0).toString());
      assertEquals("two", page.path("messages").path(1).path("message").asText());
    }
  }

  @Test
  void theSameSendTwiceIsOneMessageForEveryone() {
    try (TestClient ada = connect("?name=Ada&rooms=once")) {
      String frame = "\"room\":\"once\",\"message\":\"only once\",\"id\":\"a-1\"";

      JsonNode first = ada.request("sendMessage", frame);
      JsonNode again = ada.request("sendMessage", frame);
      ada.request("sendMessage", "\"room\":\"once\",\"message\":\"end\"");

      assertEquals(first.path("timestamp"), again.path("timestamp"));
      ada.awaitMessage("end");
      assertEquals(2, ada.messages("once").size());
    }
  }

  @Test
  void aGuestKeepsItsIdAcrossConnections() {
    String query = "?name=Ada&rooms=again&guest=" + SECRET;
    try (TestClient monday = connect(query);
        TestClient tuesday = connect(query)) {
      JsonNode me = monday.request("ping", "").path("you");
      JsonNode also = tuesday.request("ping", "").path("you");

      assertEquals(me.path("user"), also.path("user"));
      String frame = "\"room\":\"again\",\"message\":\"from both\",\"id\":\"same\"";
      assertEquals(
          monday.request("sendMessage", frame).path("timestamp"),
          tuesday.request("sendMessage", frame).path("timestamp"));
    }
  }

  @Test
  void whoComesAndGoesIsSeenHoweverTheyGo() {
    try (TestClient ada = connect("?name=Ada&rooms=door")) {
      TestClient quits = connect("?name=Q&rooms=door,other-door");
      TestClient closes = connect("?name=C&rooms=door");
      TestClient drops = connect("?name=D&rooms=door");
      String quitting = quits.user();
      String closing = closes.user();
      String dropping = drops.user();
      for (String user : List.of(quitting, closing, dropping)) {
        ada.awaitPresence(user, "in");
      }
      assertEquals(
          Set.of(ada.user(), quitting, closing, dropping),
          members(ada.request("members", "\"room\":\"door\"")));

      quits.request("quit", "\"room\":\"door\"");
      closes.close();
      drops.cut();

      for (String user : List.of(quitting, closing, dropping)) {
        ada.awaitPresence(user, "out");
      }
      assertEquals(Set.of(ada.user()), members(ada.request("members", "\"room\":\"door\"")));
      await(
          () -> sessions("D").stream().anyMatch(s -> s.optionalNumber("disconnected_at") != null));
      assertTrue(sessions("D").getFirst().string("reason").startsWith("1006"));
      assertTrue(sessions("C").getFirst().string("reason").startsWith("1000"));
      assertNull(sessions("Q").getFirst().optionalNumber("disconnected_at"));
      quits.close();
    }
  }

  @Test
  void badFramesAreRefusedAndChangeNothing() {
    String forty = IntStream.range(0, 40).mapToObj(i -> "f" + i).collect(Collectors.joining(","));
    try (TestClient ada = connect("?name=Ada&rooms=bad");
        TestClient full = connect("?rooms=" + forty)) {
      for (int i = 40; i < 50; i++) {
        full.request("join", "\"room\":\"f%d\"".formatted(i));
      }
      ada.request("sendMessage", "\"room\":\"bad\",\"message\":\"first\",\"id\":\"i\"");
      Map<String, Integer> before = rowCounts();

      assertRefused(ada, "join", "", "invalid_room");
      assertRefused(ada, "join", "\"room\":\"" + "x".repeat(65) + "\"", "invalid_room");
      assertRefused(ada, "join", "\"room\":7", "invalid_room");
      assertRefused(ada, "quit", "\"room\":\"never-joined\"", "not_a_member");
      assertRefused(ada, "sendMessage", "\"room\":\"bad\"", "invalid_message");
      assertRefused(ada, "sendMessage", "\"room\":\"bad\",\"message\":\"\"", "invalid_message");
      assertRefused(ada, "sendMessage", "\"room\":\"bad\",\"message\":[1]", "invalid_message");
      assertRefused(
          ada,
          "sendMessage",
          "\"room\":\"bad\",\"message\":\"" + "x".repeat(4_001) + "\"",
          "invalid_message");
      assertRefused(
          ada, "sendMessage", "\"room\":\"never-joined\",\"message\":\"a\"", "not_a_member");
      assertRefused(
          ada, "sendMessage", "\"room\":\"bad\",\"message\":\"other\",\"id\":\"i\"", "id_reused");
      assertRefused(ada, "history", "\"room\":\"never-joined\"", "not_a_member");
      assertRefused(ada, "history", "\"room\":\"bad\",\"before\":2,\"after\":1", "invalid_range");
      assertRefused(ada, "members", "\"room\":\"bad\",\"cursor\":\"?\"", "invalid_cursor");
      assertRefused(ada, "rooms", "\"cursor\":\"?\"", "invalid_cursor");
      assertRefused(ada, "dance", "", "unknown_action");
      assertRefused(full, "join", "\"room\":\"one-more\"", "too_many_rooms");

      assertEquals(before, rowCounts());
      assertEquals(1, messageCount("bad"));
    }
  }

  @Test
  void whatNoRouteTakesIsAnsweredWithWhatIsKnownOfTheConnection() {
    try (TestClient ada = connect("?name=Ada")) {
      ada.send("hello?");
      JsonNode noJson = ada.await(e -> e.path("code").asText().equals("invalid_json"));
      JsonNode unknown = ada.request("Join", "");

      for (JsonNode error : List.of(noJson, unknown)) {
        assertEquals("error", error.path("type").asText());
        assertFalse(error.path("connectionId").asText().isEmpty());
        assertFalse(error.path("connectedAt").asText().isEmpty());
        assertFalse(error.path("lastActiveAt").asText().isEmpty());
        assertEquals("127.0.0.1", error.path("identity").path("sourceIp").asText());
      }
      assertEquals("unknown_action", unknown.path("code").asText());
    }
  }

  @Test
  void aFrameOverTheLimitAndABinaryFrameCloseTheConnection() {
    TestClient large = connect("");
    TestClient binary = connect("");

    // This client cuts what it sends into frames of 16 KB, so it is the message that is too large.
    large.send("x".repeat(4 * Limits.FRAME_BYTES_MAX + 1));
    binary.sendBinary(new byte[] {1, 2, 3});

    assertEquals(1009, large.awaitClose());
    assertEquals(1003, binary.awaitClose());
  }

  @Test
  void badConnectionsAreRefusedByStatusAndLeaveNothing() {
    Map<String, Integer> before = rowCounts();
    String fiftyOne =
        IntStream.range(0, 51).mapToObj(i -> "g" + i).collect(Collectors.joining(","));

    assertEquals(400, TestClient.refusal(cloud.webSocketUrl(), "?rooms=" + fiftyOne));
    assertEquals(400, TestClient.refusal(cloud.webSocketUrl(), "?rooms=a%20b"));
    assertEquals(401, TestClient.refusal(cloud.webSocketUrl(), "?guest=weak"));
    assertEquals(401, TestClient.refusal(cloud.webSocketUrl(), "?name=" + "x".repeat(65)));
    assertEquals(401, TestClient.refusal(cloud.webSocketUrl(), "?name=%E3%85%A4"));

    assertEquals(before.get("ChatSessions"), rowCounts().get("ChatSessions"));
  }

  @Test
  void aHandlerThatThrowsLeavesTheSocketOpen() {
    // A stored row that is not ours and takes nothing more: the handler cannot go on.
    dynamoDb()
        .putItem(
            put ->
                put.tableName("ChatRooms")
                    .item(
                        Map.of(
                            "room_id", AttributeValue.fromS("broken"),
                            "x", AttributeValue.fromS("x".repeat(400 * 1024 - 14)))));
    try (TestClient ada = connect("?name=Ada&rooms=fine")) {
      ada.send("{\"action\":\"join\",\"room\":\"broken\"}");

      JsonNode frame = ada.await(e -> e.path("message").asText().equals("Internal server error"));
      assertFalse(frame.has("type"));
      assertTrue(frame.has("connectionId") && frame.has("requestId"));
      assertEquals("pong", ada.request("ping", "").path("type").asText());
    } finally {
      dynamoDb()
          .deleteItem(
              delete ->
                  delete
                      .tableName("ChatRooms")
                      .key(Map.of("room_id", AttributeValue.fromS("broken"))));
    }
  }

  @Test
  void historyPagesThroughAllThatWasSaid() {
    try (TestClient ada = connect("?name=Ada&rooms=long")) {
      Set<Long> written = new HashSet<>();
      for (int i = 0; i < 23; i++) {
        written.add(
            ada.request("sendMessage", "\"room\":\"long\",\"message\":\"m" + i + "\"")
                .path("timestamp")
                .asLong());
      }

      Set<Long> read = new HashSet<>();
      String where = "";
      JsonNode page;
      do {
        page = ada.request("history", "\"room\":\"long\",\"limit\":10" + where);
        read.addAll(timestamps(page.path("messages")));
        where = ",\"before\":" + page.path("messages").path(0).path("timestamp");
      } while (page.path("more").asBoolean());

      assertEquals(written, read);
    }
  }

  @Test
  void aMessageCarriesItsTraceAndTheTraceCanBeSeen() throws Exception {
    try (TestClient ada = connect("?name=Ada&rooms=traced")) {
      ada.request("sendMessage", "\"room\":\"traced\",\"message\":\"follow me\"");
      ada.awaitMessage("follow me");
    }

    Row row =
        new Row(
            dynamoDb()
                .query(
                    query ->
                        query
                            .tableName("ChatMessages")
                            .keyConditionExpression("room_id = :room")
                            .expressionAttributeValues(
                                Map.of(":room", AttributeValue.fromS("traced"))))
                .items()
                .getFirst());
    String root = row.string("trace").replaceAll(".*Root=([^;]+).*", "$1");
    await(() -> trace(root).contains("AWS::Lambda::Function"));
    assertTrue(trace(root).contains("SendMessageFunction"), trace(root));
    assertTrue(trace(root).contains("write"), trace(root));
  }

  private static void assertRefused(TestClient client, String action, String fields, String code) {
    JsonNode reply = client.request(action, fields);
    assertEquals("error", reply.path("type").asText(), reply.toString());
    assertEquals(code, reply.path("code").asText(), action + " " + fields);
  }

  private static TestClient connect(String query) {
    return TestClient.connect(cloud.webSocketUrl(), query);
  }

  private static Set<String> members(JsonNode reply) {
    Set<String> members = new HashSet<>();
    reply.path("members").forEach(m -> members.add(m.path("user").asText()));
    return members;
  }

  private static List<Long> timestamps(Iterable<JsonNode> messages) {
    List<Long> timestamps = new ArrayList<>();
    messages.forEach(m -> timestamps.add(m.path("timestamp").asLong()));
    return timestamps;
  }

  private static DynamoDbClient dynamoDb() {
    return cloud.dynamoDb().client();
  }

  /// Rows that only an accepted frame may add to. Who is connected changes by other tests too.
  private static Map<String, Integer> rowCounts() {
    return Set.of("ChatMessages", "ChatSends", "ChatRooms", "ChatConnections", "ChatSessions")
        .stream()
        .collect(
            Collectors.toMap(
                table -> table, table -> dynamoDb().scan(s -> s.tableName(table)).count()));
  }

  private static int messageCount(String room) {
    return dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatMessages")
                    .keyConditionExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", AttributeValue.fromS(room))))
        .count();
  }

  /// The sessions of the users with this display name.
  private static List<Row> sessions(String sender) {
    return dynamoDb().scan(s -> s.tableName("ChatSessions")).items().stream()
        .map(Row::new)
        .filter(row -> sender.equals(row.optionalString("sender")))
        .toList();
  }

  /// What X-Ray has of a trace.
  private static String trace(String id) {
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + cloud.port() + "/_local/xray/Traces"))
                  .POST(
                      HttpRequest.BodyPublishers.ofString("{\"TraceIds\":[\"%s\"]}".formatted(id)))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(Supplier<Boolean> condition) {
    long deadline = System.nanoTime() + 20_000_000_000L;
    while (!condition.get()) {
      assertTrue(System.nanoTime() < deadline, "not within 20 s");
      LockSupport.parkNanos(1_000_000); // functions have the processor
    }
  }
}
