package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.e2e.FrameSource.Frame;
import dev.parley.e2e.FrameWorld.Handshake;
import dev.parley.e2e.FrameWorld.Peer;
import dev.parley.e2e.FrameWorld.RowKey;
import dev.parley.e2e.TableWrites.Write;
import dev.parley.wire.ErrorCode;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLock;

/// Whatever frame comes, at whatever function behind a route: it gets a reply that
/// docs/PROTOCOL.md knows, no function fails or logs an error, and a frame that is refused writes
/// nothing but what its allowances are charged.
///
/// A thousand frames at a time, from one seed, are sent by some connections over empty tables.
/// `-Dparley.frames=` says how many frames there are; `-Dparley.frames.seed=` runs those of one
/// seed again.
@ResourceLock(value = Together.CALLS, mode = ResourceAccessMode.READ)
@ResourceLock(Together.LOG)
@Execution(ExecutionMode.CONCURRENT)
class FramesTest {
  private static final int FRAMES = Integer.getInteger("parley.frames", 50_000);
  private static final int FRAMES_PER_SEED = 1_000;
  private static final int EXPRESSIONS_MAX = 100;
  private static final int SEEDS_PER_WORLD = 100;
  private static final int WORKERS = 2;
  private static final int PEERS = 16;

  /// It moderates the public rooms, has most of the private ones, and sends a third of all.
  private static final int BUSY = 2;

  /// These hundred frames of a seed, the fifth, come all at once.
  private static final int FLOOD = 4;

  private static final Duration SHRINKING_MAX = Duration.ofSeconds(30);

  /// What a charge changes of a row: a refused frame, and one that only reads, may have done that.
  private static final Set<String> CHARGED = Set.of("allowance", "send_allowance");

  /// Its rows are nothing but allowances.
  private static final String ALLOWANCES = "ChatAllowances";

  /// They write nothing where they are accepted.
  private static final Set<String> READING = Set.of("history", "members", "rooms", "ping");

  /// What no frame brings about here: DynamoDB does not fail, and nobody has so many rooms.
  private static final Set<ErrorCode> NOT_HERE =
      Set.of(ErrorCode.UNAVAILABLE, ErrorCode.ROOM_FULL, ErrorCode.TOO_MANY_PRIVATE_ROOMS);

  private static final ProtocolTest PROTOCOL = new ProtocolTest();

  private final Map<String, Set<String>> documented = documented();
  private final Map<String, Integer> accepted = new ConcurrentSkipListMap<>();
  private final Map<String, Integer> refused = new ConcurrentSkipListMap<>();
  private final Set<String> codes = new ConcurrentSkipListSet<>();
  private final Set<String> expressions = new ConcurrentSkipListSet<>();

  @Test
  void noFrameGetsAnUndocumentedReplyOrWritesWhereItIsRefused() throws Exception {
    Integer replayed = Integer.getInteger("parley.frames.seed");
    if (replayed != null) {
      try (FrameWorld world = new FrameWorld()) {
        run(world, replayed);
      }
      return;
    }
    AtomicInteger seeds = new AtomicInteger();
    try (ExecutorService workers = Executors.newFixedThreadPool(WORKERS)) {
      List<Future<?>> done = new ArrayList<>();
      for (int i = 0; i < WORKERS; i++) {
        done.add(workers.submit(() -> work(seeds)));
      }
      for (Future<?> each : done) {
        each.get();
      }
    } catch (ExecutionException e) {
      throw e.getCause() instanceof AssertionError error ? error : new AssertionError(e.getCause());
    }

    System.out.println("Frames: accepted " + accepted + ", refused " + refused);
    // Otherwise it would prove little.
    for (String route : documented.keySet()) {
      assertTrue(refused.getOrDefault(route, 0) > FRAMES / 1_000, route + " refuses hardly any");
      assertTrue(
          route.startsWith("$") || accepted.getOrDefault(route, 0) > FRAMES / 1_000,
          route + " accepts hardly any");
    }
    Set<String> expected = new TreeSet<>();
    for (ErrorCode code : ErrorCode.values()) {
      if (!NOT_HERE.contains(code)) {
        expected.add(code.code());
      }
    }
    assertEquals(expected, codes);
    // What clients say is in none of them: they would be as many as the frames.
    assertTrue(expressions.size() < EXPRESSIONS_MAX, () -> String.join("\n", expressions));
  }

