package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.client.Client;
import dev.parley.client.Message;
import dev.parley.client.Outbox;
import dev.parley.client.Waits;
import dev.parley.local.LocalCloud;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Private rooms, kicks and bans, through the front door.
@ResourceLock(Together.CALLS)
class PrivateRoomsTest {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static @Nullable LocalCloud started;

  @BeforeAll
  static void start() throws Exception {
    started = TestCloud.start();
  }

  @AfterAll
  static void stop() {
    cloud().close();
  }

  private static LocalCloud cloud() {
    return requireNonNull(started);
  }

  // ---- Strangers ------------------------------------------------------------------------------

  /// By the answer, and by what is asked of the tables: the calls, their order and their number are
  /// the same.
  @Test
  void aStrangerCannotTellAPrivateRoomFromOneThatIsNotThere() {
    try (TestClient ada = connect("Ada", "hall");
        TestClient mallory = connect("Mallory", "hall")) {
      String there = create(ada);
      ok(ada, "joined", "join", room(there));
      String direct =
          ok(ada, "created", "createRoom", "'user':'guest:somebody'").path("room").asText();
      spendSome(mallory);
      Map<String, String> absent =
          Map.of(
              there, RoomId.newPrivate().name(),
              direct, RoomId.direct("guest:nobody", "guest:anybody").name());
      String user = ",'user':'guest:x'";
      Map<String, String> frames =
          Map.ofEntries(
              Map.entry("join", ""),
              Map.entry("quit", ""),
              Map.entry("history", ""),
              Map.entry("members", ""),
              Map.entry("sendMessage", ",'message':'hello'"),
              Map.entry("invite", user),
              Map.entry("leave", ""),
              Map.entry("kick", user),
              Map.entry("ban", user),
              Map.entry("unban", user),
              Map.entry("setRole", user + ",'role':'owner'"));
      for (String name : absent.keySet()) {
        frames.forEach(
            (action, more) -> {
              Heard ofPrivate = hear(mallory, action, room(name) + more);
              Heard ofAbsent = hear(mallory, action, room(requireNonNull(absent.get(name))) + more);

              assertEquals("no_such_room", ofPrivate.reply().path("code").asText(), action);
              assertEquals(ofAbsent, ofPrivate, action);
              assertFalse(ofPrivate.calls().isEmpty(), action);
            });
        Heard ofPrivate = hear(mallory, "ping", "'rooms':['" + name + "']");
        Heard ofAbsent = hear(mallory, "ping", "'rooms':['" + absent.get(name) + "']");
        assertTrue(ofPrivate.reply().path("rooms").path(name).isNull());
        assertFalse(ofPrivate.reply().has("removed"));
        assertEquals(ofAbsent.calls(), ofPrivate.calls());
      }
    }
  }

  @Test
  void anAddressPassesOverRoomsThatTheUserMayNotBeInAfterTheSameReads() {
    try (TestClient ada = connect("Ada", "hall")) {
      String there = create(ada);

      List<List<String>> calls = new ArrayList<>();
      for (String name : List.of(there, RoomId.newPrivate().name())) {
        CallRecorder.start(RawTemplate.read().apiId(), cloud().stage());
        try (TestClient mallory = connect("Mallory", "hall," + name)) {
          calls.add(CallRecorder.sequence("ConnectFunction"::equals));
          CallRecorder.stop();
          ok(mallory, "history", "history", room("hall"));
          refused(mallory, "no_such_room", "history", room(name));
        }
      }

      assertEquals(calls.getLast(), calls.getFirst());
      assertFalse(calls.getFirst().isEmpty());
    }
    String own = "?name=Ada&guest=q1Zk8-3nXb_0RtYw7LmPaS&rooms=hall";
    try (TestClient owner = TestClient.connect(cloud().webSocketUrl(), own)) {
      String mine = create(owner);
      try (TestClient again = TestClient.connect(cloud().webSocketUrl(), own + "," + mine)) {
        ok(again, "history", "history", room(mine));
      }
    }
  }

