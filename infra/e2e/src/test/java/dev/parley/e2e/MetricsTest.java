package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Slot;
import dev.parley.local.LocalCloud;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// What the functions measure, as the local cloud gathers it from what they print.
class MetricsTest {
  @SuppressWarnings("NullAway.Init") // set before each test
  private LocalCloud cloud;

  @BeforeEach
  void start() throws Exception {
    cloud = TestCloud.start(TestCloud.TEMPLATE, Map.of("SegmentSize", "3"));
  }

  @AfterEach
  void stop() {
    cloud.close();
  }

  private TestClient connect(String name, String rooms) {
    return TestClient.connect(cloud.webSocketUrl(), "?name=" + name + "&rooms=" + rooms);
  }

  @Test
  void framesAreCountedByWhatTheyAskForAndRefusalsByTheirCode() throws Exception {
    try (TestClient ada = connect("Ada", "attic,cellar")) {
      ada.request("join", "\"room\":\"balcony\"");
      ada.request("quit", "\"room\":\"balcony\"");
      ada.request("quit", "\"room\":\"balcony\"");
      ada.request("ping", "");
      ada.request("ping", "\"rooms\":[\"attic\"]");
      JsonNode sent = ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"One\"");
      ada.request(
          "report", "\"room\":\"attic\",\"why\":\"Spam\",\"timestamp\":" + sent.path("timestamp"));
      ada.request("sendMessage", "\"room\":\"nowhere\",\"message\":\"Two\"");
      ada.request("dance", "");
      ada.send("no JSON");
      ada.await(event -> event.path("code").asText().equals("invalid_json"));

      LocalMetrics metrics = LocalMetrics.await(cloud, m -> m.sum("FramesRefused") == 4);

      assertEquals(3, metrics.sum("Joins"), "two with the connection");
      assertEquals(1, metrics.sum("Quits"));
      assertEquals(2, metrics.sum("Pings"));
      assertEquals(1, metrics.sum("MessagesAccepted"));
      assertEquals(1, metrics.sum("Reports"));
      assertEquals(2, metrics.sum("FramesRefused", "not_a_member"));
      assertEquals(1, metrics.sum("FramesRefused", "unknown_action"));
      assertEquals(1, metrics.sum("FramesRefused", "invalid_json"));
    }
  }

  /// Opened and closed say what happened, each connection once; their difference, and the sum of
  /// what is alive, are what the gateway knows.
  @Test
  void theSumOfAliveIsHowManyConnectionsAreOpen() throws Exception {
    try (TestClient _ = connect("Ada", "attic");
        TestClient _ = connect("Ben", "attic")) {
      TestClient zoe = connect("Zoe", "attic");
      LocalMetrics.await(
          cloud, m -> m.sum("ConnectionsAlive") == 3 && m.newest("ConnectionsOpen") == 3);

      zoe.close();

      LocalMetrics metrics =
          LocalMetrics.await(
              cloud, m -> m.sum("ConnectionsClosed") == 1 && m.newest("ConnectionsOpen") == 2);
      assertEquals(3, metrics.sum("ConnectionsOpened"));
      assertEquals(2, metrics.sum("ConnectionsAlive"));
    }
  }

  /// It counts at the time when it was opened, so that it is taken out of the sum of that time.
  @Test
  void aConnectionThatNobodyHeardCloseIsCountedWhenAPushFindsItGone() throws Exception {
    ConnectionId zoe = new ConnectionId("AAAAAAAAAAAAAA8=");
    String minuteAgo = "" + Instant.now().minusSeconds(60).toEpochMilli();
    Map<String, AttributeValue> row =
        Map.of(
            "connection_id", s(zoe.value()),
            "user", s("guest:zoe"),
            "sender", s("Zoe"),
            "connected_at", AttributeValue.fromN(minuteAgo),
            "joined_at", AttributeValue.fromN(minuteAgo),
            "expires_at",
                AttributeValue.fromN("" + Instant.now().plusSeconds(600).getEpochSecond()));
    put("ChatSessions", row, Map.of());
    put("ChatConnections", row, Map.of("room_id", s("$connection")));

    put(
        "ChatConnections",
        row,
        Map.of(
            "room_id",
            s("attic"),
            "slot",
            s(Slot.of("salt", "guest:zoe", zoe, Framing.SINGLE).value())));

    LocalMetrics metrics = LocalMetrics.await(cloud, m -> m.sum("ConnectionsClosed") == 1);
    assertTrue(metrics.sum("PushesGone") >= 1, "her own coming is pushed to her");
    assertEquals(-1, metrics.sum("ConnectionsAlive"));
    assertTrue(
        metrics.newestPeriod("ConnectionsAlive") < metrics.newestPeriod("ConnectionsClosed"));
  }

  private void put(String table, Map<String, AttributeValue> row, Map<String, AttributeValue> and) {
    Map<String, AttributeValue> item = new HashMap<>(row);
    item.putAll(and);
    cloud.dynamoDb().client().putItem(put -> put.tableName(table).item(item));
  }

  @Test
  void aMessagesWayIsMeasuredInASmallRoomAndInALargeOne() throws Exception {
    long began = System.nanoTime();
    try (TestClient ada = connect("Ada", "small,large");
        TestClient ben = connect("Ben", "small,large");
        TestClient _ = connect("Cid", "large");
        TestClient _ = connect("Dan", "large")) {
      ada.request("members", "\"room\":\"large\"");
      ada.awaitPresence(ben.user(), "in");
      long before = (long) LocalMetrics.await(cloud, m -> true).sum("EventsPerPush");

      ada.request("sendMessage", "\"room\":\"small\",\"message\":\"to two\"");
      ben.awaitMessage("to two");
      LocalMetrics small = LocalMetrics.await(cloud, m -> m.count("AcceptToPush") == 1);

      assertEquals(1, small.count("StreamWait"));
      assertTrue(small.max("AcceptToPush", "parley") >= small.max("StreamWait", "parley"));
      assertTrue(small.max("AcceptToPush", "parley") <= (System.nanoTime() - began) / 1e6 + 1);
      assertTrue(small.sum("EventsPerPush") >= before + 1);
      assertEquals(0, small.sum("Invocations", "PushFunction"));

      ada.request("sendMessage", "\"room\":\"large\",\"message\":\"to four\"");
      ben.awaitMessage("to four");
      // One of each segment, of which there are one or two.
      LocalMetrics large =
          LocalMetrics.await(
              cloud,
              m -> m.count("AcceptToPush") >= 2 && m.sum("Pushes") >= small.sum("Pushes") + 4);

      assertEquals(2, large.count("StreamWait"));
      assertTrue(large.sum("Invocations", "PushFunction") >= 1);
    }
  }

  /// Presence gives up at once; a message is tried again.
  @Test
  void whoDoesNotTakeAPushIsThrottledAndOnceGivenUp() throws Exception {
    try (TestClient ada = connect("Ada", "attic");
        TestClient benjamin = connect("Ben", "attic")) {
      String other = benjamin.user();
      ada.awaitPresence(other, "in");
      benjamin.awaitPresence(other, "in"); // nothing is under way to him
      String ben = connectionId("Ben");
      cloud.faults().throttle(Set.of(ben));

      ada.request("sendMessage", "\"room\":\"attic\",\"message\":\"Ben?\"");
      LocalMetrics throttled = LocalMetrics.await(cloud, m -> m.sum("PushesThrottled") >= 1);
      assertEquals(0, throttled.sum("PushesGivenUp"), "it is tried again");

      // His last attempt, which would come half a minute later.
      var sqs = cloud.sqs().client();
      String retries = sqs.getQueueUrl(get -> get.queueName("PushRetries")).queueUrl();
      String job =
          """
          {"room":"attic","attempt":5,"connections":["%s"]}
          {"type":"message"}\
          """
              .formatted(ben);
      sqs.sendMessage(send -> send.queueUrl(retries).messageBody(job));
      LocalMetrics.await(cloud, m -> m.sum("PushesGivenUp") == 1);
    }
  }

  /// They are a hint, and nobody is told of them twice.
  @Test
  void presenceIsNotGivenUp() throws Exception {
    try (TestClient ada = connect("Ada", "attic");
        TestClient benjamin = connect("Ben", "attic")) {
      String other = benjamin.user();
      ada.awaitPresence(other, "in");
      benjamin.awaitPresence(other, "in");
      cloud.faults().throttle(Set.of(connectionId("Ben")));

      try (TestClient cid = connect("Cid", "attic")) {
        ada.awaitPresence(cid.user(), "in");
        LocalMetrics told = LocalMetrics.await(cloud, m -> m.sum("PushesThrottled") >= 1);
        assertEquals(0, told.sum("PushesGivenUp"));
      }
    }
  }

  private String connectionId(String sender) {
    return cloud.dynamoDb().client().scan(scan -> scan.tableName("ChatSessions")).items().stream()
        .map(Row::new)
        .filter(row -> row.string("sender").equals(sender))
        .map(row -> row.string("connection_id"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aStoredRowThatCannotBeReadIsCounted() throws Exception {
    put(
        "ChatMessages",
        Map.of("room_id", s("no room")),
        Map.of("timestamp", AttributeValue.fromN("7")));

    LocalMetrics.await(cloud, m -> m.sum("RowsUnreadable") == 1);
  }

  /// As AWS measures them, or would.
  @Test
  void functionsStreamsQueuesAndTablesAreMeasured() throws Exception {
    String many = String.join(",", IntStream.range(0, 11).mapToObj(i -> "room" + i).toList());
    connect("Zoe", many).close();
    RawTemplate template = RawTemplate.read();

    LocalMetrics metrics =
        LocalMetrics.await(
            cloud,
            m ->
                m.sum("Invocations", "PruneFunction") >= 1
                    && m.max("ConcurrentExecutions", "PresenceFunction") == 1
                    && m.dimension("ApproximateNumberOfMessagesVisible", "QueueName").size()
                        == template.ofType(RawTemplate.QUEUE).size()
                    && m.dimension("ItemCount", "TableName").size()
                        == template.ofType(RawTemplate.TABLE).size());

    assertEquals(1, metrics.sum("Invocations", "AuthorizerFunction"));
    assertEquals(1, metrics.sum("Invocations", "ConnectFunction"));
    assertEquals(0, metrics.sum("Errors"));
    assertTrue(metrics.max("Duration", "ConnectFunction") > 0);
    assertEquals(
        new TreeSet<>(Set.of("PresenceFunction")),
        metrics.dimension("IteratorAge", "FunctionName"));
    assertEquals(
        new TreeSet<>(template.ofType(RawTemplate.TABLE).keySet()),
        metrics.dimension("ItemCount", "TableName"));
  }

  private static AttributeValue s(String value) {
    return AttributeValue.fromS(value);
  }
}
