package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Limits;
import dev.parley.allowance.Price;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Person;
import dev.parley.connection.Removal;
import dev.parley.e2e.RawTemplate.Route;
import dev.parley.identity.Identity;
import dev.parley.local.gateway.Quotas;
import dev.parley.message.Entry;
import dev.parley.message.Message;
import dev.parley.message.Page;
import dev.parley.message.Range;
import dev.parley.platform.Trace;
import dev.parley.role.Role;
import dev.parley.role.Standing;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Event;
import dev.parley.wire.Events;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// One word and one number for one thing: docs/PROTOCOL.md says what the code and the template say,
/// and limits that are written down twice are equal.
class ProtocolTest {
  private static final Path PROTOCOL = Path.of("..", "..", "docs", "PROTOCOL.md");
  private static final Path LIMITS_JS = Path.of("..", "..", "web", "client", "limits.js");

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

  private static final Pattern BLOCK = Pattern.compile("(?ms)^```json\\n(.*?)^```$");
  private static final Pattern HEADING = Pattern.compile("(?m)^## +`?(\\$?[A-Za-z]+)`?(.*)$");
  private static final Pattern ERROR_ROW =
      Pattern.compile("(?m)^\\| `([a-z_]+)` \\| (fix|retry|join|reconnect) \\| (.+) \\|$");
  private static final Pattern PRICE_ROW =
      Pattern.compile("(?m)^\\| ([^|]+) \\| ([0-9]) \\| [^|]*\\|$");
  private static final Pattern CONSTANT =
      Pattern.compile(
          "(?m)^(?:export const|  )\\s*([A-Za-z_]+)(?: =|:) ([0-9_]+(?: \\* [0-9_]+)*)[;,]$");
  private static final Pattern WAIT_ROW =
      Pattern.compile("(?m)^\\| `([a-zA-Z]+)` \\| ([0-9,]+)(?: to ([0-9,]+))? (ms|s|min|h) \\| ");

  /// What a frame may hold beside `action` and `ref`; a field with `?` may be missing.
  static final Map<String, List<String>> CLIENT_FRAMES =
      Map.ofEntries(
          Map.entry("join", List.of("room", "after?", "limit?")),
          Map.entry("quit", List.of("room")),
          Map.entry("sendMessage", List.of("message", "room?", "id?", "after?", "sender?")),
          Map.entry("history", List.of("room", "before?", "after?", "limit?")),
          Map.entry("members", List.of("room", "cursor?")),
          Map.entry("rooms", List.of("cursor?", "mine?")),
          Map.entry("ping", List.of("rooms?")),
          Map.entry("report", List.of("room", "timestamp", "why")),
          Map.entry("auth", List.of("token")),
          Map.entry("createRoom", List.of("title?", "user?", "via?")),
          Map.entry("invite", List.of("room", "user", "via?")),
          Map.entry("leave", List.of("room")),
          Map.entry("kick", List.of("room", "user")),
          Map.entry("ban", List.of("room", "user", "seconds?")),
          Map.entry("unban", List.of("room", "user")),
          Map.entry("setRole", List.of("room", "user", "role")));

  /// Fields that are null where there is none.
  private static final Set<String> NULLABLE =
      Set.of("head", "prev", "cursor", "title", "userAgent");

  /// Fields that are there at times only.
  private static final Set<String> OPTIONAL =
      Set.of(
          "sent.trace",
          "joined.title",
          "joined.you.expires",
          "joined.you.admin",
          "pong.you.expires",
          "pong.you.admin",
          "authenticated.you.expires",
          "authenticated.you.admin",
          "created.user",
          "pong.removed");

  /// The section of what `$default` takes; nowhere else is an action shown that no route has.
  private static final String UNROUTED = "Anything else";

  private final RawTemplate template = RawTemplate.read();
  private final Map<String, JsonNode> serverFrames = serverFrames();

  // ---- docs/PROTOCOL.md -----------------------------------------------------------------------

