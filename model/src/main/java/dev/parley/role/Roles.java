package dev.parley.role;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.room.RoomTable;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import dev.parley.table.WriteResult;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionCheck;
import software.amazon.awssdk.services.dynamodb.model.Delete;
import software.amazon.awssdk.services.dynamodb.model.Put;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;
import software.amazon.awssdk.services.dynamodb.model.Update;

/// ChatRoles: for each user and room a role or a ban ([Standing]), and for each user one row
/// (its `room_id` is `$` and the user) that counts the private rooms in which the user has a role.
///
/// Reads are strongly consistent, those of [#in] excepted. Who joins a room writes the membership
/// on condition of [#admission], in one transaction. So a ban and a join that meet have an order:
/// the join fails, or whoever banned finds the membership.
public final class Roles {
  /// The setting that names the table.
  static final String SETTING = "CHAT_ROLES_TABLE";

  static final String EXPIRES_AT = "expires_at";

  private static final String INDEX = "RoomRoles";

  /// Before the user's id, in place of a room: no room's name has a `$`. So each of these rows has
  /// a place of its own in the index, too.
  private static final String USER_ROW = "$";

  private static final String ROOMS = "rooms";

  /// What one `BatchGetItem` takes.
  private static final int READ_AT_ONCE_MAX = 100;

  /// The time that transactions have that meet others on a user's or a room's row.
  private static final Duration WRITE_MAX = Duration.ofSeconds(5);

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final String roomTable;
  private final RoomTable rooms;

  public Roles(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(SETTING);
    this.roomTable = settings.required(RoomTable.SETTING);
    this.rooms = new RoomTable(dynamoDb, settings);
  }

  /// The private rooms of a user, by name.
  ///
  /// @param cursor where the next page begins, or null at the end
  public record Page(List<Standing> standings, @Nullable RoomId cursor) {}

  static Map<String, AttributeValue> key(String user, RoomId room) {
    return key(user, room.name());
  }

  private static Map<String, AttributeValue> key(String user, String room) {
    return Map.of("user", s(user), "room_id", s(room));
  }

  public Standing get(String user, RoomId room) {
    var response =
        dynamoDb.getItem(get -> get.tableName(table).key(key(user, room)).consistentRead(true));
    return Standing.of(table, user, room, response.hasItem() ? response.item() : Map.of());
  }

  /// As above for several rooms in one read.
  ///
  /// @param in at most 100
  public Map<RoomId, Standing> get(String user, Collection<RoomId> in) {
    Map<RoomId, Standing> found = new HashMap<>();
    in.forEach(room -> found.put(room, Standing.of(table, user, room, Map.of())));
    var keys = in.stream().distinct().map(room -> key(user, room)).toList();
    for (var item : Batches.get(dynamoDb, table, keys)) {
      RoomId room = new RoomId(new Row(item).string("room_id"));
      found.put(room, Standing.of(table, user, room, item));
    }
    return found;
  }

  /// As above for several users of one room.
  public Map<String, Standing> get(Collection<String> users, RoomId room) {
    Map<String, Standing> found = new HashMap<>();
    users.forEach(user -> found.put(user, Standing.none(user, room)));
    List<Map<String, AttributeValue>> keys =
        users.stream().distinct().map(user -> key(user, room)).toList();
    for (int from = 0; from < keys.size(); from += READ_AT_ONCE_MAX) {
      List<Map<String, AttributeValue>> some =
          keys.subList(from, Math.min(keys.size(), from + READ_AT_ONCE_MAX));
      for (var item : Batches.get(dynamoDb, table, some)) {
        String user = new Row(item).string("user");
        found.put(user, Standing.of(table, user, room, item));
      }
    }
    return found;
  }

  /// The condition under which a user may be in a room, for the transaction that puts a connection
  /// into it.
  public TransactWriteItem admission(String user, RoomId room, Instant now) {
    String notBanned = "(attribute_not_exists(banned_until) OR banned_until <= :now)";
    boolean open = room.kind() == RoomKind.PUBLIC;
    ConditionCheck.Builder check =
        ConditionCheck.builder()
            .tableName(table)
            .key(key(user, room))
            .conditionExpression(open ? notBanned : "attribute_exists(#role) AND " + notBanned)
            .expressionAttributeValues(Map.of(":now", n(now.getEpochSecond())));
    if (!open) {
      check.expressionAttributeNames(Map.of("#role", Standing.ROLE));
    }
    return TransactWriteItem.builder().conditionCheck(check.build()).build();
  }

