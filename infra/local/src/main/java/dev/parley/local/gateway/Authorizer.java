package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import dev.parley.local.lambda.FunctionError;
import dev.parley.local.lambda.LocalFunction;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A REQUEST authorizer: a function that is asked once, when a client connects.
///
/// Source: "Create a REQUEST authorizer for a WebSocket API" and "Output from an API Gateway Lambda
/// authorizer", API Gateway developer guide.
final class Authorizer {
  private static final Logger LOG = LoggerFactory.getLogger(Authorizer.class);
  private static final Pattern IDENTITY_SOURCE =
      Pattern.compile("route\\.request\\.(querystring|header)\\.(.+)");
  private static final Set<String> STATEMENT_FIELDS = Set.of("Sid", "Effect", "Action", "Resource");

  /// What became of a request to connect.
  sealed interface Decision {
    /// The client may connect.
    ///
    /// @param context `principalId` and what else the function tells of the client, as strings
    record Allowed(Map<String, String> context) implements Decision {}

    /// It may not.
    ///
    /// @param status of the HTTP response that refuses the handshake
    record Refused(int status, String message) implements Decision {}
  }

  private static final Decision.Refused UNAUTHORIZED = new Decision.Refused(401, "Unauthorized");
  private static final Decision.Refused FORBIDDEN = new Decision.Refused(403, "Forbidden");

  /// For every exception but "Unauthorized", and every result that cannot be used [?].
  private static final Decision.Refused UNUSABLE =
      new Decision.Refused(500, "Internal server error");

  private final LocalFunction function;
  private final List<String> identitySources;

  /// @throws IllegalArgumentException if an identity source cannot be found in a request
  Authorizer(LocalFunction function, List<String> identitySources) {
    this.function = function;
    this.identitySources = List.copyOf(identitySources);
    for (String source : identitySources) {
      if (!IDENTITY_SOURCE.matcher(source).matches()) {
        // Unlike AWS: context and stage variables are not looked at.
        throw new IllegalArgumentException(
            "IdentitySource: expected route.request.querystring.<name> or"
                + " route.request.header.<name>, not "
                + source);
      }
    }
  }

  /// Whether the client sent everything that the authorizer wants; if not, it is not asked.
  boolean isIdentified(Handshake handshake) {
    return identitySources.stream().noneMatch(source -> isMissing(source, handshake));
  }

  private static boolean isMissing(String source, Handshake handshake) {
    var matcher = IDENTITY_SOURCE.matcher(source);
    if (!matcher.matches()) {
      throw new AssertionError(source);
    }
    String name = matcher.group(2);
    String value =
        matcher.group(1).equals("header") ? handshake.header(name) : handshake.parameter(name);
    return value == null || value.isEmpty();
  }

  /// Blocks until the function has answered.
  Decision decide(Handshake handshake, byte[] event, String methodArn) {
    if (!isIdentified(handshake)) {
      return UNAUTHORIZED;
    }
    byte[] result;
    try {
      result = function.invoke(event);
    } catch (FunctionError e) {
      return "Unauthorized".equals(e.getMessage()) ? UNAUTHORIZED : UNUSABLE;
    }
    if (result.length > Quotas.AUTHORIZER_RESULT_BYTES_MAX) {
      return unusable("its result is larger than " + Quotas.AUTHORIZER_RESULT_BYTES_MAX + " bytes");
    }
    JsonNode json;
    try {
      json = Json.MAPPER.readTree(result);
    } catch (IOException _) {
      return unusable("its result is not JSON");
    }
    JsonNode principal = json.path("principalId");
    if (!principal.isTextual()) {
      return unusable("its result has no principalId");
    }
    Boolean allowed = isAllowed(json.path("policyDocument").path("Statement"), methodArn);
    if (allowed == null) {
      return unusable("its policy cannot be evaluated here");
    }
    if (!allowed) {
      return FORBIDDEN;
    }
    Map<String, String> context = new LinkedHashMap<>();
    context.put("principalId", principal.asText());
    for (Map.Entry<String, JsonNode> entry : json.path("context").properties()) {
      JsonNode value = entry.getValue();
      if (!value.isTextual() && !value.isNumber() && !value.isBoolean()) {
        return unusable(entry.getKey() + " in its context is neither string, number nor boolean");
      }
      context.put(entry.getKey(), value.asText());
    }
    // JSON can escape half a surrogate pair, and no event can carry it. What AWS does with it is
    // not
    // known [?].
    if (!UTF_8.newEncoder().canEncode(context.toString())) {
      return unusable("its result has half a surrogate pair");
    }
    return new Decision.Allowed(context);
  }

  private Decision unusable(String why) {
    LOG.error("{} refused a connection with 500: {}", function.name(), why);
    return UNUSABLE;
  }

  /// @return null if there is no policy, or one that cannot be evaluated here
  private static @Nullable Boolean isAllowed(JsonNode statements, String methodArn) {
    boolean allowed = false;
    boolean denied = false;
    if (statements.isEmpty()) {
      return null;
    }
    for (JsonNode statement : statements.isObject() ? List.of(statements) : statements) {
      Set<String> fields =
          statement.properties().stream().map(Map.Entry::getKey).collect(Collectors.toSet());
      String effect = statement.path("Effect").asText();
      // Unlike AWS: conditions and the inverted fields are refused, not evaluated.
      if (!STATEMENT_FIELDS.containsAll(fields) || !Set.of("Allow", "Deny").contains(effect)) {
        return null;
      }
      if (matches(statement.path("Action"), "execute-api:Invoke", Pattern.CASE_INSENSITIVE)
          && matches(statement.path("Resource"), methodArn, 0)) {
        allowed |= effect.equals("Allow");
        denied |= effect.equals("Deny");
      }
    }
    return allowed && !denied;
  }

  private static boolean matches(JsonNode patterns, String value, int flags) {
    for (JsonNode pattern : patterns.isArray() ? patterns : List.of(patterns)) {
      String regex =
          pattern
              .asText()
              .chars()
              .mapToObj(
                  c ->
                      switch (c) {
                        case '*' -> ".*";
                        case '?' -> ".";
                        default -> Pattern.quote(Character.toString(c));
                      })
              .collect(Collectors.joining());
      if (Pattern.compile(regex, flags).matcher(value).matches()) {
        return true;
      }
    }
    return false;
  }
}