  /// Headings that begin in lower case are route keys: `## join`. An alias, which has a route but
  /// no function of its own, is named somewhere in the text; what a client does not call by name
  /// (`$default`) needs no heading.
  @Test
  void everyRouteKeyHasItsHeadingAndNothingElseLooksLikeOne() throws IOException {
    String protocol = Files.readString(PROTOCOL);
    Set<String> headings = new TreeSet<>();
    Matcher heading = HEADING.matcher(protocol);
    while (heading.find()) {
      if (!Character.isUpperCase(heading.group(1).charAt(0))) {
        assertEquals("", heading.group(2), heading.group());
        assertTrue(headings.add(heading.group(1)), heading.group() + " is there twice");
      }
    }

    Set<String> keys = new TreeSet<>();
    for (Route route : template.routes()) {
      if (route.alias()) {
        assertTrue(protocol.contains("`" + route.key() + "`"), route.key() + " is never named");
      } else if (!route.key().startsWith("$") || headings.contains(route.key())) {
        keys.add(route.key());
      }
    }
    assertEquals(keys, headings);
    assertEquals(CLIENT_FRAMES.keySet(), customKeys());
  }

  private Set<String> customKeys() {
    return template.routes().stream()
        .filter(route -> !route.alias() && !route.key().startsWith("$"))
        .map(Route::key)
        .collect(Collectors.toSet());
  }

  @Test
  void theErrorsAreTheEnumInItsOrder() throws IOException {
    List<String> printed = new ArrayList<>();
    Matcher row = ERROR_ROW.matcher(Files.readString(PROTOCOL));
    while (row.find()) {
      printed.add(row.group());
    }

    List<String> expected = new ArrayList<>();
    for (ErrorCode code : ErrorCode.values()) {
      expected.add(
          "| `%s` | %s | %s |"
              .formatted(
                  code.code(), code.advice().name().toLowerCase(Locale.ROOT), code.meaning()));
    }
    assertEquals(String.join("\n", expected), String.join("\n", printed));
  }

  @Test
  void eachActionHasThePriceOfTheCode() throws IOException {
    Map<String, Integer> printed = new HashMap<>();
    Matcher row = PRICE_ROW.matcher(Files.readString(PROTOCOL));
    while (row.find()) {
      for (String action : row.group(1).split(", ", -1)) {
        printed.put(action.replace("`", ""), Integer.parseInt(row.group(2)));
      }
    }

    Set<String> actions = new TreeSet<>(customKeys());
    actions.remove("sendMessage"); // charged by its bytes
    Map<String, Integer> expected = new HashMap<>();
    expected.put("anything else", Price.UNKNOWN.amount());
    expected.put("a frame that is refused before it was charged", Price.REFUSED.amount());
    for (String action : actions) {
      Price price =
          Arrays.stream(Price.values())
              .filter(one -> one.action().equals(action))
              .findAny()
              .orElse(Price.ROLE);
      expected.put(action, price.amount());
    }
    assertEquals(expected, printed);
  }

  @Test
  void everyExampleIsAFrameOfTheProtocol() throws IOException {
    String protocol = Files.readString(PROTOCOL);
    Set<String> shown = new HashSet<>();
    Matcher block = BLOCK.matcher(protocol);
    while (block.find()) {
      String text = block.group(1);
      JsonNode example = JSON.readTree(text);
      if (example.isArray()) {
        assertTrue(example.size() > 1, "one event is not in an array: " + text);
        example.forEach(event -> shown.add(event(event)));
      } else if (example.has("action")) {
        shown.add(clientFrame(example, section(protocol, block.start())));
      } else if (example.has("type")) {
        shown.add(serverFrame(example));
      } else {
        shown.add(gatewayError(example));
      }
    }

    Set<String> all = new TreeSet<>(serverFrames.keySet());
    CLIENT_FRAMES.keySet().forEach(action -> all.add("action " + action));
    all.removeAll(shown);
    assertEquals(Set.of(), all, "frames without an example");
  }

  /// The heading above, without its hashes.
  private static String section(String protocol, int at) {
    int heading = protocol.lastIndexOf("\n## ", at);
    return heading < 0 ? "" : protocol.substring(heading + 4, protocol.indexOf('\n', heading + 1));
  }

