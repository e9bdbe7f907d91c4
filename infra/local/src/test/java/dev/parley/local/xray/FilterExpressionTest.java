package dev.parley.local.xray;

import static dev.parley.local.xray.TestSegments.TRACE;
import static dev.parley.local.xray.TestSegments.change;
import static dev.parley.local.xray.TestSegments.dynamoDb;
import static dev.parley.local.xray.TestSegments.id;
import static dev.parley.local.xray.TestSegments.segment;
import static dev.parley.local.xray.TestSegments.with;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class FilterExpressionTest {
  private static final int EXPRESSIONS = 3_000;
  private static final int TEXTS = 20_000;

  private final FullTrace trace = trace();

  /// Send (2 s, HTTP 200), which Fanout (0.4 s, a fault) follows, which throttles on a table.
  private static FullTrace trace() {
    Traces traces = new Traces();
    ObjectNode send = segment(1, "Send", 0, 2).put("user", "ada").put("origin", "AWS::Lambda");
    send.put("resource_arn", "arn:aws:lambda:us-east-1:000000000000:function:Send");
    send.putObject("http").putObject("response").put("status", 200);
    send.withObject("/http/request")
        .put("url", "http://api.example.com/v2/game")
        .put("method", "POST")
        .put("user_agent", "curl")
        .put("client_ip", "127.0.0.1");
    send.putObject("annotations").put("room", "lobby").put("members", 30).put("first", true);
    ObjectNode fanout =
        segment(2, "Fanout", 2.1, 2.5)
            .put("parent_id", id(1))
            .put("origin", "AWS::Lambda::Function")
            .put("fault", true);
    fanout.putObject("annotations").put("room", "attic").put("a.b", "dotted").put("off", false);
    traces.put(send.toString());
    traces.put(
        with(
                fanout,
                change(
                    dynamoDb(3, "Query", "Rooms", 2.2, 2.3),
                    call -> call.put("throttle", true).put("error", true)))
            .toString());
    return requireNonNull(traces.trace(TRACE)).full();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "  ",
        "ok",
        "!error",
        "!fault",
        "fault = false",
        "fault != true",
        "throttle",
        "inferred",
        "!partial",
        "responsetime = 2",
        "responseTime > 1.5",
        "responsetime <= 2 AND responsetime >= 2",
        "duration > 2.4 and duration < 2.6",
        "ok !partial duration <3",
        "http.status = 200",
        "http.status != 500",
        "http.url BEGINSWITH \"http://api.example.com/\" AND http.url CONTAINS \"/v2/\"",
        "http.url endswith \"game\"",
        "http.method = \"POST\"",
        "http.useragent = \"curl\" AND http.clientip = \"127.0.0.1\"",
        "user = \"ada\"",
        "user CONTAINS \"\"",
        "user",
        "resource.arn ENDSWITH \":Send\"",
        "annotation.room = \"lobby\"",
        "annotation.room = \"attic\"",
        "annotation[room] = \"lobby\"",
        "annotation[\"room\"] = \"lobby\"",
        "annotation[a.b] = \"dotted\"",
        "annotation.a.b = \"dotted\"",
        "Annotation.room BEGINSWITH \"lob\"",
        "annotation.members > 29",
        "annotation.members = 3e1",
        "annotation.members",
        "annotation.first",
        "annotation.first = true",
        "!annotation.off",
        "!annotation.age",
        "annotation.room != \"cellar\"",
        "service(\"Fanout\")",
        "service(\"Fanout\") { fault }",
        "service() { fault }",
        "service(\"Rooms\") { throttle AND inferred }",
        "service(\"Send\") { root = true AND responsetime > 1 }",
        "!service(\"Send\") { fault }",
        "!service(\"api.example.com\")",
        "service(id(name: \"Rooms\", type: \"AWS::DynamoDB::Table\")) { error }",
        "service(id(type:\"AWS::DynamoDB::Table\"))",
        "service(\"Fanout\") { annotation.room = \"attic\" }",
        "service() { name = \"Rooms\" AND type BEGINSWITH \"AWS::\" }",
        "edge(\"Send\", \"Fanout\")",
        "edge(\"Send\", \"Fanout\") { fault }",
        "edge(id(type: \"AWS::Lambda::Function\"), id(name: \"Rooms\")) { throttle }",
        "fault OR ok",
        "(fault OR ok) AND NOT (fault AND ok)",
        "NOT fault",
        "not not ok",
        "((ok))"
      })
  void theTraceIsFoundBy(String expression) {
    assertTrue(FilterExpression.parse(expression).matches(trace), expression);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fault",
        "error",
        "!throttle",
        "responsetime > 2",
        "duration < 2",
        "http.status >= 300",
        "user = \"Ada\"",
        "annotation.room = \"cellar\"",
        "annotation.room != \"lobby\"",
        "annotation.age != 3",
        "annotation.members = \"30\"",
        "annotation.off",
        "annotation[a]",
        "service(\"Fanout\") { ok }",
        "service(\"Fanout\") { annotation.room = \"lobby\" }",
        "service(id(name: \"Fanout\", type: \"AWS::Lambda\"))",
        "edge(\"Fanout\", \"Send\")",
        "edge(\"Send\", \"Rooms\")",
        "ok AND fault OR error",
        "fault AND (ok OR error)"
      })
  void theTraceIsNotFoundBy(String expression) {
    assertTrue(!FilterExpression.parse(expression).matches(trace), expression);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      value = {
        "foo | `foo` is no keyword",
        "annotation | `annotation` is no keyword",
        "group.name = \"g\" | `group.name` is not supported here",
        "rootcause.fault.service { name = \"x\" } | `rootcause.fault.service` is not supported"
            + " here",
        "instance.id | `instance.id` is not supported here",
        "availabilityzone = \"us-east-1a\" | `availabilityzone` is not supported here",
        "edge(\"a\", \"b\") { user } | `user` is not known of an edge",
        "service(\"a\") { index > 5 } | `index` is not supported here",
        "name = \"x\" | `name` is asked within service",
        "service(\"a\") { service(\"b\") } | `service` does not stand within another filter",
        "service(id(account.id: \"1\")) | `account.id` is not supported",
        "service(id(what: \"1\")) | id(…) has a name and a type",
        "responsetime = \"2\" | expected a number",
        "responsetime > | expected a number",
        "ok = 1 | expected true or false",
        "ok > true | `>` does not compare true and false",
        "user = ada | expected a text in quotation marks",
        "annotation.room = lobby | expected a text in quotation marks, a number, true or false",
        "user > \"a\" | `>` does not compare texts",
        "annotation.a CONTAINS 3 | `CONTAINS` does not compare numbers",
        "ok AND | expected a keyword",
        "ok ) | expected AND, OR or the end",
        "(ok | expected `)`",
        "service(\"a\" | expected `)`",
        "service(\"a\") { ok | expected `}`",
        "edge(\"a\") | expected `,`",
        "user = \"ada | expected `\"`",
        "annotation[room = \"x\" | expected `]`"
      })
  void whatIsNoFilterExpressionIsRefusedWithTheReason(String expression, String why) {
    IllegalArgumentException refused =
        assertThrows(
            IllegalArgumentException.class, () -> FilterExpression.parse(expression), expression);

    assertTrue(String.valueOf(refused.getMessage()).contains(why), refused.getMessage());
  }

  @Test
  void lengthIsBounded() {
    String longest = "ok ".repeat(FilterExpression.CHARACTERS_MAX / 3);

    assertTrue(FilterExpression.parse(longest).matches(trace));
    assertThrows(
        IllegalArgumentException.class, () -> FilterExpression.parse(longest + " ".repeat(3)));
  }

  @Test
  void nestingIsBounded() {
    assertThrows(
        IllegalArgumentException.class,
        () -> FilterExpression.parse("(".repeat(100) + "ok" + ")".repeat(100)));
    assertThrows(
        IllegalArgumentException.class, () -> FilterExpression.parse("!".repeat(100) + "ok"));
    assertThrows(IllegalArgumentException.class, () -> FilterExpression.parse("(".repeat(5_000)));
  }

  /// A random expression of truths that are known, as text, and what it must give.
  private record Known(String text, boolean value) {
    private static final List<Known> LEAVES =
        List.of(
            new Known("ok", true),
            new Known("fault", false),
            new Known("annotation.members > 29", true),
            new Known("user = \"AND OR )\"", false),
            new Known("service(\"Fanout\") { fault }", true),
            new Known("edge(\"Fanout\", \"Send\")", false));

    static Known random(Random random, int depth) {
      if (depth == 0) {
        return LEAVES.get(random.nextInt(LEAVES.size()));
      }
      Known a = random(random, depth - 1);
      Known b = random(random, random.nextInt(depth));
      return switch (random.nextInt(4)) {
        case 0 -> new Known("!(" + a.text + ")", !a.value);
        case 1 -> new Known("(" + a.text + ") OR (" + b.text + ")", a.value || b.value);
        case 2 -> new Known("(" + a.text + ") and (" + b.text + ")", a.value && b.value);
        default -> new Known("(" + a.text + ")" + "(" + b.text + ")", a.value && b.value);
      };
    }
  }

  @Test
  void andOrAndNotCombineAsInLogic() {
    for (int seed = 0; seed < EXPRESSIONS; seed++) {
      Known known = Known.random(new Random(seed), seed % 6);

      assertEquals(
          known.value(),
          FilterExpression.parse(known.text()).matches(trace),
          "seed " + seed + ": " + known.text());
    }
  }

  @Test
  void andBindsMoreThanOr() {
    boolean[] truths = {false, true};
    for (boolean a : truths) {
      for (boolean b : truths) {
        for (boolean c : truths) {
          assertEquals(
              a || (b && c),
              FilterExpression.parse("%s OR %s AND %s".formatted(text(a), text(b), text(c)))
                  .matches(trace));
        }
      }
    }
  }

  private static String text(boolean value) {
    return value ? "ok" : "fault";
  }

  /// Whatever is typed is understood or refused, and nothing else.
  @Test
  void anyTextIsAnExpressionOrRefused() {
    String[] pieces = {
      "ok",
      "!",
      "(",
      ")",
      "{",
      "}",
      "[",
      "]",
      "\"",
      "\\",
      ",",
      ":",
      "=",
      "!=",
      "<",
      "annotation",
      "annotation.",
      "annotation[",
      ".",
      "service",
      "edge",
      "id",
      "name",
      "AND",
      "OR",
      "NOT",
      "CONTAINS",
      "true",
      "3",
      "-",
      "e",
      " ",
      "\n",
      "ü",
      "\0",
      "responsetime",
      "group"
    };
    for (int seed = 0; seed < TEXTS; seed++) {
      Random random = new Random(seed);
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(12); i >= 0; i--) {
        text.append(pieces[random.nextInt(pieces.length)]);
        text.append(random.nextBoolean() ? " " : "");
      }
      try {
        FilterExpression.parse(text.toString()).matches(trace);
      } catch (IllegalArgumentException refused) {
        assertTrue(
            String.valueOf(refused.getMessage()).startsWith("Invalid filter expression"),
            "seed " + seed);
      } catch (RuntimeException | StackOverflowError e) {
        throw new AssertionError("seed " + seed + ": " + text, e);
      }
    }
  }
}
