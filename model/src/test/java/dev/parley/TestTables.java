package dev.parley;

import static java.util.Objects.requireNonNull;

import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.template.Template;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.role.Roles;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClientBuilder;
import software.amazon.awssdk.services.dynamodb.model.TransactWriteItem;

/// The template's tables on DynamoDB Local, one set for all tests of a module: each test takes
/// rooms and connections of its own.
public final class TestTables {
  private static final Template TEMPLATE =
      Template.read(Path.of("..", "infra", "template.yaml"), Map.of());
  private static final LocalDynamoDb DYNAMO = start();

  private TestTables() {}

  private static LocalDynamoDb start() {
    try {
      LocalDynamoDb dynamo = LocalDynamoDb.inMemory();
      dynamo.create(TEMPLATE.tables());
      Runtime.getRuntime().addShutdownHook(new Thread(dynamo::close));
      return dynamo;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static DynamoDbClient dynamoDb() {
    return DYNAMO.client();
  }

  /// A client of the same tables that an interceptor watches or disturbs.
  public static DynamoDbClient dynamoDb(ExecutionInterceptor interceptor) {
    return builder().overrideConfiguration(o -> o.addExecutionInterceptor(interceptor)).build();
  }

  /// A client of the same tables by another HTTP client.
  public static DynamoDbClient dynamoDb(SdkHttpClient http) {
    return builder().httpClient(http).build();
  }

  private static DynamoDbClientBuilder builder() {
    Aws aws = new Aws(settings());
    return DynamoDbClient.builder()
        .region(aws.region())
        .credentialsProvider(aws.credentials())
        .endpointOverride(URI.create(settings().required("AWS_ENDPOINT_URL_DYNAMODB")));
  }

  /// What a function of the template would get, with these values in place of its own.
  public static Map<String, String> environment(String function, Map<String, String> instead) {
    Map<String, String> environment = new HashMap<>();
    environment.putAll(requireNonNull(TEMPLATE.functions().get(function)).environment());
    environment.putAll(DYNAMO.environment());
    environment.putAll(instead);
    return environment;
  }

  public static Settings settings() {
    return new Settings(environment("SendMessageFunction", Map.of()));
  }

  /// Rooms with a salt, as [dev.parley.room.RoomTable#open] gives them; nothing is written.
  public static List<Room> rooms(RoomId... rooms) {
    return Arrays.stream(rooms)
        .map(room -> new Room(room, null, null, null, null, null, "salt of " + room))
        .toList();
  }

  /// The condition under which somebody may be in a room: nobody has banned Ada there.
  public static TransactWriteItem admission(RoomId room) {
    return new Roles(dynamoDb(), settings()).admission("guest:ada", room, Instant.now());
  }

  /// A name that no other test uses: `room-` and a random part, say.
  public static String fresh(String prefix) {
    return prefix + "-" + UUID.randomUUID().toString().substring(0, 13);
  }
}
