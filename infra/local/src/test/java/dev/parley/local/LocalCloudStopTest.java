package dev.parley.local;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.event.Level;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class LocalCloudStopTest {
  private static final String TEMPLATE =
      """
      Transform: AWS::Serverless-2016-10-31
      Globals:
        Function:
          Runtime: java25
          Timeout: 10
          Environment: {Variables: {ROWS: !Ref Rows}}
      Resources:
        Api:
          Type: AWS::Serverless::WebSocketApi
          Properties:
            RouteSelectionExpression: $request.body.action
            StageName: test
            Routes:
              $disconnect: {FunctionArn: !GetAtt Left.Arn}
        Left:
          Type: AWS::Serverless::Function
          Properties: {Handler: "dev.parley.local.LocalCloudStopTest$Left"}
        Rows:
          Type: AWS::DynamoDB::Table
          Properties:
            AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
            KeySchema: [{AttributeName: id, KeyType: HASH}]
      """;

  /// With [Left], far more than can be told `$disconnect` while the gateway waits for it.
  private static final int SOCKETS = 400;

  @TempDir private Path folder = Path.of("");

  /// Puts the id of a connection that has ended into the table, in about the time that the chat's
  /// own function takes on a busy machine.
  public static final class Left
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    private final String table;
    private final DynamoDbClient client;

    /// As the local cloud makes it.
    public Left(Map<String, String> environment) {
      table = String.valueOf(environment.get("ROWS"));
      client = FunctionClients.dynamoDb(environment);
    }

    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      String id =
          event.get("requestContext") instanceof Map<?, ?> of
              ? String.valueOf(of.get("connectionId"))
              : "";
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
      client.putItem(put -> put.tableName(table).item(Map.of("id", AttributeValue.fromS(id))));
      return Map.of("statusCode", 200);
    }
  }

  @Test
  void aStopWithManyOpenSocketsLogsNoErrorAndTheNextStartTellsWhatItGaveUp() throws Exception {
    Options options =
        Options.inMemory(Files.writeString(folder.resolve("template.yaml"), TEMPLATE))
            .withData(folder.resolve("data"));

    try (Logs.Listening log = Logs.listen()) {
      List<WebSocket> open;
      try (LocalCloud first = LocalCloud.start(options)) {
        open = connect(first.webSocketUrl(), SOCKETS);
      }
      assertEquals(
          SOCKETS, open.size()); // the list keeps the sockets: the JDK closes unreachable ones
      assertEquals(List.of(), log.lines(Level.ERROR));
    }

    try (LocalCloud second = LocalCloud.start(options)) {
      long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
      while (rows(second) < SOCKETS) {
        assertTrue(System.nanoTime() < deadline, "only " + rows(second) + " were told");
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
      }
    }
  }

  private static int rows(LocalCloud cloud) {
    return cloud.dynamoDb().client().scan(scan -> scan.tableName("Rows")).count();
  }

  private static List<WebSocket> connect(URI url, int count) {
    HttpClient client = HttpClient.newHttpClient();
    List<CompletableFuture<WebSocket>> sockets = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      sockets.add(client.newWebSocketBuilder().buildAsync(url, new WebSocket.Listener() {}));
    }
    return sockets.stream().map(CompletableFuture::join).toList();
  }
}
