package dev.parley.connection;

import static dev.parley.TestTables.fresh;

import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// Connections of one test, and the rows that they have in ChatConnections.
final class TestConnections {
  static final Identity ADA = new Identity("guest:ada", "Ada");

  private TestConnections() {}

  /// A connection that is not open yet.
  static Connection connection(Instant connectedAt) {
    return connection(ADA, connectedAt);
  }

  private static Connection connection(Identity identity, Instant connectedAt) {
    return new Connection(new ConnectionId(fresh("c")), identity, "127.0.0.1", "test", connectedAt);
  }

  /// Opens a connection of Ada.
  static ConnectionId open(Instant connectedAt, RoomId... rooms) {
    return open(ADA, connectedAt, rooms);
  }

  static ConnectionId open(Identity identity, Instant connectedAt, RoomId... rooms) {
    Connection connection = connection(identity, connectedAt);
    int first = Math.min(rooms.length, Limits.ROOMS_IN_ADDRESS_MAX);
    new ConnectionTable(TestTables.dynamoDb(), TestTables.settings())
        .open(
            connection,
            TestTables.rooms(Arrays.copyOf(rooms, first)),
            TestTables::admission,
            connectedAt,
            List.of());
    Memberships memberships = new Memberships(TestTables.dynamoDb(), TestTables.settings());
    for (RoomId room : Arrays.copyOfRange(rooms, first, rooms.length)) {
      memberships.join(
          connection.id(),
          identity,
          Framing.SINGLE,
          room,
          () -> TestTables.rooms(room).getFirst(),
          TestTables.admission(room),
          connectedAt);
    }
    return connection.id();
  }

  /// The row that is the connection itself.
  static Row own(ConnectionId id) {
    return rows(id).stream()
        .filter(row -> row.string("room_id").equals("$connection"))
        .findFirst()
        .orElseThrow();
  }

  /// All rows of a connection.
  static List<Row> rows(ConnectionId id) {
    return TestTables.dynamoDb()
        .query(
            query ->
                query
                    .tableName("ChatConnections")
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", Row.s(id.value()))))
        .items()
        .stream()
        .map(Row::new)
        .toList();
  }

  /// Sets an attribute of a row.
  static void edit(Map<String, AttributeValue> key, String attribute, AttributeValue value) {
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatConnections")
                    .key(key)
                    .updateExpression("SET #attribute = :value")
                    .expressionAttributeNames(Map.of("#attribute", attribute))
                    .expressionAttributeValues(Map.of(":value", value)));
  }

  static List<ConnectionId> ids(List<Membership> members) {
    return members.stream().map(Membership::connection).toList();
  }
}
