package dev.parley.local.dynamodb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.almworks.sqlite4java.SQLiteConnection;
import com.almworks.sqlite4java.SQLiteStatement;
import dev.parley.local.net.Loopback;
import dev.parley.local.origins.Origins;
import dev.parley.local.template.TableResource;
import dev.parley.local.template.TableResource.Index;
import dev.parley.local.template.Template;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.DynamoDbException;
import software.amazon.awssdk.services.dynamodb.model.TableDescription;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

class LocalDynamoDbTest {
  private static final Path TEMPLATE = Path.of("../template.yaml");

  @Test
  void theTemplatesTablesAreThereWithIndexesAndStreams() throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory()) {
      Template template = Template.read(TEMPLATE, Map.of());
      dynamoDb.create(template.tables());

      TableDescription connections =
          dynamoDb.client().describeTable(t -> t.tableName("ChatConnections")).table();
      assertEquals("RoomConnections", connections.globalSecondaryIndexes().getFirst().indexName());
      assertEquals(
          "NEW_AND_OLD_IMAGES", connections.streamSpecification().streamViewTypeAsString());
      assertEquals(template.tables().size(), dynamoDb.client().listTables().tableNames().size());
    }
  }

  @Test
  void bothLoopbackAddressesAreListenedOn() throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory()) {
      for (InetAddress loopback : Loopback.addresses()) {
        new Socket(loopback, dynamoDb.url().getPort()).close();
      }
    }
  }

  @Test
  void aPortThatIsTakenOnEitherLoopbackAddressIsNamed() throws Exception {
    for (InetAddress loopback : Loopback.addresses()) {
      try (ServerSocket other = new ServerSocket(Loopback.freePort(), 1, loopback)) {
        int port = other.getLocalPort();

        BindException e =
            assertThrows(
                BindException.class,
                () -> LocalDynamoDb.start(port, null, Origins.OF_THIS_MACHINE).close());

        assertEquals(
            "%s:%d is taken: stop what uses it"
                .formatted(loopback.equals(Loopback.V4) ? "127.0.0.1" : "[::1]", port),
            e.getMessage());
      }
    }
  }

  @Test
  void tablesInAFolderOutliveTheServer(@TempDir Path folder) throws Exception {
    TableResource table = table("Rows", "id", "NEW_IMAGE");
    Map<String, AttributeValue> row = Map.of("id", AttributeValue.fromS("a"));
    try (LocalDynamoDb first = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      first.create(List.of(table));
      first.client().putItem(put -> put.tableName("Rows").item(row));
    }

    try (LocalDynamoDb second = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      second.create(List.of(table));

      assertEquals(List.of(row), second.client().scan(scan -> scan.tableName("Rows")).items());
    }
  }

  @Test
  void aTableOfAnotherShapeIsRefused(@TempDir Path folder) throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      dynamoDb.create(List.of(table("Rows", "id", null)));

      TableException otherKey =
          assertThrows(
              TableException.class, () -> dynamoDb.create(List.of(table("Rows", "name", null))));
      TableException otherIndex =
          assertThrows(
              TableException.class,
              () -> dynamoDb.create(List.of(withIndex(table("Rows", "id", null)))));

      assertEquals(
          "The table Rows in "
              + folder
              + " was made by another template (key, key attribute types): delete that folder, or"
              + " choose another with parley.data",
          otherKey.getMessage());
      assertTrue(String.valueOf(otherIndex.getMessage()).contains("(indexes)"));
    }
  }

  @Test
  void aTableThatDynamoDbRefusesIsNamed() throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory()) {
      TableException refused =
          assertThrows(
              TableException.class, () -> dynamoDb.create(List.of(table("R", "id", null))));

      assertTrue(
          String.valueOf(refused.getMessage())
              .startsWith("R.Properties: Invalid table/index name.  Table/index names must be"),
          refused.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AKIAIOSFODNN7EXAMPLE, us-east-1",
    "a-b_c.d, eu-central-1",
    "a/b=c+d, us-east-1",
    "x, local",
    "any, us_east@1"
  })
  void anyAccessKeySeesTheSameTables(String accessKey, String region) throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory()) {
      dynamoDb.create(List.of(table("Rows", "id", null)));
      for (AwsCredentials credentials :
          List.of(
              AwsBasicCredentials.create(accessKey, "secret/+="),
              AwsSessionCredentials.create(accessKey, "secret", "token/+=="))) {
        try (DynamoDbClient tool =
            DynamoDbClient.builder()
                .region(Region.of(region))
                .credentialsProvider(StaticCredentialsProvider.create(credentials))
                .endpointOverride(dynamoDb.url())
                .httpClientBuilder(Apache5HttpClient.builder())
                .build()) {
          assertEquals(List.of("Rows"), tool.listTables().tableNames());
        }
      }
    }
  }

  /// What a full disk does, too: the commit fails after everything else went well.
  @Test
  void aWriteThatCannotBeCommittedIsNotAcknowledged(@TempDir Path folder) throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      dynamoDb.create(List.of(table("Rows", "id", "NEW_IMAGE")));
      SQLiteConnection reader = new SQLiteConnection(DatabaseFile.in(folder)).open(false);
      SQLiteStatement reading = reader.prepare("SELECT * FROM dm");
      try {
        assertTrue(reading.step()); // keeps others from committing until it is disposed of

        assertThrows(DynamoDbException.class, () -> putInTransaction(dynamoDb, "a"));
        assertThrows(DynamoDbException.class, () -> put(dynamoDb, "b"));
      } finally {
        reading.dispose();
        reader.dispose();
      }

      put(dynamoDb, "c");
      putInTransaction(dynamoDb, "d");
    }
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.start(0, folder, Origins.OF_THIS_MACHINE)) {
      assertEquals(
          Set.of("c", "d"),
          dynamoDb.client().scan(scan -> scan.tableName("Rows")).items().stream()
              .map(row -> row.getOrDefault("id", AttributeValue.fromNul(true)).s())
              .collect(Collectors.toSet()));
    }
  }

  private static void put(LocalDynamoDb dynamoDb, String id) {
    dynamoDb
        .client()
        .putItem(put -> put.tableName("Rows").item(Map.of("id", AttributeValue.fromS(id))));
  }

  private static void putInTransaction(LocalDynamoDb dynamoDb, String id) {
    TransactWriteItem write =
        TransactWriteItem.builder()
            .put(put -> put.tableName("Rows").item(Map.of("id", AttributeValue.fromS(id))))
            .build();
    dynamoDb.client().transactWriteItems(transact -> transact.transactItems(write));
  }

  @Test
  void aTakenPortIsAnError() throws Exception {
    try (LocalDynamoDb first = LocalDynamoDb.inMemory()) {
      assertThrows(
          BindException.class,
          () -> LocalDynamoDb.start(first.url().getPort(), null, Origins.OF_THIS_MACHINE));
    }
  }

  /// A browser asks so before it lets a page sign a call (Fetch, "CORS-preflight request").
  @Test
  void noPageMayCallAService() throws Exception {
    try (LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory();
        HttpClient http = HttpClient.newHttpClient()) {
      HttpResponse<String> response =
          http.send(
              HttpRequest.newBuilder(dynamoDb.url())
                  .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                  .header("Origin", "http://localhost:3000")
                  .header("Access-Control-Request-Method", "POST")
                  .header("Access-Control-Request-Headers", "authorization,x-amz-target")
                  .build(),
              HttpResponse.BodyHandlers.ofString());

      assertEquals(403, response.statusCode());
      assertTrue(
          response.headers().map().keySet().stream()
              .noneMatch(n -> n.startsWith("access-control")));
      assertEquals(
          "{\"__type\":\"AccessDeniedException\",\"message\":\"A call must be signed"
              + " (AWS4-HMAC-SHA256); any credentials will do.\"}",
          response.body());
    }
  }

  @Test
  void aCloseLeavesNoThread() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    LocalDynamoDb dynamoDb = LocalDynamoDb.inMemory();
    dynamoDb.create(List.of(table("Rows", "id", "NEW_IMAGE")));

    long start = System.nanoTime();
    dynamoDb.close();

    List<Thread> own =
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> !thread.isDaemon() && !before.contains(thread))
            .filter(thread -> isOf("dynamodb-local", thread))
            .toList();
    for (Thread thread : own) {
      thread.join(2_000);
      assertFalse(thread.isAlive(), thread.getName());
    }
    assertTrue(System.nanoTime() - start < 2_000_000_000L);
  }

  private static boolean isOf(String group, Thread thread) {
    return thread.getThreadGroup() != null && thread.getThreadGroup().getName().equals(group);
  }

  private static TableResource table(String name, String key, @Nullable String streamViewType) {
    return new TableResource(
        name,
        name,
        new TableResource.Key(key, null),
        Map.of(key, "S"),
        List.of(),
        streamViewType,
        null);
  }

  private static TableResource withIndex(TableResource table) {
    return new TableResource(
        table.logicalId(),
        table.name(),
        table.key(),
        table.attributeTypes(),
        List.of(new Index("Reverse", table.key(), "ALL", List.of())),
        null,
        null);
  }
}
