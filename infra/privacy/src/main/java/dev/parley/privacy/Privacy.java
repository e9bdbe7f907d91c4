package dev.parley.privacy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.identity.Erasures;
import dev.parley.message.ErasedRow;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import dev.parley.role.ChangeResult;
import dev.parley.role.Roles;
import dev.parley.role.Standing;
import dev.parley.room.RoomId;
import dev.parley.table.Batches;
import dev.parley.table.Row;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.ConditionalCheckFailedException;
import software.amazon.awssdk.services.dynamodb.model.ScanResponse;

/// Exports and erases what a stack keeps of one user. Tables have no index by user, so each is
/// scanned, a page at a time and no faster than it bears beside everything else.
///
/// Each page that is done is told as a [Place], from which another run may go on. To do again what
/// is done changes nothing.
public final class Privacy {
  /// Longer than any function of a route runs, which is 10 s: what a function had begun before is
  /// over then. A test holds the template to it.
  public static final Duration IN_FLIGHT_MAX = Duration.ofSeconds(15);

  private static final int PAGE_ROWS_MAX = 1_000;

  /// The index of roles lags behind by a fraction of a second, and others change roles, too.
  private static final Duration LEAVE_MAX = Duration.ofSeconds(10);

  private static final Duration LEAVE_PAUSE = Duration.ofMillis(100);

  private static final ObjectMapper JSON = new ObjectMapper();

  private final DynamoDbClient dynamoDb;
  private final Settings settings;
  private final Erasures erasures;
  private final ConnectionTable open;
  private final Roles roles;
  private final Sockets sockets;
  private final Ticker ticker;
  private final Duration inFlight;
  private final Duration pageMin;
  private final int pageRows;

  /// Closes sockets, each in vain where it is closed already.
  public interface Sockets {
    void close(ConnectionId connection);
  }

  /// What a walk has found in a store.
  ///
  /// @param rows that were read
  /// @param found those of them that are the user's
  public record Count(long rows, long found) {
    Count and(long moreRows, long moreFound) {
      return new Count(rows + moreRows, found + moreFound);
    }
  }

  /// @param settings name the tables, as in a function
  /// @param pagesPerSecond how fast tables are read; a page is at most 1 MB, 256 read units
  public Privacy(
      DynamoDbClient dynamoDb, Settings settings, Sockets sockets, double pagesPerSecond) {
    this(
        dynamoDb,
        settings,
        sockets,
        Ticker.SYSTEM,
        IN_FLIGHT_MAX,
        Duration.ofNanos((long) (1e9 / pagesPerSecond)),
        PAGE_ROWS_MAX);
  }

  Privacy(
      DynamoDbClient dynamoDb,
      Settings settings,
      Sockets sockets,
      Ticker ticker,
      Duration inFlight,
      Duration pageMin,
      int pageRows) {
    this.dynamoDb = dynamoDb;
    this.settings = settings;
    this.erasures = new Erasures(dynamoDb, settings);
    this.open = new ConnectionTable(dynamoDb, settings);
    this.roles = new Roles(dynamoDb, settings);
    this.sockets = sockets;
    this.ticker = ticker;
    this.inFlight = inFlight;
    this.pageMin = pageMin;
    this.pageRows = pageRows;
  }

  /// Gives all that is kept of a user, each row as a line of JSON:
  /// `{"table":"ChatMessages","row":{"room_id":"lobby",…}}`. docs/OPERATIONS.md has the schema.
  ///
  /// @param from where to begin: [Place#beginning], or where an earlier run has ended
  /// @param done told after each page, when its lines have been given
  Map<Store, Count> export(String user, Place from, Consumer<String> lines, Consumer<Place> done) {
    return walk(
        user,
        from,
        (store, row) -> {
          if (!store.exported().isEmpty()) {
            lines.accept(line(store, row));
          }
        },
        done);
  }

