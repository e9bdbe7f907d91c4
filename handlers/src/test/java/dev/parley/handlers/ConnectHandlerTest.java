package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.table.Row;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
    assertEquals(400, connection.connect(Map.of("rooms", fiftyOne())));

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
  void aProgramConnectsWhateverOriginsAreAllowed() {
    assertEquals(
        200, connection.connect(allowing("https://chat.example"), null, Map.of("Host", "a")));
  }

  @Test
  void everyPageConnectsUnlessOriginsAreNamed() {
    assertEquals(
        200,
        connection.connect(
            new ConnectHandler(
                TestTables.environment("ConnectFunction", Map.of()), InstantSource.system()),
            null,
            Map.of("Origin", "https://anybody.example")));
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
    assertTrue(session().attributes().isEmpty());
  }

  @Test
  void aSessionIsOpenedAtConnectAndClosedAtDisconnect() {
    connection.connect(null);

    Row open = session();
    assertEquals(connection.user(), open.string("user"));
    assertEquals("127.0.0.1", open.string("source_ip"));
    assertEquals(connection.connectedAt().toEpochMilli(), open.number("connected_at"));
    assertFalse(open.attributes().containsKey("disconnected_at"));

    disconnect(1001, "Going away");

    Row closed = session();
    assertEquals("1001 Going away", closed.string("reason"));
    assertTrue(closed.number("duration_seconds") >= 0);
    assertTrue(closed.number("disconnected_at") >= open.number("connected_at"));
    assertTrue(connection.rooms("global").isEmpty());
  }

  @Test
  void aSecondDisconnectChangesNothing() {
    connection.connect(null);
    disconnect(1000, null);

    disconnect(1006, "again");

    assertEquals("1000", session().string("reason"));
  }

  private void disconnect(int code, @Nullable String reason) {
    DisconnectHandler.RequestContext context = new DisconnectHandler.RequestContext();
    context.setConnectionId(connection.id().value());
    context.setConnectedAt(connection.connectedAt().toEpochMilli());
    context.setDisconnectStatusCode(code);
    context.setDisconnectReason(reason);
    DisconnectHandler.Event event = new DisconnectHandler.Event();
    event.setRequestContext(context);
    new DisconnectHandler(
            TestTables.environment("DisconnectFunction", Map.of()), InstantSource.system())
        .handleRequest(event, new TestContext());
  }

  private Row session() {
    return new Row(
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatSessions")
                        .key(Map.of("connection_id", Row.s(connection.id().value()))))
            .item());
  }

  private static String fiftyOne() {
    StringBuilder rooms = new StringBuilder("r0");
    for (int i = 1; i <= 50; i++) {
      rooms.append(",r").append(i);
    }
    return rooms.toString();
  }
}