  @Test
  void aLogLineTellsOfOneThingWhateverAFrameSays() throws Exception {
    StringWriter written = new StringWriter();
    try (FrameWorld world = new FrameWorld();
        LogsTest.Logged _ = new LogsTest.Logged(written)) {
      run(world, 1);
    }

    List<String> lines = written.toString().lines().toList();
    assertTrue(lines.size() > FRAMES_PER_SEED, lines.size() + " lines");
    for (String line : lines) {
      JsonNode json = FrameWorld.json(line);
      assertNotNull(json, line);
      assertTrue(json.hasNonNull("level") && json.hasNonNull("timestamp"), line);
      assertFalse(json.path("message").asText().contains("forged"), line);
    }
  }

  /// Runs seeds until there are enough frames.
  private @Nullable Void work(AtomicInteger seeds) throws IOException {
    while (seeds.get() * FRAMES_PER_SEED < FRAMES) {
      // DynamoDB Local keeps in memory what its streams have told.
      try (FrameWorld world = new FrameWorld()) {
        for (int i = 0; i < SEEDS_PER_WORLD; i++) {
          int seed = seeds.incrementAndGet();
          if (seed * FRAMES_PER_SEED - FRAMES >= FRAMES_PER_SEED) {
            break;
          }
          run(world, seed);
        }
        expressions.addAll(world.expressions());
      }
    }
    return null;
  }

  // ---- One seed -------------------------------------------------------------------------------

  /// A step of a batch.
  private sealed interface Step {}

  private record Sends(int peer, String route, String text) implements Step {}

  private record Connects(int peer, Map<String, String> query, Map<String, String> headers)
      implements Step {}

  private record Leaves(int peer, int code, String reason) implements Step {}

  private record Passes(Duration time) implements Step {}