  /// The private rooms in which a user has a role.
  ///
  /// @param cursor the one of the page before, or null for the first page
  public Page of(String user, @Nullable RoomId cursor) {
    List<Standing> standings = new ArrayList<>();
    Map<String, AttributeValue> start = cursor == null ? Map.of() : key(user, cursor);
    do {
      Map<String, AttributeValue> from = start;
      QueryResponse response =
          dynamoDb.query(
              query -> {
                query
                    .tableName(table)
                    .consistentRead(true)
                    .limit(Limits.PAGE_MY_ROOMS_MAX)
                    .keyConditionExpression("#user = :user")
                    .expressionAttributeNames(Map.of("#user", "user"))
                    .expressionAttributeValues(Map.of(":user", s(user)));
                if (!from.isEmpty()) {
                  query.exclusiveStartKey(from);
                }
              });
      for (var item : response.items()) {
        String room = new Row(item).string("room_id");
        if (RoomId.valid(room) && item.containsKey(Standing.ROLE)) {
          standings.add(Standing.of(table, user, new RoomId(room), item));
        }
      }
      start = response.lastEvaluatedKey();
    } while (standings.isEmpty() && !start.isEmpty());
    return new Page(standings, start.isEmpty() ? null : standings.getLast().room());
  }

  /// Who has a role or a ban in a private room, at most [Limits#ROLES_PER_ROOM_MAX]. The index may
  /// lag behind the table by a fraction of a second.
  public List<Standing> in(RoomId room) {
    return dynamoDb
        .queryPaginator(
            query ->
                query
                    .tableName(table)
                    .indexName(INDEX)
                    .keyConditionExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", s(room.name()))))
        .items()
        .stream()
        .map(item -> Standing.of(table, new Row(item).string("user"), room, item))
        .toList();
  }

  /// Makes a change.
  ///
  /// @return where it is [ChangeResult.Outdated], nothing is written
  public ChangeResult write(Change change) {
    return write(change, counted(change));
  }

  /// Takes a user's role, and ban, in a room. The room of an owner who leaves gets another one: the
  /// moderator who has been one for longest, or else the member. Where nobody is left, nobody can
  /// enter it any more.
  ///
  /// @return as above
  public ChangeResult leave(Standing standing, Instant now) {
    Change change = new Change(standing.room(), standing.user()).forget(standing);
    return standing.role() == Role.OWNER && !hasSuccessor(change, standing, now)
        ? new ChangeResult.Outdated()
        : write(change);
  }

  /// @return false where the one that the index shows is none any more
  private boolean hasSuccessor(Change change, Standing owner, Instant now) {
    List<Standing> all = in(owner.room());
    Standing shown =
        all.stream()
            .filter(standing -> !standing.user().equals(owner.user()))
            .filter(standing -> standing.role() != null)
            .min(
                Comparator.comparing((Standing standing) -> Objects.requireNonNull(standing.role()))
                    .thenComparing(
                        standing -> Objects.requireNonNullElse(standing.since(), Instant.MAX)))
            .orElse(null);
    if (shown == null) {
      change.ofAll(all.size());
      return true;
    }
    Standing successor = get(shown.user(), shown.room());
    if (successor.role() == null) {
      return false;
    }
    change.give(successor, Role.OWNER, now);
    return true;
  }

  /// Forgets a user who has no role and no ban any more: how many rooms there were.
  public void forget(String user) {
    dynamoDb.deleteItem(delete -> delete.tableName(table).key(key(user, USER_ROW + user)));
  }

  /// Makes a room together with its first roles.
  ///
  /// @return [ChangeResult.Outdated] where there is a room with this name
  public ChangeResult create(Change change, @Nullable String title, Identity by, Instant now) {
    int roles = change.steps().stream().mapToInt(Change.Step::rows).sum();
    return write(change, rooms.creating(change.room(), title, by, roles, now));
  }

  /// @param room what is written to the room's row, or null
  private ChangeResult write(Change change, @Nullable TransactWriteItem room) {
    List<TransactWriteItem> items = new ArrayList<>();
    Set<TransactWriteItem> counts = new HashSet<>();
    for (Change.Step step : change.steps()) {
      items.add(item(step));
      if (step.roles() != 0) {
        String user = step.before().user();
        TransactWriteItem count = count(user, step.roles(), user.equals(change.by()));
        counts.add(count);
        items.add(count);
      }
    }
    if (room != null) {
      items.add(room);
    }
    return switch (Transactions.write(dynamoDb, items, Deadline.in(WRITE_MAX))) {
      case WriteResult.Written written -> new ChangeResult.Changed();
      case WriteResult.Refused refused -> {
        if (refused.found().keySet().stream()
            .anyMatch(item -> !item.equals(room) && !counts.contains(item))) {
          yield new ChangeResult.Outdated();
        }
        if (room != null && refused.found(room).isPresent()) {
          yield refusedByRoom(change, room, refused.found(room).get());
        }
        yield new ChangeResult.TooManyRooms();
      }
    };
  }

  private ChangeResult refusedByRoom(Change change, TransactWriteItem room, Row found) {
    if (room.put() != null) {
      return new ChangeResult.Outdated();
    }
    if (!found.attributes().isEmpty()) {
      return change.all() == null ? new ChangeResult.RoomFull() : new ChangeResult.Outdated();
    }
    // Its row was removed. Who has a role there can still give it up.
    boolean grows = change.steps().stream().mapToInt(Change.Step::rows).sum() > 0;
    return grows ? new ChangeResult.NoSuchRoom() : write(change, null);
  }

  private TransactWriteItem item(Change.Step step) {
    Standing before = step.before();
    var key = key(before.user(), before.room());
    StringBuilder condition = new StringBuilder();
    Map<String, String> names = new HashMap<>();
    Map<String, AttributeValue> values = new HashMap<>();
    for (String attribute : List.of(Standing.ROLE, Standing.BANNED_UNTIL)) {
      condition.append(condition.isEmpty() ? "" : " AND ");
      names.put("#" + attribute, attribute);
      AttributeValue value = before.stored().get(attribute);
      if (value == null) {
        condition.append("attribute_not_exists(#").append(attribute).append(')');
      } else {
        condition.append('#').append(attribute).append(" = :").append(attribute);
        values.put(":" + attribute, value);
      }
    }
    @Nullable Map<String, AttributeValue> given = values.isEmpty() ? null : values;
    if (step.isCheck()) {
      return TransactWriteItem.builder()
          .conditionCheck(
              check ->
                  check
                      .tableName(table)
                      .key(key)
                      .conditionExpression(condition.toString())
                      .expressionAttributeNames(names)
                      .expressionAttributeValues(given))
          .build();
    }
    Map<String, AttributeValue> row = step.row();
    if (row == null) {
      return TransactWriteItem.builder()
          .delete(
              Delete.builder()
                  .tableName(table)
                  .key(key)
                  .conditionExpression(condition.toString())
                  .expressionAttributeNames(names)
                  .expressionAttributeValues(given)
                  .build())
          .build();
    }
    return TransactWriteItem.builder()
        .put(
            Put.builder()
                .tableName(table)
                .item(row)
                .conditionExpression(condition.toString())
                .expressionAttributeNames(names)
                .expressionAttributeValues(given)
                .build())
        .build();
  }

  /// Counts the rooms of a user. Others fill no more than half of what there may be.
  private TransactWriteItem count(String user, int more, boolean own) {
    Update.Builder update =
        Update.builder()
            .tableName(table)
            .key(key(user, USER_ROW + user))
            .updateExpression("SET #rooms = if_not_exists(#rooms, :none) + :more")
            .expressionAttributeNames(Map.of("#rooms", ROOMS));
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":more", n(more));
    values.put(":none", n(more < 0 ? -more : 0));
    if (more > 0) {
      update.conditionExpression("attribute_not_exists(#rooms) OR #rooms < :max");
      values.put(":max", n(own ? Limits.ROOMS_PER_USER_MAX : Limits.INVITATIONS_PER_USER_MAX));
    }
    return TransactWriteItem.builder()
        .update(update.expressionAttributeValues(values).build())
        .build();
  }

