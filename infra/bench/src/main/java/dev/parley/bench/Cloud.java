package dev.parley.bench;

import dev.parley.Limits;
import dev.parley.connection.ConnectionId;
import dev.parley.local.LocalCloud;
import dev.parley.local.Options;
import dev.parley.local.StartException;
import dev.parley.local.gateway.PushLatency;
import dev.parley.local.template.Template;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.Select;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// The local cloud in memory, whose pushes take as long as AWS's, with connections in other rooms.
final class Cloud implements AutoCloseable {
  static final String CONNECTIONS = "ChatConnections";
  static final String MESSAGES = "ChatMessages";
  private static final Path TEMPLATE = Path.of("infra/template.yaml");
  static final double PUSH_MEDIAN_MS = 10;
  static final double PUSH_P99_MS = 40;

  /// The 99th percentile of a standard normal distribution.
  private static final double NORMAL_P99 = 2.326348;

  private static final int ROOM_ELSEWHERE = 1_000;
  private static final int WRITERS = 8;
  private static final Duration ROWS_PATIENCE = Duration.ofMinutes(2);

  private final LocalCloud cloud;
  private final Random random = new Random(3);
  private int elsewhere;

  private Cloud(LocalCloud cloud) {
    this.cloud = cloud;
  }

  static Cloud start(double polls) throws StartException {
    return new Cloud(
        LocalCloud.start(
            Options.inMemory(TEMPLATE).withPollsPerSecond(polls).withPushLatency(latency())));
  }

  /// Log-normal.
  private static PushLatency latency() {
    Random random = new Random(1);
    double sigma = Math.log(PUSH_P99_MS / PUSH_MEDIAN_MS) / NORMAL_P99;
    return () -> Math.round(1_000 * PUSH_MEDIAN_MS * Math.exp(sigma * random.nextGaussian()));
  }

  Members connect(String room, int count) throws InterruptedException {
    Members members = Members.connect(cloud.webSocketUrl(), room, count);
    awaitConnections(elsewhere + count); // those who left are gone
    members.quiet(3_000); // presence of small rooms is told
    return members;
  }

  DynamoDbClient dynamoDb() {
    return cloud.dynamoDb().client();
  }

  /// What the Push function would find in its environment.
  Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.putAll(
        Objects.requireNonNull(Template.read(TEMPLATE, Map.of()).functions().get("PushFunction"))
            .environment());
    environment.putAll(cloud.dynamoDb().environment());
    environment.putAll(cloud.sqs().environment());
    environment.put(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        "http://127.0.0.1:%d/%s".formatted(cloud.port(), cloud.stage()));
    return environment;
  }

  /// Puts rows of connections into other rooms, 1,000 in each, who joined an hour ago, until there
  /// are `count`.
  ///
  /// While these rooms are still small the Presence function pushes to them and finds everybody
  /// gone. It would remove them, had they not connected in the future.
  ///
  /// @param connected how many real ones there are
  void connectionsElsewhere(int count, int connected) throws InterruptedException {
    Instant since = Instant.now().minus(Duration.ofHours(1));
    try (ExecutorService writers = Executors.newFixedThreadPool(WRITERS)) {
      for (; elsewhere < count; elsewhere += ROOM_ELSEWHERE) {
        List<WriteRequest> own = new ArrayList<>();
        List<WriteRequest> memberships = new ArrayList<>();
        for (int i = 0; i < ROOM_ELSEWHERE; i++) {
          ConnectionId id = nextId(since);
          own.add(put(own(id, since.plus(Duration.ofHours(2)))));
          memberships.add(put(membership(id, "elsewhere-" + elsewhere / ROOM_ELSEWHERE, since)));
        }
        own.addAll(memberships);
        for (int i = 0; i < own.size(); i += 25) {
          List<WriteRequest> batch = own.subList(i, i + 25);
          writers.execute(
              () ->
                  dynamoDb()
                      .batchWriteItem(write -> write.requestItems(Map.of(CONNECTIONS, batch))));
        }
      }
    }
    Thread.sleep(3_000); // the Presence function has seen them
    awaitConnections(count + connected);
  }

  /// Waits until the table has the rows of so many connections, and no others.
  private void awaitConnections(int count) throws InterruptedException {
    long until = System.nanoTime() + ROWS_PATIENCE.toNanos();
    int rows;
    while ((rows = rows()) != 2 * count) {
      if (System.nanoTime() > until) {
        throw new IllegalStateException(
            "%d rows of connections instead of %d".formatted(rows, 2 * count));
      }
      Thread.sleep(1_000);
    }
  }

  private int rows() {
    return dynamoDb()
        .scanPaginator(scan -> scan.tableName(CONNECTIONS).select(Select.COUNT))
        .stream()
        .mapToInt(page -> page.count())
        .sum();
  }

  /// Ids of one moment share a prefix, as the gateway's do.
  private ConnectionId nextId(Instant connected) {
    byte[] bytes =
        ByteBuffer.allocate(11)
            .put((byte) 0)
            .putInt((int) (connected.toEpochMilli() >> 7))
            .putShort((short) 7)
            .putInt(random.nextInt())
            .array();
    return new ConnectionId(Base64.getUrlEncoder().encodeToString(bytes));
  }

  private static Map<String, AttributeValue> own(ConnectionId id, Instant connected) {
    return Map.of(
        "connection_id", s(id.value()),
        "room_id", s("$connection"),
        "user", s("guest:00112233445566778899aabbccddeeff"),
        "sender", s("somebody"),
        "source_ip", s("127.0.0.1"),
        "user_agent", s("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        "connected_at", n(connected.toEpochMilli()),
        "rooms", n(1),
        "expires_at", n(connected.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond()));
  }

  private static Map<String, AttributeValue> membership(
      ConnectionId id, String room, Instant connected) {
    return Map.of(
        "connection_id", s(id.value()),
        "room_id", s(room),
        "user", s("guest:00112233445566778899aabbccddeeff"),
        "sender", s("somebody"),
        "slot", s(id.slot()),
        "joined_at", n(connected.toEpochMilli()),
        "allowance", n(connected.toEpochMilli()),
        "expires_at", n(connected.plus(Limits.CONNECTION_ROW_MAX).getEpochSecond()));
  }

  static WriteRequest put(Map<String, AttributeValue> item) {
    return WriteRequest.builder().putRequest(put -> put.item(item)).build();
  }

  static AttributeValue s(String value) {
    return AttributeValue.fromS(value);
  }

  static AttributeValue n(long value) {
    return AttributeValue.fromN(Long.toString(value));
  }

  @Override
  public void close() {
    cloud.close();
  }
}
