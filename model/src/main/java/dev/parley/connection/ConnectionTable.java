package dev.parley.connection;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.Limits;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import dev.parley.table.WriteResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatConnections: for each connection one row that is the connection itself
/// (`room_id = "$connection"`), which counts its memberships, and one row for each of them
/// ([Memberships]). This class opens and removes connections.
///
/// A membership exists only while the connection's own row does: a join writes both in one
/// transaction, and a connection's own row is deleted before its memberships. So a join that is in
/// flight while its connection closes cannot leave a membership behind.
public final class ConnectionTable {
  /// The setting that names the table.
  static final String SETTING = "CHAT_CONNECTIONS_TABLE";

  static final String PARTITION_KEY = "connection_id";

  /// The time that transactions have that meet others on the connection's own row.
  static final Duration WRITE_MAX = Duration.ofSeconds(5);

  /// In place of a room. No room has this name, since names have no `$`.
  private static final String CONNECTION_ROW = "$connection";

  /// More memberships than people have, and few enough for 200 connections a second.
  private static final int FORGOTTEN_AT_ONCE_MAX = 10;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Duration sendBurst;

  public ConnectionTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(SETTING);
    this.sendBurst = ConnectionAllowances.sendRate(settings).burst();
  }

  /// The key of a connection's own row.
  static Map<String, AttributeValue> key(ConnectionId connection) {
    return key(connection, CONNECTION_ROW);
  }

  /// The key of a membership.
  static Map<String, AttributeValue> key(ConnectionId connection, RoomId room) {
    return key(connection, room.name());
  }

  private static Map<String, AttributeValue> key(ConnectionId connection, String room) {
    return Map.of(PARTITION_KEY, s(connection.value()), "room_id", s(room));
  }

  /// Opens a connection in its first rooms, all or nothing.
  ///
  /// @param rooms at most 50, as [dev.parley.room.RoomTable#open] gives them
  /// @param also what else is written in the same transaction
  public void open(
      Connection connection, Collection<Room> rooms, Instant now, List<TransactWriteItem> also) {
    Map<String, AttributeValue> own = new HashMap<>(key(connection.id()));
    own.put("user", s(connection.identity().user()));
    own.put("sender", s(connection.identity().sender()));
    own.put("source_ip", s(connection.sourceIp()));
    own.put("user_agent", s(connection.userAgent()));
    own.put("connected_at", millis(connection.connectedAt()));
    own.put("rooms", n(rooms.size()));
    own.put(ConnectionAllowances.ACTIONS, millis(connection.connectedAt()));
    own.put(ConnectionAllowances.SENDS, millis(connection.connectedAt().plus(sendBurst)));
    own.put("expires_at", seconds(connection.connectedAt().plus(Limits.CONNECTION_ROW_MAX)));

    List<TransactWriteItem> items = new ArrayList<>(also);
    items.add(Transactions.insert(table, own, PARTITION_KEY));
    for (Room room : rooms) {
      Membership membership = Membership.in(room, connection.id(), connection.identity(), now);
      items.add(
          Transactions.insert(
              table, membership.row(room.id(), connection.connectedAt()), PARTITION_KEY));
    }
    switch (Transactions.write(dynamoDb, items, Deadline.in(WRITE_MAX))) {
      case WriteResult.Written written -> {}
      case WriteResult.Refused refused ->
          throw new IllegalStateException("this connection id has been opened before");
    }
  }

  /// Removes everything of a connection that is closed. Where it was in more than 10 rooms, this
  /// removes the connection itself, so that it can join nothing more, and leaves its memberships to
  /// [#prune]: the deletions of many such connections that close at once would delay all other
  /// writes.
  ///
  /// @return whether nothing is left
  public boolean forget(ConnectionId connection) {
    dynamoDb.deleteItem(delete -> delete.tableName(table).key(key(connection)));
    List<Map<String, AttributeValue>> memberships = memberships(connection);
    if (memberships.size() > FORGOTTEN_AT_ONCE_MAX) {
      return false;
    }
    Batches.delete(dynamoDb, table, memberships);
    return true;
  }

  /// Closes the session of a connection that is gone and removes everything of it, unless it was
  /// opened less than 30 s ago. One whose time of opening cannot be read is removed. Where its own
  /// row is gone already, who removed that has closed the session.
  ///
  /// @return how many rows were deleted; 0 where it is too young
  public int prune(ConnectionId connection, SessionTable sessions, Instant now) {
    var found =
        dynamoDb.getItem(get -> get.tableName(table).key(key(connection)).consistentRead(true));
    if (found.hasItem()) {
      Instant connectedAt =
          new Row(found.item())
              .optionalMillis(table, "connected_at", now.plus(Limits.CLOCK_AHEAD_MAX));
      if (connectedAt != null && connectedAt.isAfter(now.minus(Limits.PRUNE_AGE_MIN))) {
        return 0;
      }
      sessions.closeUnheard(connection, connectedAt, now, "gone");
      dynamoDb.deleteItem(delete -> delete.tableName(table).key(key(connection)));
    }
    List<Map<String, AttributeValue>> memberships = memberships(connection);
    Batches.delete(dynamoDb, table, memberships);
    return 1 + memberships.size();
  }

  /// The keys of a connection's memberships. Its own row is deleted by now, so each join that was
  /// in flight has failed, or this read sees its membership.
  private List<Map<String, AttributeValue>> memberships(ConnectionId connection) {
    return dynamoDb
        .queryPaginator(
            query ->
                query
                    .tableName(table)
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .expressionAttributeValues(Map.of(":id", s(connection.value())))
                    .projectionExpression("connection_id, room_id"))
        .items()
        .stream()
        .toList();
  }
}
