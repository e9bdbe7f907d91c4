package dev.parley.local.xray;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.xray.FullTrace.Call;
import dev.parley.local.xray.FullTrace.Visit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Which traces are looked for:
/// `service("FanoutFunction") { responsetime > 0.5 } AND annotation.room = "lobby"`.
///
/// `Unlike AWS:` `group`, `rootcause`, `json` and what can be said within them (`index`,
/// `coverage`,
/// `first`, `last`, `remote`, `message`) are refused by name: there are no groups, and no root
/// causes are looked for. A value that is not set is equal to nothing, and unequal to nothing
/// either [?].
///
/// Source: "Use filter expressions", X-Ray developer guide.
final class FilterExpression {
  /// Deeper nesting is a mistake, and would use up the stack.
  static final int DEPTH_MAX = 50;

  static final int CHARACTERS_MAX = 10_000;

  private enum Type {
    BOOLEAN,
    NUMBER,
    STRING,
    ANY
  }

  private static final Map<String, Type> KEYWORDS =
      Map.ofEntries(
          Map.entry("ok", Type.BOOLEAN),
          Map.entry("error", Type.BOOLEAN),
          Map.entry("throttle", Type.BOOLEAN),
          Map.entry("fault", Type.BOOLEAN),
          Map.entry("partial", Type.BOOLEAN),
          Map.entry("inferred", Type.BOOLEAN),
          Map.entry("root", Type.BOOLEAN),
          Map.entry("responsetime", Type.NUMBER),
          Map.entry("duration", Type.NUMBER),
          Map.entry("http.status", Type.NUMBER),
          Map.entry("http.url", Type.STRING),
          Map.entry("http.method", Type.STRING),
          Map.entry("http.useragent", Type.STRING),
          Map.entry("http.clientip", Type.STRING),
          Map.entry("user", Type.STRING),
          Map.entry("name", Type.STRING),
          Map.entry("type", Type.STRING),
          Map.entry("resource.arn", Type.STRING));

  /// What can be asked of an edge.
  private static final Set<String> OF_AN_EDGE =
      Set.of("ok", "error", "throttle", "fault", "partial", "responsetime", "duration");

  private static final Set<String> UNSUPPORTED =
      Set.of(
          "group",
          "rootcause",
          "json",
          "index",
          "coverage",
          "first",
          "last",
          "remote",
          "message",
          "instance",
          "availabilityzone");

  /// Longer ones first.
  private static final List<String> OPERATORS =
      List.of("!=", "<=", ">=", "=", "<", ">", "CONTAINS", "BEGINSWITH", "ENDSWITH");

  private final Predicate<FullTrace> predicate;

  private FilterExpression(Predicate<FullTrace> predicate) {
    this.predicate = predicate;
  }

  /// @param text blank for all traces
  /// @throws IllegalArgumentException if it is no filter expression, or one that is not supported;
  ///     its message says where and why
  static FilterExpression parse(String text) {
    if (text.length() > CHARACTERS_MAX) {
      throw new IllegalArgumentException(
          "a filter expression has at most %d characters".formatted(CHARACTERS_MAX));
    }
    return new FilterExpression(text.isBlank() ? _ -> true : new Parser(text).whole());
  }

  boolean matches(FullTrace trace) {
    return predicate.test(trace);
  }

  /// A recursive descent: `OR` of `AND` of `NOT` of a keyword, a service, an edge, or something in
  /// parentheses. `AND` may be left out.
  private static final class Parser {
    private final String text;
    private int at;
    private int depth;

    Parser(String text) {
      this.text = text;
    }

    Predicate<FullTrace> whole() {
      Predicate<FullTrace> all = or(this::traceTerm);
      if (at < text.length()) {
        throw error("expected AND, OR or the end");
      }
      return all;
    }

    private interface Term<T> {
      Predicate<T> parse();
    }

    private <T> Predicate<T> or(Term<T> term) {
      List<Predicate<T>> any = new ArrayList<>();
      do {
        any.add(and(term));
      } while (take("OR"));
      return value -> any.stream().anyMatch(one -> one.test(value));
    }

    private <T> Predicate<T> and(Term<T> term) {
      List<Predicate<T>> all = new ArrayList<>();
      do {
        all.add(not(term));
      } while (take("AND") || startsTerm());
      return value -> all.stream().allMatch(one -> one.test(value));
    }

    private boolean startsTerm() {
      skipBlank();
      return at < text.length()
          && (Character.isLetter(text.charAt(at))
              || text.charAt(at) == '!'
              || text.charAt(at) == '(')
          && !isNext("OR");
    }

    private <T> Predicate<T> not(Term<T> term) {
      if (++depth > DEPTH_MAX) {
        throw error("nested more than %d deep".formatted(DEPTH_MAX));
      }
      try {
        if (take("!") || take("NOT")) {
          return this.<T>not(term).negate();
        }
        if (take("(")) {
          Predicate<T> inner = or(term);
          expect(")");
          return inner;
        }
        return term.parse();
      } finally {
        depth--;
      }
    }