  private static String clientFrame(JsonNode frame, String section) {
    String action = frame.path("action").asText();
    String key = action.equals("sendmessage") ? "sendMessage" : action;
    List<String> fields = CLIENT_FRAMES.get(key);
    if (fields == null) {
      assertEquals(UNROUTED, section, "no route has the action of " + frame);
      return "action " + action;
    }
    for (String field : fields) {
      assertTrue(field.endsWith("?") || frame.has(field), frame + " lacks " + field);
    }
    for (String field : RawTemplate.fields(frame).keySet()) {
      assertTrue(
          field.equals("action")
              || field.equals("ref")
              || fields.contains(field)
              || fields.contains(field + "?"),
          frame + " has " + field);
    }
    // Each of these refuses what is not valid; a field that may be missing is valid then.
    ClientFrame parsed = ClientFrame.parse(frame.toString());
    assertNotNull(parsed.roomOr(RoomId.GLOBAL));
    assertNotNull(parsed.range());
    assertTrue(parsed.limit() > 0);
    parsed.ref();
    parsed.id();
    assertFalse(key.equals("sendMessage") && parsed.message().isEmpty());
    if (key.equals("report")) {
      assertFalse(parsed.why().isEmpty());
      assertTrue(parsed.timestamp().micros() > 0);
    }
    if (key.equals("ping")) {
      assertNotNull(parsed.rooms());
    }
    if (key.equals("members")) {
      parsed.memberCursor();
    }
    if (key.equals("rooms")) {
      parsed.roomCursor();
      parsed.mine();
    }
    if (fields.contains("user")) {
      assertNotNull(parsed.user(new Identity("guest:0", "Ada")));
    }
    parsed.title();
    parsed.via();
    parsed.seconds();
    if (key.equals("setRole")) {
      assertNotNull(parsed.role());
    }
    return "action " + key;
  }

  private String event(JsonNode event) {
    String type = serverFrame(event);
    assertTrue(Set.of("message", "presence").contains(type), event + " is no event");
    assertFalse(event.has("ref"), event + " is no reply");
    return type;
  }

  /// Holds a frame of the server's to what the code writes.
  ///
  /// @return its type
  String serverFrame(JsonNode frame) {
    String type = frame.path("type").asText();
    JsonNode sample = serverFrames.get(type);
    assertNotNull(sample, "the server says no such thing: " + frame);
    if (type.equals("error")) {
      ErrorCode code = ErrorCode.valueOf(frame.path("code").asText().toUpperCase(Locale.ROOT));
      assertEquals(code.meaning(), frame.path("message").asText());
      RawTemplate.fields(frame)
          .forEach(
              (name, value) -> {
                assertTrue(requireNonNull(sample).has(name), frame + " has " + name);
                assertShape(sample.path(name), value, "error." + name);
              });
      return type;
    }
    assertShape(requireNonNull(sample), frame, type);
    return type;
  }

  /// Field names, and kinds of values, as the code writes them; `ref` is there where a client sent
  /// one.
  private static void assertShape(JsonNode sample, JsonNode example, String at) {
    if (sample.isObject()) {
      Set<String> wanted = new TreeSet<>(RawTemplate.fields(sample).keySet());
      Set<String> found = new TreeSet<>(RawTemplate.fields(example).keySet());
      if (at.equals("pong.rooms")) {
        example.forEach(head -> assertTrue(head.isNull() || head.isIntegralNumber(), at));
        return;
      }
      if (at.equals("pong.removed")) {
        example.forEach(why -> assertNotNull(Removal.of(why.asText()), at));
        return;
      }
      wanted.remove("ref");
      found.remove("ref");
      wanted.removeIf(name -> OPTIONAL.contains(at + "." + name) && !found.contains(name));
      assertEquals(wanted, found, at);
      found.forEach(name -> assertShape(sample.path(name), example.path(name), at + "." + name));
    } else if (sample.isArray()) {
      assertTrue(example.isArray(), at);
      for (JsonNode element : example) {
        assertShape(like(element, sample), element, at + "[]");
      }
    } else {
      String name = at.substring(at.lastIndexOf('.') + 1);
      assertTrue(
          name.equals("ref")
              || sample.getNodeType() == example.getNodeType()
              || (NULLABLE.contains(name) && example.isNull()),
          at + " is " + example);
    }
  }

  /// That of several kinds of elements which has the same fields, else the first.
  private static JsonNode like(JsonNode element, JsonNode samples) {
    for (JsonNode sample : samples) {
      if (RawTemplate.fields(sample).keySet().equals(RawTemplate.fields(element).keySet())) {
        return sample;
      }
    }
    return samples.path(0);
  }

  private static String gatewayError(JsonNode frame) {
    assertEquals(
        Set.of("message", "connectionId", "requestId"),
        RawTemplate.fields(frame).keySet(),
        "neither a client's frame nor the server's: " + frame);
    assertTrue(
        Set.of("Internal server error", "Forbidden").contains(frame.path("message").asText()));
    return "the gateway's own error";
  }

