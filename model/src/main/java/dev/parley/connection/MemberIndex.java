package dev.parley.connection;

import static dev.parley.table.Row.s;

import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;

/// RoomConnections, the index of ChatConnections that lists the members of each room in the order
/// of their slots ([ConnectionId#slot]).
///
/// The index may lag behind the table by a fraction of a second. Members past their `expires_at`,
/// and rows that cannot be read, are left out.
public final class MemberIndex {
  private static final String INDEX = "RoomConnections";

  private final DynamoDbClient dynamoDb;
  private final String table;

  public MemberIndex(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(ConnectionTable.SETTING);
  }

  /// Some members of a room, in slot order.
  ///
  /// @param cursor the last member of this page where there are more, else null
  public record Page(List<Membership> members, @Nullable String cursor) {}

  /// One page of a room's members. A member who joins or leaves meanwhile may be missing from all
  /// pages, or be in one.
  ///
  /// @param after a cursor, or null for the first page
  public Page page(RoomId room, @Nullable String after, int limit, Instant now) {
    String from = after == null ? SlotRange.ALL.first() : ConnectionId.slotPrefix(after);
    List<Membership> members = new ArrayList<>();
    Map<String, AttributeValue> start = Map.of();
    do {
      QueryResponse response = query(room, from, SlotRange.ALL.last(), start, limit + 1);
      addMemberships(response, now, members);
      if (after != null) {
        // Few slots begin with the same digits as the cursor's; the page begins after its member.
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
      Membership.of(table, new Row(item), now).ifPresent(members::add);
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
}
