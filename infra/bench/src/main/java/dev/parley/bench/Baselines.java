package dev.parley.bench;

import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// What people use today, written as plain functions for comparison: both scan the table of
/// connections for a room's members, as it is.
final class Baselines implements AutoCloseable {
  /// Nothing else bounds the pushes under way; this machine has about 19,000 sockets per process.
  private static final int SOCKETS_MAX = 4_000;

  private final DynamoDbClient dynamoDb;
  private final ApiGatewayManagementApiClient gateway;

  Baselines(Cloud cloud) {
    Aws aws = new Aws(new Settings(cloud.environment()));
    dynamoDb = aws.dynamoDb();
    gateway =
        ApiGatewayManagementApiClient.builder()
            .region(aws.region())
            .credentialsProvider(aws.credentials())
            .endpointOverride(URI.create(aws.connectionsUrl().toString()))
            .httpClientBuilder(
                Apache5HttpClient.builder()
                    .maxConnections(SOCKETS_MAX)
                    .connectionAcquisitionTimeout(Duration.ofMinutes(1))
                    .connectionTimeout(Duration.ofMinutes(1)))
            .build();
  }

  /// What the common tutorials do.
  void oneAfterAnother(String room, byte[] event) {
    Meter.enter();
    SdkBytes data = SdkBytes.fromByteArray(event);
    for (String connection : scan(room)) {
      gateway.postToConnection(post -> post.connectionId(connection).data(data));
    }
  }

  /// What the usual AWS sample does.
  void unboundedParallel(String room, byte[] event) throws Exception {
    Meter.enter();
    SdkBytes data = SdkBytes.fromByteArray(event);
    List<Future<?>> posts = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (String connection : scan(room)) {
        posts.add(
            threads.submit(
                () -> gateway.postToConnection(post -> post.connectionId(connection).data(data))));
      }
    }
    for (Future<?> post : posts) {
      post.get();
    }
  }

  private List<String> scan(String room) {
    return dynamoDb
        .scanPaginator(
            scan ->
                scan.tableName(Cloud.CONNECTIONS)
                    .filterExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", Cloud.s(room))))
        .items()
        .stream()
        .map(item -> new Row(item).string("connection_id"))
        .toList();
  }

  @Override
  public void close() {
    gateway.close();
    dynamoDb.close();
  }
}
