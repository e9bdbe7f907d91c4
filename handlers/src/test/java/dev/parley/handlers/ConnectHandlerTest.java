package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionTable;
import dev.parley.identity.Erasures;
import dev.parley.table.Row;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ConnectHandlerTest {
  private final TestConnection connection = TestConnection.closed();

  @Test
  void aConnectionIsInTheRoomsThatItNames() {
    String a = fresh("a");
    String b = fresh("b");

    assertEquals(200, connection.connect(Map.of("rooms", a + "," + b + "," + a)));

    assertEquals(Set.of(a, b), connection.rooms(a, b, "global"));
  }

  @Test
  void aConnectionThatNamesNoneIsInGlobal() {
    TestConnection empty = TestConnection.closed();

    assertEquals(200, connection.connect(null));
    assertEquals(200, empty.connect(Map.of("rooms", "")));

    assertEquals(Set.of("global"), connection.rooms("global"));
    assertEquals(Set.of("global"), empty.rooms("global"));
  }

  @Test
  void badRoomsRefuseTheHandshakeAndWriteNothing() {
    assertEquals(400, connection.connect(Map.of("rooms", "a b")));
    assertEquals(400, connection.connect(Map.of("rooms", "a,,b")));
    assertEquals(400, connection.connect(Map.of("rooms", fortyOne())));

    assertNothingIsWritten();
  }

  @Test
  void anOptionThatIsNotThereRefusesTheHandshakeAndWritesNothing() {
    assertEquals(400, connection.connect(Map.of("batch", "yes")));
    assertEquals(400, connection.connect(Map.of("heartbeat", "x".repeat(65))));

    assertNothingIsWritten();
  }

  @Test
  void aPageConnectsFromAnAllowedOriginOnly() {
    ConnectHandler handler = allowing("https://chat.example,null");

    for (String origin :
        new String[] {
          "https://evil.example",
          "http://chat.example",
          "https://chat.example:8443",
          "https://chat.example.evil.example",
          "http://localhost:8080",
          "",
          "*"
        }) {
      assertEquals(403, connection.connect(handler, null, Map.of("Origin", origin)), origin);
      assertEquals(403, connection.connect(handler, null, Map.of("origin", origin)), origin);
    }
    assertNothingIsWritten();
    for (String origin : new String[] {"https://chat.example", "null"}) {
      assertEquals(
          200, TestConnection.closed().connect(handler, null, Map.of("oRIGIN", origin)), origin);
    }
  }

  @Test
  void aRequestWithoutAnOriginIsAdmitted() {
    assertEquals(
        200, connection.connect(allowing("https://chat.example"), null, Map.of("Host", "a")));
  }

  @Test
  void aPageOfAnyOriginConnectsWhereAllAreAllowed() {
    assertEquals(
        200,
        connection.connect(
            allowing("https://chat.example,*"), null, Map.of("Origin", "https://anybody.example")));
  }

  private static ConnectHandler allowing(String origins) {
    return new ConnectHandler(
        TestTables.environment("ConnectFunction", Map.of("ALLOWED_ORIGINS", origins)),
        InstantSource.system());
  }

  private void assertNothingIsWritten() {
    assertTrue(
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatConnections")
                        .key(
                            Map.of(
                                "connection_id",
                                Row.s(connection.id().value()),
                                "room_id",
                                Row.s("$connection"))))
            .item()
            .isEmpty());
    assertTrue(connection.session().attributes().isEmpty());
  }

  @Test
  void aSessionIsOpened() {
    connection.connect(null);

    Row session = connection.session();
    assertEquals(connection.user(), session.string("user"));
    assertEquals("Ada", session.string("sender"));
    assertEquals("127.0.0.1", session.string("source_ip"));
    assertEquals("test", session.string("user_agent"));
    assertEquals(connection.connectedAt().toEpochMilli(), session.number("connected_at"));
    assertFalse(session.attributes().containsKey("disconnected_at"));
  }

  @Test
  void onlyTheSessionKnowsTheAddressAndTheProgram() {
    connection.connect(null);

    Set<String> attributes = new TreeSet<>();
    TestTables.dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatConnections")
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", Row.s(connection.id().value()))))
        .items()
        .forEach(row -> attributes.addAll(row.keySet()));
    assertTrue(attributes.contains("connected_at"));
    assertFalse(attributes.contains("source_ip") || attributes.contains("user_agent"));
  }

  @Test
  void aUserWhoWasErasedIsRefusedForAWhileAndLeavesNothing() {
    String room = TestTables.fresh("room");
    Erasures erasures = new Erasures(TestTables.dynamoDb(), TestTables.settings());
    erasures.add(connection.user(), Instant.now(), Duration.ofDays(2));

    assertEquals(403, connection.connect(Map.of("rooms", room)));

    assertTrue(connection.session().attributes().isEmpty());
    assertFalse(
        TestTables.dynamoDb()
            .getItem(get -> get.tableName("ChatRooms").key(Map.of("room_id", Row.s(room))))
            .hasItem(),
        "the room would name who made it");

    erasures.add(connection.user(), Instant.now().minus(Duration.ofDays(3)), Duration.ofDays(2));
    assertEquals(200, connection.connect(Map.of("rooms", room)));
  }

  /// The gateway knows only what stands before it.
  @Test
  void aSessionHasTheAddressThatTheAuthorizerKnows() {
    APIGatewayV2WebSocketEvent event = connection.event(null);
    Map<String, Object> authorizer = new HashMap<>(event.getRequestContext().getAuthorizer());
    authorizer.put("address", "198.51.100.10");
    event.getRequestContext().setAuthorizer(authorizer);

    allowing("*").handleRequest(event, new TestContext());

    assertEquals("198.51.100.10", connection.session().string("source_ip"));
  }

  /// The token stands beside the one that is accepted.
  @Test
  void ofTheSubprotocolsOursIsAcceptedElseTheFirstAndNeverATokens() {
    Map.of(
            "parley.v1, bearer.e30.e30.e30", "parley.v1",
            "other,parley.v1", "parley.v1",
            "parley.v1", "parley.v1",
            "chat, superchat", "chat",
            "bearer.e30.e30.e30 , soap", "soap",
            "parley.v2", "parley.v2",
            "a b, graphql-ws", "graphql-ws")
        .forEach(
            (offered, accepted) ->
                assertEquals(
                    Map.of("Sec-WebSocket-Protocol", accepted),
                    answer(Map.of("sec-websocket-protocol", offered)).getHeaders(),
                    offered));
    for (String offered : List.of("bearer.e30.e30.e30", "bearer.", "", ",", "a\r\nb", "ä")) {
      assertNull(answer(Map.of("Sec-WebSocket-Protocol", offered)).getHeaders(), offered);
    }
    assertNull(answer(Map.of()).getHeaders());
  }

  private static APIGatewayV2WebSocketResponse answer(Map<String, String> headers) {
    APIGatewayV2WebSocketEvent event = TestConnection.closed().event(null);
    event.setHeaders(headers);
    return allowing("*").handleRequest(event, new TestContext());
  }

  @Test
  void aConnectionEndsWithItsTokenAndKeepsItsRole() {
    Instant expires = Instant.ofEpochSecond(Instant.now().getEpochSecond() + 600);
    TestConnection ada = TestConnection.open("ada", expires, fresh("room"));
    APIGatewayV2WebSocketEvent event = connection.event(null);
    Map<String, Object> authorizer = new HashMap<>(event.getRequestContext().getAuthorizer());
    authorizer.put("admin", "true");
    event.getRequestContext().setAuthorizer(authorizer);
    allowing("*").handleRequest(event, new TestContext());
    ConnectionTable connections = new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());

    ConnectionTable.State signedIn = connections.get(ada.id(), Instant.now()).orElseThrow();
    ConnectionTable.State admin = connections.get(connection.id(), Instant.now()).orElseThrow();

    assertEquals(expires, signedIn.expiresAt());
    assertFalse(signedIn.admin());
    assertTrue(connections.get(ada.id(), expires).isEmpty());
    assertTrue(admin.admin());
    assertEquals(Connection.end(connection.connectedAt(), null), admin.expiresAt());
  }

  @Test
  void aTokenThatHasJustExpiredOpensNothing() {
    TestConnection late =
        new TestConnection(
            connection.id(), "ada", "Ada", connection.connectedAt(), Instant.now().minusSeconds(1));

    assertEquals(401, late.connect(Map.of()));

    assertTrue(late.session().attributes().isEmpty());
  }

  private static String fortyOne() {
    StringBuilder rooms = new StringBuilder("r0");
    for (int i = 1; i <= 40; i++) {
      rooms.append(",r").append(i);
    }
    return rooms.toString();
  }
}
