package dev.parley.privacy;

import dev.parley.connection.ConnectionId;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The command that exports or erases a user:
///
/// ```sh
/// mvn -q -pl infra/privacy -am process-classes -Dprivacy=export \
///   -Dprivacy.user=guest:d407… -Dprivacy.file=d407.jsonl
/// ```
///
/// docs/OPERATIONS.md lists its options. What was wrong with one is said in one line, and nothing
/// is done then.
public final class Main {
  private static final Duration TOLD_EVERY = Duration.ofSeconds(5);

  /// The region and the credentials that DynamoDB Local and the local gateway take: any.
  private static final Map<String, String> LOCAL =
      Map.of(
          "AWS_REGION", "us-east-1",
          "AWS_ACCESS_KEY_ID", "local",
          "AWS_SECRET_ACCESS_KEY", "local");

  /// What the tables want to know of the stack besides how they are called. It matters to what is
  /// written by frames, and to nothing that is done here.
  private static final Map<String, String> WITHOUT_EFFECT =
      Map.of(
          "MESSAGE_COST_MS", "1",
          "MESSAGE_BURST_MS", "0",
          "MESSAGE_RETENTION_DAYS", "1",
          "ROOM_RETENTION_DAYS", "1");

  private final Properties options;
  private final Map<String, String> environment;
  private final PrintStream told;

  /// Where another run may go on.
  private Place last = Place.beginning();

  private long toldAt = System.nanoTime();

  private Main(Properties options, Map<String, String> environment, PrintStream told) {
    this.options = options;
    this.environment = environment;
    this.told = told;
  }

  public static void main(String[] arguments) {
    System.exit(run(System.getProperties(), System.getenv(), System.err));
  }

  /// @param told takes what is said to whoever has called
  /// @return 0 where all is done, 1 where it stopped, 2 where an option is wrong
  public static int run(Properties options, Map<String, String> environment, PrintStream told) {
    return new Main(options, environment, told).run();
  }

  /// What is to be done, from the options.
  private sealed interface Task {
    record Export(Path file) implements Task {}

    record Erase(Duration refused) implements Task {}
  }

  private int run() {
    Task task;
    String user;
    double pagesPerSecond;
    Settings settings;
    try {
      task =
          switch (required("privacy")) {
            case "export" -> new Task.Export(Path.of(required("privacy.file")));
            case "erase" ->
                new Task.Erase(Duration.ofDays((long) number("privacy.days", 2, 1, 3650)));
            default -> throw new IllegalArgumentException("privacy: expected export or erase");
          };
      user = new Identity(required("privacy.user"), "?").user();
      String from = option("privacy.from");
      last = from == null ? Place.beginning() : Place.parse(from);
      pagesPerSecond = number("privacy.pages", 5, 0.1, 1_000);
      settings = settings();
    } catch (IllegalArgumentException e) {
      told.println(e.getMessage());
      return 2;
    }
    Aws aws = new Aws(settings);
    try (DynamoDbClient dynamoDb = aws.dynamoDb();
        Gateway gateway = Gateway.of(aws, settings)) {
      Privacy privacy = new Privacy(dynamoDb, settings, gateway, pagesPerSecond);
      switch (task) {
        case Task.Export(Path file) -> count("exported", export(privacy, user, file));
        case Task.Erase(Duration refused) ->
            count("erased", privacy.erase(user, refused, last, told::println, this::done));
      }
      return 0;
    } catch (SdkException | IOException | UncheckedIOException e) {
      told.printf("stopped: %s%ngo on with -Dprivacy.from=%s%n", e.getMessage(), last);
      return 1;
    }
  }

  /// The file goes on where an earlier run has ended.
  private Map<Store, Privacy.Count> export(Privacy privacy, String user, Path file)
      throws IOException {
    try (Writer lines =
        Files.newBufferedWriter(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
      return privacy.export(
          user,
          last,
          line -> write(() -> lines.append(line).append('\n')),
          place -> {
            write(lines::flush);
            done(place);
          });
    }
  }

  private interface Write {
    void run() throws IOException;
  }

  private static void write(Write write) {
    try {
      write.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void count(String what, Map<Store, Privacy.Count> counts) {
    counts.forEach(
        (store, count) ->
            told.printf(
                Locale.ROOT,
                "%s: %,d of %,d rows %s%n",
                store.table(),
                count.found(),
                count.rows(),
                what));
  }

  private void done(Place place) {
    last = place;
    if (System.nanoTime() - toldAt > TOLD_EVERY.toNanos()) {
      toldAt = System.nanoTime();
      told.println("so far: -Dprivacy.from=" + place);
    }
  }

  // ---- Options --------------------------------------------------------------------------------

  private @Nullable String option(String name) {
    String value = options.getProperty(name);
    return value == null || value.isEmpty() ? null : value;
  }

  private String required(String name) {
    String value = option(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing: say -D" + name + "=");
    }
    return value;
  }

  private double number(String name, double unlessGiven, double min, double max) {
    String value = option(name);
    try {
      double number = value == null ? unlessGiven : Double.parseDouble(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException("%s: expected %s to %s".formatted(name, min, max));
  }

  /// What a function would have in its environment: how the tables are called here, and where the
  /// services are.
  private Settings settings() {
    Map<String, String> all = new HashMap<>(WITHOUT_EFFECT);
    all.putAll(environment);
    String endpoint = option("privacy.endpoint");
    if (endpoint != null) {
      all.putAll(LOCAL);
      all.put("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
      for (Store store : Store.values()) {
        all.put(Privacy.setting(store.table()), store.table());
      }
      all.put(Privacy.setting(ERASURES), ERASURES);
    }
    String tables = option("privacy.tables");
    for (String table : tables == null ? new String[0] : tables.split(",", -1)) {
      String[] names = table.split("=", 2);
      if (names.length < 2) {
        throw new IllegalArgumentException(
            "privacy.tables: expected ChatMessages=<its name>,ChatRooms=…");
      }
      all.put(Privacy.setting(names[0].strip()), names[1].strip());
    }
    for (Store store : Store.values()) {
      requireTable(all, store.table());
    }
    requireTable(all, ERASURES);
    String gateway = option("privacy.gateway");
    if (gateway != null) {
      all.put("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", gateway);
    }
    return new Settings(all);
  }

  private static final String ERASURES = "ChatErasures";

  private static void requireTable(Map<String, String> settings, String table) {
    if (!settings.containsKey(Privacy.setting(table))) {
      throw new IllegalArgumentException(
          "privacy.tables: does not say how " + table + " is called, or say privacy.endpoint");
    }
  }

  /// Closes sockets by `DELETE @connections`. Whoever has gone, or cannot be reached, is in no
  /// table any more in any case: nothing that the connection asks for is done.
  private record Gateway(@Nullable ApiGatewayManagementApiClient client)
      implements Privacy.Sockets, AutoCloseable {
    static Gateway of(Aws aws, Settings settings) {
      return new Gateway(
          settings.optional("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI") == null
              ? null
              : aws.gateway());
    }

    @Override
    public void close(ConnectionId connection) {
      if (client != null) {
        try {
          client.deleteConnection(delete -> delete.connectionId(connection.value()));
        } catch (SdkException e) {
          // It has gone.
        }
      }
    }

    @Override
    public void close() {
      if (client != null) {
        client.close();
      }
    }
  }
}
