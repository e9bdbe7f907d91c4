package dev.parley.fanout;

import static dev.parley.TestTables.fresh;

import dev.parley.TestTables;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Framing;
import dev.parley.connection.SessionTable;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/// Members of rooms, on the template's tables.
final class TestMembers {
  private static final ConnectionTable CONNECTIONS =
      new ConnectionTable(TestTables.dynamoDb(), TestTables.settings());
  private static final SessionTable SESSIONS =
      new SessionTable(TestTables.dynamoDb(), TestTables.settings());

  private TestMembers() {}

  /// Opens a connection of a user of its own in these rooms, which takes events in batches.
  ///
  /// @return its id
  static String join(Instant at, RoomId... in) {
    return join(new Identity(fresh("guest:"), "Ada"), at, in);
  }

  /// As above, by somebody.
  static String join(Identity identity, Instant at, RoomId... in) {
    return join(identity, Framing.BATCHED, at, in);
  }

  /// As above, by a client that takes one event in a frame.
  static String join(Identity identity, Framing framing, Instant at, RoomId... in) {
    Connection connection =
        new Connection(
            new ConnectionId(fresh("c")),
            identity,
            "127.0.0.1",
            "test",
            at,
            Connection.end(at, null),
            false,
            framing);
    CONNECTIONS.open(
        connection,
        TestTables.rooms(in),
        TestTables::admission,
        at,
        List.of(SESSIONS.opening(connection)));
    return connection.id().value();
  }

  static void leave(String connection) {
    CONNECTIONS.forget(new ConnectionId(connection));
  }

  /// How many rows of ChatConnections a connection has.
  static int rows(String connection) {
    return TestTables.dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatConnections")
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", Row.s(connection))))
        .count();
  }

  static Row session(String connection) {
    return new Row(
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatSessions").key(Map.of("connection_id", Row.s(connection))))
            .item());
  }
}
