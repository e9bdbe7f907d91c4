package dev.parley.connection;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.CancellationReason;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// ChatConnections: for each connection one row that is the connection itself
/// (`room_id = "$connection"`), which counts its memberships, and one row for each of them.
///
/// A membership exists only while its connection's own row does: a join writes both in one
/// transaction, and whoever closes a connection deletes its own row first. So a join that is still
/// in flight when its connection closes cannot leave a membership behind.
///
/// Reads by connection are strongly consistent. Reads by room come from the index RoomConnections
/// and may lag by a fraction of a second. Rows past `expires_at` are never returned.
public final class ConnectionTable {
  /// No room has this name, since `$` is none of a name's characters.
  static final String CONNECTION_ROW = "$connection";

  private static final String INDEX = "RoomConnections";
  private static final Duration CONFLICTS_MAX = Duration.ofSeconds(5);

  /// More memberships than people have, and few enough for 200 connections a second.
  private static final int FORGOTTEN_AT_ONCE_MAX = 10;

  private final DynamoDbClient dynamoDb;
  private final String table;

  public ConnectionTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_CONNECTIONS_TABLE");
  }

  /// Some members of a room, in slot order.
  ///
  /// @param cursor the last member of this page where there are more, else null
  public record Page(List<Membership> members, @Nullable String cursor) {}

  /// Opens a connection in its first rooms, all or nothing.
  ///
  /// @param rooms at most 50
  /// @param also what else is written in the same transaction
  public void open(
      Connection connection, Set<RoomId> rooms, Instant now, List<TransactWriteItem> also) {
    Map<String, AttributeValue> own = new HashMap<>(key(connection.id(), CONNECTION_ROW));
    own.put("user", s(connection.identity().user()));
    own.put("sender", s(connection.identity().sender()));
    own.put("source_ip", s(connection.sourceIp()));
    own.put("user_agent", s(connection.userAgent()));
    own.put("connected_at", n(connection.connectedAt().toEpochMilli()));
    own.put("rooms", n(rooms.size()));
    own.put("expires_at", expiresAt(connection.connectedAt()));

    List<TransactWriteItem> items = new ArrayList<>(also);
    items.add(put(own));
    for (RoomId room : rooms) {
      items.add(
          put(
              membership(
                  connection.id(),
                  connection.identity(),
                  room,
                  now,
                  expiresAt(connection.connectedAt()))));
    }
    if (Transactions.write(dynamoDb, items, Deadline.in(CONFLICTS_MAX)) != null) {
      throw new IllegalStateException("this connection id has been opened before");
    }
  }

  /// Puts a connection into a room. To be in it already is as good, unless that row cannot be read:
  /// then it is written anew.
  public Joining join(
      ConnectionId connection, Identity identity, RoomId room, Instant connectedAt, Instant now) {
    Map<String, AttributeValue> membership =
        membership(connection, identity, room, now, expiresAt(connectedAt));
    List<CancellationReason> reasons =
        Transactions.write(
            dynamoDb,
            List.of(count(connection, 1, now), put(membership)),
            Deadline.in(CONFLICTS_MAX));
    if (reasons != null && Transactions.conditionFailed(reasons.get(1))) {
      if (isMembership(reasons.get(1).item(), now)) {
        return new Joining.Joined();
      }
      reasons =
          Transactions.write(
              dynamoDb,
              List.of(
                  count(connection, 0, now),
                  TransactWriteItem.builder()
                      .put(Put.builder().tableName(table).item(membership).build())
                      .build()),
              Deadline.in(CONFLICTS_MAX));
    }
    if (reasons == null) {
      return new Joining.Joined();
    }
    return isFull(reasons.get(0).item(), now)
        ? new Joining.TooManyRooms()
        : new Joining.NotConnected();
  }

  /// Counts memberships of a connection that is open.
  private TransactWriteItem count(ConnectionId connection, int more, Instant now) {
    return update(
        Update.builder()
            .tableName(table)
            .key(key(connection, CONNECTION_ROW))
            .updateExpression("SET rooms = rooms + :more")
            .conditionExpression("rooms <= :max AND expires_at > :now")
            .expressionAttributeValues(
                Map.of(
                    ":more", n(more),
                    ":max", n(Limits.ROOMS_PER_CONNECTION_MAX - more),
                    ":now", n(now.getEpochSecond()))));
  }

  /// Whether a connection is open and in as many rooms as it may be. One whose row cannot be read
  /// counts as closed: the client connects again, and has a row that can.
  private boolean isFull(@Nullable Map<String, AttributeValue> own, Instant now) {
    Row row = new Row(own == null ? Map.of() : own);
    try {
      return row.number("expires_at") > now.getEpochSecond() && row.number("rooms") > 0;
    } catch (Row.InvalidRow e) {
      if (!row.attributes().isEmpty()) {
        row.report(table, e);
      }
      return false;
    }
  }

  /// Takes a connection out of a room.
  ///
  /// @return false where it was not in that room
  public boolean quit(ConnectionId connection, RoomId room, Instant now) {
    TransactWriteItem count =
        update(
            Update.builder()
                .tableName(table)
                .key(key(connection, CONNECTION_ROW))
                .updateExpression("SET rooms = rooms - :one")
                .conditionExpression("attribute_exists(connection_id)")
                .expressionAttributeValues(Map.of(":one", n(1))));
    TransactWriteItem leave =
        TransactWriteItem.builder()
            .delete(
                Delete.builder()
                    .tableName(table)
                    .key(key(connection, room.name()))
                    .conditionExpression("attribute_exists(connection_id)")
                    .build())
            .build();
    return Transactions.write(dynamoDb, List.of(count, leave), Deadline.in(CONFLICTS_MAX)) == null;
  }

  /// Charges one message to a member's allowance, which is the moment (epoch ms) up to which it has
  /// spent its time: an allowance in the past is unspent, one up to `burst` ahead is a burst. One
  /// that nobody can have spent, because a clock was wrong or the row was edited, begins anew.
  public Spending spend(
      ConnectionId connection, RoomId room, Duration cost, Duration burst, Instant now) {
    long nowMs = now.toEpochMilli();
    long nextMs = nowMs + cost.toMillis();
    String unspent = "allowance <= :limit";
    Map<String, AttributeValue> refused =
        charge(connection, room, "SET allowance = :next", nextMs, unspent, nowMs, now);
    if (refused == null) {
      return new Spending.Spent();
    }
    if (!isMembership(refused, now)) {
      return new Spending.NotAMember();
    }
    long burstMs = nowMs + burst.toMillis();
    refused =
        charge(
            connection,
            room,
            "SET allowance = allowance + :next",
            cost.toMillis(),
            unspent,
            burstMs,
            now);
    if (refused == null) {
      return new Spending.Spent();
    }
    if (!isMembership(refused, now)) {
      return new Spending.NotAMember();
    }
    long spentMax = burstMs + cost.plus(Limits.CLOCK_SKEW_MAX).toMillis();
    Long spent = new Row(refused).optionalNumber(table, "allowance", 0, spentMax);
    if (spent != null) {
      return new Spending.RateLimited(Math.max(1, spent - burstMs));
    }
    String impossible = "(allowance > :limit OR NOT attribute_type(allowance, :number))";
    charge(connection, room, "SET allowance = :next", nextMs, impossible, spentMax, now);
    // Where somebody else was faster, this message is within what a wrong clock costs.
    return new Spending.Spent();
  }

  /// @param condition on the allowance
  /// @return null where it is charged; else the row as it is, empty where there is none
  private @Nullable Map<String, AttributeValue> charge(
      ConnectionId connection,
      RoomId room,
      String set,
      long next,
      String condition,
      long limitMs,
      Instant now) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":limit", n(limitMs));
    values.put(":next", n(next));
    values.put(":now", n(now.getEpochSecond()));
    if (condition.contains(":number")) {
      values.put(":number", s("N"));
    }
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key(connection, room.name()))
                  .updateExpression(set)
                  .conditionExpression(condition + " AND expires_at > :now")
                  .expressionAttributeValues(values)
                  .returnValuesOnConditionCheckFailure(
                      ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return null;
    } catch (ConditionalCheckFailedException e) {
      return e.hasItem() ? e.item() : Map.of();
    }
  }

  /// Whether there is a membership that counts. A row that cannot be read is none: the client joins
  /// again, which writes it anew.
  private boolean isMembership(Map<String, AttributeValue> item, Instant now) {
    return !item.isEmpty() && membership(item, now) != null;
  }

  /// @return null where it is past its expiry, or cannot be read: that must not keep a room silent
  private @Nullable Membership membership(Map<String, AttributeValue> item, Instant now) {
    Row row = new Row(item);
    try {
      Membership membership = Membership.of(row);
      return row.number("expires_at") > now.getEpochSecond() ? membership : null;
    } catch (Row.InvalidRow | IllegalArgumentException e) {
      row.report(table, e);
      return null;
    }
  }

  /// Whether a connection is in a room.
  public boolean isMember(ConnectionId connection, RoomId room, Instant now) {
    var response =
        dynamoDb.getItem(
            get -> get.tableName(table).key(key(connection, room.name())).consistentRead(true));
    return response.hasItem() && isMembership(response.item(), now);
  }

  /// Those of the rooms that a connection is in, in one read.
  ///
  /// @param rooms at most 50
  public Set<RoomId> joined(ConnectionId connection, Collection<RoomId> rooms, Instant now) {
    Set<RoomId> joined = new HashSet<>();
    List<Map<String, AttributeValue>> keys =
        rooms.stream().distinct().map(room -> key(connection, room.name())).toList();
    for (var item : Batches.get(dynamoDb, table, keys)) {
      if (isMembership(item, now)) {
        joined.add(new RoomId(new Row(item).string("room_id")));
      }
    }
    return joined;
  }

  /// One page of a room's members. Somebody who joins or leaves meanwhile may be missing from all
  /// pages, or be in one.
  ///
  /// @param after a cursor, or null for the first page
  public Page members(RoomId room, @Nullable String after, int limit, Instant now) {
    String from = after == null ? SlotRange.ALL.first() : ConnectionId.slotPrefix(after);
    List<Membership> members = new ArrayList<>();
    Map<String, AttributeValue> start = Map.of();
    do {
      QueryResponse response = query(room, from, SlotRange.ALL.last(), start, limit + 1);
      addMemberships(response, now, members);
      if (after != null) {
        // Slots that share the cursor's digits are few; the page begins behind the cursor's own.
        for (int i = 0; i < members.size(); i++) {
          if (members.get(i).connection().member().equals(after)) {
            members.subList(0, i + 1).clear();
            break;
          }
        }
      }
      start = response.lastEvaluatedKey();
    } while (members.size() <= limit && !start.isEmpty());
    if (members.size() <= limit) {
      return new Page(members, null);
    }
    List<Membership> page = members.subList(0, limit);
    return new Page(page, page.getLast().connection().member());
  }

  /// The members of a room in a range of slots, in slot order.
  ///
  /// @param limit how many at most
  public List<Membership> membersIn(RoomId room, SlotRange range, int limit, Instant now) {
    List<Membership> members = new ArrayList<>();
    Map<String, AttributeValue> start = Map.of();
    do {
      QueryResponse response = query(room, range.first(), range.last(), start, limit);
      addMemberships(response, now, members);
      start = response.lastEvaluatedKey();
    } while (members.size() < limit && !start.isEmpty());
    return members.size() > limit ? members.subList(0, limit) : members;
  }

  private void addMemberships(QueryResponse response, Instant now, List<Membership> members) {
    for (var item : response.items()) {
      Membership membership = membership(item, now);
      if (membership != null) {
        members.add(membership);
      }
    }
  }

  private QueryResponse query(
      RoomId room, String first, String last, Map<String, AttributeValue> start, int limit) {
    return dynamoDb.query(
        query -> {
          query
              .tableName(table)
              .indexName(INDEX)
              .keyConditionExpression("room_id = :room AND slot BETWEEN :first AND :last")
              .expressionAttributeValues(
                  Map.of(":room", s(room.name()), ":first", s(first), ":last", s(last)));
          if (limit < Integer.MAX_VALUE) {
            query.limit(limit);
          }
          if (!start.isEmpty()) {
            query.exclusiveStartKey(start);
          }
        });
  }

  /// Removes everything of a connection that is closed. Where it was in more than 10 rooms, it
  /// removes the connection itself, by which nobody joins a room from then on, and its memberships
  /// are left to [#prune]: many such connections that close at once would keep all others from
  /// writing.
  ///
  /// @return whether nothing is left
  public boolean forget(ConnectionId connection) {
    dynamoDb.deleteItem(delete -> delete.tableName(table).key(key(connection, CONNECTION_ROW)));
    List<Map<String, AttributeValue>> memberships = memberships(connection);
    if (memberships.size() > FORGOTTEN_AT_ONCE_MAX) {
      return false;
    }
    Batches.delete(dynamoDb, table, memberships);
    return true;
  }

  /// Removes everything of a connection that is gone, unless it was opened less than 30 s ago.
  /// Where it cannot be read when that was, a push that found it gone is believed.
  ///
  /// @return how many rows were written for it: none where it is too young
  public int prune(ConnectionId connection, Instant now) {
    try {
      dynamoDb.deleteItem(
          delete ->
              delete
                  .tableName(table)
                  .key(key(connection, CONNECTION_ROW))
                  .conditionExpression("NOT connected_at BETWEEN :young AND :ahead")
                  .expressionAttributeValues(
                      Map.of(
                          ":young", n(now.minus(Limits.PRUNE_AGE_MIN).toEpochMilli() + 1),
                          ":ahead", n(now.plus(Limits.CLOCK_AHEAD_MAX).toEpochMilli()))));
    } catch (ConditionalCheckFailedException e) {
      return 0;
    }
    List<Map<String, AttributeValue>> memberships = memberships(connection);
    Batches.delete(dynamoDb, table, memberships);
    return 1 + memberships.size();
  }

  /// The keys of a connection's memberships. Its own row is gone by now: whatever joins were in
  /// flight have failed, or are seen by this read.
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

  private TransactWriteItem put(Map<String, AttributeValue> item) {
    return TransactWriteItem.builder()
        .put(
            Put.builder()
                .tableName(table)
                .item(item)
                .conditionExpression("attribute_not_exists(connection_id)")
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
        .build();
  }

  private static TransactWriteItem update(Update.Builder update) {
    return TransactWriteItem.builder()
        .update(
            update
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
        .build();
  }

  private static Map<String, AttributeValue> membership(
      ConnectionId connection,
      Identity identity,
      RoomId room,
      Instant now,
      AttributeValue expiresAt) {
    Map<String, AttributeValue> item = new HashMap<>(key(connection, room.name()));
    item.put("user", s(identity.user()));
    item.put("sender", s(identity.sender()));
    item.put("slot", s(connection.slot()));
    item.put("joined_at", n(now.toEpochMilli()));
    item.put("allowance", n(now.toEpochMilli()));
    item.put("expires_at", expiresAt);
    return item;
  }

  private static AttributeValue expiresAt(Instant connectedAt) {
    return n(connectedAt.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond());
  }

  private static Map<String, AttributeValue> key(ConnectionId connection, String room) {
    return Map.of("connection_id", s(connection.value()), "room_id", s(room));
  }
}
