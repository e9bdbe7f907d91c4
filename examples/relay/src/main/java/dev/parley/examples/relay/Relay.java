package dev.parley.examples.relay;

import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The functions of the three routes that each WebSocket API has. All frames come to `$default`,
/// since no other route is there, and the result of that one goes back to the sender:
///
/// ```
/// {"action": "sendMessage", "data": "hi"}
/// {"route": "$default", "from": "A0Q7rKmeLFiwfPc=", "frame": "{\"action\": …}"}
/// ```
public final class Relay {
  /// What JSON has escaped in a string.
  private static final Pattern SPECIAL = Pattern.compile("[\"\\\\\\x00-\\x1f]");

  /// Lets everybody in.
  public Map<String, Object> connect(Map<String, Object> event) {
    System.out.println(inContext(event, "connectionId") + " is connected");
    return Map.of("statusCode", 200);
  }

  /// Nobody hears what this gives.
  public Map<String, Object> disconnect(Map<String, Object> event) {
    System.out.println(
        inContext(event, "connectionId")
            + " has gone with "
            + inContext(event, "disconnectStatusCode"));
    return Map.of("statusCode", 200);
  }

  /// Sends a frame back, whatever it is.
  public Map<String, Object> message(Map<String, Object> event) {
    String answer =
        "{\"route\": %s, \"from\": %s, \"frame\": %s}"
            .formatted(
                quoted(inContext(event, "routeKey")),
                quoted(inContext(event, "connectionId")),
                quoted(event.get("body")));
    return Map.of("statusCode", 200, "body", answer);
  }

  private static @Nullable Object inContext(Map<String, Object> event, String field) {
    return event.get("requestContext") instanceof Map<?, ?> request ? request.get(field) : null;
  }

  /// A string of JSON.
  private static String quoted(@Nullable Object text) {
    return '"' + SPECIAL.matcher(String.valueOf(text)).replaceAll(Relay::escaped) + '"';
  }

  private static String escaped(MatchResult hit) {
    char special = hit.group().charAt(0);
    return Matcher.quoteReplacement(
        special < ' ' ? "\\u%04x".formatted((int) special) : "\\" + special);
  }
}
