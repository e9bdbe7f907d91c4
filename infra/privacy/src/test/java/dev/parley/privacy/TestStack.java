package dev.parley.privacy;

import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.template.Template;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The template's tables on DynamoDB Local, with rows of several users.
final class TestStack implements AutoCloseable {
  private static final Template TEMPLATE = Template.read(Path.of("..", "template.yaml"), Map.of());

  private final LocalDynamoDb dynamo;

  TestStack() {
    try {
      dynamo = LocalDynamoDb.inMemory();
      dynamo.create(TEMPLATE.tables());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  DynamoDbClient dynamoDb() {
    return dynamo.client();
  }

  String endpoint() {
    return dynamo.environment().getOrDefault("AWS_ENDPOINT_URL_DYNAMODB", "");
  }

  Settings settings() {
    Map<String, String> environment = new HashMap<>();
    environment.putAll(TEMPLATE.functions().values().iterator().next().environment());
    environment.putAll(dynamo.environment());
    return new Settings(environment);
  }

  /// Some rows of a user in each table, with keys of its own.
  void fill(Random random, String user, int rows) {
    for (int i = 0; i < rows; i++) {
      String connection = "c" + random.nextInt(1_000_000) + "=";
      String room = "room" + random.nextInt(3);
      long timestamp = 1_795_000_000_000_000L + random.nextInt(1_000_000_000);
      put(
          "ChatConnections",
          Map.of(
              "connection_id", Row.s(connection),
              "room_id", Row.s("$connection"),
              "user", Row.s(user),
              "sender", Row.s("Name of " + user),
              "rooms", Row.n(1)));
      put(
          "ChatConnections",
          Map.of(
              "connection_id", Row.s(connection),
              "room_id", Row.s(room),
              "user", Row.s(user),
              "sender", Row.s("Name of " + user),
              "slot", Row.s("00000000." + connection)));
      put(
          "ChatSends",
          Map.of(
              "send_id", Row.s(room + "#" + user + "#id" + timestamp),
              "timestamp", Row.n(timestamp),
              "digest", Row.s("00")));
      put("ChatMessages", message(room, timestamp, user));
      put(
          "ChatSessions",
          Map.of(
              "connection_id", Row.s(connection),
              "user", Row.s(user),
              "sender", Row.s("Name of " + user),
              "source_ip", Row.s("192.0.2.1")));
      put(
          "ChatRooms",
          Map.of(
              "room_id", Row.s("made-" + timestamp),
              "created_by", Row.s(user),
              "salt", Row.s("secret")));
    }
  }

  static Map<String, AttributeValue> message(String room, long timestamp, String user) {
    return Map.of(
        "room_id", Row.s(room),
        "timestamp", Row.n(timestamp),
        "id", Row.s("id" + timestamp),
        "user", Row.s(user),
        "sender", Row.s("Name of " + user),
        "message", Row.s("Hello"),
        "expires_at", Row.n(4_102_444_800L));
  }

  void put(String table, Map<String, AttributeValue> row) {
    dynamo.client().putItem(put -> put.tableName(table).item(row));
  }

  /// All rows of all tables, each as text.
  Map<String, List<String>> rows() {
    Map<String, List<String>> rows = new TreeMap<>();
    for (String table : dynamo.client().listTables().tableNames()) {
      rows.put(
          table,
          scan(table).stream()
              .map(row -> new TreeMap<>(row).toString())
              .sorted()
              .collect(Collectors.toList()));
    }
    return rows;
  }

  List<Map<String, AttributeValue>> scan(String table) {
    return dynamo
        .client()
        .scanPaginator(scan -> scan.tableName(table).consistentRead(true))
        .items()
        .stream()
        .toList();
  }

  @Override
  public void close() {
    dynamo.close();
  }
}
