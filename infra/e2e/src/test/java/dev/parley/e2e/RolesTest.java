package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.DynamodbEvent;
import com.amazonaws.services.lambda.runtime.events.DynamodbEvent.DynamodbStreamRecord;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.Identity;
import com.amazonaws.services.lambda.runtime.events.models.dynamodb.StreamRecord;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestContext;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.connection.Removal;
import dev.parley.connection.Slot;
import dev.parley.fanout.DepartureHandler;
import dev.parley.fanout.FanoutHandler;
import dev.parley.fanout.PresenceHandler;
import dev.parley.fanout.PushHandler;
import dev.parley.local.LocalCloud;
import dev.parley.local.template.Template;
import dev.parley.role.Errand;
import dev.parley.room.RoomId;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Each function's role holds exactly the actions that the function uses, on exactly the resources:
/// a whole story is played, and the calls that functions made in it are compared with the template.
/// [SiteTest] does the same for SiteFunction.
@ResourceLock(Together.CALLS)
class RolesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static final Map<String, Set<String>> GRANTED = granted();
  private static Map<String, Set<String>> used = Map.of();

  @Test
  void noFunctionUsesWhatItsRoleDoesNotHold() {
    assertEquals(Map.of(), without(used, GRANTED), "used, but not granted");
  }

  @Test
  void noRoleHoldsWhatItsFunctionDoesNotUse() {
    assertEquals(Map.of(), without(GRANTED, used), "granted, but not used in this story");
  }

  private static Map<String, Set<String>> granted() {
    Map<String, Set<String>> granted = new TreeMap<>(RawTemplate.read().grants());
    granted.remove("SiteFunction");
    return granted;
  }

  private static Map<String, Set<String>> without(
      Map<String, Set<String>> all, Map<String, Set<String>> some) {
    Map<String, Set<String>> rest = new TreeMap<>();
    all.forEach(
        (function, grants) -> {
          Set<String> left = new TreeSet<>(grants);
          left.removeAll(some.getOrDefault(function, Set.of()));
          if (!left.isEmpty()) {
            rest.put(function, left);
          }
        });
    return rest;
  }

  @BeforeAll
  static void playTheStory() throws Exception {
    try (LocalCloud cloud =
        LocalCloud.start(
            TestCloud.options(
                    TestCloud.TEMPLATE, Map.of("SegmentSize", "2", "PresenceOutSeconds", "1"))
                .withIssuer(true))) {
      CallRecorder.start(RawTemplate.read().apiId(), cloud.stage());
      new Story(cloud).play();
    } finally {
      used = CallRecorder.stop();
    }
  }

  /// Ada talks to herself, and meets two connections that are no more.
  private static final class Story {
    private final LocalCloud cloud;
    private final DynamoDbClient dynamoDb;

    Story(LocalCloud cloud) {
      this.cloud = cloud;
      this.dynamoDb = cloud.dynamoDb().client();
    }

    void play() throws Exception {
      try (TestClient ada =
          TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=attic,cellar")) {
        request(ada, "joined", "join", "'room':'attic'");
        request(ada, "joined", "join", "'room':'balcony'");
        request(ada, "quit", "quit", "'room':'balcony'");
        request(ada, "error", "quit", "'room':'balcony'");
        request(ada, "sent", "sendMessage", "'room':'attic','message':'One'");
        String same = "'room':'attic','message':'Two','id':'two'";
        JsonNode sent = request(ada, "sent", "sendMessage", same);
        JsonNode again = request(ada, "sent", "sendMessage", same);
        assertEquals(sent.path("timestamp"), again.path("timestamp"));
        request(ada, "error", "sendMessage", same.replace("Two", "Another"));
        aReservationIsMovedOn(ada, sent.path("timestamp").asLong());
        ada.awaitMessage("Two");
        request(ada, "history", "history", "'room':'attic'");
        request(ada, "members", "members", "'room':'attic'");
        request(ada, "rooms", "rooms", "");
        request(ada, "pong", "ping", "'rooms':['attic','cellar','nowhere']");
        request(
            ada,
            "reported",
            "report",
            "'room':'attic','why':'Spam','timestamp':" + sent.path("timestamp"));
        request(ada, "error", "dance", "");

        aTokenIsRenewed();

        request(ada, "error", "members", "'room':'attic','cursor':'%s'".formatted("0".repeat(32)));

        whoeverGoesOnIsClosed();
        somebodyLeavesManyRooms();
        rolesChange(ada);
        aBanIsOverlookedTwice();
        aLargeRoomHears(ada);
        pushesFail();
        aPresenceFindsAConnectionGone(ada);
        aMessageFindsAConnectionGone(ada);
        aDepartureFindsAConnectionGone(ada);
        aConnectionExpires();
      }
      until(() -> rows("Ada").isEmpty(), "nothing is left of Ada");
    }

    /// A ping of somebody with a token is answered when to renew it, which is read.
    private void aTokenIsRenewed() throws Exception {
      try (TestClient pia =
          TestClient.connect(
              cloud.webSocketUrl(), "?rooms=loft", LocalTokens.of(cloud, "pia", 60, ""))) {
        String another = LocalTokens.of(cloud, "pia", 600, "");
        request(pia, "authenticated", "auth", "'token':'" + another + "'");
        request(pia, "pong", "ping", "'rooms':['loft']");
      }
    }

    /// As if the function had been killed between its two writes, a minute ago.
    private void aReservationIsMovedOn(TestClient ada, long sent) {
      Map<String, AttributeValue> row =
          new HashMap<>(
              dynamoDb.scan(scan -> scan.tableName("ChatSends")).items().stream()
                  .filter(item -> n(sent).equals(item.get("timestamp")))
                  .findFirst()
                  .orElseThrow());
      row.computeIfPresent("send_id", (name, id) -> s(id.s().replace("#two", "#again")));
      row.put("timestamp", n(sent - 60_000_000));
      put("ChatSends", row);
      request(ada, "sent", "sendMessage", "'room':'attic','message':'Two','id':'again'");
    }

    private static JsonNode request(TestClient client, String type, String action, String fields) {
      JsonNode reply = client.request(action, fields.replace('\'', '"'));
      assertEquals(type, reply.path("type").asText(), () -> action + ": " + reply);
      return reply;
    }

    /// By each function: what nothing is left for is refused, and a connection that owes too much
    /// is closed.
    private void whoeverGoesOnIsClosed() throws Exception {
      Map<String, String> frames =
          Map.ofEntries(
              Map.entry("join", "'room':'attic'"),
              Map.entry("quit", "'room':'attic'"),
              Map.entry("sendMessage", "'room':'attic','message':'Once more'"),
              Map.entry("history", "'room':'attic'"),
              Map.entry("members", "'room':'attic'"),
              Map.entry("rooms", ""),
              Map.entry("ping", ""),
              Map.entry("dance", ""),
              Map.entry("auth", "'token':'none'"),
              Map.entry("report", "'room':'attic','timestamp':1,'why':'Spam'"),
              Map.entry("createRoom", "'title':'Plans'"));
      for (Map.Entry<String, String> frame : frames.entrySet()) {
        String name = "Max " + frame.getKey();
        try (TestClient max =
            TestClient.connect(
                cloud.webSocketUrl(), "?rooms=attic&name=" + name.replace(" ", "%20"))) {
          Map<String, AttributeValue> own =
              new HashMap<>(
                  rows(name).stream()
                      .filter(row -> s("$connection").equals(row.get("room_id")))
                      .findFirst()
                      .orElseThrow());
          own.put("allowance", n(Instant.now().plusSeconds(260).toEpochMilli()));
          own.put("send_allowance", n(Instant.now().plusMillis(6_000).toEpochMilli()));
          put("ChatConnections", own);

          max.send(
              "{\"action\":\"%s\"%s}"
                  .formatted(
                      frame.getKey(),
                      frame.getValue().isEmpty() ? "" : "," + frame.getValue().replace('\'', '"')));

          until(() -> rows(name).isEmpty(), "nothing is left of " + name);
        }
      }
    }

    /// A connection that was in more than ten rooms is removed by the Prune function.
    private void somebodyLeavesManyRooms() throws Exception {
      String many =
          IntStream.range(0, 11).mapToObj(i -> "room" + i).collect(Collectors.joining(","));
      TestClient.connect(cloud.webSocketUrl(), "?name=Zoe&rooms=" + many).close();
      until(() -> rows("Zoe").isEmpty(), "nothing is left of Zoe");
    }

    private void rolesChange(TestClient ada) {
      request(ada, "error", "members", "'room':'attic','cursor':'none'");
      String plans = request(ada, "created", "createRoom", "'title':'Plans'").path("room").asText();
      try (TestClient ben = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=attic")) {
        String user = ben.user();
        request(ada, "error", "kick", "'room':'attic','user':'%s'".formatted(user));
        String ofBen = "'room':'%s','user':'%s'".formatted(plans, user);
        request(ada, "invited", "invite", ofBen + ",'via':'attic'");
        ben.await(event -> event.path("type").asText().equals("invitation"));
        request(ben, "joined", "join", "'room':'%s'".formatted(plans));
        request(ada, "roleSet", "setRole", ofBen + ",'role':'moderator'");
        request(ada, "kicked", "kick", ofBen);
        ben.await(event -> event.path("type").asText().equals("removed"));
        request(ada, "banned", "ban", ofBen);
        request(ada, "unbanned", "unban", ofBen);
        request(ada, "rooms", "rooms", "'mine':true");
        request(ada, "left", "leave", "'room':'%s'".formatted(plans));
      }
    }

    /// As if they had joined just before they were banned. Kit is seen by the stream, and Kim, who
    /// gets her slot without it, by what the ban has left to the queue.
    private void aBanIsOverlookedTwice() throws Exception {
      ConnectionId kit = new ConnectionId("AAAAAAAAAAAAABM=");
      ConnectionId kim = new ConnectionId("AAAAAAAAAAAAABQ=");
      for (String name : List.of("Kit", "Kim")) {
        put(
            "ChatRoles",
            Map.of(
                "user", s("guest:" + name),
                "room_id", s("den"),
                "banned_until", n(Instant.now().plusSeconds(600).getEpochSecond())));
      }
      put("ChatRooms", Map.of("room_id", s("den"), "salt", s("salt"), "created_at", n(longAgo())));
      membership(kit, "Kit", "den", true);
      until(() -> isRemoved("Kit"), "Kit is taken out of the room");

      membership(kim, "Kim", "den", false);
      membership(kim, "Kim", "den", true);
      SQSMessage errand = new SQSMessage();
      errand.setMessageId("1");
      errand.setBody(
          new Errand.Removed(new RoomId("den"), "guest:Kim", Removal.BANNED, Instant.now())
              .encode());
      SQSEvent errands = new SQSEvent();
      errands.setRecords(List.of(errand));
      Template template = Template.read(TestCloud.TEMPLATE, Map.of());
      new DepartureHandler(unreachable(template, "DepartureFunction"), InstantSource.system())
          .handleRequest(errands, new TestContext("DepartureFunction"));
      assertTrue(isRemoved("Kim"));
    }

    private boolean isRemoved(String sender) {
      return rows(sender).stream().allMatch(row -> s("banned").equals(row.get("removed")));
    }

    /// Three are too many for one hop; one of them is gone, which the Push function finds.
    private void aLargeRoomHears(TestClient ada) throws Exception {
      ConnectionId mia = new ConnectionId("AAAAAAAAAAAAAA8=");
      connected(mia, "Mia");
      try (TestClient ben = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=hall")) {
        request(ada, "joined", "join", "'room':'hall'");
        membership(mia, "Mia", "hall", true);

        request(ada, "sent", "sendMessage", "'room':'hall','message':'Everybody!'");

        ben.awaitMessage("Everybody!");
      }
      assertForgotten(mia, "Mia");
    }

    /// Where the gateway cannot be reached, all three functions leave their pushes to the retries.
    private void pushesFail() {
      Template template = Template.read(TestCloud.TEMPLATE, Map.of());
      ConnectionId ned = new ConnectionId("AAAAAAAAAAAAABA=");
      membership(ned, "Ned", "tower", true);
      StreamRecord said = new StreamRecord();
      said.setSequenceNumber("1");
      said.setKeys(Map.of("room_id", attribute("tower")));
      said.setNewImage(
          Map.of(
              "room_id", attribute("tower"),
              "timestamp",
                  new com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue()
                      .withN("7"),
              "id", attribute("id"),
              "user", attribute("guest:ned"),
              "sender", attribute("Ned"),
              "message", attribute("Help!")));
      DynamodbStreamRecord record = new DynamodbStreamRecord();
      record.setEventName("INSERT");
      record.setDynamodb(said);
      DynamodbEvent messages = new DynamodbEvent();
      messages.setRecords(List.of(record));
      new FanoutHandler(unreachable(template, "FanoutFunction"), InstantSource.system())
          .handleRequest(messages, new TestContext("FanoutFunction"));

      SQSMessage job = new SQSMessage();
      job.setMessageId("1");
      job.setBody("{\"room\":\"tower\",\"from\":0,\"to\":4294967296}\n{}");
      SQSEvent jobs = new SQSEvent();
      jobs.setRecords(List.of(job));
      new PushHandler(unreachable(template, "PushFunction"), InstantSource.system())
          .handleRequest(jobs, new TestContext("PushFunction"));

      jobs.setRecords(List.of(retry("AAAAAAAAAAAAABU=", 0)));
      new PushHandler(unreachable(template, "PushFunction"), InstantSource.system())
          .handleRequest(jobs, new TestContext("PushFunction"));

      jobs.setRecords(List.of(retry("AAAAAAAAAAAAABY=", 1)));
      new PushHandler(unreachable(template, "RetryFunction"), InstantSource.system())
          .handleRequest(jobs, new TestContext("RetryFunction"));
      Map<String, String> reachable = unreachable(template, "RetryFunction");
      reachable.put(
          "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
          "http://127.0.0.1:%d/%s".formatted(cloud.port(), cloud.stage()));
      jobs.setRecords(List.of(retry("AAAAAAAAAAAAABc=", 1)));
      new PushHandler(reachable, InstantSource.system())
          .handleRequest(jobs, new TestContext("RetryFunction"));
    }

    /// A job for somebody who is a member, and was never connected. Each is another one, whom the
    /// cloud's own functions have not found gone: nobody is told of a slot that is added.
    private SQSMessage retry(String connection, int attempt) {
      ConnectionId id = new ConnectionId(connection);
      membership(id, "Nat", "loft", false);
      membership(id, "Nat", "loft", true);
      SQSMessage job = new SQSMessage();
      job.setMessageId("1");
      job.setBody(
          "{\"room\":\"loft\",\"attempt\":%d,\"connections\":[\"%s\"]}\n{}"
              .formatted(attempt, connection));
      return job;
    }

    private Map<String, String> unreachable(Template template, String function) {
      Map<String, String> environment = new HashMap<>();
      environment.putAll(requireNonNull(template.functions().get(function)).environment());
      environment.putAll(cloud.dynamoDb().environment());
      environment.putAll(cloud.sqs().environment());
      environment.put("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://127.0.0.1:1/production");
      return environment;
    }

    private static com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue
        attribute(String text) {
      return new com.amazonaws.services.lambda.runtime.events.models.dynamodb.AttributeValue()
          .withS(text);
    }

    /// Bob's own coming is the first thing that is pushed to Bob.
    private void aPresenceFindsAConnectionGone(TestClient ada) throws Exception {
      ConnectionId bob = new ConnectionId("AAAAAAAAAAAAAA0=");
      connected(bob, "Bob");

      membership(bob, "Bob", "cellar", true);

      ada.awaitPresence("guest:Bob", "out");
      assertForgotten(bob, "Bob");
    }

    /// While Eve has no slot, she is no member and her coming is not told. The slot is a change of
    /// her row, which invokes nobody.
    private void aMessageFindsAConnectionGone(TestClient ada) throws Exception {
      ConnectionId eve = new ConnectionId("AAAAAAAAAAAAAA4=");
      connected(eve, "Eve");
      membership(eve, "Eve", "cellar", false);
      membership(eve, "Eve", "cellar", true);

      request(ada, "sent", "sendMessage", "'room':'cellar','message':'Eve?'");

      ada.awaitPresence("guest:Eve", "out");
      assertForgotten(eve, "Eve");
    }

    /// Fay is no member before Gus has come, and Gus comes back after he was told to have left.
    private void aDepartureFindsAConnectionGone(TestClient ada) throws Exception {
      ConnectionId fay = new ConnectionId("AAAAAAAAAAAAABI=");
      connected(fay, "Fay");
      membership(fay, "Fay", "cellar", false);
      String gus = "?name=Gus&rooms=cellar&guest=q1Zk8-3nXb_0RtYw7LmPaS";
      String user;
      try (TestClient first = TestClient.connect(cloud.webSocketUrl(), gus)) {
        user = first.user();
        ada.awaitPresence(user, "in");
        membership(fay, "Fay", "cellar", true);
      }
      ada.awaitPresence(user, "out");
      try (TestClient again = TestClient.connect(cloud.webSocketUrl(), gus)) {
        until(() -> comings(ada, user) >= 3, "Gus is told once more");
        assertEquals(user, again.user());
      }
      assertForgotten(fay, "Fay");
    }

    private static long comings(TestClient client, String user) {
      return client.received().stream()
          .filter(event -> event.path("user").asText().equals(user))
          .filter(event -> event.path("state").asText().equals("in"))
          .count();
    }

    /// As DynamoDB tells of a row that it has deleted.
    private void aConnectionExpires() {
      StreamRecord deleted = new StreamRecord();
      deleted.setSequenceNumber("1");
      deleted.setOldImage(
          Map.of(
              "connection_id", attribute("AAAAAAAAAAAAABE="), "room_id", attribute("$connection")));
      Identity service = new Identity();
      service.setPrincipalId("dynamodb.amazonaws.com");
      DynamodbStreamRecord record = new DynamodbStreamRecord();
      record.setEventName("REMOVE");
      record.setDynamodb(deleted);
      record.setUserIdentity(service);
      DynamodbEvent expired = new DynamodbEvent();
      expired.setRecords(List.of(record));
      Template template = Template.read(TestCloud.TEMPLATE, Map.of());
      new PresenceHandler(unreachable(template, "PresenceFunction"), InstantSource.system())
          .handleRequest(expired, new TestContext("PresenceFunction"));
    }

    /// All rows of a connection that was opened long ago, save its memberships.
    private void connected(ConnectionId connection, String sender) {
      put(
          "ChatSessions",
          Map.of("connection_id", s(connection.value()), "connected_at", n(longAgo())));
      Map<String, AttributeValue> own = row(connection, sender, "$connection");
      own.put("connected_at", n(longAgo()));
      own.put("rooms", n(1));
      put("ChatConnections", own);
    }

    private void membership(ConnectionId connection, String sender, String room, boolean hasSlot) {
      Map<String, AttributeValue> membership = row(connection, sender, room);
      membership.put("joined_at", n(longAgo()));
      membership.put("allowance", n(0));
      if (hasSlot) {
        membership.put(
            "slot", s(Slot.of("salt", "guest:" + sender, connection, Framing.SINGLE).value()));
      }
      put("ChatConnections", membership);
    }

    private static Map<String, AttributeValue> row(
        ConnectionId connection, String sender, String room) {
      return new HashMap<>(
          Map.of(
              "connection_id", s(connection.value()),
              "room_id", s(room),
              "user", s("guest:" + sender),
              "sender", s(sender),
              "expires_at", n(Instant.now().plusSeconds(600).getEpochSecond())));
    }

    private void put(String table, Map<String, AttributeValue> item) {
      dynamoDb.putItem(put -> put.tableName(table).item(item));
    }

    private static long longAgo() {
      return Instant.now().minusSeconds(60).toEpochMilli();
    }

    private void assertForgotten(ConnectionId connection, String sender) throws Exception {
      until(() -> rows(sender).isEmpty(), "nothing is left of " + sender);
      until(
          () ->
              s("gone")
                  .equals(
                      dynamoDb
                          .getItem(
                              get ->
                                  get.tableName("ChatSessions")
                                      .key(Map.of("connection_id", s(connection.value()))))
                          .item()
                          .get("reason")),
          "the session of " + sender + " is closed");
    }

    private List<Map<String, AttributeValue>> rows(String sender) {
      return dynamoDb.scan(scan -> scan.tableName("ChatConnections")).items().stream()
          .filter(item -> s(sender).equals(item.get("sender")))
          .toList();
    }

    private static void until(BooleanSupplier condition, String what) throws InterruptedException {
      Instant deadline = Instant.now().plus(PATIENCE);
      while (!condition.getAsBoolean()) {
        assertTrue(Instant.now().isBefore(deadline), () -> "in vain: " + what);
        Thread.sleep(20);
      }
    }

    private static AttributeValue s(String text) {
      return AttributeValue.fromS(text);
    }

    private static AttributeValue n(long number) {
      return AttributeValue.fromN(Long.toString(number));
    }
  }
}
