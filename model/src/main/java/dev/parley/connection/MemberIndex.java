package dev.parley.connection;

import static dev.parley.table.Row.s;
import static dev.parley.table.Row.seconds;

import dev.parley.identity.Identity;
import dev.parley.platform.Settings;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.Select;

/// RoomConnections, the index of ChatConnections that lists the members of each room in the order
/// of their [Slot]s.
///
/// The index may lag behind the table by a fraction of a second. Members past their `expires_at`,
/// and rows that cannot be read, are left out.
public final class MemberIndex {
  private static final String INDEX = "RoomConnections";

  /// What is read for one page of people, about 250 KB: it bounds what a user with very many
  /// connections makes others read.
  private static final int PAGE_ROWS_MAX = 1_000;

  /// As many as people have, and some to spare.
  private static final int CONNECTIONS_PER_PERSON = 10;

  /// What one `BatchGetItem` can confirm.
  private static final int CONNECTIONS_OF_USER_MAX = 100;

  private final DynamoDbClient dynamoDb;
  private final String table;

  public MemberIndex(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(ConnectionTable.SETTING);
  }

  /// Some people of a room.
  ///
  /// @param cursor where the next page begins, or null at the end
  /// @param rows how many were read
  public record Page(List<Person> people, @Nullable String cursor, int rows) {}

  /// One page of the people in a room, in the order of their ids; nothing where the cursor is none
  /// of this room. Somebody who comes or goes meanwhile may be in no page, or in one. The
  /// connections of one user are neighbours, so a page holds all of them, or the first 1,000. A
  /// user who has some that version 0.1 opened may be in several pages.
  ///
  /// @param cursor of the page before, or null for the first page
  /// @param salt gives the room's, or null; called only where the room does not fit a page
  public Optional<Page> page(
      RoomId room,
      @Nullable String cursor,
      int limit,
      Supplier<@Nullable String> salt,
      Instant now) {
    if (cursor == null) {
      List<Membership> few = membersIn(room, SlotRange.ALL, limit + 1, now);
      if (few.size() <= limit) {
        return Optional.of(new Page(people(byUser(few)), null, few.size()));
      }
    }
    MemberOrder order = new MemberOrder(salt.get());
    Optional<Long> before = cursor == null ? Optional.of(-1L) : order.open(cursor);
    return before.map(position -> page(room, order, position + 1, limit, now));
  }

  /// @param from the first position
  private Page page(RoomId room, MemberOrder order, long from, int limit, Instant now) {
    if (from == SlotRange.SLOTS) {
      return new Page(List.of(), null, 0);
    }
    int all = 0;
    for (int rows = limit + 1; ; rows *= 4) {
      int read = Math.min(rows, PAGE_ROWS_MAX);
      List<Membership> members = membersFrom(room, order, from, read, now);
      all += members.size();
      boolean last = members.size() < read;
      boolean mostRead = read == PAGE_ROWS_MAX;
      Page page = page(members, order, last, mostRead, limit, all);
      if (last || mostRead || page.people().size() >= limit) {
        return page;
      }
    }
  }

  /// The members from a position on: those up to the last slot, then those from the first one.
  private List<Membership> membersFrom(
      RoomId room, MemberOrder order, long from, int limit, Instant now) {
    long first = order.slot(from);
    long end = order.slot(0);
    if (first < end) {
      return membersIn(room, new SlotRange(first, end), limit, now);
    }
    List<Membership> members =
        new ArrayList<>(membersIn(room, new SlotRange(first, SlotRange.SLOTS), limit, now));
    if (members.size() < limit && end > 0) {
      members.addAll(membersIn(room, new SlotRange(0, end), limit - members.size(), now));
    }
    return members;
  }

