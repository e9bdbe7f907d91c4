package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.table.Row;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Rows that somebody edited or restored. Whatever value one attribute has, every route gives a
/// reply of the protocol, and other rooms, connections and messages are not affected.
class OddRowsTest {
  private static final AttributeValue MISSING = AttributeValue.fromNul(true);

  private static final List<AttributeValue> ODD =
      List.of(
          MISSING,
          Row.s(""),
          Row.s("ten"),
          Row.s("99999999999999999999999999999999999999999999"),
          AttributeValue.fromN("-1"),
          AttributeValue.fromN("1.5"),
          AttributeValue.fromN("1E+30"),
          AttributeValue.fromN("9223372036854775807"),
          AttributeValue.fromBool(true),
          AttributeValue.fromL(List.of()));

  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      JOIN =
          new JoinHandler(TestTables.environment("JoinFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      SEND =
          new SendMessageHandler(
              TestTables.environment("SendMessageFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      HISTORY =
          new HistoryHandler(
              TestTables.environment("HistoryFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      MEMBERS =
          new MembersHandler(
              TestTables.environment("MembersFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      PING =
          new PingHandler(TestTables.environment("PingFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      QUIT =
          new QuitHandler(TestTables.environment("QuitFunction", Map.of()), InstantSource.system());
  private static final RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse>
      ROOMS =
          new RoomsHandler(
              TestTables.environment("RoomsFunction", Map.of()), InstantSource.system());

  private final String odd = fresh("odd");
  private final String fine = fresh("fine");
  private final TestConnection ada = TestConnection.open(odd, fine);
  private final TestConnection bob = TestConnection.open(odd, fine);

  /// A row with an attribute that is not what was written there.
  record Case(String table, String attribute, AttributeValue value) {
    @Override
    public String toString() {
      return table + " " + attribute + " = " + (MISSING.equals(value) ? "missing" : value);
    }
  }

  private static Stream<Case> cases(String table, String... attributes) {
    return Stream.of(attributes)
        .flatMap(attribute -> ODD.stream().map(value -> new Case(table, attribute, value)));
  }

  static Stream<Case> roomRows() {
    return cases(
        "ChatRooms",
        "head",
        "head_sequence",
        "segments",
        "created_at",
        "created_by",
        "queued_until");
  }

  @ParameterizedTest
  @MethodSource("roomRows")
  void anOddRoomCanBeUsedAndHidesNoOther(Case odd) {
    edit(odd, Map.of("room_id", Row.s(this.odd)));

    JsonNode pong =
        type("pong", ada, PING, "{\"rooms\":[\"%s\",\"%s\"]}".formatted(this.odd, fine));
    assertTrue(pong.path("rooms").path(this.odd).isIntegralNumber(), pong.toString());
    assertEquals(0, pong.path("rooms").path(fine).asLong(-1));
    type("joined", ada, JOIN, room(this.odd));
    type("history", ada, HISTORY, room(this.odd));
    type("sent", ada, SEND, message(this.odd));
    assertEquals(200, TestConnection.closed().connect(Map.of("rooms", this.odd + "," + fine)));
    assertTrue(listed().containsAll(List.of(this.odd, fine)));
  }

  @Test
  void aLostHeadIsToldAsOneThatNoClientHasSeen() {
    edit(new Case("ChatRooms", "head", Row.s("ten")), Map.of("room_id", Row.s(odd)));

    JsonNode pong = type("pong", ada, PING, "{\"rooms\":[\"%s\"]}".formatted(odd));

    assertEquals(pong.path("time").asLong(), pong.path("rooms").path(odd).asLong());
  }

  @Test
  void aRowWhoseKeyIsNoRoomNameHidesNoRoom() {
    for (String name : List.of("a b", "x".repeat(65), "\u00e4", fresh("\"'"))) {
      put("ChatRooms", Map.of("room_id", Row.s(name)));
    }

    Set<String> listed = listed();

    assertTrue(listed.contains(fine));
    assertFalse(listed.contains("a b"));
  }

  static Stream<Case> membershipRows() {
    return cases(
            "ChatConnections", "user", "sender", "slot", "joined_at", "allowance", "expires_at")
        .filter(
            c ->
                !c.attribute().equals("slot") || MISSING.equals(c.value()) || c.value().s() != null)
        .filter(c -> !c.attribute().equals("slot") || !"".equals(c.value().s())); // no key is empty
  }

  @ParameterizedTest
  @MethodSource("membershipRows")
  void anOddMembershipIsMendedByJoiningAgain(Case odd) {
    edit(odd, Map.of("connection_id", Row.s(ada.id().value()), "room_id", Row.s(this.odd)));

    for (var route : List.of(SEND, HISTORY, MEMBERS)) {
      JsonNode reply = ada.send(route, message(this.odd));
      assertTrue(
          !reply.path("type").asText().equals("error")
              || reply.path("code").asText().equals("not_a_member"),
          reply.toString());
    }
    type("pong", ada, PING, "{\"rooms\":[\"%s\",\"%s\"]}".formatted(this.odd, fine));
    type("members", bob, MEMBERS, room(this.odd));
    type("sent", ada, SEND, message(fine));
    type("joined", ada, JOIN, room(this.odd));
    type("sent", ada, SEND, message(this.odd));
    type("quit", ada, QUIT, room(this.odd));
    ada.disconnect(1001, null);
    assertEquals(Set.of(), ada.rooms(this.odd, fine));
  }

  static Stream<Case> connectionRows() {
    return cases("ChatConnections", "user", "sender", "connected_at", "rooms", "expires_at");
  }

  @ParameterizedTest
  @MethodSource("connectionRows")
  void anOddConnectionStillSendsOrIsToldToConnectAgain(Case odd) {
    edit(odd, Map.of("connection_id", Row.s(ada.id().value()), "room_id", Row.s("$connection")));

    JsonNode sent = ada.send(SEND, message(this.odd));
    assertTrue(
        sent.path("type").asText().equals("sent")
            || sent.path("code").asText().equals("not_connected"),
        sent.toString());
    JsonNode reply = ada.send(JOIN, room(fresh("another")));
    assertTrue(
        reply.path("type").asText().equals("joined")
            || Set.of("not_connected", "too_many_rooms").contains(reply.path("code").asText()),
        reply.toString());
    ada.disconnect(1001, null);
    assertEquals(Set.of(), ada.rooms(this.odd, fine));
    type("sent", bob, SEND, message(this.odd));
  }

  static Stream<Case> sendRows() {
    return cases("ChatSends", "timestamp", "digest", "expires_at");
  }

  @ParameterizedTest
  @MethodSource("sendRows")
  void anOddSendIsAnsweredAndNothingIsWrittenTwice(Case odd) {
    String frame = "{\"room\":\"%s\",\"message\":\"once\",\"id\":\"a-1\"}".formatted(this.odd);
    type("sent", ada, SEND, frame);
    edit(odd, Map.of("send_id", Row.s(this.odd + "#" + ada.user() + "#a-1")));

    JsonNode reply = ada.send(SEND, frame);

    assertTrue(
        reply.path("type").asText().equals("sent")
            || reply.path("code").asText().equals("id_reused"),
        reply.toString());
    assertEquals(1, type("history", ada, HISTORY, room(this.odd)).path("messages").size());
  }

  static Stream<Case> messageRows() {
    return cases("ChatMessages", "id", "user", "sender", "message", "trace", "expires_at");
  }

  @ParameterizedTest
  @MethodSource("messageRows")
  void anOddMessageHidesNoOther(Case odd) {
    long first = type("sent", ada, SEND, message(this.odd)).path("timestamp").asLong();
    long second = type("sent", ada, SEND, message(this.odd)).path("timestamp").asLong();
    edit(odd, Map.of("room_id", Row.s(this.odd), "timestamp", Row.n(first)));

    for (JsonNode page :
        List.of(
            type("history", ada, HISTORY, room(this.odd)),
            type("joined", ada, JOIN, room(this.odd)))) {
      assertEquals(
          second,
          page.at("/messages").get(page.at("/messages").size() - 1).path("timestamp").asLong());
    }
  }

  static Stream<Case> sessionRows() {
    return cases(
        "ChatSessions", "user", "connected_at", "disconnected_at", "duration_seconds", "reason");
  }

  @ParameterizedTest
  @MethodSource("sessionRows")
  void anOddSessionDoesNotStopADisconnect(Case odd) {
    edit(odd, Map.of("connection_id", Row.s(ada.id().value())));

    ada.disconnect(1001, null);

    assertEquals(Set.of(), ada.rooms(this.odd, fine));
  }

  private Set<String> listed() {
    Set<String> names = new HashSet<>();
    String cursor = null;
    do {
      JsonNode page =
          type("rooms", ada, ROOMS, cursor == null ? "{}" : "{\"cursor\":\"" + cursor + "\"}");
      page.path("rooms").forEach(room -> names.add(room.path("room").asText()));
      cursor = page.path("cursor").textValue();
      assertTrue(cursor == null || !page.path("rooms").isEmpty(), "a page is never empty");
    } while (cursor != null);
    return names;
  }

  private static JsonNode type(
      String type,
      TestConnection from,
      RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> route,
      String frame) {
    JsonNode reply = from.send(route, frame);
    assertEquals(type, reply.path("type").asText(), reply.toString());
    return reply;
  }

  private static String room(String room) {
    return "{\"room\":\"" + room + "\"}";
  }

  private static String message(String room) {
    return "{\"room\":\"" + room + "\",\"message\":\"hello\"}";
  }

  private static void edit(Case odd, Map<String, AttributeValue> key) {
    Map<String, AttributeValue> item =
        new HashMap<>(
            TestTables.dynamoDb()
                .getItem(get -> get.tableName(odd.table()).key(key).consistentRead(true))
                .item());
    assertFalse(item.isEmpty(), "there is a row to edit");
    if (MISSING.equals(odd.value())) {
      item.remove(odd.attribute());
    } else {
      item.put(odd.attribute(), odd.value());
    }
    put(odd.table(), item);
  }

  private static void put(String table, Map<String, AttributeValue> item) {
    TestTables.dynamoDb().putItem(put -> put.tableName(table).item(item));
  }
}