  @Test
  void noListOfRoomsShowsAPrivateOne() {
    try (TestClient ada = connect("Ada", "hall")) {
      String there = create(ada);
      ok(ada, "joined", "join", room(there));
      ok(ada, "sent", "sendMessage", room(there) + ",'message':'secret'");
      StringBuilder all = new StringBuilder();
      JsonNode page = ok(ada, "rooms", "rooms", "");
      while (true) {
        all.append(page.path("rooms"));
        if (page.path("cursor").isNull()) {
          break;
        }
        page = ok(ada, "rooms", "rooms", "'cursor':'" + page.path("cursor").asText() + "'");
      }

      assertTrue(all.toString().contains("\"hall\""));
      assertFalse(Pattern.compile("\"[pd]\\.").matcher(all).find(), all.toString());
      refused(ada, "invalid_cursor", "rooms", "'cursor':'" + there + "'");
    }
  }

  // ---- Invitations ----------------------------------------------------------------------------

  @Test
  void whoIsInvitedIsToldOverACommonRoomAndMayJoinAndStaysInTheListOfOwnRooms() {
    try (TestClient ada = connect("Ada", "hall");
        TestClient ben = connect("Ben", "hall");
        TestClient elsewhere = connect("Cid", "attic")) {
      String plans = create(ada);
      ok(ada, "invited", "invite", of(plans, ben) + ",'via':'hall'");
      ok(ada, "invited", "invite", of(plans, elsewhere) + ",'via':'hall'");

      JsonNode told = ben.await(event -> event.path("type").asText().equals("invitation"));
      assertEquals(plans, told.path("room").asText());
      assertEquals(ada.user(), told.path("user").asText());
      for (TestClient invited : List.of(ben, elsewhere)) {
        JsonNode mine = ok(invited, "rooms", "rooms", "'mine':true");
        assertEquals(plans, mine.path("rooms").path(0).path("room").asText());
        ok(invited, "joined", "join", room(plans));
      }
      assertTrue(
          elsewhere.received().stream()
              .noneMatch(event -> event.path("type").asText().equals("invitation")));
      ok(ada, "joined", "join", room(plans));
      ok(ada, "sent", "sendMessage", room(plans) + ",'message':'only us'");
      elsewhere.awaitMessage("only us");
      ben.awaitMessage("only us");
    }
  }

  // ---- Kicks and bans -------------------------------------------------------------------------

  @Test
  void whoIsKickedOrBannedInTheMiddleOfAChatHearsNoMoreOfIt() throws Exception {
    for (String action : List.of("kick", "ban")) {
      try (TestClient ada = connect("Ada", "hall");
          TestClient ben = connect("Ben", "hall");
          TestClient cid = connect("Cid", "hall")) {
        String plans = create(ada);
        ok(ada, "joined", "join", room(plans));
        for (TestClient member : List.of(ben, cid)) {
          ok(ada, "invited", "invite", of(plans, member));
          ok(member, "joined", "join", room(plans));
        }
        ok(ada, "sent", "sendMessage", room(plans) + ",'message':'before'");
        ben.awaitMessage("before");

        ok(ada, action.equals("kick") ? "kicked" : "banned", action, of(plans, ben));
        for (int i = 0; i < 20; i++) {
          ok(ada, "sent", "sendMessage", room(plans) + ",'message':'after " + i + "'");
        }
        cid.awaitMessage("after 19");
        ben.await(event -> event.path("type").asText().equals("removed"));

        refused(ben, "removed", "sendMessage", room(plans) + ",'message':'me too'");
        refused(ben, action.equals("kick") ? "no_such_room" : "banned", "join", room(plans));
        assertEquals(
            List.of(),
            ben.received().stream()
                .map(event -> event.path("message").asText())
                .filter(text -> text.startsWith("after"))
                .toList());
        ada.awaitPresence(ben.user(), "out");
      }
    }
  }

