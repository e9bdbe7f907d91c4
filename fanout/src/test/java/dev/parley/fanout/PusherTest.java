package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Identity;
import dev.parley.lambda.Settings;
import dev.parley.room.RoomId;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.DeleteItemRequest;

class PusherTest {
  @Test
  void whatCannotBePrunedIsLeftForTheNextPush() throws Exception {
    try (TestGateway gateway = new TestGateway()) {
      Settings settings = new Settings(gateway.environment("FanoutFunction", Map.of()));
      ConnectionTable connections = new ConnectionTable(withoutDeletes(settings), settings);
      RoomId room = new RoomId(fresh("room"));
      Instant longAgo = Instant.now().minusSeconds(600);
      ConnectionId gone = open(connections, room, longAgo);
      ConnectionId fine = open(connections, room, longAgo);
      gateway.answer(gone.value(), 410);

      Pusher.Outcome outcome =
          new Pusher(settings, connections, Duration.ZERO)
              .push(List.of(gone, fine), List.of("{}".getBytes(UTF_8)), Instant.now());

      assertEquals(new Pusher.Outcome(1, 1, 0, 0, 0, List.of()), outcome);
      assertEquals(1, gateway.received(fine.value()).size());
    }
  }

  private static ConnectionId open(ConnectionTable connections, RoomId room, Instant at) {
    ConnectionId id = new ConnectionId(fresh("c"));
    connections.open(
        new Connection(id, new Identity("guest:1", "Ada"), "127.0.0.1", "test", at),
        Set.of(room),
        at,
        List.of());
    return id;
  }

  private static DynamoDbClient withoutDeletes(Settings settings) {
    return DynamoDbClient.builder()
        .region(settings.region())
        .credentialsProvider(settings.credentials())
        .endpointOverride(URI.create(settings.required("AWS_ENDPOINT_URL_DYNAMODB")))
        .overrideConfiguration(
            o ->
                o.addExecutionInterceptor(
                    new ExecutionInterceptor() {
                      @Override
                      public void beforeExecution(
                          Context.BeforeExecution context, ExecutionAttributes attributes) {
                        if (context.request() instanceof DeleteItemRequest) {
                          throw SdkClientException.create("no way through");
                        }
                      }
                    }))
        .build();
  }
}
