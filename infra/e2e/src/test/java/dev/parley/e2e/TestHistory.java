package dev.parley.e2e;

import dev.parley.local.LocalCloud;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Rows that were written while nobody was there: quicker than to say it all.
final class TestHistory {
  /// DynamoDB takes so many rows in one request.
  private static final int BATCH = 25;

  private TestHistory() {}

  /// Messages of somebody called "Before", a millisecond apart: `word 0`, `word 1` and so on.
  ///
  /// @return their timestamps
  static List<Long> write(LocalCloud cloud, String room, Instant first, String word, int count) {
    List<Long> timestamps = new ArrayList<>();
    List<Map<String, AttributeValue>> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long timestamp = first.plusMillis(i).toEpochMilli() * 1_000;
      timestamps.add(timestamp);
      rows.add(
          Map.of(
              "room_id", Row.s(room),
              "timestamp", Row.n(timestamp),
              "id", Row.s(word + "-" + i),
              "user", Row.s("guest:00112233445566778899aabbccddeeff"),
              "sender", Row.s("Before"),
              "message", Row.s(word + " " + i),
              "expires_at", Row.n(first.getEpochSecond() + 86_400)));
    }
    put(cloud, "ChatMessages", rows);
    return timestamps;
  }

  /// Writes rooms without members into the table.
  static void makeRooms(LocalCloud cloud, List<String> names) {
    put(cloud, "ChatRooms", names.stream().map(name -> Map.of("room_id", Row.s(name))).toList());
  }

  private static void put(LocalCloud cloud, String table, List<Map<String, AttributeValue>> rows) {
    for (int i = 0; i < rows.size(); i += BATCH) {
      List<WriteRequest> some =
          rows.subList(i, Math.min(rows.size(), i + BATCH)).stream()
              .map(row -> WriteRequest.builder().putRequest(put -> put.item(row)).build())
              .toList();
      cloud.dynamoDb().client().batchWriteItem(write -> write.requestItems(Map.of(table, some)));
    }
  }
}