  /// Each frame of the server's as the code writes it, by its type.
  private static Map<String, JsonNode> serverFrames() {
    ConnectionId connection = new ConnectionId("L0SM9cOFvHcCIhw=");
    Identity identity = new Identity("guest:0", "Ada");
    Reply.You you = new Reply.You(identity, Instant.EPOCH, true);
    RoomId id = new RoomId("lobby");
    Timestamp one = new Timestamp(1);
    Room room = new Room(id, one, "1", Instant.EPOCH, null);
    Message message = new Message(id, one, "id", identity, "Hello", null);
    Page page =
        new Page(new Range.Newest(), List.of(message, new Entry.Unreadable(one.next())), false);
    Person person = new Person(identity.user(), identity.sender(), 1);
    String other = "guest:1";
    RoomId direct = RoomId.direct(identity.user(), other);
    Room titled = new Room(id, one, "1", Instant.EPOCH, null, null, null, "Plans");
    Standing owner = Standing.none(identity.user(), id).as(Role.OWNER, null);
    Standing member = Standing.none(identity.user(), direct).as(Role.MEMBER, other);
    JsonNode ref = IntNode.valueOf(1);
    List<String> frames =
        List.of(
            Reply.joined(titled, page, true, you).encode(ref),
            Reply.quit(id).encode(ref),
            Reply.reported(id, one).encode(ref),
            Reply.sent(
                    id,
                    "id",
                    one,
                    new Trace.Context("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8"))
                .encode(ref),
            Reply.history(id, page, true).encode(ref),
            Reply.members(id, List.of(person), "0").encode(ref),
            Reply.rooms(List.of(room), id).encode(ref),
            Reply.mine(
                    List.of(owner, member),
                    Map.of(id, titled, direct, new Room(direct, one, "1", Instant.EPOCH, null)),
                    id)
                .encode(ref),
            Reply.pong(
                    Instant.EPOCH,
                    you,
                    List.of(id),
                    Map.of(id, room),
                    Map.of(new RoomId("kitchen"), Removal.KICKED))
                .encode(ref),
            Reply.authenticated(Instant.EPOCH, you).encode(ref),
            Reply.created(id, "Plans", other).encode(ref),
            Reply.done("invited", id, other).encode(ref),
            Reply.left(id).encode(ref),
            Reply.done("kicked", id, other).encode(ref),
            Reply.done("banned", id, other).encode(ref),
            Reply.done("unbanned", id, other).encode(ref),
            Reply.roleSet(id, other, Role.MODERATOR).encode(ref),
            Reply.error(new Rejection(ErrorCode.RATE_LIMITED, Duration.ofMillis(1)))
                .withConnection(connection, "", "", "", "")
                .encode(ref),
            Reply.error(new Rejection(Removal.KICKED)).encode(ref),
            line(Event.message(message, one)),
            line(Event.presence(id, identity, Event.State.IN)),
            line(Event.removed(id, Removal.KICKED.word())),
            line(Event.invitation(id, "Plans", identity, id)));

    Map<String, JsonNode> byType = new HashMap<>();
    for (String frame : frames) {
      try {
        JsonNode json = JSON.readTree(frame);
        // One sample has the fields of all errors, and the elements of both lists of rooms.
        byType.merge(
            json.path("type").asText(),
            json,
            (first, second) -> {
              if (first.path("rooms") instanceof ArrayNode rooms) {
                rooms.addAll((ArrayNode) second.path("rooms"));
              } else {
                ((ObjectNode) first).setAll((ObjectNode) second);
              }
              return first;
            });
      } catch (IOException e) {
        fail(e);
      }
    }
    return byType;
  }

  private static String line(Event event) {
    return Events.of(List.of(event)).lines();
  }

  // ---- Limits ---------------------------------------------------------------------------------

  @Test
  void theChatsLimitsAreTheGateways() {
    assertEquals(Quotas.FRAME_BYTES_MAX, Limits.FRAME_BYTES_MAX);
    assertEquals(Quotas.CONNECTION_DURATION, Limits.CONNECTION_MAX);
    assertTrue(Limits.PRUNE_AGE_MIN.compareTo(Quotas.INTEGRATION_TIMEOUT_MAX) > 0);
    assertTrue(Limits.SEND_MAX.compareTo(Quotas.INTEGRATION_TIMEOUT_MAX) < 0);
  }