  @Test
  void whoIsUnbannedMayComeBack() {
    try (TestClient admin = connect("Judge", "hall");
        TestClient mallory = connect("Mallory", "square")) {
      TestCloud.makeAdmin(cloud(), "Judge");
      ok(admin, "banned", "ban", of("square", mallory));
      mallory.await(event -> event.path("reason").asText().equals("banned"));
      refused(mallory, "banned", "join", room("square"));
      ok(admin, "unbanned", "unban", of("square", mallory));
      ok(mallory, "joined", "join", room("square"));
      ok(mallory, "sent", "sendMessage", room("square") + ",'message':'sorry'");
    }
  }

  /// However they meet: once the ban is answered and all that it set going is done, the user is in
  /// the room by no connection.
  @Test
  void bansAndJoinsThatMeetLeaveNobodyInTheRoom() throws Exception {
    Random random = new Random(14);
    try (TestClient admin = connect("Warden", "hall")) {
      TestCloud.makeAdmin(cloud(), "Warden");
      for (int round = 0; round < 8; round++) {
        String room = "meet-" + round;
        String guest = "?name=Mallory&guest=q1Zk8-3nXb_0RtYw7LmPa" + round + "&rooms=hall";
        List<TestClient> tabs = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          tabs.add(TestClient.connect(cloud().webSocketUrl(), guest));
        }
        String user = tabs.getFirst().user();
        tabs.forEach(tab -> tab.send("{\"action\":\"join\",\"room\":\"" + room + "\"}"));
        Thread.sleep(random.nextInt(30));
        ok(admin, "banned", "ban", "'room':'%s','user':'%s'".formatted(room, user));
        TestClient late = TestClient.connect(cloud().webSocketUrl(), guest + "," + room);
        tabs.add(late);

        until(() -> members(room, user) == 0, "nobody is left in " + room);
        refused(late, "banned", "join", room(room));
        ok(admin, "joined", "join", room(room));
        ok(admin, "sent", "sendMessage", room(room) + ",'message':'alone'");
        admin.await(event -> event.path("room").asText().equals(room) && event.has("message"));
        for (TestClient tab : tabs) {
          refused(tab, null, "sendMessage", room(room) + ",'message':'still here'");
          assertTrue(
              tab.received().stream()
                  .noneMatch(event -> event.path("message").asText().equals("alone")));
          tab.close();
        }
      }
    }
  }

  // ---- Clients --------------------------------------------------------------------------------

  @Test
  void aClientThatWasTakenOutDoesNotComeBackAndAnotherThatIsInvitedAgainDoes() throws Exception {
    try (Client ada = client("Ada", "q1Zk8-3nXb_0RtYw7LmPaA");
        Client ben = client("Ben", "q1Zk8-3nXb_0RtYw7LmPaB")) {
      ada.join("den");
      ben.join("den");
      until(() -> ada.shown().containsKey("den") && ben.shown().containsKey("den"), "joined");
      String user;
      try (TestClient look =
          TestClient.connect(cloud().webSocketUrl(), "?guest=q1Zk8-3nXb_0RtYw7LmPaB&rooms=attic")) {
        user = look.user();
      }
      String plans = ada.createRoom("Plans");
      ada.join(plans);
      ada.invite(plans, user, "den");
      until(() -> ben.invitations().contains(plans), "told of the invitation");
      ben.join(plans);
      until(() -> ben.shown().containsKey(plans), "Ben is in");

      ada.kick(plans, user);

      until(() -> ben.removed().equals(Map.of(plans, "kicked")), "told of the kick");
      assertEquals(Map.of(), ben.mine());
      ada.send(plans, "without Ben");
      until(() -> !texts(ada, plans).isEmpty(), "said");
      assertEquals(Set.of("den"), ben.shown().keySet());
      ada.invite(plans, user, null);
      ben.join(plans);
      until(() -> ben.shown().containsKey(plans), "Ben is in again");
      ada.setRole(plans, user, "owner");
      assertEquals(Map.of(plans, "owner"), ben.mine());
      ada.leave(plans);
      assertEquals(Set.of("den"), ada.shown().keySet());
    }
  }

  // ---------------------------------------------------------------------------------------------

  /// What a client is answered, and which calls the functions make that answer frames, in order.
  /// `$disconnect` may tell of other clients still, which are gone.
  private record Heard(JsonNode reply, List<String> calls) {}

  private static Heard hear(TestClient client, String action, String fields) {
    CallRecorder.start(RawTemplate.read().apiId(), cloud().stage());
    try {
      JsonNode reply = client.request(action, fields.replace('\'', '"'));
      ((ObjectNode) reply).remove("ref");
      return new Heard(
          reply,
          CallRecorder.sequence(
              function ->
                  RawTemplate.read().routes().stream()
                      .filter(route -> !route.key().equals("$disconnect"))
                      .anyMatch(route -> route.function().equals(function))));
    } finally {
      CallRecorder.stop();
    }
  }

  /// From now on each charge takes two calls, as it does in a burst: their number tells of the
  /// client's own allowance only. What is left is enough for all frames, however fast they are.
  private static void spendSome(TestClient client) {
    String connection = client.request("dance", "").path("connectionId").asText();
    cloud()
        .dynamoDb()
        .client()
        .updateItem(
            update ->
                update
                    .tableName("ChatConnections")
                    .key(
                        Map.of("connection_id", Row.s(connection), "room_id", Row.s("$connection")))
                    .updateExpression("SET allowance = :spent")
                    .expressionAttributeValues(
                        Map.of(":spent", Row.n(System.currentTimeMillis() + 30_000))));
  }

  /// How many connections of a user are in a room.
  private static long members(String room, String user) {
    return cloud()
        .dynamoDb()
        .client()
        .scanPaginator(scan -> scan.tableName("ChatConnections").consistentRead(true))
        .items()
        .stream()
        .filter(row -> Row.s(room).equals(row.get("room_id")))
        .filter(row -> Row.s(user).equals(row.get("user")))
        .filter(row -> row.containsKey("slot"))
        .count();
  }

  private static void until(BooleanSupplier condition, String what) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < deadline, "in vain: " + what);
      Thread.sleep(20);
    }
  }

  private static TestClient connect(String name, String rooms) {
    return TestClient.connect(cloud().webSocketUrl(), "?name=" + name + "&rooms=" + rooms);
  }

  private static Client client(String name, String secret) {
    return new Client(cloud().webSocketUrl(), name, secret, Waits.DEFAULT, new Outbox());
  }

  private static List<String> texts(Client client, String room) {
    return requireNonNull(client.shown().get(room)).messages().stream().map(Message::text).toList();
  }

  private static String create(TestClient by) {
    return ok(by, "created", "createRoom", "").path("room").asText();
  }

  private static String room(String room) {
    return "'room':'" + room + "'";
  }

  private static String of(String room, TestClient whom) {
    return room(room) + ",'user':'" + whom.user() + "'";
  }

  private static JsonNode ok(TestClient client, String type, String action, String fields) {
    JsonNode reply = client.request(action, fields.replace('\'', '"'));
    assertEquals(type, reply.path("type").asText(), () -> action + ": " + reply);
    return reply;
  }

  private static void refused(
      TestClient client, @Nullable String code, String action, String fields) {
    JsonNode reply = client.request(action, fields.replace('\'', '"'));
    assertEquals("error", reply.path("type").asText(), () -> action + ": " + reply);
    if (code != null) {
      assertEquals(code, reply.path("code").asText(), () -> action + ": " + reply);
    }
  }
}
