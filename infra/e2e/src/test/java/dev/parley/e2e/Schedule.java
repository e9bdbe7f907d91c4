package dev.parley.e2e;

import dev.parley.client.Message;
import dev.parley.client.Stretch;
import dev.parley.client.Waits;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.platform.Settings;
import dev.parley.table.Row;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Some participants in some rooms, and what each of them does. All of it follows from a seed,
/// except how long the machine takes.
final class Schedule implements Callable<@Nullable Void>, AutoCloseable {
  private static final String CONNECTIONS = "ChatConnections";

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  static final int OPERATIONS_MIN = 30;
  private static final int OPERATIONS_MAX = 60;
  private static final int GAP_MAX_MS = 120;
  private static final int BURST_MAX = 15;
  private static final int BEFORE_MAX = 250;
  private static final int WAITING_MAX = 20;

  /// A process that was killed takes seconds to come again, and those before it in the queue for
  /// the machine take theirs.
  private static final long STALL_MAX_MS = TestCloud.IN_PROCESSES ? 180_000 : 60_000;

  static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final long LOOK_EVERY_MS = 100;
  private static final int LOOKS_PER_HINT = 10;

  private static final List<Waits> CHARACTERS =
      List.of(Participant.LIVELY, Participant.RESTLESS, Participant.PATIENT);

  /// Makes participants of one kind.
  interface Kind {
    Participant join(URI url, String name, String secret, Waits waits);
  }

  /// Somebody, and what was asked of them.
  ///
  /// @param rooms that they are in
  /// @param said by room, in this order
  private record Person(
      String name, Participant participant, Set<String> rooms, Map<String, List<String>> said) {}

  private final String name;
  private final URI url;
  private final DynamoDbClient tables;
  private final Random random;
  private final List<String> rooms;
  private final List<Person> people = new ArrayList<>();
  private final Set<String> saidBefore = new HashSet<>();
  private final AtomicInteger operations = new AtomicInteger();
  private int messages;
  private int puts;
  private int forgotten;

  /// @param name which no other schedule of this cloud has
  /// @param url of the cloud's WebSockets
  Schedule(String name, long seed, URI url, DynamoDbClient tables, Kind kind) {
    this.name = name;
    this.url = url;
    this.tables = tables;
    this.random = new Random(seed);
    this.rooms = IntStream.rangeClosed(0, random.nextInt(3)).mapToObj(i -> name + "-" + i).toList();
    for (String room : rooms) {
      if (random.nextInt(3) == 0) {
        sayBefore(room, random.nextInt(BEFORE_MAX));
      }
    }
    int count = 2 + random.nextInt(3);
    String secret = "";
    for (int i = 0; i < count; i++) {
      if (i == 0 || random.nextInt(4) > 0) { // else two tabs of one user
        secret = "%032x-q1Zk8-3nXb_0RtYw7LmPaS".formatted(random.nextLong());
      }
      String person = name + "-P" + i;
      Participant participant = kind.join(url, person, secret, any(CHARACTERS));
      people.add(new Person(person, participant, new TreeSet<>(), new HashMap<>()));
    }
  }

