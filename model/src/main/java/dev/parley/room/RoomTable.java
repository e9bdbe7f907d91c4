package dev.parley.room;

import static dev.parley.table.Row.millis;
import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;
import static java.util.Objects.requireNonNull;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.platform.Entropy;
import dev.parley.platform.Settings;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import dev.parley.table.Transactions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.ReturnValue;
import software.amazon.awssdk.services.dynamodb.model.ReturnValuesOnConditionCheckFailure;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// ChatRooms: one row for each room that is in use. Reads of single rooms are strongly consistent.
///
/// A public room that nobody has used for `RoomRetentionDays` goes: DynamoDB deletes its row. Each
/// message that is handed out moves that moment on, in the write that moves the head on. So does
/// who joins the room when half of that time is over: a membership lives for 2 h, so no room goes
/// while somebody is in it. A private room stays: its roles say who may come back, and no join
/// makes it anew.
public final class RoomTable {
  /// How many rows of a private room ChatRoles has, which bounds them.
  public static final String ROLES = "roles";

  /// The setting that names the table.
  public static final String SETTING = "CHAT_ROOMS_TABLE";

  /// The longest that the parameters let rooms and messages stay.
  private static final Duration RETENTION_MAX = Duration.ofDays(3650);

  /// Nobody finds a salt by trying.
  private static final int SALT_BYTES = 16;

  /// Rows that are read at a time where a page of them were all private: there may be very many.
  private static final int AMONG_PRIVATE = 4_000;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Duration retention;

