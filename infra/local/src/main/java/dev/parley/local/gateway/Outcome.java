package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Base64;
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

  /// Reads `{"statusCode": 200, "headers": {…}, "body": "…", "isBase64Encoded": false}`.
  ///
  /// What a WebSocket API does with a body in Base64 is not documented [?]: it is decoded, as those
  /// of other APIs are, and must be UTF-8, since no text frame may hold anything else.
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
    String text = body.isTextual() ? body.asText() : null;
    if (text != null && json.path("isBase64Encoded").asBoolean()) {
      try {
        text =
            UTF_8.newDecoder().decode(ByteBuffer.wrap(Base64.getDecoder().decode(text))).toString();
      } catch (IllegalArgumentException | CharacterCodingException _) {
        return new Failed("the body of its result is not UTF-8 in Base64");
      }
    }
    Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    json.path("headers").properties().forEach(h -> headers.put(h.getKey(), h.getValue().asText()));
    return new Answered(code, headers, text);
  }
}
