package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.Removal;
import dev.parley.role.Errand;
import dev.parley.role.Removals;
import dev.parley.role.Role;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class RoleHandlerTest {
  private static final Map<String, String> ENVIRONMENT =
      TestTables.environment("RoleFunction", TestSqs.environment());

  private final JoinHandler join = new JoinHandler(ENVIRONMENT, InstantSource.system());
  private final RoomsHandler rooms = new RoomsHandler(ENVIRONMENT, InstantSource.system());
  private final PingHandler ping = new PingHandler(ENVIRONMENT, InstantSource.system());
  private final SendMessageHandler send =
      new SendMessageHandler(ENVIRONMENT, InstantSource.system());
  private final Roles roles = new Roles(TestTables.dynamoDb(), TestTables.settings());
  private final Removals removals = new Removals(TestTables.dynamoDb(), TestTables.settings());

  private final TestConnection ada = TestConnection.of(fresh("ada"));
  private final TestConnection bob = TestConnection.of(fresh("bob"));
  private final TestConnection eve = TestConnection.of(fresh("eve"));

  // ---- Rooms ----------------------------------------------------------------------------------

  @Test
  void aRoomIsCreatedForItsOwnerAlone() {
    JsonNode created = ada.role("{\"action\":\"createRoom\",\"title\":\" Plans \",\"ref\":1}");

    String room = created.path("room").asText();
    assertEquals("created", created.path("type").asText());
    assertEquals("Plans", created.path("title").asText());
    assertEquals(1, created.path("ref").asInt());
    assertTrue(room.matches("p\\.[A-Za-z0-9_-]{22}"), room);
    assertEquals(Set.of(), ada.rooms(room), "to create it is not to join it");
    assertEquals(
        "[{\"room\":\"%s\",\"head\":null,\"title\":\"Plans\",\"role\":\"owner\"}]".formatted(room),
        mine(ada).toString());
    assertEquals("[]", mine(bob).toString());
    JsonNode joined = ada.send(join, room(room));
    assertEquals("Plans", joined.path("title").asText(), joined.toString());
    assertEquals("no_such_room", bob.refusal(join, room(room)));
  }

  @Test
  void aTitleIsOptionalAndHasToShowSomething() {
    assertTrue(ada.role("{\"action\":\"createRoom\"}").path("title").isNull());
    assertEquals("invalid_title", code(ada.role("{\"action\":\"createRoom\",\"title\":\"\"}")));
    assertEquals(1, mine(ada).size());
  }

  @Test
  void aUserHasSoManyRoomsAndOthersFillHalfOfThem() {
    String room = create(ada);
    count(bob, Limits.INVITATIONS_PER_USER_MAX - 1);
    count(eve, Limits.INVITATIONS_PER_USER_MAX);

    assertEquals("invited", type(ada.role(to("invite", room, bob))));
    assertEquals("too_many_private_rooms", code(ada.role(to("invite", room, eve))));

    assertEquals("created", type(eve.role("{\"action\":\"createRoom\"}")));
    count(eve, Limits.ROOMS_PER_USER_MAX);
    assertEquals("too_many_private_rooms", code(eve.role("{\"action\":\"createRoom\"}")));
    assertEquals(1, mine(eve).size());
  }

  @Test
  void aRoomHasSoManyRolesAndBans() {
    String room = create(ada);
    edit("ChatRooms", Map.of("room_id", Row.s(room)), "roles", Limits.ROLES_PER_ROOM_MAX - 1);

    assertEquals("invited", type(ada.role(to("invite", room, bob))));
    assertEquals("room_full", code(ada.role(to("invite", room, eve))));
    assertEquals("room_full", code(ada.role(to("ban", room, eve))));
    assertEquals("banned", type(ada.role(to("ban", room, bob))), "a ban in place of a role");
    assertEquals("kicked", type(ada.role(to("kick", room, eve))), "who has no role loses none");
  }

  @Test
  void aRoomWhoseRowIsGoneCanBeLeftAndNothingElse() {
    String room = create(ada);
    ada.role(to("invite", room, bob));
    TestTables.dynamoDb()
        .deleteItem(delete -> delete.tableName("ChatRooms").key(Map.of("room_id", Row.s(room))));

    assertEquals("no_such_room", bob.refusal(join, room(room)));
    assertEquals("no_such_room", code(ada.role(to("invite", room, eve))));
    assertEquals("[]", mine(bob).toString());
    assertEquals("left", type(bob.role(to("leave", room, eve))));
    assertEquals("left", type(ada.role(to("leave", room, eve))));
    assertEquals(List.of(), roles.in(new RoomId(room)));
  }

  @Test
  void aDirectRoomIsOfBothWhoeverAsks() {
    JsonNode created = ada.role("{\"action\":\"createRoom\",\"user\":\"" + bob.user() + "\"}");
    JsonNode again = bob.role("{\"action\":\"createRoom\",\"user\":\"" + ada.user() + "\"}");

    String room = created.path("room").asText();
    assertTrue(room.matches("d\\.[0-9a-f]{32}"), room);
    assertEquals(room, again.path("room").asText());
    assertEquals(bob.user(), created.path("user").asText());
    assertEquals(ada.user(), mine(bob).path(0).path("user").asText());
    assertEquals("joined", type(ada.send(join, room(room))));
    assertEquals("joined", type(bob.send(join, room(room))));
    assertEquals("no_such_room", eve.refusal(join, room(room)));
    assertEquals(
        "invalid_user",
        code(ada.role("{\"action\":\"createRoom\",\"user\":\"" + ada.user() + "\"}")));
    assertEquals(
        "invalid_title",
        code(
            ada.role(
                "{\"action\":\"createRoom\",\"title\":\"x\",\"user\":\"" + bob.user() + "\"}")));
  }

  @Test
  void whoLeftADirectRoomIsInItAgainWhenTheOtherAsksUnlessTheOtherIsBanned() {
    String frame = "{\"action\":\"createRoom\",\"user\":\"" + bob.user() + "\"}";
    String room = ada.role(frame).path("room").asText();

    assertEquals("left", type(bob.role(to("leave", room, ada))));
    assertEquals("no_such_room", bob.refusal(join, room(room)));
    assertEquals("created", type(ada.role(frame)));
    assertEquals("joined", type(bob.send(join, room(room))));

    assertEquals("banned", type(bob.role(to("ban", room, ada))));
    assertEquals("banned", ada.refusal(join, room(room)));
    assertEquals("banned", code(ada.role(frame)));
    assertEquals("banned", code(ada.role(to("unban", room, bob))));
    String back = "{\"action\":\"createRoom\",\"user\":\"" + ada.user() + "\"}";
    assertEquals("banned", code(bob.role(back)), "who has banned has to unban first");
    assertEquals("unbanned", type(bob.role(to("unban", room, ada))));
    assertEquals("created", type(bob.role(back)));
    assertEquals("joined", type(ada.send(join, room(room))));
    assertEquals("no_such_member", code(bob.role(to("ban", room, eve))));
  }

  // ---- Invitations ----------------------------------------------------------------------------

  /// Nobody else could, and no direct room of the two could be made again.
  @Test
  void whoLeftADirectRoomLiftsTheBanOfTheOtherAndNobodyElseDoes() {
    String frame = "{\"action\":\"createRoom\",\"user\":\"" + bob.user() + "\"}";
    String room = ada.role(frame).path("room").asText();
    ada.role(to("ban", room, bob));
    assertEquals("left", type(ada.role(to("leave", room, bob))));
    assertEquals("banned", code(ada.role(frame)));

    assertEquals("no_such_room", code(eve.role(to("unban", room, bob))));
    assertEquals("banned", code(bob.role(to("unban", room, ada))));
    assertEquals("unbanned", type(ada.role(to("unban", room, bob))));

    assertEquals("created", type(ada.role(frame)));
    assertEquals("joined", type(bob.send(join, room(room))));
    assertEquals("joined", type(ada.send(join, room(room))));
  }

  @Test
  void whoIsInvitedMayJoinAndAnInvitationIsGivenOnce() {
    String room = create(ada);

    assertEquals("no_such_room", bob.refusal(join, room(room)));
    assertEquals("invited", type(ada.role(to("invite", room, bob))));
    assertEquals("invited", type(ada.role(to("invite", room, bob))));

    assertEquals("joined", type(bob.send(join, room(room))));
    assertEquals("member", mine(bob).path(0).path("role").asText());
    assertCounted(room, ada, bob);
    assertEquals("not_allowed", code(bob.role(to("invite", room, eve))));
    ada.role(set(room, bob, "moderator"));
    assertEquals("invited", type(bob.role(to("invite", room, eve))));
  }

  @Test
  void anInvitationIsToldOverTheRoomThatBothAreIn() {
    String via = fresh("lobby");
    TestConnection host = TestConnection.open(ada.user(), "Ada L.", via);
    String room = create(host);

    String frame =
        "{\"action\":\"invite\",\"room\":\"%s\",\"user\":\"%s\",\"via\":\"%s\"}"
            .formatted(room, bob.user(), via);
    assertEquals("invited", type(host.role(frame)));

    Errand.Invited told = (Errand.Invited) errand(via);
    assertEquals(bob.user(), told.user());
    assertEquals(room, told.to().name());
    assertEquals("Ada L.", told.by().sender());
    assertEquals("not_a_member", code(ada.role(frame)), "this connection is not in that room");
    String elsewhere = RoomId.newPrivate().name();
    assertEquals("no_such_room", code(host.role(frame.replace(via, elsewhere))));
  }

  // ---- Kicks and bans -------------------------------------------------------------------------

  @Test
  void aKickTakesTheRoleAndAllConnectionsAndAnInvitationGivesThemBack() {
    String room = create(ada);
    ada.role(to("invite", room, bob));
    TestConnection other = TestConnection.open(bob.user(), "Bob", room);
    bob.send(join, room(room));
    ada.send(join, room(room));

    assertEquals("kicked", type(ada.role(to("kick", room, bob))));

    for (TestConnection removed : List.of(bob, other)) {
      assertEquals(Set.of(), removed.rooms(room));
      assertEquals("kicked", pong(removed, room).path("removed").path(room).asText());
      JsonNode refused = removed.send(send, message(room));
      assertEquals("removed", refused.path("code").asText());
      assertEquals("kicked", refused.path("reason").asText());
      assertEquals("no_such_room", removed.refusal(join, room(room)));
    }
    assertEquals(Set.of(room), ada.rooms(room));
    assertFalse(pong(ada, room).has("removed"));
    assertCounted(room, ada);
    ada.role(to("invite", room, bob));
    assertEquals("joined", type(bob.send(join, room(room))));
    assertFalse(pong(bob, room).has("removed"));
    assertEquals("sent", type(bob.send(send, message(room))));
  }

  @Test
  void anAdminKicksFromAPublicRoomAndWhoIsKickedMayComeBack() {
    String room = fresh("room");
    TestConnection mallory = TestConnection.open(fresh("mallory"), "Mallory", room);
    ada.asAdmin();

    assertEquals("not_allowed", code(bob.role(to("kick", room, mallory))));
    assertEquals("kicked", type(ada.role(to("kick", room, mallory))));

    assertEquals(Set.of(), mallory.rooms(room));
    assertEquals("joined", type(mallory.send(join, room(room))));
    assertEquals(Set.of(room), mallory.rooms(room));
  }

  /// What the queue carries is done a while later, when the user may have come back.
  @Test
  void whoHasComeBackSinceIsNotTakenForSomebodyWhoWasOverlooked() {
    String room = fresh("room");
    TestConnection mallory = TestConnection.open(fresh("mallory"), "Mallory", room);
    ada.asAdmin().role(to("kick", room, mallory));
    Errand.Removed kick = (Errand.Removed) errand(room);
    mallory.send(join, room(room));

    removals.again(kick, Instant.now());
    assertEquals(Set.of(room), mallory.rooms(room));

    ada.role(to("ban", room, mallory));
    assertEquals(Removal.BANNED, ((Errand.Removed) errand(room)).why());
  }

  @Test
  void aBanHoldsUntilItEndsOrIsLifted() {
    String room = fresh("room");
    TestConnection mallory = TestConnection.open(fresh("mallory"), "Mallory", room);
    ada.asAdmin();

    assertEquals(
        "banned",
        type(
            ada.role(
                "{\"action\":\"ban\",\"room\":\"%s\",\"user\":\"%s\",\"seconds\":3600}"
                    .formatted(room, mallory.user()))));

    assertEquals("banned", mallory.refusal(join, room(room)));
    TestConnection again = TestConnection.open(mallory.user(), "Mallory", room);
    assertEquals(Set.of(), again.rooms(room), "an address that names the room is passed over");
    JoinHandler later =
        new JoinHandler(ENVIRONMENT, () -> Instant.now().plus(Duration.ofSeconds(3_601)));
    assertEquals("joined", type(mallory.send(later, room(room))));
  }

  @Test
  void whoIsUnbannedMayJoin() {
    String room = fresh("room");
    TestConnection mallory = TestConnection.open(fresh("mallory"), "Mallory", room);
    ada.asAdmin().role(to("ban", room, mallory));
    assertEquals("banned", mallory.refusal(join, room(room)));

    assertEquals("unbanned", type(ada.role(to("unban", room, mallory))));
    assertEquals("unbanned", type(ada.role(to("unban", room, mallory))));

    assertEquals("joined", type(mallory.send(join, room(room))));
  }

  @Test
  void whoWasBannedFromAPrivateRoomNeedsAnInvitationAfterwards() {
    String room = create(ada);
    ada.role(to("invite", room, bob));
    ada.role(to("ban", room, bob));

    assertEquals("banned", bob.refusal(join, room(room)));
    assertEquals("[]", mine(bob).toString());
    assertEquals("banned", code(ada.role(to("invite", room, bob))));
    assertCounted(room, ada);
    ada.role(to("unban", room, bob));
    assertEquals("no_such_room", bob.refusal(join, room(room)));
    ada.role(to("invite", room, bob));
    assertEquals("joined", type(bob.send(join, room(room))));
  }

  @Test
  void nobodyTakesTheRightsOfSomebodyWhoIsNotBelow() {
    String room = create(ada);
    for (TestConnection moderator : List.of(bob, eve)) {
      ada.role(to("invite", room, moderator));
      ada.role(set(room, moderator, "moderator"));
    }

    for (String action : List.of("kick", "ban")) {
      assertEquals("not_allowed", code(bob.role(to(action, room, ada))));
      assertEquals("not_allowed", code(bob.role(to(action, room, eve))));
    }
    assertEquals("not_allowed", code(bob.role(set(room, eve, "member"))));
    assertEquals(3, roles.in(new RoomId(room)).size());
    assertEquals("kicked", type(ada.role(to("kick", room, eve))));
  }

  // ---- Owners ---------------------------------------------------------------------------------

  @Test
  void aRoomHasOneOwnerWhoMayHandItOver() {
    String room = create(ada);
    assertEquals("no_such_member", code(ada.role(set(room, bob, "moderator"))));
    ada.role(to("invite", room, bob));

    assertEquals("roleSet", type(ada.role(set(room, bob, "owner"))));

    assertEquals(Role.OWNER, roles.get(bob.user(), new RoomId(room)).role());
    assertEquals(Role.MODERATOR, roles.get(ada.user(), new RoomId(room)).role());
    assertEquals("not_allowed", code(ada.role(set(room, bob, "member"))));
    assertCounted(room, ada, bob);
  }

  @Test
  void anOwnerWhoLeavesIsSucceededByTheLongestModeratorOrMember() {
    String room = create(ada);
    ada.role(to("invite", room, eve));
    ada.role(to("invite", room, bob));
    TestConnection dan = TestConnection.of(fresh("dan"));
    ada.role(to("invite", room, dan));
    ada.role(set(room, dan, "moderator"));
    ada.send(join, room(room));

    assertEquals("left", type(ada.role(to("leave", room, eve))));
    assertEquals(Role.OWNER, roles.get(dan.user(), new RoomId(room)).role());
    assertEquals(Set.of(), ada.rooms(room));
    assertEquals("left", pong(ada, room).path("removed").path(room).asText());
    dan.role(to("leave", room, eve));
    assertEquals(Role.OWNER, roles.get(eve.user(), new RoomId(room)).role());
    bob.role(to("leave", room, eve));
    eve.role(to("leave", room, bob));
    assertEquals(List.of(), roles.in(new RoomId(room)));
    assertCounted(room);
    assertEquals("no_such_room", code(eve.role(to("leave", room, bob))));
  }

  // ---- All at once ----------------------------------------------------------------------------

  /// Whatever meets whatever: there is one owner while anybody is there, and all is counted.
  /// Else it could not be repeated, and the memberships would stay.
  @Test
  void aLeaveThatTheQueueDoesNotTakeChangesNothing() {
    String room = create(ada);
    ada.send(join, room(room));
    Map<String, String> failing = new HashMap<>(ENVIRONMENT);
    failing.put("AWS_ENDPOINT_URL_SQS", "http://127.0.0.1:1");
    RoleHandler handler = new RoleHandler(failing, InstantSource.system());
    APIGatewayV2WebSocketEvent event = ada.event(to("leave", room, eve));
    event.getRequestContext().setRouteKey("leave");

    assertThrows(SdkException.class, () -> handler.handleRequest(event, new TestContext()));

    assertEquals(Role.OWNER, roles.get(ada.user(), new RoomId(room)).role());
    assertEquals(Set.of(room), ada.rooms(room));
    assertEquals("left", type(ada.role(to("leave", room, eve))));
    assertEquals(Set.of(), ada.rooms(room));
    assertEquals("no_such_room", code(ada.role(to("leave", room, eve))));
  }

  @Test
  void theErrandOfALeaveThatFailedRemovesNobody() {
    String room = create(ada);
    ada.send(join, room(room));
    Instant now = Instant.now();
    Errand.Removed errand =
        new Errand.Removed(
            new RoomId(room), ada.user(), Removal.LEFT, now.plus(Limits.CLOCK_SKEW_MAX));

    assertEquals(0, removals.again(errand, now));

    assertEquals(Set.of(room), ada.rooms(room));
  }

  @Test
  void concurrentChangesLeaveOneOwnerAndRightCounts() throws Exception {
    long seed = 14;
    List<TestConnection> people =
        IntStream.range(0, 5).mapToObj(i -> TestConnection.of(fresh("p" + i))).toList();
    String room = create(people.getFirst());
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<Void>> all = new ArrayList<>();
      for (int thread = 0; thread < 4; thread++) {
        Random random = new Random(seed + thread);
        all.add(
            CompletableFuture.runAsync(
                () -> {
                  for (int i = 0; i < 40; i++) {
                    TestConnection one = people.get(random.nextInt(people.size()));
                    TestConnection other = people.get(random.nextInt(people.size()));
                    String action =
                        List.of(
                                "invite", "invite", "invite", "kick", "ban", "unban", "leave",
                                "set")
                            .get(random.nextInt(8));
                    String role = List.of("owner", "moderator").get(random.nextInt(2));
                    one.role(
                        action.equals("set") ? set(room, other, role) : to(action, room, other));
                  }
                },
                executor));
      }
      all.forEach(CompletableFuture::join);
    }

    List<Standing> standings = roles.in(new RoomId(room));
    long owners = standings.stream().filter(s -> s.role() == Role.OWNER).count();
    long members = standings.stream().filter(s -> s.role() != null).count();
    assertEquals(members == 0 ? 0 : 1, owners, "seed " + seed);
    assertCounted(room, people.toArray(TestConnection[]::new));
  }

  /// However a ban and a join meet: once both are answered, and what the ban left to the queue is
  /// done, the user is not in the room.
  @Test
  void aBanAndAJoinThatMeetLeaveNobodyInTheRoom() throws Exception {
    TestConnection admin = TestConnection.of(fresh("admin")).asAdmin();
    try (ExecutorService executor = Executors.newFixedThreadPool(4)) {
      for (int i = 0; i < 25; i++) {
        String room = fresh("room");
        TestConnection first = TestConnection.of(fresh("mallory"));
        TestConnection second = TestConnection.of(first.user());
        CompletableFuture<JsonNode> joining =
            CompletableFuture.supplyAsync(() -> first.send(join, room(room)), executor);
        CompletableFuture<Integer> connecting =
            CompletableFuture.supplyAsync(
                () -> {
                  TestConnection named = TestConnection.open(first.user(), "M", room);
                  return named.rooms(room).size();
                },
                executor);
        Thread.sleep(i % 5);
        assertEquals("banned", type(admin.role(to("ban", room, first))));
        String answer = joining.join().toString();
        connecting.join();

        removals.again(
            new Errand.Removed(new RoomId(room), first.user(), Removal.BANNED, Instant.now()),
            Instant.now());

        assertEquals(Set.of(), first.rooms(room), answer);
        assertEquals("banned", second.refusal(join, room(room)));
      }
    }
  }

  // ---------------------------------------------------------------------------------------------

  private static String create(TestConnection by) {
    return by.role("{\"action\":\"createRoom\"}").path("room").asText();
  }

  private JsonNode mine(TestConnection of) {
    return of.send(rooms, "{\"mine\":true}").path("rooms");
  }

  private JsonNode pong(TestConnection of, String room) {
    return of.send(ping, "{\"rooms\":[\"" + room + "\"]}");
  }

  private static String room(String room) {
    return "{\"room\":\"" + room + "\"}";
  }

  private static String message(String room) {
    return "{\"room\":\"" + room + "\",\"message\":\"hello\"}";
  }

  private static String to(String action, String room, TestConnection whom) {
    return "{\"action\":\"%s\",\"room\":\"%s\",\"user\":\"%s\"}"
        .formatted(action, room, whom.user());
  }

  private static String set(String room, TestConnection whom, String role) {
    return "{\"action\":\"setRole\",\"room\":\"%s\",\"user\":\"%s\",\"role\":\"%s\"}"
        .formatted(room, whom.user(), role);
  }

  private static String type(JsonNode reply) {
    assertNotEquals("error", reply.path("type").asText(), reply.toString());
    return reply.path("type").asText();
  }

  private static String code(JsonNode reply) {
    assertEquals("error", reply.path("type").asText(), reply.toString());
    return reply.path("code").asText();
  }

  /// What was left to the queue for a room.
  private static Errand errand(String room) {
    return TestSqs.take(
            TestTables.settings().required("DEPARTURES_QUEUE_URL"),
            message -> message.body().contains(room),
            1)
        .stream()
        .map(message -> Errand.decode(message.body()).orElseThrow())
        .findFirst()
        .orElseThrow();
  }

  /// The room counts its rows, and each user the private rooms of the test's.
  private void assertCounted(String room, TestConnection... users) {
    RoomId id = new RoomId(room);
    assertEquals(
        roles.in(id).size(),
        new Row(row("ChatRooms", Map.of("room_id", Row.s(room)))).number("roles"));
    for (TestConnection user : users) {
      AttributeValue count = row("ChatRoles", counter(user)).get("rooms");
      assertEquals(
          roles.of(user.user(), null).standings().size(),
          count == null ? 0 : Integer.parseInt(count.n()),
          user.user());
    }
  }

  private static void count(TestConnection user, int rooms) {
    edit("ChatRoles", counter(user), "rooms", rooms);
  }

  private static Map<String, AttributeValue> counter(TestConnection user) {
    return Map.of("user", Row.s(user.user()), "room_id", Row.s("$" + user.user()));
  }

  private static Map<String, AttributeValue> row(String table, Map<String, AttributeValue> key) {
    return TestTables.dynamoDb()
        .getItem(get -> get.tableName(table).key(key).consistentRead(true))
        .item();
  }

  private static void edit(
      String table, Map<String, AttributeValue> key, String attribute, long number) {
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName(table)
                    .key(key)
                    .updateExpression("SET #a = :n")
                    .expressionAttributeNames(Map.of("#a", attribute))
                    .expressionAttributeValues(Map.of(":n", Row.n(number))));
  }
}
