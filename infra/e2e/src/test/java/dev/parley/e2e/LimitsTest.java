package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.allowance.Price;
import dev.parley.client.Client;
import dev.parley.client.Outbox;
import dev.parley.client.TextSocket;
import dev.parley.client.Waits;
import dev.parley.local.LocalCloud;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What anybody may do is limited, whatever it is and however they go about it.
@Timeout(120)
class LimitsTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";

  private @Nullable LocalCloud started;

  @AfterEach
  void stop() {
    cloud().close();
  }

  private LocalCloud cloud() {
    return requireNonNull(started);
  }

  /// So slow that nothing comes back while a test runs.
  private void start(Map<String, String> parameters) throws Exception {
    Map<String, String> all =
        new HashMap<>(
            Map.of(
                "PresenceOutSeconds", "1",
                "ActionCostMs", "60000",
                "ActionBurstMs", "600000"));
    all.putAll(parameters);
    started = TestCloud.start(TestCloud.TEMPLATE, all);
  }

  @Test
  void eachActionIsRefusedBeyondItsRateAndToldWhenToRetry() throws Exception {
    start(Map.of());
    for (Map.Entry<String, String> action :
        Map.of(
                "join", "\"room\":\"lobby\"",
                "quit", "\"room\":\"elsewhere\"",
                "history", "\"room\":\"lobby\"",
                "members", "\"room\":\"lobby\"",
                "rooms", "",
                "ping", "",
                "dance", "")
            .entrySet()) {
      try (TestClient client = connect("?rooms=lobby")) {
        int price =
            action.getKey().equals("dance")
                ? Price.UNKNOWN.amount()
                : Price.valueOf(action.getKey().toUpperCase(Locale.ROOT)).amount();
        int taken = 0;
        JsonNode reply = client.request(action.getKey(), action.getValue());
        while (!isRateLimited(reply)) {
          taken++;
          assertTrue(taken <= 11, action.getKey() + " is not refused");
          reply = client.request(action.getKey(), action.getValue());
        }

        assertEquals(Math.ceilDiv(11, price), taken, action.getKey());
        long retryAfterMs = reply.path("retryAfterMs").asLong();
        assertTrue(
            retryAfterMs > 60_000 && retryAfterMs <= 60_000L * (price + 1), reply.toString());
      }
    }
  }

  @Test
  void messagesAreLimitedByTheirBytesInAllRoomsTogether() throws Exception {
    start(Map.of("MessageCostMs", "5000", "MessageBurstMs", "15000"));
    try (TestClient first = connect("?rooms=one")) {
      // The functions have started then: a connection's allowance grows while they do.
      assertEquals("sent", say(first, "one", "hello").path("type").asText());
    }
    try (TestClient client = connect("?rooms=one,two,three")) {
      assertEquals("sent", say(client, "one", "hello").path("type").asText());
      JsonNode refused = say(client, "two", "hello");
      assertTrue(isRateLimited(refused), refused.toString());
      assertTrue(refused.path("retryAfterMs").asLong() <= 5_000, refused.toString());

      Thread.sleep(Duration.ofMillis(refused.path("retryAfterMs").asLong()));
      assertEquals("sent", say(client, "three", "x".repeat(3_000)).path("type").asText());
      refused = say(client, "one", "hello");
      assertTrue(refused.path("retryAfterMs").asLong() > 7_500, refused.toString());
    }
  }

  /// 866 messages a second were taken in this way.
  @Test
  void toQuitAndJoinAgainGainsNothing() throws Exception {
    start(Map.of("MessageCostMs", "500", "ActionCostMs", "1"));
    try (TestClient client = connect("?rooms=lobby")) {
      long began = System.nanoTime();
      int taken = 0;
      for (int i = 0; i < 30; i++) {
        if (!isRateLimited(say(client, "lobby", "again " + i))) {
          taken++;
        }
        client.request("quit", "\"room\":\"lobby\"");
        assertEquals("joined", client.request("join", "\"room\":\"lobby\"").path("type").asText());
      }
      long passedMs = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);

      assertTrue(taken >= 1 && taken <= 1 + passedMs / 500 + 1, taken + " in " + passedMs + " ms");
    }
  }

  @Test
  void toConnectAgainGainsNothing() throws Exception {
    start(Map.of("MessageCostMs", "60000", "MessageBurstMs", "600000"));
    for (int i = 0; i < 5; i++) {
      try (TestClient client = connect("?rooms=lobby&guest=" + SECRET)) {
        assertEquals("sent", say(client, "lobby", "one").path("type").asText());
        assertTrue(isRateLimited(say(client, "lobby", "two")));
      }
    }
  }

  @Test
  void anInvalidFrameIsNotFree() throws Exception {
    start(Map.of());
    try (TestClient client = connect("?rooms=lobby")) {
      for (int i = 0; i < 11; i++) {
        client.send("no JSON");
        assertEquals("invalid_json", reply(client, i).path("code").asText());
      }

      assertTrue(isRateLimited(client.request("ping", "")));
    }
  }

  @Test
  void whoGoesOnAlthoughRefusedIsClosedAndBackNoSooner() throws Exception {
    start(Map.of("RefusalsMax", "5", "OffenceConnects", "60"));
    try (TestClient offender = connect("?rooms=lobby&guest=" + SECRET);
        TestClient other = connect("?rooms=lobby")) {
      for (int i = 0; i < 40; i++) {
        offender.send("{\"action\":\"rooms\"}");
      }

      assertEquals(1_000, offender.awaitClose());
      // It is charged for that only after it has been closed.
      LocalMetrics.await(cloud(), m -> m.sum("ConnectionsEvicted") >= 1);
      assertEquals(429, TestClient.refusal(cloud().webSocketUrl(), "?guest=" + SECRET));
      // Others of the same address are.
      assertEquals("pong", other.request("ping", "").path("type").asText());
      connect("?rooms=lobby").close();
      assertEquals(1, closedAs("1000 "));
    }
  }

  /// What an honest client does now and then is no offence: it waits as it is told.
  @Test
  void whoWaitsIsNotClosed() throws Exception {
    start(Map.of("ActionCostMs", "400", "ActionBurstMs", "400", "RefusalsMax", "3"));
    try (TestClient client = connect("?rooms=lobby")) {
      int refused = 0;
      for (int done = 0; done < 8; ) {
        JsonNode reply = client.request("ping", "");
        if (isRateLimited(reply)) {
          refused++;
          Thread.sleep(reply.path("retryAfterMs").asLong());
        } else {
          done++;
        }
      }

      assertTrue(refused > 0);
      assertEquals("pong", eventually(client).path("type").asText());
    }
  }

  /// By the template's own figures: all rooms that a client may be in, and a reader who scrolls.
  @Test
  void anHonestClientIsNeverRefused() throws Exception {
    start(Map.of("ActionCostMs", "500", "ActionBurstMs", "150000", "MessageCostMs", "50"));
    List<String> rooms = new ArrayList<>();
    for (int i = 0; i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
      rooms.add("room-" + i);
    }
    try (Client client =
        new Client(cloud().webSocketUrl(), "Ada", SECRET + "-ada", Waits.DEFAULT, new Outbox())) {
      rooms.forEach(client::join);
      await(() -> client.shown().size() == rooms.size());
      for (int i = 0; i < 3; i++) {
        client.send("room-7", "hello " + i);
      }
      await(() -> requireNonNull(client.shown().get("room-7")).messages().size() == 3);
      for (int i = 0; i < 10; i++) {
        client.older("room-" + i);
        client.listMembers("room-" + i);
      }
    }

    LocalMetrics metrics = LocalMetrics.await(cloud(), m -> m.sum("MessagesAccepted") >= 3);
    assertEquals(0, metrics.sum("FramesRefused"));
    assertEquals(0, metrics.sum("ConnectsRefused"));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(60);
    while (!condition.getAsBoolean()) {
      assertTrue(Instant.now().isBefore(deadline), "in vain");
      Thread.sleep(20);
    }
  }

  @Test
  void aUserConnectsOnlySoOften() throws Exception {
    start(Map.of("ConnectCostMs", "60000", "ConnectBurstMs", "120000"));
    for (int i = 0; i < 3; i++) {
      connect("?guest=" + SECRET).close();
    }

    assertEquals(429, TestClient.refusal(cloud().webSocketUrl(), "?guest=" + SECRET));
    connect("?guest=another-3nXb_0RtYw7LmPaS").close();
    assertEquals(4, rows("ChatSessions").size(), "a connect that is refused leaves no trace");
  }

  @Test
  void anAddressConnectsOnlySoOftenAndRoomsThatAreNamedCount() throws Exception {
    start(Map.of("AddressConnectCostMs", "60000", "AddressConnectBurstMs", "120000"));
    List<String> rooms = new ArrayList<>();
    for (int i = 0; i < 21; i++) {
      rooms.add("room-" + i);
    }
    connect("?rooms=" + String.join(",", rooms)).close();

    assertEquals(429, TestClient.refusal(cloud().webSocketUrl(), ""));
    assertEquals(429, TestClient.refusal(cloud().webSocketUrl(), "?guest=" + SECRET));
  }

  /// 9,839 rooms were made in half a minute.
  @Test
  void anAddressMakesOnlySoManyRooms() throws Exception {
    start(
        Map.of("AddressRoomCostMs", "60000", "AddressRoomBurstMs", "240000", "ActionCostMs", "1"));
    try (TestClient client = connect("?rooms=first")) {
      Set<String> made = new HashSet<>();
      JsonNode refused = null;
      for (int i = 0; refused == null; i++) {
        assertTrue(i < 10, "nothing is refused");
        JsonNode reply = client.request("join", "\"room\":\"new-%d\"".formatted(i));
        if (isRateLimited(reply)) {
          refused = reply;
        } else {
          made.add("new-" + i);
        }
      }

      assertEquals(4, made.size());
      assertTrue(refused.path("retryAfterMs").asLong() > 0);
      assertEquals(
          429, TestClient.refusal(cloud().webSocketUrl(), "?rooms=another&guest=" + SECRET));
      made.add("first");
      assertEquals(made, names("ChatRooms"), "a room that is refused is not made");
      // Rooms that are there are joined all the same.
      connect("?rooms=first").close();
    }
  }

  @Test
  void theStagesThrottleBoundsAllClientsTogether() throws Exception {
    start(
        Map.of(
            "FramesPerSecond", "1",
            "ConnectsPerSecond", "2",
            "ActionCostMs", "1"));
    List<TestClient> clients = new ArrayList<>();
    try {
      clients.add(connect("?rooms=lobby"));
      clients.add(connect("?rooms=lobby"));
      // A third one may come in while these two took their time.
      int status = TextSocket.handshake(cloud().webSocketUrl(), Map.of());
      for (int i = 0; i < 20 && status != 429; i++) {
        status = TextSocket.handshake(cloud().webSocketUrl(), Map.of());
      }
      assertEquals(429, status);
      for (int i = 0; i < 10; i++) {
        clients.get(i % 2).send("{\"action\":\"ping\"}");
      }
      JsonNode refused = clients.getFirst().await(event -> event.has("requestId"));

      assertEquals("Too Many Requests", refused.path("message").asText());
      assertFalse(refused.has("type"));
    } finally {
      clients.forEach(TestClient::close);
    }
  }

  /// The source address is in ChatSessions and in the connection's row, and nowhere else.
  @Test
  void nobodysAddressOrIdIsInTheTableOfAllowances() throws Exception {
    start(Map.of());
    try (TestClient client = connect("?guest=" + SECRET)) {
      String user = client.user();
      String rows = rows("ChatAllowances").toString();

      assertEquals(
          4, rows("ChatAllowances").size(), "connects and rooms, of a user and an address");
      assertFalse(rows.contains(user), rows);
      assertFalse(rows.contains("127.0.0.1"), rows);
    }
  }

  private TestClient connect(String query) {
    return TestClient.connect(cloud().webSocketUrl(), query);
  }

  private static JsonNode say(TestClient client, String room, String text) {
    return client.request(
        "sendMessage", "\"room\":\"%s\",\"message\":\"%s\"".formatted(room, text));
  }

  private static boolean isRateLimited(JsonNode reply) {
    return reply.path("code").asText().equals("rate_limited")
        && reply.path("retryAfterMs").asLong() > 0;
  }

  /// The reply to the last of several frames without a `ref`.
  private static JsonNode reply(TestClient client, int before) {
    client.await(
        event ->
            client.received().stream().filter(e -> e.path("type").asText().equals("error")).count()
                > before);
    return client.received().stream()
        .filter(event -> event.path("type").asText().equals("error"))
        .toList()
        .get(before);
  }

  private static JsonNode eventually(TestClient client) throws InterruptedException {
    JsonNode reply = client.request("ping", "");
    while (isRateLimited(reply)) {
      Thread.sleep(reply.path("retryAfterMs").asLong());
      reply = client.request("ping", "");
    }
    return reply;
  }

  private long closedAs(String reason) throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(20);
    long closed = 0;
    while (closed == 0 && Instant.now().isBefore(deadline)) {
      closed =
          rows("ChatSessions").stream()
              .map(Row::new)
              .filter(row -> String.valueOf(row.optionalString("reason")).startsWith(reason))
              .count();
      Thread.sleep(20);
    }
    return closed;
  }

  private Set<String> names(String table) {
    Set<String> names = new HashSet<>();
    rows(table).forEach(row -> names.add(new Row(row).string("room_id")));
    return names;
  }

  private List<Map<String, AttributeValue>> rows(String table) {
    return cloud()
        .dynamoDb()
        .client()
        .scan(scan -> scan.tableName(table).consistentRead(true))
        .items();
  }
}