    // ---- Terms --------------------------------------------------------------------------------

    private Predicate<FullTrace> traceTerm() {
      int begin = at;
      String keyword = keyword();
      return switch (keyword) {
        case "service" -> service();
        case "edge" -> edge();
        case "name", "type", "root" ->
            throw error(begin, "`%s` is asked within service(…) { … }".formatted(keyword));
        default -> test(begin, keyword);
      };
    }

    /// What can stand within the braces of a service or an edge.
    private <T extends Facts> Predicate<T> innerTerm(boolean ofAnEdge) {
      int begin = at;
      String keyword = keyword();
      if (keyword.equals("service") || keyword.equals("edge")) {
        throw error(begin, "`%s` does not stand within another filter".formatted(keyword));
      }
      Predicate<T> test = test(begin, keyword);
      if (ofAnEdge && !OF_AN_EDGE.contains(keyword)) {
        throw error(begin, "`%s` is not known of an edge".formatted(keyword));
      }
      return test;
    }

    private Predicate<FullTrace> service() {
      expect("(");
      Predicate<Service> chosen = isNext(")") ? _ -> true : serviceOrId();
      expect(")");
      Predicate<Visit> filter = inner(false);
      return trace ->
          trace.visits().stream()
              .anyMatch(visit -> chosen.test(visit.service()) && filter.test(visit));
    }

    private Predicate<FullTrace> edge() {
      expect("(");
      Predicate<Service> from = serviceOrId();
      expect(",");
      Predicate<Service> to = serviceOrId();
      expect(")");
      Predicate<Call> filter = inner(true);
      return trace ->
          trace.calls().stream()
              .anyMatch(
                  call ->
                      call.from() != null
                          && from.test(call.from())
                          && to.test(call.to())
                          && filter.test(call));
    }

    private <T extends Facts> Predicate<T> inner(boolean ofAnEdge) {
      if (!take("{")) {
        return _ -> true;
      }
      Predicate<T> filter = or(() -> innerTerm(ofAnEdge));
      expect("}");
      return filter;
    }

    /// `"name"`, or `id(name: "name", type: "type")` with one of the two or both.
    private Predicate<Service> serviceOrId() {
      if (!take("id")) {
        String name = string();
        return service -> service.name().equals(name);
      }
      expect("(");
      String name = null;
      String type = null;
      do {
        int begin = at;
        String field = keyword();
        expect(":");
        switch (field) {
          case "name" -> name = string();
          case "type" -> type = string();
          case "account.id" -> throw error(begin, "`account.id` is not supported");
          default -> throw error(begin, "id(…) has a name and a type");
        }
      } while (take(","));
      expect(")");
      String wantedName = name;
      String wantedType = type;
      return service ->
          (wantedName == null || service.name().equals(wantedName))
              && (wantedType == null || wantedType.equals(service.type()));
    }

    /// A keyword, alone or compared with a value.
    private <T extends Facts> Predicate<T> test(int begin, String keyword) {
      Type type = typeOf(begin, keyword);
      int operatorAt = at;
      String operator = operator();
      if (operator == null) {
        return facts -> facts.values(keyword).stream().anyMatch(FilterExpression::isSet);
      }
      Predicate<JsonNode> comparison = comparison(type, operator, operatorAt);
      if (operator.equals("!=")) {
        return facts -> {
          List<JsonNode> values = facts.values(keyword);
          return !values.isEmpty() && values.stream().noneMatch(comparison);
        };
      }
      return facts -> facts.values(keyword).stream().anyMatch(comparison);
    }

    private Type typeOf(int begin, String keyword) {
      if (keyword.startsWith(Facts.ANNOTATION)) {
        return Type.ANY;
      }
      Type type = KEYWORDS.get(keyword);
      if (type == null) {
        String first = keyword.split("\\.", 2)[0];
        throw error(
            begin,
            UNSUPPORTED.contains(first)
                ? "`%s` is not supported here".formatted(keyword)
                : "`%s` is no keyword".formatted(keyword));
      }
      return type;
    }

