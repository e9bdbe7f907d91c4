package dev.parley.connection;

import static dev.parley.table.Row.n;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import dev.parley.table.WriteResult;
import java.time.Instant;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// Which connection is in which rooms: the rows of ChatConnections that are memberships. A
/// connection's own row counts them, so that they are at most 50.
///
/// All reads are strongly consistent. A row past its `expires_at` is no membership, and neither is
/// one that cannot be read: a join writes it anew.
public final class Memberships {
  private final DynamoDbClient dynamoDb;
  private final String table;

  public Memberships(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(ConnectionTable.SETTING);
  }

  /// Puts a connection into a room, unless it is there already. What can be refused, or is there,
  /// is found out by a read: a transaction that is cancelled costs as much as one that writes.
  ///
  /// @param opening gives the room with its salt; called only where the connection is to be put
  ///     into it, so that a refused join makes no room
  public JoinResult join(
      ConnectionId connection,
      Identity identity,
      RoomId room,
      Supplier<Room> opening,
      Instant connectedAt,
      Instant now) {
    Optional<JoinResult> known = known(connection, room, now);
    if (known.isPresent()) {
      return known.get();
    }
    Map<String, AttributeValue> row =
        Membership.in(opening.get(), connection, identity, now).row(room, connectedAt);
    TransactWriteItem count = count(connection, 1, now);
    TransactWriteItem insert = Transactions.insert(table, row, ConnectionTable.PARTITION_KEY);
    WriteResult result = write(count, insert);
    if (result instanceof WriteResult.Refused refused && refused.found(insert).isPresent()) {
      if (isMembership(refused.found(insert).get(), now)) {
        return new JoinResult.Joined();
      }
      // It was counted when it was written first.
      count = count(connection, 0, now);
      result = write(count, replace(row));
    }
    return switch (result) {
      case WriteResult.Written written -> new JoinResult.Joined();
      case WriteResult.Refused refused ->
          rooms(refused.found(count).orElseThrow(), now) > 0
              ? new JoinResult.TooManyRooms()
              : new JoinResult.NotConnected();
    };
  }

  /// The result of a join that is to write nothing.
  private Optional<JoinResult> known(ConnectionId connection, RoomId room, Instant now) {
    Row own = new Row(Map.of());
    Row membership = own;
    var keys = List.of(ConnectionTable.key(connection), ConnectionTable.key(connection, room));
    for (var item : Batches.get(dynamoDb, table, keys)) {
      Row row = new Row(item);
      if (row.string("room_id").equals(room.name())) {
        membership = row;
      } else {
        own = row;
      }
    }
    if (isMembership(membership, now)) {
      return Optional.of(new JoinResult.Joined());
    }
    long rooms = rooms(own, now);
    if (rooms < 0) {
      return Optional.of(new JoinResult.NotConnected());
    }
    return rooms < Limits.ROOMS_PER_CONNECTION_MAX || !membership.attributes().isEmpty()
        ? Optional.empty()
        : Optional.of(new JoinResult.TooManyRooms());
  }

  /// Counts memberships of a connection that is open.
  private TransactWriteItem count(ConnectionId connection, int more, Instant now) {
    return update(
        Update.builder()
            .tableName(table)
            .key(ConnectionTable.key(connection))
            .updateExpression("SET rooms = rooms + :more")
            .conditionExpression("rooms <= :max AND expires_at > :now")
            .expressionAttributeValues(
                Map.of(
                    ":more", n(more),
                    ":max", n(Limits.ROOMS_PER_CONNECTION_MAX - more),
                    ":now", n(now.getEpochSecond()))));
  }

  private TransactWriteItem replace(Map<String, AttributeValue> row) {
    return TransactWriteItem.builder()
        .put(Put.builder().tableName(table).item(row).build())
        .build();
  }

  /// In how many rooms a connection is; -1 where it is closed. One whose own row cannot be read
  /// counts as closed: its client connects again.
  ///
  /// @param own without attributes where there is none
  private long rooms(Row own, Instant now) {
    try {
      return own.number("expires_at") > now.getEpochSecond() ? own.number("rooms") : -1;
    } catch (Row.InvalidRow e) {
      if (!own.attributes().isEmpty()) {
        own.report(table, e);
      }
      return -1;
    }
  }

  /// Takes a connection out of a room.
  ///
  /// @return false where it was not in that room
  public boolean quit(ConnectionId connection, RoomId room) {
    TransactWriteItem count =
        update(
            Update.builder()
                .tableName(table)
                .key(ConnectionTable.key(connection))
                .updateExpression("SET rooms = rooms - :one")
                .conditionExpression("attribute_exists(connection_id)")
                .expressionAttributeValues(Map.of(":one", n(1))));
    TransactWriteItem leave =
        TransactWriteItem.builder()
            .delete(
                Delete.builder()
                    .tableName(table)
                    .key(ConnectionTable.key(connection, room))
                    .conditionExpression("attribute_exists(connection_id)")
                    .build())
            .build();
    return switch (write(count, leave)) {
      case WriteResult.Written written -> true;
      case WriteResult.Refused refused -> false;
    };
  }

  /// Whether a connection is in a room.
  public boolean isMember(ConnectionId connection, RoomId room, Instant now) {
    var response =
        dynamoDb.getItem(
            get ->
                get.tableName(table)
                    .key(ConnectionTable.key(connection, room))
                    .consistentRead(true));
    return response.hasItem() && isMembership(new Row(response.item()), now);
  }

  /// Those of the rooms that a connection is in, in one read.
  ///
  /// @param rooms at most 50
  public Set<RoomId> joined(ConnectionId connection, Collection<RoomId> rooms, Instant now) {
    Set<RoomId> joined = new HashSet<>();
    List<Map<String, AttributeValue>> keys =
        rooms.stream().distinct().map(room -> ConnectionTable.key(connection, room)).toList();
    for (var item : Batches.get(dynamoDb, table, keys)) {
      Row row = new Row(item);
      if (isMembership(row, now)) {
        joined.add(new RoomId(row.string("room_id")));
      }
    }
    return joined;
  }

  /// Those memberships of a room that the table has. What the index shows may be gone by now.
  ///
  /// @param shown at most 100, each once
  public List<Membership> confirmed(RoomId room, Collection<Membership> shown, Instant now) {
    return Batches.get(
            dynamoDb,
            table,
            shown.stream().map(m -> ConnectionTable.key(m.connection(), room)).toList())
        .stream()
        .flatMap(item -> Membership.of(table, new Row(item), now).stream())
        .toList();
  }

  /// @param row without attributes where there is none
  private boolean isMembership(Row row, Instant now) {
    return !row.attributes().isEmpty() && Membership.of(table, row, now).isPresent();
  }

  private WriteResult write(TransactWriteItem count, TransactWriteItem membership) {
    return Transactions.write(
        dynamoDb, List.of(count, membership), Deadline.in(ConnectionTable.WRITE_MAX));
  }

  private static TransactWriteItem update(Update.Builder update) {
    return TransactWriteItem.builder()
        .update(
            update
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
        .build();
  }
}