  public RoomTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(SETTING);
    // A room that were gone before its messages would begin its chain anew in the midst of them.
    this.retention =
        Duration.ofDays(
            Math.max(
                settings.number("ROOM_RETENTION_DAYS", 1, (int) RETENTION_MAX.toDays()),
                settings.number("MESSAGE_RETENTION_DAYS", 1, (int) RETENTION_MAX.toDays())));
  }

  /// A page of the list of all public rooms, in no particular order.
  ///
  /// @param cursor where the next page begins, or null at the end
  /// @param rows how many were read, private rooms among them
  public record Page(List<Room> rooms, @Nullable RoomId cursor, int rows) {}

  /// A room that nobody has joined yet has neither head nor creation time.
  public Room get(RoomId room) {
    return requireNonNull(get(List.of(room)).get(room));
  }

  /// As above for several rooms in one read.
  public Map<RoomId, Room> get(Collection<RoomId> rooms) {
    Map<RoomId, Room> found = new HashMap<>();
    read(rooms).forEach((id, row) -> found.put(id, Room.of(table, row)));
    return found;
  }

  /// @return for each room its row, or one that has its key alone
  private Map<RoomId, Row> read(Collection<RoomId> rooms) {
    Map<RoomId, Row> found = new HashMap<>();
    rooms.forEach(room -> found.put(room, new Row(key(room))));
    List<Map<String, AttributeValue>> keys = rooms.stream().distinct().map(RoomTable::key).toList();
    for (var item : Batches.get(dynamoDb, table, keys)) {
      Row row = new Row(item);
      found.put(new RoomId(row.string("room_id")), row);
    }
    return found;
  }

  /// Reads rooms, and creates those that are joined for the first time: each has a salt then.
  ///
  /// @param making is told how many are to be created, if any, before the first one is; what it
  ///     throws is thrown, and none is
  public Map<RoomId, Room> open(
      Collection<RoomId> rooms, Identity by, Instant now, IntConsumer making) {
    Map<RoomId, Row> rows = read(rooms);
    Map<RoomId, Room> opened = new HashMap<>();
    rows.forEach((id, row) -> opened.put(id, Room.of(table, row)));
    int created = (int) opened.values().stream().filter(room -> room.createdAt() == null).count();
    if (created > 0) {
      making.accept(created);
    }
    opened.replaceAll(
        (id, room) ->
            room.createdAt() == null || room.salt() == null || isLittleUsed(rows.get(id), now)
                ? create(id, by, now)
                : room);
    return opened;
  }

  /// As above for one room.
  public Room open(RoomId room, Identity by, Instant now, IntConsumer making) {
    return requireNonNull(open(List.of(room), by, now, making).get(room));
  }

  /// Whether half of the time is over after which a room goes. An `expires_at` that cannot be read
  /// is written anew. One that is far ahead was written while rooms stayed for longer, and is kept.
  private boolean isLittleUsed(@Nullable Row row, Instant now) {
    Long expiresAt =
        requireNonNull(row)
            .optionalNumber(
                table, "expires_at", 0, now.plus(RETENTION_MAX.multipliedBy(2)).getEpochSecond());
    return expiresAt == null || expiresAt < now.plus(retention.dividedBy(2)).getEpochSecond();
  }

  /// When a room goes that is used now, in epoch seconds.
  private long expiresAt(Instant now) {
    return now.plus(retention).getEpochSecond();
  }

  /// Adds what is missing, and has the room stay. Whoever comes first decides.
  private Room create(RoomId room, Identity by, Instant now) {
    var response =
        dynamoDb.updateItem(
            update ->
                update
                    .tableName(table)
                    .key(key(room))
                    .updateExpression(
                        "SET created_at = if_not_exists(created_at, :now),"
                            + " created_by = if_not_exists(created_by, :by),"
                            + " salt = if_not_exists(salt, :salt),"
                            + " expires_at = :expires_at")
                    .expressionAttributeValues(
                        Map.of(
                            ":now", millis(now),
                            ":by", s(by.user()),
                            ":expires_at", n(expiresAt(now)),
                            ":salt", s(newSalt())))
                    .returnValues(ReturnValue.ALL_NEW));
    return Room.of(table, new Row(response.attributes()));
  }

  private static String newSalt() {
    byte[] salt = new byte[SALT_BYTES];
    Entropy.RANDOM.nextBytes(salt);
    return HexFormat.of().formatHex(salt);
  }

  /// The write that makes a private room, for the transaction that gives it its first roles.
  ///
  /// @param roles how many
  public TransactWriteItem creating(
      RoomId room, @Nullable String title, Identity by, int roles, Instant now) {
    Map<String, AttributeValue> row = new HashMap<>(key(room));
    row.put("created_at", millis(now));
    row.put("created_by", s(by.user()));
    row.put("salt", s(newSalt()));
    row.put(ROLES, n(roles));
    if (title != null) {
      row.put("title", s(title));
    }
    return Transactions.insert(table, row, "room_id");
  }

  /// Moves a room's head on, after its messages were handed out.
  ///
  /// @param read the room as it was when the hand-out began
  /// @param next the room as it is now, with another head sequence; without a head where none of
  ///     its records had a timestamp
  /// @return false where nothing is changed: somebody else has moved the head meanwhile, or the row
  ///     has reached DynamoDB's size limit
  public boolean advance(Room read, Room next, Instant now) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":sequence", s(requireNonNull(next.headSequence())));
    Map<String, String> names = new HashMap<>();
    StringBuilder expression = new StringBuilder("SET head_sequence = :sequence");
    if (read.id().kind() == RoomKind.PUBLIC) {
      values.put(":expires_at", n(expiresAt(now)));
      expression.append(", expires_at = :expires_at");
    }
    Timestamp head = next.head();
    if (head != null) {
      values.put(":head", n(head.micros()));
      expression.append(", head = :head");
    }
    Integer segments = next.segments();
    if (segments != null) {
      values.put(":segments", n(segments));
      expression.append(", #segments = :segments");
      names.put("#segments", "segments"); // a reserved word
    }
    Instant queuedUntil = next.queuedUntil();
    if (queuedUntil != null) {
      values.put(":queued_until", millis(queuedUntil));
      expression.append(", queued_until = :queued_until");
    }
    String before = read.headSequence();
    values.put(":before", s(before == null ? "" : before));
    boolean known = before != null && !before.isEmpty();
    if (!known) {
      values.put(":type", s("S"));
    }
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key(read.id()))
                  .updateExpression(expression.toString())
                  .expressionAttributeNames(names.isEmpty() ? null : names)
                  .conditionExpression(
                      known
                          ? "head_sequence = :before"
                          : "head_sequence = :before OR NOT attribute_type(head_sequence, :type)")
                  .expressionAttributeValues(values)
                  .returnValuesOnConditionCheckFailure(
                      ReturnValuesOnConditionCheckFailure.ALL_OLD));
      return true;
    } catch (ConditionalCheckFailedException e) {
      // An earlier attempt may have moved it, and its answer was lost.
      return e.hasItem()
          && requireNonNull(next.headSequence())
              .equals(new Row(e.item()).optionalString("head_sequence"));
    } catch (DynamoDbException e) {
      if (!e.awsErrorDetails().errorCode().equals("ValidationException")) {
        throw e;
      }
      // Another attempt would fail too, and block all rooms of the shard for ever.
      new Row(key(read.id())).report(table, e);
      return false;
    }
  }

  /// The public rooms after a cursor. Rows whose key is no room's name are skipped, and so are
  /// rooms that are to go.
  ///
  /// @param cursor the one of the page before, or null for the first page
  public Page list(@Nullable RoomId cursor, Instant now) {
    List<Room> rooms = new ArrayList<>();
    int rows = 0;
    int limit = Limits.PAGE_ROOMS_MAX;
    Map<String, AttributeValue> start = cursor == null ? Map.of() : key(cursor);
    do {
      Map<String, AttributeValue> from = start;
      int most = limit;
      ScanResponse response =
          dynamoDb.scan(
              scan -> {
                scan.tableName(table).limit(most);
                if (!from.isEmpty()) {
                  scan.exclusiveStartKey(from);
                }
              });
      rows += response.items().size();
      for (var item : response.items()) {
        Row row = new Row(item);
        try {
          Room room = Room.of(table, row);
          if (room.id().kind() == RoomKind.PUBLIC && !row.expired(now)) {
            rooms.add(room);
          }
        } catch (Row.InvalidRow e) {
          row.report(table, e);
        }
      }
      start = response.lastEvaluatedKey();
      limit = AMONG_PRIVATE;
    } while (rooms.isEmpty() && !start.isEmpty());
    boolean more = rooms.size() > Limits.PAGE_ROOMS_MAX;
    List<Room> page = more ? rooms.subList(0, Limits.PAGE_ROOMS_MAX) : rooms;
    // Not where the scan has got to: that may be a private room.
    return new Page(page, more || !start.isEmpty() ? page.getLast().id() : null, rows);
  }

  /// The key of a room's row.
  public static Map<String, AttributeValue> key(RoomId room) {
    return Map.of("room_id", s(room.name()));
  }
}