  @Test
  void thePagesLimitsAreTheServers() throws IOException {
    Map<String, Long> page = constants();

    assertEquals(Limits.ROOMS_PER_CONNECTION_MAX, page.get("ROOMS_PER_CONNECTION_MAX"));
    assertEquals(Limits.MESSAGE_CHARACTERS_MAX, page.get("MESSAGE_CODE_POINTS_MAX"));
    assertEquals(Limits.REPORT_CHARACTERS_MAX, page.get("REPORT_CODE_POINTS_MAX"));
    assertEquals(Limits.SENDER_CHARACTERS_MAX, page.get("NAME_CODE_POINTS_MAX"));
    assertEquals(Limits.PAGE_MESSAGES_DEFAULT, page.get("HISTORY_PAGE"));
    assertEquals(Limits.PAGE_MESSAGES_MAX, page.get("CATCH_UP_PAGE"));
  }

  @Test
  void thePageCallsARoomWhatTheServerDoes() throws IOException {
    Matcher pattern =
        Pattern.compile("(?m)^export const ROOM_PATTERN = /\\^(.+)\\$/;$")
            .matcher(Files.readString(LIMITS_JS));
    assertTrue(pattern.find());
    Pattern room = Pattern.compile(pattern.group(1));

    for (String name :
        List.of("a", "A.b_c-9", "x".repeat(64), "x".repeat(65), "", "a b", "$connection", "ä")) {
      assertEquals(RoomId.valid(name), room.matcher(name).matches(), name);
    }
  }

  @Test
  void theClientsWaitsFitTheServers() throws IOException {
    Map<String, Long> client = constants();

    // What is late in the table: a put that took all its time, by a clock that is behind, after a
    // message whose timestamp is as far ahead as it may be.
    assertTrue(
        requireNonNull(client.get("overlapMs"))
            >= Limits.SEND_MAX.plus(Limits.CLOCK_SKEW_MAX.multipliedBy(2)).toMillis());
    assertTrue(requireNonNull(client.get("resendMsMax")) < Limits.SEND_REMEMBERED.toMillis());
    // The timers of a hidden page are late.
    assertTrue(
        requireNonNull(client.get("pingMsMax")) + requireNonNull(client.get("tickHiddenMs"))
            < Quotas.IDLE_TIMEOUT.toMillis());
    assertTrue(requireNonNull(client.get("replyMs")) > Quotas.INTEGRATION_TIMEOUT_MAX.toMillis());
    assertTrue(requireNonNull(client.get("renewMsMax")) < Limits.CONNECTION_MAX.toMillis());
    assertTrue(requireNonNull(client.get("SECRET_BITS")) >= 128);
    // A comma is `%2C` there, and a code point of a name up to `%F0%9F%98%80`; the rest is left to
    // the host, a secret and a token.
    assertTrue(
        requireNonNull(client.get("ROOMS_IN_URL_MAX")) * (64 + 3)
                + Limits.SENDER_CHARACTERS_MAX * 12
            < Quotas.URL_CHARACTERS_MAX - 1_024 - 128);
  }

  /// `300 to 1,000 ms` are `repairMsMin` and `repairMsMax`; `1 to 30 s`, `backOffMs` and
  /// `backOffMsMax`.
  @Test
  void theWaitsThatArePrintedAreTheClients() throws IOException {
    Map<String, Long> client = constants();
    Map<String, Long> unitMs = Map.of("ms", 1L, "s", 1_000L, "min", 60_000L, "h", 3_600_000L);
    int printed = 0;
    Matcher row = WAIT_ROW.matcher(Files.readString(PROTOCOL));
    for (; row.find(); printed++) {
      String name = row.group(1);
      long unit = requireNonNull(unitMs.get(row.group(4)));
      List<Long> expected =
          Stream.of(name + "MsMin", name + "Ms", name + "MsMax")
              .filter(client::containsKey)
              .map(client::get)
              .toList();
      List<Long> found =
          Stream.of(row.group(2), row.group(3))
              .filter(Objects::nonNull)
              .map(number -> Long.parseLong(number.replace(",", "")) * unit)
              .toList();
      assertEquals(expected, found, row.group());
    }
    assertEquals(15, printed, "waits that are printed");
  }

  /// The whole numbers of `web/client/limits.js`, with their products worked out.
  private static Map<String, Long> constants() throws IOException {
    Map<String, Long> constants = new HashMap<>();
    Matcher constant = CONSTANT.matcher(Files.readString(LIMITS_JS));
    while (constant.find()) {
      long product = 1;
      for (String factor : constant.group(2).replace("_", "").split(" \\* ", -1)) {
        product *= Long.parseLong(factor);
      }
      constants.put(constant.group(1), product);
    }
    return constants;
  }
}
