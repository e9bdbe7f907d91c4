package dev.parley.local.eventsource;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.util.List;
import java.util.Map;
import java.util.Set;
import software.amazon.event.ruler.Machine;

/// The filter patterns of an event source mapping, in the syntax of Lambda's event filtering:
/// `{"eventName": ["INSERT"], "dynamodb": {"NewImage": {"room_id": {"S": [{"prefix": "a"}]}}}}`.
///
/// They are matched by AWS's own engine, event-ruler (docs/adr/0018). It knows more operators than
/// Lambda documents: these are refused, because Lambda would refuse them, too.
///
/// A number is compared only with a number, so a DynamoDB `N`, which is a string in the event,
/// matches no `numeric`: as on AWS.
///
/// Safe for use by many threads.
///
/// Source: Lambda developer guide, "Control which events Lambda sends to your function".
public final class EventFilter {
  /// Lets every event through.
  public static final EventFilter NONE = new EventFilter(List.of());

  private static final String OR = "$or";
  private static final Set<String> OPERATORS =
      Set.of("prefix", "suffix", "equals-ignore-case", "anything-but", "exists", "numeric");

  private final List<String> patterns;
  private final Machine machine = Machine.builder().build();

  private EventFilter(List<String> patterns) {
    this.patterns = List.copyOf(patterns);
    for (String pattern : patterns) {
      try {
        machine.addRule(pattern, pattern);
      } catch (JsonProcessingException e) {
        throw refused(pattern, e.getOriginalMessage());
      } catch (Exception e) { // which is what it declares
        throw refused(pattern, String.valueOf(e.getMessage()));
      }
    }
  }

  /// An event passes where any pattern matches it, or where there is none.
  ///
  /// @throws IllegalArgumentException that names the pattern and what is wrong with it
  public static EventFilter of(List<String> patterns) {
    patterns.forEach(pattern -> requireHonoured(pattern, parsed(pattern)));
    return new EventFilter(patterns);
  }

  /// Like [#of], for a queue, whose messages are filtered by their body and by nothing else.
  public static EventFilter onBody(List<String> patterns) {
    patterns.forEach(pattern -> requireBody(pattern, parsed(pattern)));
    return of(patterns);
  }

  /// Whether an event passes.
  ///
  /// @param event JSON
  public boolean matches(String event) {
    try {
      return patterns.isEmpty() || !machine.rulesForJSONEvent(event).isEmpty();
    } catch (Exception e) { // which is what it declares
      throw new IllegalArgumentException("not an event: " + event, e);
    }
  }

  private static JsonNode parsed(String pattern) {
    try {
      return Json.STRICT.readTree(pattern);
    } catch (JsonProcessingException e) {
      throw refused(pattern, "it is not JSON");
    }
  }

  private static void requireHonoured(String pattern, JsonNode node) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      JsonNode values = field.getValue();
      if (values.isObject()) {
        requireHonoured(pattern, values);
      } else if (field.getKey().equals(OR)) {
        values.forEach(branch -> requireHonoured(pattern, branch));
      } else {
        values.forEach(value -> requireHonouredValue(pattern, value));
      }
    }
  }

  private static void requireHonouredValue(String pattern, JsonNode value) {
    for (Map.Entry<String, JsonNode> operator : value.properties()) {
      if (!OPERATORS.contains(operator.getKey()) || operator.getValue().isObject()) {
        throw refused(pattern, "Lambda has no operator " + value);
      }
    }
  }

  private static void requireBody(String pattern, JsonNode node) {
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      if (field.getKey().equals(OR)) {
        field.getValue().forEach(branch -> requireBody(pattern, branch));
      } else if (!field.getKey().equals("body")) {
        throw refused(
            pattern, "a queue's messages are filtered by their body, not by " + field.getKey());
      }
    }
  }

  private static IllegalArgumentException refused(String pattern, String why) {
    return new IllegalArgumentException("`%s` is no filter pattern: %s".formatted(pattern, why));
  }
}