  /// Erases all that is kept of a user, and refuses the user for a while.
  ///
  /// 1. The user is refused at `$connect`. What was let in just before is awaited.
  /// 2. The user's connections are closed, and their rows removed: from then on nothing of the
  ///    user's is accepted. What was accepted just before is awaited.
  /// 3. All stores are walked through.
  ///
  /// @param refused for how long the user cannot connect
  /// @param told what is done
  Map<Store, Count> erase(
      String user, Duration refused, Place from, Consumer<String> told, Consumer<Place> done) {
    erasures.add(user, Instant.now(), refused);
    told.accept("refused for " + refused.toDays() + " days: awaiting what was let in before");
    ticker.pause(inFlight);
    told.accept(disconnect(user) + " connections closed: awaiting what they had sent");
    ticker.pause(inFlight);
    return walk(user, from, this::erase, done);
  }

  /// @return how many connections there were
  private int disconnect(String user) {
    Set<ConnectionId> connections = new LinkedHashSet<>();
    walk(
        Store.CONNECTIONS,
        user,
        Map.of(),
        (store, row) -> connections.add(new ConnectionId(new Row(row).string("connection_id"))),
        place -> {});
    for (ConnectionId connection : connections) {
      open.remove(connection);
      sockets.close(connection);
    }
    return connections.size();
  }

  private void erase(Store store, Map<String, AttributeValue> row) {
    Map<String, AttributeValue> key = only(store.key(), row);
    switch (store.erasure()) {
      case DELETE -> Batches.delete(dynamoDb, table(store), List.of(key));
      case DELETE_SEND -> {
        takeTimestamp(row);
        Batches.delete(dynamoDb, table(store), List.of(key));
      }
      case KEEP_PLACE -> {
        List<String> kept = new ArrayList<>(store.key());
        kept.add("expires_at");
        replace(store, ErasedRow.instead(only(kept, row), Instant.now()), row);
      }
      case LEAVE -> leave(new Row(row));
      case FORGET_OWNER -> update(store, key, "REMOVE #owner", Map.of(":owner", owner(store, row)));
      case BLANK_OWNER ->
          update(
              store,
              key,
              "SET #owner = :nobody",
              Map.of(":owner", owner(store, row), ":nobody", Row.s("")));
    }
  }

  private void leave(Row row) {
    String user = row.string("user");
    String room = row.string("room_id");
    if (RoomId.valid(room)) {
      Deadline deadline = Deadline.in(LEAVE_MAX);
      while (true) {
        Standing standing = roles.get(user, new RoomId(room));
        if (standing.stored().isEmpty()
            || !(roles.leave(standing, Instant.now()) instanceof ChangeResult.Outdated)) {
          break;
        }
        if (deadline.passed()) {
          throw SdkClientException.create("the roles of " + room + " change all the time");
        }
        ticker.pause(LEAVE_PAUSE);
      }
    }
    // Each change of a role counts anew.
    roles.forget(user);
  }

  private void update(
      Store store,
      Map<String, AttributeValue> key,
      String expression,
      Map<String, AttributeValue> values) {
    unlessChanged(
        () ->
            dynamoDb.updateItem(
                update ->
                    update
                        .tableName(table(store))
                        .key(key)
                        .updateExpression(expression)
                        .conditionExpression("#owner = :owner")
                        .expressionAttributeNames(Map.of("#owner", store.owner()))
                        .expressionAttributeValues(values)));
  }

  private void replace(
      Store store, Map<String, AttributeValue> by, Map<String, AttributeValue> row) {
    unlessChanged(
        () ->
            dynamoDb.putItem(
                put ->
                    put.tableName(table(store))
                        .item(by)
                        .conditionExpression("#owner = :owner")
                        .expressionAttributeNames(Map.of("#owner", store.owner()))
                        .expressionAttributeValues(Map.of(":owner", owner(store, row)))));
  }

