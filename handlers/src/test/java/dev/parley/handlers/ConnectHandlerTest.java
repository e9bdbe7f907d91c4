package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestContext;
import dev.parley.TestTables;
import dev.parley.table.Row;
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
    new DisconnectHandler(TestTables.environment("DisconnectFunction", Map.of()))
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