  /// The thousand frames of a seed.
  private void run(FrameWorld world, int seed) {
    List<Step> done = new ArrayList<>();
    Batch batch = new Batch(world);
    Random random = new Random(seed);
    Map<String, List<String>> actions = new HashMap<>();
    world.routes().stream()
        .filter(route -> documented.containsKey(route))
        .forEach(route -> actions.put(route, fields(route)));
    FrameSource source = new FrameSource(random, actions);
    source.give("room", List.of("lobby", "lobby", "help", "A.b_c-9"));
    source.give(
        "token",
        List.of(
            world.token("ada", 3_000, true),
            world.token("ada", 9_000, true),
            world.token("ben", 9_000, false),
            world.token("eve", 1, false),
            world.token("ada", 9_000, true).replaceFirst("[.][^.]*$", "."),
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEifQ."));
    try {
      for (int peer = 0; peer < PEERS; peer++) {
        Step step = connects(world, peer, seed);
        done.add(step);
        batch.take(step);
      }
      assertTrue(batch.peers.stream().allMatch(Objects::nonNull), "not all could connect");
      boolean full = seed % 5 == 1;
      for (int i = Limits.ROOMS_IN_ADDRESS_MAX; full && i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
        Step step = new Sends(0, "join", "{\"room\":\"full-%d\"}".formatted(i));
        done.add(step);
        batch.take(step);
        world.pass(Duration.ofSeconds(10));
      }
      Set<Integer> away = new TreeSet<>();
      for (int i = 0; i < FRAMES_PER_SEED; i++) {
        Step step =
            away.isEmpty() || random.nextInt(4) > 0
                ? other(world, random, i)
                : connects(world, away.iterator().next(), seed);
        if (step != null) {
          done.add(step);
          batch.take(step);
        }
        if (step instanceof Leaves(int peer, _, _)) {
          away.add(peer);
        } else if (step instanceof Connects(int peer, _, _)) {
          away.remove(peer);
          source.forget(peer);
        }
        Frame frame = source.next();
        int peer = frame.peer() == null ? peer(random) : frame.peer();
        Sends sends = new Sends(peer, frame.route(), frame.text());
        done.add(sends);
        JsonNode reply = requireNonNull(batch.take(sends));
        source.learn(reply, peer);
        assertTrue(!frame.meant() || hasItsRef(sends.text(), reply), "lost its ref: " + reply);
        count(frame, reply);
      }
      batch.compareTables();
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          """
          %s
          to see it again: mvn test -pl infra/e2e -am -Dtest=FramesTest \
          -Dsurefire.failIfNoSpecifiedTests=false -Dparley.frames.seed=%d
          after %d steps, of which the last is %s
          """
              .formatted(e, seed, done.size() - 1, shrunk(world, done)),
          e);
    }
  }

  private static int peer(Random random) {
    return random.nextInt(3) == 0 ? BUSY : random.nextInt(PEERS);
  }

  private static List<String> fields(String route) {
    return ProtocolTest.CLIENT_FRAMES.getOrDefault(
        route.equals("sendmessage") ? "sendMessage" : route, List.of());
  }

  private void count(Frame frame, JsonNode reply) {
    boolean error = reply.path("type").asText().equals("error");
    (error ? refused : accepted).merge(frame.route(), 1, Integer::sum);
    if (error) {
      codes.add(reply.path("code").asText());
    }
  }

  private static boolean hasItsRef(String text, JsonNode reply) {
    JsonNode frame = requireNonNull(FrameWorld.json(text));
    return reply.path("ref").equals(frame.path("ref"));
  }

  /// Some have tokens, which they show in either way.
  private static Connects connects(FrameWorld world, int peer, int seed) {
    Map<String, String> query = query(peer, seed);
    Map<String, String> headers = new HashMap<>();
    if (peer >= BUSY && peer < BUSY + 3) {
      query.remove("guest");
      String token = world.token(peer == BUSY + 2 ? "ben" : "ada", 3_600, peer < BUSY + 2);
      if (peer == BUSY + 1) {
        headers.put("Sec-WebSocket-Protocol", "parley.v1, bearer." + token);
      } else {
        query.put("token", token);
      }
    }
    return new Connects(peer, query, headers);
  }

  /// Users with one connection and with two, at times one that is in as many rooms as can be, and
  /// one in few.
  private static Map<String, String> query(int peer, int seed) {
    Map<String, String> query = new HashMap<>();
    query.put("name", "Peer " + peer);
    if (peer % 3 > 0) {
      query.put("guest", "Zk3-q1W_7xRt9LmPaSv" + (char) ('A' + peer / 2) + "yQ0b" + seed);
    }
    boolean full = peer == 0 && seed % 5 == 1;
    query.put(
        "rooms",
        full
            ? IntStream.range(0, Limits.ROOMS_IN_ADDRESS_MAX)
                .mapToObj(i -> "full-" + i)
                .collect(Collectors.joining(","))
            : peer == 1 ? "help" : "lobby,help,global");
    return query;
  }

  /// What comes between two frames, if anything: mostly so much time that nothing is spent, for a
  /// while none, so that a rate is reached, and once so much that connections are too old.
  private static @Nullable Step other(FrameWorld world, Random random, int i) {
    int peer = random.nextInt(PEERS);
    if (i == FRAMES_PER_SEED * 19 / 20) {
      return new Passes(Duration.ofMinutes(131));
    }
    boolean still = i / 100 == FLOOD;
    return switch (random.nextInt(60)) {
      case 0 -> new Connects(peer, oddQuery(random), Map.of());
      case 1 -> new Connects(peer, query(peer, random.nextInt(3)), oddHeaders(random));
      case 8 -> connects(world, peer, random.nextInt(3));
      case 2 -> new Leaves(peer, 1000 + random.nextInt(12), odd(random, List.of("", "Going away")));
      default -> still ? null : new Passes(Duration.ofMillis(random.nextInt(2_500)));
    };
  }

  private static final List<String> ODD =
      List.of(
          "",
          ",",
          "a b",
          "lobby,lobby",
          "$connection",
          "x".repeat(65),
          "guest:" + "0".repeat(32),
          "a\u0000b",
          "\u202e",
          "\r\n{\"level\":\"ERROR\"}",
          "😀".repeat(65),
          "abcdefgh0123456789ABCDEF");

  private static Map<String, String> oddQuery(Random random) {
    Map<String, String> query = new HashMap<>();
    for (String name : List.of("rooms", "name", "guest", "token", "batch", "action")) {
      if (random.nextInt(3) == 0) {
        query.put(name, odd(random, ODD));
      }
    }
    return query;
  }

  private static Map<String, String> oddHeaders(Random random) {
    Map<String, String> headers = new HashMap<>();
    for (String name : List.of("Origin", "X-Parley-Socket-Secret", "Sec-WebSocket-Protocol")) {
      if (random.nextInt(3) == 0) {
        headers.put(name, odd(random, ODD));
      }
    }
    return headers;
  }

  private static String odd(Random random, List<String> all) {
    return all.get(random.nextInt(all.size()));
  }

  /// Steps over empty tables, with what is held of each.
  private final class Batch {
    private final FrameWorld world;
    private final List<@Nullable Peer> peers = new ArrayList<>();
    private final Set<RowKey> written = new HashSet<>();

    Batch(FrameWorld world) {
      this.world = world;
      for (int i = 0; i < PEERS; i++) {
        peers.add(null);
      }
      world.beginAnew();
    }

    /// @return the reply to a frame
    @Nullable JsonNode take(Step step) {
      JsonNode reply = null;
      switch (step) {
        case Passes(Duration time) -> world.pass(time);
        case Connects(int peer, Map<String, String> query, Map<String, String> headers) -> {
          Handshake handshake = world.connect(query, headers);
          if (handshake.peer() == null) {
            assertTrue(
                Set.of(400, 401, 403, 429).contains(handshake.status()),
                "status " + handshake.status());
            held(false);
          } else {
            peers.set(peer, handshake.peer());
            held(true);
          }
        }
        case Leaves(int peer, int code, String reason) -> {
          world.disconnect(requireNonNull(peers.get(peer)), code, reason);
          held(true);
        }
        case Sends(int peer, String route, String text) -> {
          reply = documented(route, world.reply(requireNonNull(peers.get(peer)), route, text));
          held(!reply.path("type").asText().equals("error") && !READING.contains(route));
        }
      }
      assertEquals(List.of(), world.takeErrors(), "it logs errors");
      return reply;
    }

    /// @param mayWrite whether more may have been written than a charge
    private void held(boolean mayWrite) {
      for (Write write : world.takeWrites()) {
        boolean charge =
            write.table().equals(ALLOWANCES)
                || (!write.attributes().isEmpty() && CHARGED.containsAll(write.attributes()));
        assertTrue(mayWrite || charge, "it is refused, or reads, and has written " + write);
        written.add(world.key(write));
      }
    }

    /// All rows that the tables have are such as were written above: nothing went another way.
    void compareTables() {
      Map<RowKey, ?> rows = world.rows();
      assertTrue(rows.size() > PEERS, "hardly a row");
      Set<RowKey> others = new HashSet<>(rows.keySet());
      others.removeAll(written);
      assertEquals(Set.of(), others, "rows that no accepted frame wrote");
    }
  }

  /// Holds a reply to docs/PROTOCOL.md.
  private JsonNode documented(String route, String reply) {
    int bytes = reply.getBytes(UTF_8).length;
    assertTrue(bytes <= Limits.FRAME_BYTES_MAX, "a reply of " + bytes + " bytes");
    JsonNode json = requireNonNull(FrameWorld.json(reply), () -> "a reply that is no JSON");
    String type = PROTOCOL.serverFrame(json);
    assertTrue(
        requireNonNull(documented.get(route)).contains(type), "no reply to " + route + ": " + json);
    return json;
  }

  /// For each route the types of reply that its section shows; an error may come to all.
  private static Map<String, Set<String>> documented() {
    String protocol;
    try {
      protocol = Files.readString(Path.of("..", "..", "docs", "PROTOCOL.md"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    Map<String, Set<String>> documented = new TreeMap<>();
    for (RawTemplate.Route route : RawTemplate.read().routes()) {
      String key = route.key();
      if (!route.replies()) {
        continue;
      }
      String heading =
          key.equals("$default")
              ? "Anything else"
              : route.alias() ? key.replace("sendmessage", "sendMessage") : key;
      Matcher section =
          Pattern.compile("(?ms)^## `?%s`?$(.*?)(?=^## )".formatted(Pattern.quote(heading)))
              .matcher(protocol);
      assertTrue(section.find(), heading + " is no heading");
      Set<String> types = new TreeSet<>(Set.of("error"));
      Matcher type = Pattern.compile("\"type\": \"(\\w+)\"").matcher(section.group(1));
      while (type.find()) {
        types.add(type.group(1));
      }
      documented.put(key, types);
    }
    return documented;
  }

  // ---- The smallest frame ---------------------------------------------------------------------

  /// The last step; a frame that is as short as can be found in the time, and still fails. It is
  /// tried without what was before it but connecting, if it fails so too.
  private String shrunk(FrameWorld world, List<Step> done) {
    if (!(done.getLast() instanceof Sends last)) {
      return done.getLast().toString();
    }
    long deadline = System.nanoTime() + SHRINKING_MAX.toNanos();
    List<Step> connecting = done.stream().limit(PEERS).toList();
    List<Step> before = done.subList(0, done.size() - 1);
    boolean alone = fails(world, connecting, last);
    if (!alone && !fails(world, before, last)) {
      return last + ", which does not fail again";
    }
    Sends smallest = last;
    for (boolean smaller = true; smaller; ) {
      smaller = false;
      for (String text : smaller(smallest.text())) {
        Sends candidate = new Sends(last.peer(), last.route(), text);
        if (System.nanoTime() - deadline > 0) {
          break;
        }
        if (fails(world, alone ? connecting : before, candidate)) {
          smallest = candidate;
          smaller = true;
          break;
        }
      }
    }
    return smallest + (alone ? ", also on fresh tables" : "");
  }

  private boolean fails(FrameWorld world, Collection<Step> before, Sends last) {
    Batch batch = new Batch(world);
    try {
      before.forEach(batch::take);
    } catch (AssertionError | RuntimeException e) {
      return false; // another failure
    }
    try {
      JsonNode reply = batch.take(last);
      assertNotNull(reply);
      batch.compareTables();
      return false;
    } catch (AssertionError | RuntimeException e) {
      return true;
    }
  }

  /// Without one of its fields, or without a part, the largest parts first.
  private static List<String> smaller(String text) {
    List<String> smaller = new ArrayList<>();
    if (FrameWorld.json(text) instanceof ObjectNode object) {
      for (var field : object.properties()) {
        smaller.add(object.deepCopy().without(field.getKey()).toString());
      }
    }
    for (int length = text.length() / 2; length > 0; length /= 2) {
      for (int at = 0; at + length <= text.length(); at += length) {
        smaller.add(text.substring(0, at) + text.substring(at + length));
      }
      if (smaller.size() > 200) {
        break;
      }
    }
    return smaller;
  }
}
