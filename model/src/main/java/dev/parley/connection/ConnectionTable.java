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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatConnections: for each connection one row that is the connection itself
/// (`room_id = "$connection"`), which counts its memberships, and one row for each of them
/// ([Memberships]). This class opens, reads, renews and removes connections.
///
/// A membership exists only while the connection's own row does: a join writes both in one
/// transaction, and a connection's own row is deleted before its memberships. So a join that is in
/// flight while its connection closes cannot leave a membership behind.
///
/// All rows of a connection end at the same moment, their `expires_at`.
public final class ConnectionTable {
  /// The setting that names the table.
  static final String SETTING = "CHAT_CONNECTIONS_TABLE";

  static final String PARTITION_KEY = "connection_id";

  /// The time that transactions have that meet others on the connection's own row.
  static final Duration WRITE_MAX = Duration.ofSeconds(5);

  /// In place of a room. No room has this name, since names have no `$`.
  private static final String CONNECTION_ROW = "$connection";

  /// Whether the connection's token has the admin role; missing where it has not.
  private static final String ADMIN = "admin";

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

  /// Opens a connection in its first rooms, in those of them whose admission's condition holds.
  ///
  /// @param rooms at most 40, as [dev.parley.room.RoomTable#open] gives them
  /// @param admission gives the condition under which the user may be in a room, as
  ///     [dev.parley.role.Roles#admission] does
  /// @param also what else is written in the same transaction
  /// @return those of the rooms that it is in
  public Set<RoomId> open(
      Connection connection,
      Collection<Room> rooms,
      Function<RoomId, TransactWriteItem> admission,
      Instant now,
      List<TransactWriteItem> also) {
    Map<RoomId, TransactWriteItem> admissions = new LinkedHashMap<>();
    rooms.forEach(room -> admissions.put(room.id(), admission.apply(room.id())));
    List<Room> admitted = new ArrayList<>(rooms);
    while (!open(connection, admitted, admissions, now, also)) {
      admitted.removeIf(room -> !admissions.containsKey(room.id()));
    }
    return admissions.keySet();
  }

  /// @param admissions loses those that did not hold
  /// @return false where some did not: nothing is written
  private boolean open(
      Connection connection,
      Collection<Room> rooms,
      Map<RoomId, TransactWriteItem> admissions,
      Instant now,
      List<TransactWriteItem> also) {
    Map<String, AttributeValue> own = new HashMap<>(key(connection.id()));
    own.put("user", s(connection.identity().user()));
    own.put("sender", s(connection.identity().sender()));
    own.put("connected_at", millis(connection.connectedAt()));
    own.put("rooms", n(rooms.size()));
    own.put(ConnectionAllowances.ACTIONS, millis(connection.connectedAt()));
    own.put(ConnectionAllowances.SENDS, millis(connection.connectedAt().plus(sendBurst)));
    own.put("expires_at", seconds(connection.expiresAt()));
    if (connection.admin()) {
      own.put(ADMIN, AttributeValue.fromBool(true));
    }

    List<TransactWriteItem> items = new ArrayList<>(also);
    items.addAll(admissions.values());
    items.add(Transactions.insert(table, own, PARTITION_KEY));
    for (Room room : rooms) {
      Membership membership =
          Membership.in(room, connection.id(), connection.identity(), connection.framing(), now);
      items.add(
          Transactions.insert(
              table,
              membership.row(room.id(), connection.expiresAt().getEpochSecond()),
              PARTITION_KEY));
    }
    return switch (Transactions.write(dynamoDb, items, Deadline.in(WRITE_MAX))) {
      case WriteResult.Written written -> true;
      case WriteResult.Refused refused -> {
        if (!admissions.values().removeIf(item -> refused.found(item).isPresent())) {
          throw new IllegalStateException("this connection id has been opened before");
        }
        yield false;
      }
    };
  }

  /// What the own row of an open connection says.
  ///
  /// @param expiresAt from then on it takes no frame, and nothing is pushed to it
  /// @param admin whether its token has the admin role
  public record State(Instant expiresAt, boolean admin) {}

  /// The state of a connection, read strongly; nothing where it is closed, or where its token has
  /// expired. One whose row cannot be read counts as closed: its client connects again.
  public Optional<State> get(ConnectionId connection, Instant now) {
    var found =
        dynamoDb.getItem(get -> get.tableName(table).key(key(connection)).consistentRead(true));
    if (!found.hasItem()) {
      return Optional.empty();
    }
    Row row = new Row(found.item());
    try {
      State state = new State(Row.moment(row.number("expires_at")), row.is(ADMIN));
      return state.expiresAt().isAfter(now) ? Optional.of(state) : Optional.empty();
    } catch (Row.InvalidRow e) {
      row.report(table, e);
      return Optional.empty();
    }
  }

