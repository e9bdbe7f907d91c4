package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.origins.Origins;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.StreamViewType;

/// A table whose stream was switched off and on, as after it was restored, has another stream. Its
/// sequence numbers say nothing about those that the rooms' heads hold.
class NewStreamTest {
  private static final String TABLE = "ChatMessages";

  @TempDir private Path data;

  @Test
  void aTableUnderANewStreamHandsOutItsNextMessage() throws Exception {
    long last = 0;
    try (LocalCloud cloud = start();
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby")) {
      for (int i = 0; i < 20; i++) {
        last = say(ada, "before " + i);
      }
      ada.awaitMessage("before 19");
    }
    makeStreamAnew();

    try (LocalCloud cloud = start();
        TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=lobby")) {
      say(ada, "after");

      JsonNode event = ada.awaitMessage("after");
      assertEquals(last, event.path("prev").asLong(), "the chain goes on");
    }
  }

  private static long say(TestClient client, String text) {
    JsonNode reply =
        client.request("sendMessage", "\"room\":\"lobby\",\"message\":\"" + text + '"');
    return reply.path("timestamp").asLong();
  }

  private LocalCloud start() throws StartException {
    return LocalCloud.start(TestCloud.options(TestCloud.TEMPLATE, Map.of()).withData(data));
  }

  private void makeStreamAnew() throws IOException {
    try (LocalDynamoDb tables = LocalDynamoDb.start(0, data, Origins.OF_THIS_MACHINE)) {
      DynamoDbClient client = tables.client();
      String before = client.describeTable(t -> t.tableName(TABLE)).table().latestStreamLabel();
      client.updateTable(
          update -> update.tableName(TABLE).streamSpecification(s -> s.streamEnabled(false)));
      client.updateTable(
          update ->
              update
                  .tableName(TABLE)
                  .streamSpecification(
                      s -> s.streamEnabled(true).streamViewType(StreamViewType.NEW_IMAGE)));
      String after = client.describeTable(t -> t.tableName(TABLE)).table().latestStreamLabel();
      if (after.equals(before)) {
        throw new AssertionError("the stream is still " + before);
      }
    }
  }
}
