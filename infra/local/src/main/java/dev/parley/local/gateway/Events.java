package dev.parley.local.gateway;

import com.amazonaws.xray.entities.TraceID;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import dev.parley.local.template.WebSocketApi;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The events that API Gateway hands to functions.
///
/// Sources: "Set up Lambda proxy integrations for WebSocket APIs" and "Create a REQUEST authorizer
/// for a WebSocket API", API Gateway developer guide; and events of AWS that were published.
final class Events {

  /// For example `20/Jul/2023:23:29:25 +0000`: Common Log Format.
  private static final DateTimeFormatter CLF =
      DateTimeFormatter.ofPattern("dd/MMM/uuuu:HH:mm:ss Z", Locale.ENGLISH)
          .withZone(ZoneOffset.UTC);

  /// Headers of one hop, which the gateway takes for itself.
  private static final Set<String> NOT_PASSED_ON = Set.of("connection", "upgrade");

  private final WebSocketApi api;
  private final Ids ids;
  private final Clock clock;

  Events(WebSocketApi api, Ids ids, Clock clock) {
    this.api = api;
    this.ids = ids;
    this.clock = clock;
  }

  /// The resource that an authorizer allows or denies.
  String methodArn() {
    return api.methodArn("$connect");
  }

  byte[] authorizer(Handshake handshake, Instant connectedAt) {
    ObjectNode event = Json.MAPPER.createObjectNode();
    event.put("type", "REQUEST");
    event.put("methodArn", methodArn());
    putHeaders(event, handshake);
    putQuery(event, handshake);
    ObjectNode variables = event.putObject("stageVariables");
    api.stageVariables().forEach(variables::put);
    event.set(
        "requestContext",
        context("$connect", "CONNECT", handshake.caller(), connectedAt, null, ids.next()));
    return bytes(event);
  }

  byte[] connect(
      Handshake handshake, Instant connectedAt, @Nullable Map<String, String> authorizer) {
    ObjectNode event = Json.MAPPER.createObjectNode();
    putHeaders(event, handshake);
    if (!handshake.query().isEmpty()) {
      putQuery(event, handshake);
    }
    event.set(
        "requestContext",
        context("$connect", "CONNECT", handshake.caller(), connectedAt, authorizer, ids.next()));
    putStageVariables(event);
    event.put("isBase64Encoded", false);
    return bytes(event);
  }

  byte[] message(Connection connection, String routeKey, String requestId, String body) {
    ObjectNode context =
        context(
            routeKey,
            "MESSAGE",
            connection.caller(),
            connection.connectedAt(),
            connection.authorizer(),
            requestId);
    context.put("messageId", ids.next());
    ObjectNode event = Json.MAPPER.createObjectNode();
    event.set("requestContext", context);
    event.put("body", body);
    putStageVariables(event);
    event.put("isBase64Encoded", false);
    return bytes(event);
  }

  byte[] disconnect(
      Caller caller,
      Instant connectedAt,
      @Nullable Map<String, String> authorizer,
      CloseReason reason) {
    ObjectNode context =
        context("$disconnect", "DISCONNECT", caller, connectedAt, authorizer, ids.next());
    context.put("disconnectStatusCode", reason.code());
    context.put("disconnectReason", reason.text());
    ObjectNode event = Json.MAPPER.createObjectNode();
    Map<String, String> headers = new LinkedHashMap<>();
    headers.put("Host", caller.host());
    headers.put("x-api-key", "");
    headers.put("X-Forwarded-For", "");
    headers.put("x-restapi", "");
    ObjectNode single = event.putObject("headers");
    headers.forEach(single::put);
    ObjectNode multiple = event.putObject("multiValueHeaders");
    headers.forEach((name, value) -> multiple.putArray(name).add(value));
    event.set("requestContext", context);
    putStageVariables(event);
    event.put("isBase64Encoded", false);
    return bytes(event);
  }

  private ObjectNode context(
      String routeKey,
      String eventType,
      Caller caller,
      Instant connectedAt,
      @Nullable Map<String, String> authorizer,
      String requestId) {
    Instant now = clock.instant();
    ObjectNode context = Json.MAPPER.createObjectNode();
    context.put("routeKey", routeKey);
    if (authorizer != null) {
      ObjectNode of = context.putObject("authorizer");
      authorizer.forEach(of::put);
    }
    context.put("eventType", eventType);
    context.put("extendedRequestId", requestId);
    context.put("requestTime", CLF.format(now));
    context.put("messageDirection", "IN");
    context.put("stage", api.stage());
    context.put("connectedAt", connectedAt.toEpochMilli());
    context.put("requestTimeEpoch", now.toEpochMilli());
    ObjectNode identity = context.putObject("identity");
    identity.put("sourceIp", caller.sourceIp());
    if (caller.userAgent() != null) {
      identity.put("userAgent", caller.userAgent());
    }
    context.put("requestId", requestId);
    context.put("domainName", caller.host());
    context.put("connectionId", caller.connectionId());
    context.put("apiId", api.id());
    return context;
  }

  /// Where there are any.
  private void putStageVariables(ObjectNode event) {
    if (!api.stageVariables().isEmpty()) {
      ObjectNode variables = event.putObject("stageVariables");
      api.stageVariables().forEach(variables::put);
    }
  }

  private static void putHeaders(ObjectNode event, Handshake handshake) {
    Map<String, List<String>> headers = new LinkedHashMap<>();
    handshake
        .headers()
        .forEach(
            (name, values) -> {
              if (!NOT_PASSED_ON.contains(name.toLowerCase(Locale.ROOT))) {
                headers.put(name, values);
              }
            });
    headers.put("X-Amzn-Trace-Id", List.of("Root=" + TraceID.create()));
    headers.put("X-Forwarded-For", List.of(handshake.caller().sourceIp()));
    // Unlike AWS: which takes clients by TLS only.
    headers.put("X-Forwarded-Proto", List.of(handshake.secure() ? "https" : "http"));
    put(event, "headers", "multiValueHeaders", headers);
  }

  private static void putQuery(ObjectNode event, Handshake handshake) {
    put(event, "queryStringParameters", "multiValueQueryStringParameters", handshake.query());
  }

  private static void put(
      ObjectNode event, String name, String multipleName, Map<String, List<String>> values) {
    ObjectNode single = event.putObject(name);
    values.forEach((key, all) -> single.put(key, all.getLast()));
    ObjectNode multiple = event.putObject(multipleName);
    values.forEach((key, all) -> all.forEach(multiple.withArrayProperty(key)::add));
  }

  private static byte[] bytes(ObjectNode event) {
    try {
      return Json.MAPPER.writeValueAsBytes(event);
    } catch (JsonProcessingException e) {
      throw new AssertionError("A tree is always JSON", e);
    }
  }
}