  /// Whether a connection's own row says that its token has the admin role; not where it cannot be
  /// read.
  static boolean isAdmin(Row own) {
    AttributeValue admin = own.attributes().get(ADMIN);
    return admin != null && Boolean.TRUE.equals(admin.bool());
  }

  /// Lets a connection and its memberships live until another token expires. A token that expires
  /// no later than the connection does changes nothing of the connection.
  ///
  /// The connection's own row comes first. A join takes its expiry from there, in one transaction
  /// with it; so each membership that the read after it does not show has the new one. One that is
  /// quit meanwhile stays away. If this is ended halfway, the same token does the rest.
  ///
  /// @param expiresAt the earlier of the token's expiry and the connection's end
  ///     ([Connection#end])
  /// @param admin whether the token has the admin role
  public RenewResult renew(ConnectionId connection, Instant expiresAt, boolean admin, Instant now) {
    AttributeValue wanted = seconds(expiresAt);
    AttributeValue end = wanted;
    boolean isAdmin = admin;
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key(connection))
                  .updateExpression(
                      "SET expires_at = :end" + (admin ? ", #admin = :true" : " REMOVE #admin"))
                  .conditionExpression("expires_at > :now AND expires_at < :end")
                  .expressionAttributeNames(Map.of("#admin", ADMIN))
                  .expressionAttributeValues(
                      admin
                          ? Map.of(
                              ":end", wanted,
                              ":now", seconds(now),
                              ":true", AttributeValue.fromBool(true))
                          : Map.of(":end", wanted, ":now", seconds(now)))
                  .returnValuesOnConditionCheckFailure(
                      ReturnValuesOnConditionCheckFailure.ALL_OLD));
    } catch (ConditionalCheckFailedException e) {
      Row own = new Row(e.hasItem() ? e.item() : Map.of());
      Long until =
          own.optionalNumber(table, "expires_at", now.getEpochSecond() + 1, Long.MAX_VALUE);
      if (until == null) {
        return new RenewResult.NotConnected();
      }
      end = n(until);
      isAdmin = isAdmin(own);
    }
    List<Map<String, AttributeValue>> memberships = endingBefore(connection, end);
    for (Map<String, AttributeValue> key : memberships) {
      prolong(key, end);
    }
    return new RenewResult.Renewed(
        Row.moment(Long.parseLong(end.n())), isAdmin, memberships.size());
  }

  /// The keys of those rows of a connection that end before its own does.
  private List<Map<String, AttributeValue>> endingBefore(
      ConnectionId connection, AttributeValue end) {
    return dynamoDb
        .queryPaginator(
            query ->
                query
                    .tableName(table)
                    .consistentRead(true)
                    .keyConditionExpression("connection_id = :id")
                    .filterExpression("expires_at < :end")
                    .expressionAttributeValues(Map.of(":id", s(connection.value()), ":end", end))
                    .projectionExpression("connection_id, room_id"))
        .items()
        .stream()
        .toList();
  }

  private void prolong(Map<String, AttributeValue> key, AttributeValue end) {
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key)
                  .updateExpression("SET expires_at = :end")
                  // A row that was quit meanwhile has none.
                  .conditionExpression("expires_at < :end")
                  .expressionAttributeValues(Map.of(":end", end)));
    } catch (ConditionalCheckFailedException e) {
      // It was quit, or another renewal has been here: both are well.
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

  /// Removes everything of a connection, however much it is and whoever is still connected by it.
  ///
  /// @return how many rows were deleted
  public int remove(ConnectionId connection) {
    dynamoDb.deleteItem(delete -> delete.tableName(table).key(key(connection)));
    List<Map<String, AttributeValue>> memberships = memberships(connection);
    Batches.delete(dynamoDb, table, memberships);
    return 1 + memberships.size();
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
      Row own = new Row(found.item());
      Instant connectedAt =
          own.optionalMillis(table, "connected_at", now.plus(Limits.CLOCK_AHEAD_MAX));
      if (connectedAt != null && connectedAt.isAfter(now.minus(Limits.PRUNE_AGE_MIN))) {
        return 0;
      }
      Instant expiresAt = own.optionalSeconds(table, "expires_at");
      sessions.closeUnheard(connection, connectedAt, expiresAt, now, "gone");
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
