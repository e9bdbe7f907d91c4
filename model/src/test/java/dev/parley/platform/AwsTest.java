package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import com.sun.net.httpserver.HttpServer;
import dev.parley.table.Row;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.ContainerCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;

class AwsTest {
  @Test
  void pushesGoToTheLocalGatewayWhereThereIsOne() {
    Map<String, String> deployed =
        Map.of("AWS_REGION", "eu-central-1", "CONNECTIONS_URL", "https://x.example/production");

    assertEquals(URI.create("https://x.example/production"), aws(deployed).connectionsUrl());
    assertEquals(
        URI.create("http://127.0.0.1:1/production"),
        aws(Map.of(
                "AWS_REGION",
                "eu-central-1",
                "CONNECTIONS_URL",
                "https://x.example/production",
                "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
                "http://127.0.0.1:1/production"))
            .connectionsUrl());
  }

  /// Keys in the environment of a function that is restored from a snapshot have expired.
  @Test
  void credentialsComeFromTheContainerWhereThereIsOne() {
    Map<String, String> keys =
        Map.of(
            "AWS_REGION", "eu-central-1",
            "AWS_ACCESS_KEY_ID", "a",
            "AWS_SECRET_ACCESS_KEY", "b");
    Map<String, String> both = new HashMap<>(keys);
    both.put("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/credentials");

    assertInstanceOf(StaticCredentialsProvider.class, aws(keys).credentials());
    assertInstanceOf(ContainerCredentialsProvider.class, aws(both).credentials());
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
        aws(Map.of(
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

  /// `HostileShellTest` tries what else a shell may say.
  @Test
  void theEnvironmentCanTurnOffTheProxyOfTheProcess() throws Exception {
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
    Aws aws =
        aws(
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
    try (DynamoDbClient dynamoDb = aws.dynamoDb();
        SqsClient sqs = aws.sqs();
        ApiGatewayManagementApiClient gateway = aws.gateway()) {
      dynamoDb.listTables();
      sqs.listQueues();
      gateway.deleteConnection(delete -> delete.connectionId("a"));

      assertEquals(3, requests.get());
    } finally {
      shell.keySet().forEach(System::clearProperty);
      service.stop(0);
    }
  }

  private static Aws aws(Map<String, String> environment) {
    return new Aws(new Settings(environment));
  }
}
