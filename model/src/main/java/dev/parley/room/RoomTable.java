package dev.parley.room;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.Limits;
import dev.parley.connection.Identity;
import dev.parley.lambda.Settings;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.BatchGetItemResponse;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.KeysAndAttributes;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/// ChatRooms: one row for each room that was ever joined. Reads of single rooms are strongly
/// consistent.
public final class RoomTable {
  private final DynamoDbClient dynamoDb;
  private final String table;

  public RoomTable(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required("CHAT_ROOMS_TABLE");
  }

  /// A page of the list of all rooms, in no particular order.
  ///
  /// @param cursor where the next page begins, or null at the end
  public record Page(List<Room> rooms, @Nullable RoomId cursor) {}

  /// A room that nobody has joined yet has neither head nor creation time.
  public Room get(RoomId room) {
    var response =
        dynamoDb.getItem(get -> get.tableName(table).key(key(room)).consistentRead(true));
    return response.hasItem() ? Room.of(new Row(response.item())) : absent(room);
  }

  /// As [#get] for several rooms in one read.
  public Map<RoomId, Room> get(Collection<RoomId> rooms) {
    Map<RoomId, Room> found = new HashMap<>();
    rooms.forEach(room -> found.put(room, absent(room)));
    Map<String, KeysAndAttributes> wanted =
        rooms.isEmpty()
            ? Map.of()
            : Map.of(
                table,
                KeysAndAttributes.builder()
                    .keys(rooms.stream().distinct().map(RoomTable::key).toList())
                    .consistentRead(true)
                    .build());
    while (!wanted.isEmpty()) {
      Map<String, KeysAndAttributes> request = wanted;
      BatchGetItemResponse response = dynamoDb.batchGetItem(batch -> batch.requestItems(request));
      for (var item : response.responses().getOrDefault(table, List.of())) {
        Room room = Room.of(new Row(item));
        found.put(room.id(), room);
      }
      wanted = response.unprocessedKeys();
    }
    return found;
  }

  /// Notes who made a room, and when. A room that exists is left as it is.
  public void create(RoomId room, Identity by, Instant now) {
    Map<String, AttributeValue> item = new HashMap<>(key(room));
    item.put("created_at", n(now.toEpochMilli()));
    item.put("created_by", s(by.user()));
    try {
      dynamoDb.putItem(
          put ->
              put.tableName(table)
                  .item(item)
                  .conditionExpression("attribute_not_exists(room_id)"));
    } catch (ConditionalCheckFailedException e) {
      // Somebody else made it a moment ago.
    }
  }

  /// Moves a room's head on, after its messages were handed out.
  ///
  /// @param read the room as it was when the hand-out began
  /// @return false where somebody else has moved it since: the room is not changed
  public boolean advance(Room read, long head, String headSequence) {
    Map<String, AttributeValue> values = new HashMap<>();
    values.put(":head", n(head));
    values.put(":sequence", s(headSequence));
    String read0 = read.headSequence();
    if (read0 != null) {
      values.put(":read", s(read0));
    }
    try {
      dynamoDb.updateItem(
          update ->
              update
                  .tableName(table)
                  .key(key(read.id()))
                  .updateExpression("SET head = :head, head_sequence = :sequence")
                  .conditionExpression(
                      read0 == null
                          ? "attribute_not_exists(head_sequence)"
                          : "head_sequence = :read")
                  .expressionAttributeValues(values));
      return true;
    } catch (ConditionalCheckFailedException e) {
      return false;
    }
  }

  /// The rooms after a cursor.
  ///
  /// @param cursor the last page's, or null for the first page
  public Page list(@Nullable RoomId cursor) {
    ScanResponse response =
        dynamoDb.scan(
            scan -> {
              scan.tableName(table).limit(Limits.PAGE_ROOMS_MAX);
              if (cursor != null) {
                scan.exclusiveStartKey(key(cursor));
              }
            });
    List<Room> rooms = new ArrayList<>();
    response.items().forEach(item -> rooms.add(Room.of(new Row(item))));
    RoomId next =
        response.hasLastEvaluatedKey()
            ? new RoomId(new Row(response.lastEvaluatedKey()).string("room_id"))
            : null;
    return new Page(rooms, next);
  }

  private static Room absent(RoomId room) {
    return new Room(room, null, null, null);
  }

  private static Map<String, AttributeValue> key(RoomId room) {
    return Map.of("room_id", s(room.name()));
  }
}
