package dev.parley.connection;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
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
  /// A membership ends with its connection. Where that is renewed between the read and the write,
  /// the write is made again.
  ///
  /// @param opening gives the room with its salt, or throws where the user may not be in it; called
  ///     only where the connection is to be put into it, so that a refused join makes no room
  /// @param admission the condition under which the user may be in the room, as
  ///     [dev.parley.role.Roles#admission] gives it
  public JoinResult join(
      ConnectionId connection,
      Identity identity,
      Framing framing,
      RoomId room,
      Supplier<Room> opening,
      TransactWriteItem admission,
      Instant now) {
    return switch (known(connection, room, now)) {
      case Known.Result known -> known.result();
      case Known.Open open ->
          join(
              connection,
              room,
              Membership.in(opening.get(), connection, identity, framing, now),
              open.own(),
              admission,
              now);
    };
  }

  /// @param own the connection's own row
  private JoinResult join(
      ConnectionId connection,
      RoomId room,
      Membership membership,
      Row own,
      TransactWriteItem admission,
      Instant now) {
    long expiresAt = own.number("expires_at");
    Map<String, AttributeValue> row = membership.row(room, expiresAt);
    TransactWriteItem count = count(connection, 1, expiresAt);
    TransactWriteItem insert = Transactions.insert(table, row, ConnectionTable.PARTITION_KEY);
    WriteResult result = write(count, insert, admission);
    if (result instanceof WriteResult.Refused refused
        && refused.found(admission).isEmpty()
        && refused.found(insert).isPresent()) {
      Row found = refused.found(insert).get();
      if (isMembership(found, now)) {
        return joined(found, own);
      }
      // It was counted when it was written first.
      count = count(connection, 0, expiresAt);
      TransactWriteItem replace = replace(row);
      result = write(count, replace, admission);
      if (result instanceof WriteResult.Refused gone
          && gone.found(admission).isEmpty()
          && gone.found(count).isEmpty()
          && gone.found(replace).isPresent()) {
        // It was quit meanwhile, which has counted it off.
        return join(connection, room, membership, own, admission, now);
      }
    }
    return switch (result) {
      case WriteResult.Written written -> joined(own, own);
      case WriteResult.Refused refused when refused.found(admission).isPresent() ->
          new JoinResult.NotAdmitted();
      case WriteResult.Refused refused -> {
        Row found = refused.found(count).orElseThrow();
        if (rooms(found, now) < 0) {
          yield new JoinResult.NotConnected();
        }
        yield found.number("expires_at") == expiresAt
            ? new JoinResult.TooManyRooms()
            : join(connection, room, membership, found, admission, now);
      }
    };
  }

  /// What a read tells of a join.
  private sealed interface Known {
    /// It is to write nothing.
    record Result(JoinResult result) implements Known {}

    /// The connection is open: its own row.
    record Open(Row own) implements Known {}
  }

  private Known known(ConnectionId connection, RoomId room, Instant now) {
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
      return new Known.Result(joined(membership, own));
    }
    long rooms = rooms(own, now);
    if (rooms < 0) {
      return new Known.Result(new JoinResult.NotConnected());
    }
    return rooms < Limits.ROOMS_PER_CONNECTION_MAX || !membership.attributes().isEmpty()
        ? new Known.Open(own)
        : new Known.Result(new JoinResult.TooManyRooms());
  }

  /// @param ending a row that ends with the connection
  private static JoinResult joined(Row ending, Row own) {
    return new JoinResult.Joined(
        Row.moment(ending.number("expires_at")), ConnectionTable.isAdmin(own));
  }

  /// Counts memberships of a connection that ends then.
  private TransactWriteItem count(ConnectionId connection, int more, long expiresAt) {
    return update(
        Update.builder()
            .tableName(table)
            .key(ConnectionTable.key(connection))
            .updateExpression("SET rooms = rooms + :more")
            .conditionExpression("rooms <= :max AND expires_at = :end")
            .expressionAttributeValues(
                Map.of(
                    ":more", n(more),
                    ":max", n(Limits.ROOMS_PER_CONNECTION_MAX - more),
                    ":end", n(expiresAt))));
  }

  /// Writes a row that is there in its place.
  private TransactWriteItem replace(Map<String, AttributeValue> row) {
    return TransactWriteItem.builder()
        .put(
            Put.builder()
                .tableName(table)
                .item(row)
                .conditionExpression("attribute_exists(connection_id)")
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
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

  /// Takes a connection out of a room, as its client asks.
  ///
  /// @return false where it was not in that room, nor was taken out of it by somebody
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
    WriteResult result =
        Transactions.write(dynamoDb, List.of(count, leave), Deadline.in(ConnectionTable.WRITE_MAX));
    return switch (result) {
      case WriteResult.Written written -> true;
      case WriteResult.Refused refused -> false;
    };
  }

  /// Takes a connection out of a room, against its client's will. What is left of the row counts as
  /// one of the connection's rooms, and tells why, until the connection ends, quits or joins again.
  ///
  /// @param user whose connection it is
  /// @param until only where it joined no later
  /// @return false where it was not in that room
  public boolean remove(
      ConnectionId connection, RoomId room, String user, Removal why, Instant until) {
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(ConnectionTable.key(connection, room))
                  // Without a slot no index has it.
                  .updateExpression("SET #removed = :why REMOVE slot")
                  .conditionExpression(
                      "attribute_exists(slot) AND #user = :user AND joined_at <= :until")
                  .expressionAttributeNames(Map.of("#removed", Removal.ATTRIBUTE, "#user", "user"))
                  .expressionAttributeValues(
                      Map.of(":why", s(why.word()), ":user", s(user), ":until", millis(until))));
      return true;
    } catch (ConditionalCheckFailedException e) {
      return false;
    }
  }

  /// Whether a connection is in a room, and why not.
  public Attendance attendance(ConnectionId connection, RoomId room, Instant now) {
    var response =
        dynamoDb.getItem(
            get ->
                get.tableName(table)
                    .key(ConnectionTable.key(connection, room))
                    .consistentRead(true));
    return attendance(new Row(response.hasItem() ? response.item() : Map.of()), now);
  }

  /// What a row says of a connection and a room.
  ///
  /// @param row without attributes where there is none
  public Attendance attendance(Row row, Instant now) {
    if (isMembership(row, now)) {
      return new Attendance.In();
    }
    if (Membership.isRemoved(row)) {
      try {
        return new Attendance.Removed(Membership.removal(row));
      } catch (Row.InvalidRow e) {
        row.report(table, e);
      }
    }
    return new Attendance.Out();
  }

  /// Whether a connection is in each of these rooms, in one read.
  ///
  /// @param rooms at most 50
  public Map<RoomId, Attendance> attendances(
      ConnectionId connection, Collection<RoomId> rooms, Instant now) {
    Map<RoomId, Attendance> attendances = new HashMap<>();
    rooms.forEach(room -> attendances.put(room, new Attendance.Out()));
    List<Map<String, AttributeValue>> keys =
        rooms.stream().distinct().map(room -> ConnectionTable.key(connection, room)).toList();
    for (var item : Batches.get(dynamoDb, table, keys)) {
      Row row = new Row(item);
      attendances.put(new RoomId(row.string("room_id")), attendance(row, now));
    }
    return attendances;
  }

  /// Those of the rooms that a connection is in, as above.
  public Set<RoomId> joined(ConnectionId connection, Collection<RoomId> rooms, Instant now) {
    return attendances(connection, rooms, now).entrySet().stream()
        .filter(entry -> entry.getValue() instanceof Attendance.In)
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
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

  /// The memberships of those connections that are in a room, in no order.
  ///
  /// @param connections at most 100
  /// @param strongly whether those are found who have joined a moment ago; else the read is
  ///     eventually consistent, which costs half, and usually shows what is older than a second
  public List<Membership> stillIn(
      RoomId room, Collection<ConnectionId> connections, boolean strongly, Instant now) {
    var keys = connections.stream().distinct().map(id -> ConnectionTable.key(id, room)).toList();
    var items =
        strongly
            ? Batches.get(dynamoDb, table, keys)
            : Batches.getEventually(dynamoDb, table, keys);
    return items.stream()
        .flatMap(item -> Membership.of(table, new Row(item), now).stream())
        .toList();
  }

  /// @param row without attributes where there is none
  private boolean isMembership(Row row, Instant now) {
    return !row.attributes().isEmpty() && Membership.of(table, row, now).isPresent();
  }

  private WriteResult write(
      TransactWriteItem count, TransactWriteItem membership, TransactWriteItem admission) {
    return Transactions.write(
        dynamoDb, List.of(count, membership, admission), Deadline.in(ConnectionTable.WRITE_MAX));
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