    /// Whether a value is as the operator demands; for `!=` whether it is equal.
    private Predicate<JsonNode> comparison(Type type, String operator, int operatorAt) {
      skipBlank();
      boolean isString = isNext("\"");
      boolean isTruth = isNext("true") || isNext("false");
      boolean isNumber = at < text.length() && "+-.0123456789".indexOf(text.charAt(at)) >= 0;
      if (isString && (type == Type.STRING || type == Type.ANY)) {
        String value = string();
        return switch (operator) {
          case "=", "!=" -> node -> node.isTextual() && node.asText().equals(value);
          case "CONTAINS" -> node -> node.isTextual() && node.asText().contains(value);
          case "BEGINSWITH" -> node -> node.isTextual() && node.asText().startsWith(value);
          case "ENDSWITH" -> node -> node.isTextual() && node.asText().endsWith(value);
          default -> throw error(operatorAt, "`%s` does not compare texts".formatted(operator));
        };
      }
      if (isTruth && (type == Type.BOOLEAN || type == Type.ANY)) {
        boolean value = take("true") || !take("false");
        if (!operator.equals("=") && !operator.equals("!=")) {
          throw error(operatorAt, "`%s` does not compare true and false".formatted(operator));
        }
        return node -> node.isBoolean() && node.asBoolean() == value;
      }
      if (isNumber && (type == Type.NUMBER || type == Type.ANY)) {
        double value = number();
        return switch (operator) {
          case "=", "!=" -> node -> node.isNumber() && node.asDouble() == value;
          case "<" -> node -> node.isNumber() && node.asDouble() < value;
          case "<=" -> node -> node.isNumber() && node.asDouble() <= value;
          case ">" -> node -> node.isNumber() && node.asDouble() > value;
          case ">=" -> node -> node.isNumber() && node.asDouble() >= value;
          default -> throw error(operatorAt, "`%s` does not compare numbers".formatted(operator));
        };
      }
      throw error(
          switch (type) {
            case BOOLEAN -> "expected true or false";
            case NUMBER -> "expected a number";
            case STRING -> "expected a text in quotation marks";
            case ANY -> "expected a text in quotation marks, a number, true or false";
          });
    }

    // ---- Tokens -------------------------------------------------------------------------------

    private void skipBlank() {
      while (at < text.length() && Character.isWhitespace(text.charAt(at))) {
        at++;
      }
    }

    /// Whether this comes next, as a whole word where it is one.
    private boolean isNext(String token) {
      skipBlank();
      int end = at + token.length();
      return text.regionMatches(true, at, token, 0, token.length())
          && !(Character.isLetter(token.charAt(0))
              && end < text.length()
              && isWordCharacter(text.charAt(end)));
    }

    private static boolean isWordCharacter(char c) {
      return Character.isLetterOrDigit(c) || c == '_' || c == '.' || c == '[';
    }

    /// Whether this comes next; then it is behind us.
    private boolean take(String token) {
      boolean next = isNext(token);
      at += next ? token.length() : 0;
      return next;
    }

    private void expect(String token) {
      if (!take(token)) {
        throw error("expected `%s`".formatted(token));
      }
    }

    /// In lower case apart from an annotation's key; `annotation[key]` is `annotation.key`.
    private String keyword() {
      skipBlank();
      int begin = at;
      while (at < text.length() && isWordCharacter(text.charAt(at)) && text.charAt(at) != '[') {
        at++;
      }
      String word = text.substring(begin, at);
      String lower = word.toLowerCase(Locale.ROOT);
      if (lower.equals("annotation") && take("[")) {
        int close = text.indexOf(']', at);
        if (close < 0) {
          throw error("expected `]`");
        }
        String key = text.substring(at, close).strip();
        at = close + 1;
        boolean quoted = key.length() > 1 && key.startsWith("\"") && key.endsWith("\"");
        return Facts.ANNOTATION + (quoted ? key.substring(1, key.length() - 1) : key);
      }
      if (lower.startsWith(Facts.ANNOTATION) && word.length() > Facts.ANNOTATION.length()) {
        return Facts.ANNOTATION + word.substring(Facts.ANNOTATION.length());
      }
      if (word.isEmpty()) {
        throw error("expected a keyword");
      }
      return lower;
    }

    private @Nullable String operator() {
      return OPERATORS.stream().filter(this::take).findFirst().orElse(null);
    }

    /// In quotation marks; a backslash takes the next character as it is.
    private String string() {
      expect("\"");
      StringBuilder out = new StringBuilder();
      while (at < text.length() && text.charAt(at) != '"') {
        if (text.charAt(at) == '\\' && at + 1 < text.length()) {
          at++;
        }
        out.append(text.charAt(at++));
      }
      if (at == text.length()) {
        throw error("expected `\"`");
      }
      at++;
      return out.toString();
    }

    private double number() {
      skipBlank();
      int begin = at;
      while (at < text.length() && "+-.0123456789eE".indexOf(text.charAt(at)) >= 0) {
        at++;
      }
      try {
        return Double.parseDouble(text.substring(begin, at));
      } catch (NumberFormatException _) {
        throw error(begin, "expected a number");
      }
    }

    private IllegalArgumentException error(String why) {
      skipBlank();
      return error(at, why);
    }

    private IllegalArgumentException error(int where, String why) {
      List<String> shown = new ArrayList<>();
      shown.add("Invalid filter expression at character %d: %s".formatted(where + 1, why));
      if (where < text.length()) {
        shown.add(text.substring(where, Math.min(text.length(), where + 30)));
      }
      return new IllegalArgumentException(
          String.join(", at `", shown) + (shown.size() > 1 ? "`" : ""));
    }
  }

  /// Whether a keyword that stands alone holds: a truth that is true, or any other value.
  private static boolean isSet(JsonNode value) {
    return !value.isBoolean() || value.asBoolean();
  }
}