  /// Messages of an hour ago.
  private void sayBefore(String room, int count) {
    Instant ago = Instant.now().minusSeconds(3_600);
    List<WriteRequest> puts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String text = "%s before %d %s".formatted(room, i, padding()).strip();
      saidBefore.add(text);
      Map<String, AttributeValue> item = row(room, ago.plusMillis(i), "before-" + i, text);
      puts.add(WriteRequest.builder().putRequest(put -> put.item(item)).build());
    }
    for (int i = 0; i < count; i += 25) {
      List<WriteRequest> some = puts.subList(i, Math.min(count, i + 25));
      tables.batchWriteItem(write -> write.requestItems(Map.of("ChatMessages", some)));
    }
  }

  /// By hand, into the table: a row that is no message, or a message of a function whose clock is
  /// an hour ahead.
  private void put(String room) {
    boolean odd = random.nextBoolean();
    Instant at = odd ? Instant.now() : Instant.now().plusSeconds(3_600);
    Map<String, AttributeValue> row = new HashMap<>(row(room, at, "put-" + puts, ""));
    if (odd) {
      row.put(any(List.of("id", "user", "sender", "message")), AttributeValue.fromBool(true));
    } else {
      String text = "%s put %d".formatted(room, puts);
      row.put("message", AttributeValue.fromS(text));
      saidBefore.add(text);
    }
    puts++;
    tables.putItem(
        put ->
            put.tableName("ChatMessages")
                .item(row)
                .conditionExpression("attribute_not_exists(room_id)"));
  }

  private static Map<String, AttributeValue> row(String room, Instant at, String id, String text) {
    return Map.of(
        "room_id", AttributeValue.fromS(room),
        "timestamp", AttributeValue.fromN(Long.toString(at.toEpochMilli() * 1_000)),
        "id", AttributeValue.fromS(id),
        "user", AttributeValue.fromS("guest:00112233445566778899aabbccddeeff"),
        "sender", AttributeValue.fromS("Before"),
        "message", AttributeValue.fromS(text),
        "expires_at", AttributeValue.fromN(Long.toString(at.getEpochSecond() + 86_400)));
  }

  private String padding() {
    return "x".repeat(random.nextInt(20) > 0 ? random.nextInt(100) : random.nextInt(3_500));
  }

  List<String> rooms() {
    return rooms;
  }

  /// How much has been done so far.
  int operations() {
    return operations.get();
  }

  int messages() {
    return messages;
  }

  /// How often the server has taken a connection for gone that was not.
  int forgotten() {
    return forgotten;
  }

  /// Does all that is to be done.
  @Override
  public @Nullable Void call() throws InterruptedException {
    for (Person person : people) {
      join(person, any(rooms));
    }
    await(() -> people.stream().noneMatch(p -> p.participant().state().shown().isEmpty()));
    int count = OPERATIONS_MIN + random.nextInt(OPERATIONS_MAX - OPERATIONS_MIN);
    while (operations.get() < count) {
      Person person = any(people);
      int dice = random.nextInt(100);
      if (person.rooms().isEmpty() || dice < 8) {
        join(person, any(rooms));
      } else if (random.nextInt(12) == 0) {
        put(any(rooms));
      } else {
        String room = any(List.copyOf(person.rooms()));
        switch (dice / 10) {
          case 0 -> forgetOneOf(room);
          case 1 -> quit(person, room);
          case 2 -> person.participant().reload();
          case 3 -> person.participant().older(room);
          case 4 -> person.participant().hint();
          default -> say(person, room, random.nextInt(4) > 0 ? 1 : 1 + random.nextInt(BURST_MAX));
        }
      }
      operations.incrementAndGet();
      await(() -> people.stream().allMatch(p -> p.participant().waiting() <= WAITING_MAX));
      Thread.sleep(random.nextInt(3) == 0 ? 0 : random.nextInt(GAP_MAX_MS));
    }
    return null;
  }

  /// A slow machine shall have as much to do at once as a fast one.
  private void await(BooleanSupplier condition) throws InterruptedException {
    long until = System.nanoTime() + STALL_MAX_MS * 1_000_000;
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new IllegalStateException("%s did not go on: %s".formatted(name, problems()));
      }
      Thread.sleep(LOOK_EVERY_MS / 10);
    }
  }

  private void join(Person person, String room) {
    if (person.rooms().add(room)) {
      person.participant().join(room);
    }
  }

  private void quit(Person person, String room) {
    person.rooms().remove(room);
    person.participant().quit(room);
  }

  private void say(Person person, String room, int count) {
    for (int i = 0; i < count; i++) {
      String text = "%s %s %d %s".formatted(room, person.name(), messages++, padding()).strip();
      person.said().computeIfAbsent(room, r -> new ArrayList<>()).add(text);
      person.participant().send(room, text);
    }
  }

  private void forgetOneOf(String room) {
    List<Row> members = members(room);
    if (!members.isEmpty()) {
      Settings settings =
          new Settings(
              Map.of(
                  "CHAT_CONNECTIONS_TABLE", CONNECTIONS,
                  "MESSAGE_COST_MS", "1",
                  "MESSAGE_BURST_MS", "0"));
      new ConnectionTable(tables, settings)
          .forget(new ConnectionId(any(members).string("connection_id")));
      forgotten++;
    }
  }

  /// The rows to which messages of a room are handed out.
  private List<Row> members(String room) {
    return tables
        .query(
            query ->
                query
                    .tableName(CONNECTIONS)
                    .indexName("RoomConnections")
                    .keyConditionExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", AttributeValue.fromS(room))))
        .items()
        .stream()
        .map(Row::new)
        .toList();
  }

  private <T> T any(List<T> of) {
    return of.get(random.nextInt(of.size()));
  }

  /// Waits until no schedule has problems any more, as long as these change, but four times as long
  /// at most. Meanwhile everybody's network comes back again and again: clients that ping
  /// once in eight minutes would ask for nothing.
  ///
  /// @param patience how long problems may stay the same
  /// @return those that are left
  static List<String> awaitNoProblems(List<Schedule> schedules, Duration patience)
      throws InterruptedException {
    List<Schedule> left = new ArrayList<>(schedules);
    List<String> before = List.of();
    long start = System.nanoTime();
    long since = start;
    for (int look = 0; ; look++) {
      if (look % LOOKS_PER_HINT == 0) {
        left.forEach(schedule -> schedule.people.forEach(p -> p.participant().hint()));
      }
      List<String> problems = new ArrayList<>();
      for (Schedule schedule : List.copyOf(left)) {
        List<String> own = schedule.problems();
        if (own.isEmpty()) {
          left.remove(schedule);
        }
        problems.addAll(own);
      }
      if (!problems.equals(before)) {
        before = problems;
        since = System.nanoTime();
      }
      long now = System.nanoTime();
      if (left.isEmpty()
          || now - since > patience.toNanos()
          || now - start > 4 * patience.toNanos()) {
        return problems;
      }
      Thread.sleep(LOOK_EVERY_MS);
    }
  }

  /// What is not as it must be once faults have stopped and everybody has caught up.
  private List<String> problems() {
    List<String> problems = new ArrayList<>();
    Map<String, List<Message>> written = new TreeMap<>();
    rooms.forEach(room -> written.put(room, read(room)));
    Set<String> everything = new HashSet<>(saidBefore);
    for (Person person : people) {
      String who = person.name();
      int waiting = person.participant().waiting();
      if (waiting > 0) {
        problems.add(who + ": without an answer: " + waiting);
      }
      Participant.State state = person.participant().state();
      state.failed().forEach((text, why) -> problems.add(who + ": " + why + ": " + brief(text)));
      if (!state.shown().keySet().equals(person.rooms())) {
        problems.add(who + " shows " + state.shown().keySet() + ", but is in " + person.rooms());
      }
      state
          .shown()
          .forEach(
              (room, stretch) -> {
                String difference = difference(stretch, written.getOrDefault(room, List.of()));
                if (difference != null) {
                  problems.add(who + " in " + room + ": " + difference);
                }
              });
      person
          .said()
          .forEach(
              (room, said) -> {
                everything.addAll(said);
                String difference =
                    difference(
                        said,
                        state.sent(),
                        person.rooms().contains(room),
                        written.getOrDefault(room, List.of()));
                if (difference != null) {
                  problems.add(who + " in " + room + ": " + difference);
                }
              });
    }
    written.forEach(
        (room, all) ->
            all.stream()
                .filter(message -> !everything.contains(message.text()))
                .forEach(message -> problems.add(room + ": nobody said " + brief(message.text()))));
    for (String room : rooms) {
      Set<String> expected =
          people.stream()
              .filter(person -> person.rooms().contains(room))
              .map(Person::name)
              .collect(Collectors.toCollection(TreeSet::new));
      Set<String> reached =
          members(room).stream()
              .filter(member -> isOpen(member.string("connection_id")))
              .map(member -> member.string("sender"))
              .collect(Collectors.toCollection(TreeSet::new));
      if (!reached.equals(expected)) {
        problems.add("%s is handed out to %s, not to %s".formatted(room, reached, expected));
      }
    }
    return problems;
  }

  /// Whether the gateway has this connection.
  private boolean isOpen(String connection) {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create(
                    "http://%s:%d%s/@connections/%s"
                        .formatted(
                            url.getHost(),
                            url.getPort(),
                            url.getPath(),
                            connection.replace("=", "%3D"))))
            .header(
                "Authorization", "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=c")
            .build();
    try {
      return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false; // The cloud is being started again.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// @return null where a stretch is what the table holds from there on
  private static @Nullable String difference(Stretch stretch, List<Message> written) {
    List<Message> expected =
        written.stream().filter(message -> message.timestamp() >= stretch.from()).toList();
    if (stretch.messages().equals(expected)) {
      return expected.isEmpty() && !written.isEmpty() ? "it shows nothing" : null;
    }
    List<Message> missing = new ArrayList<>(expected);
    missing.removeAll(stretch.messages());
    List<Message> extra = new ArrayList<>(stretch.messages());
    extra.removeAll(expected);
    return "from %d it shows %d instead of %d; missing %s, extra %s"
        .formatted(
            stretch.from(), stretch.messages().size(), expected.size(), few(missing), few(extra));
  }

  /// What somebody said in a room is there once and in this order, acknowledged or not, and where
  /// it was acknowledged. Of a room that they have quit, what was not sent by then may be missing.
  ///
  /// @return null where it is so
  private static @Nullable String difference(
      List<String> said, Map<String, Long> sent, boolean stillIn, List<Message> written) {
    Map<String, Long> at = new HashMap<>();
    Set<String> own = Set.copyOf(said);
    List<String> found = new ArrayList<>();
    for (Message message : written) {
      if (own.contains(message.text())) {
        found.add(message.text());
        at.put(message.text(), message.timestamp());
      }
    }
    List<String> expected =
        said.stream()
            .filter(text -> stillIn || sent.containsKey(text) || at.containsKey(text))
            .toList();
    boolean asAcknowledged =
        expected.stream()
            .allMatch(text -> !sent.containsKey(text) || sent.get(text).equals(at.get(text)));
    return found.equals(expected) && asAcknowledged
        ? null
        : "said %s, acknowledged %s, written %s"
            .formatted(numbers(expected, Map.of()), numbers(expected, sent), numbers(found, at));
  }

  /// What number each text has, and when it is.
  private static List<String> numbers(List<String> texts, Map<String, Long> timestamps) {
    return texts.stream()
        .map(
            text ->
                text.split(" ", -1)[2]
                    + (timestamps.isEmpty() ? "" : " at " + timestamps.get(text)))
        .toList();
  }

  private static String few(List<Message> messages) {
    return messages.size()
        + messages.stream()
            .limit(5)
            .map(message -> message.timestamp() + " " + brief(message.text()))
            .collect(Collectors.joining(", ", " [", "]"));
  }

  private static String brief(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  /// A fresh read of a room, strongly consistent.
  private List<Message> read(String room) {
    return tables
        .queryPaginator(
            query ->
                query
                    .tableName("ChatMessages")
                    .consistentRead(true)
                    .keyConditionExpression("room_id = :room")
                    .expressionAttributeValues(Map.of(":room", AttributeValue.fromS(room))))
        .items()
        .stream()
        .filter(
            row ->
                Stream.of("id", "user", "sender", "message")
                    .map(row::get)
                    .allMatch(value -> value != null && value.s() != null))
        .map(Row::new)
        .map(
            row ->
                new Message(
                    row.number("timestamp"),
                    row.string("id"),
                    row.string("user"),
                    row.string("sender"),
                    row.string("message")))
        .toList();
  }

  @Override
  public void close() {
    people.forEach(person -> person.participant().close());
  }
}
