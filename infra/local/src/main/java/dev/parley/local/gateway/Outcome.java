package dev.parley.local.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a function behind a route (a Lambda proxy integration) answered to an event.
sealed interface Outcome {
  /// It returned a proxy response.
  ///
  /// @param headers by name, ignoring case
  /// @param body null where there is none
  record Answered(int statusCode, Map<String, String> headers, @Nullable String body)
      implements Outcome {
    boolean isSuccess() {
      return statusCode >= 200 && statusCode < 300;
    }
  }

  /// It threw, took too long, or did not return a proxy response.
  record Failed(String why) implements Outcome {}

  /// The gateway stopped before the function had answered.
  record GivenUp() implements Outcome {}

  /// Reads `{"statusCode": 200, "headers": {…}, "body": "…"}`.
  static Outcome of(byte[] result) {
    JsonNode json;
    try {
      json = Json.MAPPER.readTree(result);
    } catch (IOException _) {
      return new Failed("its result is not JSON");
    }
    JsonNode status = json.path("statusCode");
    // A numeric string is accepted by API Gateway, too.
    int code = status.isInt() || status.isTextual() ? status.asInt() : 0;
    if (code < 200 || code > 599) {
      return new Failed("its result has no statusCode");
    }
    JsonNode body = json.path("body");
    if (!body.isMissingNode() && !body.isNull() && !body.isTextual()) {
      return new Failed("the body of its result is not a string");
    }
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    json.path("headers").properties().forEach(h -> headers.put(h.getKey(), h.getValue().asText()));
    return new Answered(code, headers, body.isTextual() ? body.asText() : null);
  }
}