  /// @param last whether no others follow
  /// @param mostRead whether no more may be read
  private static Page page(
      List<Membership> members,
      MemberOrder order,
      boolean last,
      boolean mostRead,
      int limit,
      int rows) {
    Map<String, List<Membership>> byHash = new LinkedHashMap<>();
    members.forEach(m -> byHash.computeIfAbsent(m.slot().hash(), h -> new ArrayList<>()).add(m));
    if (!last && (byHash.size() > 1 || !mostRead)) {
      byHash.remove(members.getLast().slot().hash()); // others may follow
    }
    List<Membership> taken = new ArrayList<>();
    @Nullable Slot end = null;
    for (List<Membership> neighbours : byHash.values()) {
      List<Membership> more = new ArrayList<>(taken);
      more.addAll(neighbours);
      if (end != null && byUser(more).size() > limit) {
        return new Page(people(byUser(taken)), order.seal(order.position(end.number())), rows);
      }
      taken = more;
      end = neighbours.getFirst().slot();
    }
    String cursor = last || end == null ? null : order.seal(order.position(end.number()));
    return new Page(people(byUser(taken)), cursor, rows);
  }

  /// In the order of their ids, which tells nothing of their slots.
  private static Map<String, List<Membership>> byUser(List<Membership> members) {
    Map<String, List<Membership>> byUser = new TreeMap<>();
    members.forEach(m -> byUser.computeIfAbsent(m.user(), u -> new ArrayList<>()).add(m));
    return byUser;
  }

  private static List<Person> people(Map<String, List<Membership>> byUser) {
    return byUser.values().stream()
        .map(
            connections -> {
              Identity newest = Collections.max(connections, Membership.BY_AGE).identity();
              return new Person(newest.user(), newest.sender(), connections.size());
            })
        .toList();
  }

  /// All members of a room of few people, in slot order; none where there are more people, or more
  /// than ten times as many connections.
  public List<Membership> ofFew(RoomId room, int peopleMax, Instant now) {
    for (int rows : new int[] {peopleMax + 1, CONNECTIONS_PER_PERSON * peopleMax + 1}) {
      List<Membership> members = membersIn(room, SlotRange.ALL, rows, now);
      if (members.stream().map(Membership::user).distinct().count() > peopleMax) {
        break;
      }
      if (members.size() < rows) {
        return members;
      }
    }
    return List.of();
  }

  /// A user's memberships of a room, the first 100 in slot order. Those that version 0.1 opened are
  /// not among them, save the one whose slot this is.
  ///
  /// @param slot of any of them
  public List<Membership> ofUser(RoomId room, String user, Slot slot, Instant now) {
    return membersIn(room, slot.neighbours(), CONNECTIONS_OF_USER_MAX, now).stream()
        .filter(member -> member.user().equals(user))
        .toList();
  }

  /// All of a user's memberships of a room, as far as the index shows them. Those that version 0.1
  /// opened are not among them.
  public List<Membership> ofUser(Room room, String user, Instant now) {
    String salt = room.salt();
    return salt == null
        ? List.of()
        : membersIn(room.id(), Slot.of(salt, user), Integer.MAX_VALUE, now).stream()
            .filter(member -> member.user().equals(user))
            .toList();
  }

  /// How many members a room has. All of them are read for it, a MB with each query; rows that
  /// cannot be read count too.
  public long count(RoomId room, Instant now) {
    long count = 0;
    Map<String, AttributeValue> start = Map.of();
    do {
      Map<String, AttributeValue> from = start;
      QueryResponse response =
          dynamoDb.query(
              query -> {
                query
                    .tableName(table)
                    .indexName(INDEX)
                    .select(Select.COUNT)
                    .keyConditionExpression("room_id = :room")
                    .filterExpression("expires_at > :now")
                    .expressionAttributeValues(
                        Map.of(":room", s(room.name()), ":now", seconds(now)));
                if (!from.isEmpty()) {
                  query.exclusiveStartKey(from);
                }
              });
      count += response.count();
      start = response.lastEvaluatedKey();
    } while (!start.isEmpty());
    return count;
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