  /// A send that was cut off has reserved a timestamp, and perhaps a write is still on its way
  /// there. See [dev.parley.message.MessageTable].
  private void takeTimestamp(Map<String, AttributeValue> send) {
    AttributeValue timestamp = send.get("timestamp");
    if (timestamp == null || timestamp.n() == null) {
      return;
    }
    String sendId = new Row(send).string("send_id");
    Instant now = Instant.now();
    Map<String, AttributeValue> place =
        ErasedRow.instead(
            Map.of(
                "room_id", Row.s(sendId.substring(0, sendId.indexOf('#'))),
                "timestamp", timestamp,
                "expires_at", Row.seconds(now.plus(Limits.SEND_REMEMBERED))),
            now);
    unlessChanged(
        () ->
            dynamoDb.putItem(
                put ->
                    put.tableName(table(Store.MESSAGES))
                        .item(place)
                        .conditionExpression("attribute_not_exists(room_id)")));
  }

  /// Whoever was faster has seen to it.
  private static void unlessChanged(Runnable write) {
    try {
      write.run();
    } catch (ConditionalCheckFailedException e) {
      // It is another's row by now, or none.
    }
  }

  private static AttributeValue owner(Store store, Map<String, AttributeValue> row) {
    return Row.s(new Row(row).string(store.owner()));
  }

  private static Map<String, AttributeValue> only(
      List<String> names, Map<String, AttributeValue> row) {
    Map<String, AttributeValue> found = new HashMap<>();
    for (String name : names) {
      AttributeValue value = row.get(name);
      if (value != null) {
        found.put(name, value);
      }
    }
    return found;
  }

  private static String line(Store store, Map<String, AttributeValue> row) {
    ObjectNode line = JSON.createObjectNode().put("table", store.table());
    ObjectNode told = line.putObject("row");
    Set<String> names = new LinkedHashSet<>(store.key());
    names.add(store.owner());
    names.addAll(store.exported());
    for (String name : names) {
      AttributeValue value = row.get(name);
      if (value != null && value.n() != null) {
        told.put(name, new BigDecimal(value.n()));
      } else if (value != null && value.bool() != null) {
        told.put(name, value.bool());
      } else if (value != null) {
        told.put(name, value.s());
      }
    }
    try {
      return JSON.writeValueAsString(line);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("JSON that cannot be written", e);
    }
  }

  // ---- The walk -------------------------------------------------------------------------------

  private interface Visit {
    void row(Store store, Map<String, AttributeValue> row);
  }

  private Map<Store, Count> walk(String user, Place from, Visit visit, Consumer<Place> done) {
    Map<Store, Count> counts = new EnumMap<>(Store.class);
    Map<String, AttributeValue> start = from.after();
    for (Store store : Store.values()) {
      if (store.compareTo(from.store()) >= 0) {
        counts.put(store, walk(store, user, start, visit, done));
        start = Map.of();
      }
    }
    return counts;
  }

  private Count walk(
      Store store,
      String user,
      Map<String, AttributeValue> from,
      Visit visit,
      Consumer<Place> done) {
    Count count = new Count(0, 0);
    Map<String, AttributeValue> start = from;
    do {
      long began = System.nanoTime();
      ScanResponse page = page(store, user, start);
      int found = 0;
      for (var row : page.items()) {
        if (store.isOf(user, row)) {
          visit.row(store, row);
          found++;
        }
      }
      count = count.and(page.scannedCount(), found);
      start = page.lastEvaluatedKey();
      done.accept(new Place(store, start));
      if (!start.isEmpty()) {
        ticker.pause(pageMin.minusNanos(System.nanoTime() - began));
      }
    } while (!start.isEmpty());
    return count;
  }

  private ScanResponse page(Store store, String user, Map<String, AttributeValue> start) {
    return dynamoDb.scan(
        scan -> {
          scan.tableName(table(store))
              .limit(pageRows)
              .consistentRead(true)
              .filterExpression(store.filter())
              .expressionAttributeNames(Map.of("#owner", store.owner()))
              .expressionAttributeValues(Map.of(":owner", Row.s(store.filterValue(user))));
          if (!start.isEmpty()) {
            scan.exclusiveStartKey(start);
          }
        });
  }

  /// The table's name in this stack: `CHAT_MESSAGES_TABLE` for ChatMessages.
  private String table(Store store) {
    return settings.required(setting(store.table()));
  }

  static String setting(String table) {
    return table.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT) + "_TABLE";
  }
}
