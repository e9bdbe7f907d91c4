package dev.parley.message;

import static dev.parley.table.Row.n;
import static dev.parley.table.Row.s;

import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.QueryResponse;
import software.amazon.awssdk.services.dynamodb.model.ReturnConsumedCapacity;

/// The messages of a room, a page at a time, read from ChatMessages.
///
/// All reads are strongly consistent and leave out what is past retention, and void rows. A row
/// that cannot be shown as a message, or whose message was erased, is [Entry.Unreadable].
public final class History {
  private static final Map<String, String> NAMES = Map.of("#timestamp", "timestamp");

  /// Rows that are read before their size is known. Of messages of 8 KB, 3 fit a page, and the 4th
  /// shows that there are more.
  private static final int FIRST_ROWS = 4;

  private final DynamoDbClient dynamoDb;
  private final String table;
  private final Retention retention;

  public History(DynamoDbClient dynamoDb, Settings settings) {
    this.dynamoDb = dynamoDb;
    this.table = settings.required(MessageTable.SETTING);
    this.retention = new Retention(settings);
  }

  /// Retention may have removed messages before this.
  public Timestamp horizon(Instant now) {
    return retention.horizon(now);
  }

  /// A part of a room's history, bounded by count and by bytes.
  ///
  /// A query is charged for all that it reads. So it reads a few rows at first, and then as many as
  /// fit by the average size of those: a page of short messages takes two queries.
  ///
  /// @param limit 1 to 100
  /// @param bytes what all entries of the page may take together
  /// @param size what one entry takes there
  public Page page(
      RoomId room, Range range, int limit, int bytes, ToIntFunction<Entry> size, Instant now) {
    // Rows past retention stay for days: they are left out of the key range, not read and dropped.
    // So are rows whose number is no timestamp, which no client could be told.
    long from = horizon(now).micros();
    long to = Timestamp.MAX.micros();
    switch (range) {
      case Range.Newest newest -> {}
      case Range.Before before -> to = before.timestamp().micros() - 1;
      case Range.After after -> from = Math.max(from, after.timestamp().micros() + 1);
    }
    List<Entry> found = new ArrayList<>();
    if (from > to) {
      return new Page(range, found, false);
    }
    boolean forward = range instanceof Range.After;
    boolean more = false;
    int left = bytes;
    int rows = 0;
    double readUnits = 0;
    int wanted = Math.min(FIRST_ROWS, limit + 1);
    Map<String, AttributeValue> start = Map.of();
    read:
    do {
      QueryResponse response = query(room, from, to, forward, wanted, start);
      if (response.consumedCapacity() != null) {
        readUnits += response.consumedCapacity().capacityUnits();
      }
      for (var item : response.items()) {
        rows++;
        Entry entry = read(new Row(item), now);
        if (entry == null) {
          continue;
        }
        int taken = size.applyAsInt(entry);
        if (taken > bytes) {
          new Row(item).report(table, new Row.InvalidRow("message", "short enough for a page"));
          entry = new Entry.Unreadable(entry.timestamp());
          taken = size.applyAsInt(entry);
        }
        if (found.size() == limit || taken > left) {
          more = true;
          break read;
        }
        left -= taken;
        found.add(entry);
      }
      start = response.lastEvaluatedKey();
      wanted = limit + 1 - found.size();
      if (left < bytes) {
        wanted = (int) Math.min(wanted, (long) left * rows / (bytes - left) + 1);
      }
    } while (!start.isEmpty());
    if (!forward) {
      Collections.reverse(found);
    }
    return new Page(range, found, more, readUnits);
  }

  /// The message at a timestamp; nothing where none can be shown.
  public Optional<Message> find(RoomId room, Timestamp timestamp, Instant now) {
    var response =
        dynamoDb.getItem(
            get ->
                get.tableName(table)
                    .key(Map.of("room_id", s(room.name()), "timestamp", n(timestamp.micros())))
                    .consistentRead(true));
    return response.hasItem() && read(new Row(response.item()), now) instanceof Message message
        ? Optional.of(message)
        : Optional.empty();
  }

  /// @return null where the row is void or past its expiry, or its number is no timestamp
  private @Nullable Entry read(Row row, Instant now) {
    Timestamp timestamp = Timestamp.optional(table, row, "timestamp");
    if (timestamp == null) {
      return null;
    }
    try {
      if (VoidRow.is(row) || row.expired(now)) {
        return null;
      }
      return ErasedRow.is(row) ? new Entry.Unreadable(timestamp) : Message.of(row);
    } catch (Row.InvalidRow | IllegalArgumentException e) {
      row.report(table, e);
      return new Entry.Unreadable(timestamp);
    }
  }

  /// @param from the smallest timestamp that is read, in microseconds
  /// @param to the largest one
  private QueryResponse query(
      RoomId room,
      long from,
      long to,
      boolean forward,
      int limit,
      Map<String, AttributeValue> start) {
    return dynamoDb.query(
        query -> {
          query
              .tableName(table)
              .consistentRead(true)
              .returnConsumedCapacity(ReturnConsumedCapacity.TOTAL)
              .limit(limit)
              .scanIndexForward(forward)
              .keyConditionExpression("room_id = :room AND #timestamp BETWEEN :from AND :to")
              .expressionAttributeNames(NAMES)
              .expressionAttributeValues(
                  Map.of(":room", s(room.name()), ":from", n(from), ":to", n(to)));
          if (!start.isEmpty()) {
            query.exclusiveStartKey(start);
          }
        });
  }
}
