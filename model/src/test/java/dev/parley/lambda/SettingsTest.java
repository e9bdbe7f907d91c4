package dev.parley.lambda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.parley.table.Row;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

class SettingsTest {
  @Test
  void aMissingSettingIsNamed() {
    Settings settings = new Settings(Map.of("EMPTY", ""));

    assertEquals("TABLE is not set", error(() -> settings.required("TABLE")));
    assertEquals("EMPTY is not set", error(() -> settings.required("EMPTY")));
  }

  @Test
  void aNumberOutOfBoundsIsNamedWithThem() {
    Settings settings = new Settings(Map.of("DAYS", "0", "COST", "fast"));

    assertEquals(
        "DAYS is 0, expected a whole number from 1 to 3650",
        error(() -> settings.number("DAYS", 1, 3650)));
    assertEquals(
        "COST is fast, expected a whole number from 1 to 60000",
        error(() -> settings.number("COST", 1, 60_000)));
  }

  @Test
  void pushesGoToTheLocalGatewayWhereThereIsOne() {
    Map<String, String> deployed = Map.of("CONNECTIONS_URL", "https://x.example/production");

    assertEquals(
        URI.create("https://x.example/production"), new Settings(deployed).connectionsUrl());
    assertEquals(
        URI.create("http://127.0.0.1:1/production"),
        new Settings(
                Map.of(
                    "CONNECTIONS_URL",
                    "https://x.example/production",
                    "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                    "http://127.0.0.1:1/production"))
            .connectionsUrl());
  }

  @Test
  void theClockIsWrongByWhatTheLocalCloudSays() {
    Settings late = new Settings(Map.of("LOCAL_CLOCK_SKEW_MS", "-60000"));

    Instant before = Instant.now();
    Instant told = late.clock().instant().plusSeconds(60);
    Instant right = new Settings(Map.of()).clock().instant();
    Instant after = Instant.now();

    assertTrue(!told.isBefore(before) && !told.isAfter(after), told + " not at " + before);
    assertTrue(!right.isBefore(before) && !right.isAfter(after), right + " not at " + before);
    assertEquals(
        "LOCAL_CLOCK_SKEW_MS is late, expected a whole number from -60000 to 60000",
        error(() -> new Settings(Map.of("LOCAL_CLOCK_SKEW_MS", "late")).clock()));
  }

  @Test
  void aWriteThatMeetsATransactionIsTriedAgain() throws Exception {
    AtomicInteger requests = new AtomicInteger();
    HttpServer conflicted =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    conflicted.createContext(
        "/",
        exchange -> {
          boolean first = requests.incrementAndGet() == 1;
          byte[] body =
              (first
                      ? "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
                          + "TransactionConflictException\"}"
                      : "{}")
                  .getBytes(UTF_8);
          exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
          exchange.sendResponseHeaders(first ? 400 : 200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    conflicted.start();
    try (DynamoDbClient dynamoDb =
        new Settings(
                Map.of(
                    "AWS_REGION", "eu-central-1",
                    "AWS_ACCESS_KEY_ID", "test",
                    "AWS_SECRET_ACCESS_KEY", "test",
                    "AWS_ENDPOINT_URL_DYNAMODB",
                        "http://127.0.0.1:" + conflicted.getAddress().getPort()))
            .dynamoDb()) {

      dynamoDb.deleteItem(delete -> delete.tableName("t").key(Map.of("id", Row.s("a"))));

      assertEquals(2, requests.get());
    } finally {
      conflicted.stop(0);
    }
  }

  /// The local cloud says `NO_PROXY=*`; that nothing else of a shell counts either, is tried out in
  /// `HostileShellTest`.
  @Test
  void noProxyOfTheProcessCountsWhereTheEnvironmentSaysSo() throws Exception {
    AtomicInteger requests = new AtomicInteger();
    HttpServer service =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    service.createContext(
        "/",
        exchange -> {
          requests.incrementAndGet();
          byte[] body = "{}".getBytes(UTF_8);
          exchange.sendResponseHeaders(200, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    service.start();
    String url = "http://127.0.0.1:" + service.getAddress().getPort();
    Settings settings =
        new Settings(
            Map.of(
                "AWS_REGION", "eu-central-1",
                "AWS_ACCESS_KEY_ID", "test",
                "AWS_SECRET_ACCESS_KEY", "test",
                "AWS_ENDPOINT_URL_DYNAMODB", url,
                "AWS_ENDPOINT_URL_SQS", url,
                "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", url,
                "AWS_USE_FIPS_ENDPOINT", "true",
                "NO_PROXY", "*"));
    Map<String, String> shell =
        Map.of("http.proxyHost", "192.0.2.1", "http.proxyPort", "9", "http.nonProxyHosts", "");
    shell.forEach(System::setProperty);
    try (DynamoDbClient dynamoDb = settings.dynamoDb();
        SqsClient sqs = settings.sqs();
        ApiGatewayManagementApiClient gateway = settings.gateway()) {
      dynamoDb.listTables();
      sqs.listQueues();
      gateway.deleteConnection(delete -> delete.connectionId("a"));

      assertEquals(3, requests.get());
    } finally {
      shell.keySet().forEach(System::clearProperty);
      service.stop(0);
    }
  }

  private static String error(org.junit.jupiter.api.function.Executable action) {
    return String.valueOf(assertThrows(IllegalArgumentException.class, action).getMessage());
  }
}