  /// Counts the rows of a private room; null where there is nothing to count.
  private @Nullable TransactWriteItem counted(Change change) {
    int more = change.steps().stream().mapToInt(Change.Step::rows).sum();
    if (change.room().kind() == RoomKind.PUBLIC || (more == 0 && change.all() == null)) {
      return null;
    }
    String condition = "attribute_exists(room_id)";
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":more", n(more));
    values.put(":none", n(more < 0 ? -more : 0));
    Integer all = change.all();
    if (all != null) {
      condition += " AND #roles = :all";
      values.put(":all", n(all));
    } else if (more > 0) {
      condition += " AND (attribute_not_exists(#roles) OR #roles < :max)";
      values.put(":max", n(Limits.ROLES_PER_ROOM_MAX));
    }
    return TransactWriteItem.builder()
        .update(
            Update.builder()
                .tableName(roomTable)
                .key(RoomTable.key(change.room()))
                .updateExpression("SET #roles = if_not_exists(#roles, :none) + :more")
                .conditionExpression(condition)
                .expressionAttributeNames(Map.of("#roles", RoomTable.ROLES))
                .expressionAttributeValues(values)
                .returnValuesOnConditionCheckFailure(ReturnValuesOnConditionCheckFailure.ALL_OLD)
                .build())
        .build();
  }
}
