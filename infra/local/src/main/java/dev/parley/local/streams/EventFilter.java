package dev.parley.local.streams;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.databind.node.ValueNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// The filter patterns of an event source mapping, in the syntax of Lambda's event filtering:
/// `{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"room_id": {"S": [{"prefix": "a"}]}}}}`.
///
/// Operators: exact strings, numbers, booleans and null; `prefix`, `suffix`, `anything-but` of
/// values, `exists`, `numeric`, `equals-ignore-case`. Any other is refused. A number is compared
/// only with a number, so a DynamoDB `N`, which is a string in the event, matches no `numeric`: as
/// on AWS.
///
/// Source: Lambda developer guide, "Control which events Lambda sends to your function".
public final class EventFilter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final List<Predicate<JsonNode>> patterns;

  private EventFilter(List<Predicate<JsonNode>> patterns) {
    this.patterns = patterns;
  }

  /// An event passes where any pattern matches it, or where there is none.
  ///
  /// @throws IllegalArgumentException that names what cannot be honoured
  public static EventFilter of(List<String> patterns) {
    return new EventFilter(patterns.stream().map(EventFilter::parse).toList());
  }

  public boolean matches(JsonNode event) {
    return patterns.isEmpty() || patterns.stream().anyMatch(pattern -> pattern.test(event));
  }

  private static Predicate<JsonNode> parse(String pattern) {
    try {
      return object(JSON.readTree(pattern), "the pattern");
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("a filter pattern is not JSON: " + pattern);
    }
  }

  private static Predicate<JsonNode> object(JsonNode pattern, String path) {
    if (!pattern.isObject() || pattern.isEmpty()) {
      throw new IllegalArgumentException(path + " is not an object with at least one name");
    }
    List<Predicate<JsonNode>> all = new ArrayList<>();
    for (Map.Entry<String, JsonNode> entry : pattern.properties()) {
      String name = entry.getKey();
      if (name.startsWith("$")) {
        throw new IllegalArgumentException("the filter operator " + name + " is not honoured here");
      }
      Predicate<JsonNode> test =
          entry.getValue().isArray()
              ? anyOf(entry.getValue(), name)
              : object(entry.getValue(), name);
      all.add(event -> test.test(event.path(name)));
    }
    return event -> all.stream().allMatch(test -> test.test(event));
  }

  private static Predicate<JsonNode> anyOf(JsonNode values, String path) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException(path + " lists no value");
    }
    List<Predicate<JsonNode>> any = new ArrayList<>();
    for (JsonNode value : values) {
      any.add(value.isObject() ? operator(value, path) : exactly(value, path));
    }
    return event -> any.stream().anyMatch(test -> test.test(event));
  }

  private static Predicate<JsonNode> exactly(JsonNode wanted, String path) {
    if (wanted.isArray()) {
      throw new IllegalArgumentException(path + " lists a list");
    }
    return wanted.isNumber()
        ? event -> event.isNumber() && compare(event, wanted) == 0
        : event -> event.equals(wanted);
  }

  private record Operator(String name, JsonNode argument) {
    boolean is(String other) {
      return name.equals(other);
    }
  }

  private static Predicate<JsonNode> operator(JsonNode node, String path) {
    Map.Entry<String, JsonNode> only =
        node.size() == 1 ? node.properties().iterator().next() : Map.entry("", node);
    Operator operator = new Operator(only.getKey(), only.getValue());
    return switch (operator) {
      case Operator(_, TextNode text) when operator.is("prefix") ->
          event -> event.isTextual() && event.textValue().startsWith(text.textValue());
      case Operator(_, TextNode text) when operator.is("suffix") ->
          event -> event.isTextual() && event.textValue().endsWith(text.textValue());
      case Operator(_, TextNode text) when operator.is("equals-ignore-case") ->
          event -> event.isTextual() && event.textValue().equalsIgnoreCase(text.textValue());
      case Operator(_, BooleanNode there) when operator.is("exists") ->
          event -> event.isValueNode() == there.booleanValue();
      case Operator(_, ArrayNode values) when operator.is("anything-but") -> {
        Predicate<JsonNode> listed = anyOf(values, path);
        yield event -> event.isValueNode() && !listed.test(event);
      }
      case Operator(_, ValueNode value) when operator.is("anything-but") -> {
        Predicate<JsonNode> same = exactly(value, path);
        yield event -> event.isValueNode() && !same.test(event);
      }
      case Operator(_, ArrayNode bounds)
          when operator.is("numeric") && (bounds.size() == 2 || bounds.size() == 4) ->
          numeric(bounds, path);
      default -> throw new IllegalArgumentException("the filter " + node + " is not honoured here");
    };
  }

  private static Predicate<JsonNode> numeric(JsonNode argument, String path) {
    Predicate<JsonNode> all = JsonNode::isNumber;
    for (int i = 0; i < argument.size(); i += 2) {
      JsonNode bound = argument.get(i + 1);
      if (!bound.isNumber()) {
        throw new IllegalArgumentException(path + " compares with what is not a number");
      }
      Predicate<JsonNode> comparison =
          switch (argument.get(i).asText()) {
            case "=" -> event -> compare(event, bound) == 0;
            case "<" -> event -> compare(event, bound) < 0;
            case "<=" -> event -> compare(event, bound) <= 0;
            case ">" -> event -> compare(event, bound) > 0;
            case ">=" -> event -> compare(event, bound) >= 0;
            default ->
                throw new IllegalArgumentException(
                    "the filter " + argument + " is not honoured here");
          };
      all = all.and(comparison);
    }
    return all;
  }

  private static int compare(JsonNode left, JsonNode right) {
    return left.decimalValue().compareTo(right.decimalValue());
  }
}
