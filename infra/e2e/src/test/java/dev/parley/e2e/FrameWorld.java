package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.serialization.PojoSerializer;
import com.amazonaws.services.lambda.runtime.serialization.events.LambdaEventSerializers;
import com.amazonaws.services.lambda.runtime.serialization.factories.JacksonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.parley.TestContext;
import dev.parley.e2e.TableWrites.Write;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.metrics.FunctionOutput;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.template.FunctionResource;
import dev.parley.local.template.Route;
import dev.parley.local.template.TableResource;
import dev.parley.local.template.Template;
import dev.parley.local.template.WebSocketApi;
import dev.parley.table.Batches;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.Appender;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.LoggerConfig;
import org.apache.logging.log4j.core.config.Property;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// The functions behind the gateway's routes, on the template's tables in memory, without the
/// gateway and without streams: what an event writes is all that is written. Events and results go
/// through Lambda's serializers. Time stands still but for [#pass].
final class FrameWorld implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Instant BEGIN = Instant.parse("2026-11-20T09:30:00Z");

  private static final String ADMIN = "chat-admin";

  /// Rates that some frames reach.
  private static final Map<String, String> LIMITED =
      Map.of(
          "MessageCostMs", "5000",
          "MessageBurstMs", "60000",
          "ActionBurstMs", "60000",
          "RefusalsMax", "5",
          "OffenceConnects", "1");

  private static final String GATEWAY_ANSWER =
      """
      {"connectedAt":"2026-11-20T09:30:00Z","lastActiveAt":"2026-11-20T09:30:00Z",\
      "identity":{"sourceIp":"127.0.0.1","userAgent":"frames"}}\
      """;

  private final Template template;
  private final WebSocketApi api;
  private final LocalDynamoDb dynamoDb;
  private final LocalSqs sqs;
  private final HttpServer gateway;
  private final Map<String, Function> functions = new HashMap<>();
  private final List<Write> writes = Collections.synchronizedList(new ArrayList<>());
  private final Set<String> expressions = ConcurrentHashMap.newKeySet();
  private final List<String> errors = Collections.synchronizedList(new ArrayList<>());
  private final Appender log;
  private final LocalIssuer issuer;

  /// In each function's logging context, so that no other's lines are taken for ours.
  private final String nameSuffix;

  private Instant now = BEGIN;
  private int opened;

  /// Somebody whose handshake was admitted.
  ///
  /// @param context what the authorizer told of them
  record Peer(String connectionId, Instant connectedAt, Map<String, String> context) {}

  /// A function and what its events and results go through.
  private record Function(
      String name,
      RequestHandler<@Nullable Object, Object> handler,
      PojoSerializer<Object> events,
      PojoSerializer<Object> results) {}

  /// A row of a table.
  record RowKey(String table, Map<String, AttributeValue> key) {}

  FrameWorld() throws IOException {
    gateway = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    issuer = new LocalIssuer(gateway.getAddress().getPort(), () -> now);
    Map<String, String> parameters = new HashMap<>(LIMITED);
    parameters.put("TokenIssuer", issuer.url());
    parameters.put("TokenAudience", LocalIssuer.AUDIENCE);
    parameters.put("TokenKeysUrl", issuer.url() + "/jwks");
    parameters.put("TokenRolesClaim", "roles");
    parameters.put("TokenAdminRole", ADMIN);
    template = Template.read(TestCloud.TEMPLATE, parameters);
    api = requireNonNull(template.api());
    dynamoDb = LocalDynamoDb.inMemory();
    dynamoDb.create(template.tables());
    sqs = LocalSqs.start().create(template.queues());
    gateway.createContext("/", this::answer);
    gateway.start();
    FunctionOutput.install();
    TableWrites.listen(dynamoDb.url(), writes, expressions);
    nameSuffix = " of frames at " + dynamoDb.url().getPort();
    log = new Errors(nameSuffix);
    root().addAppender(log, Level.ERROR, null);
  }

  /// The issuer, and the gateway's own API: each connection that is asked for is there, and
  /// whatever is to be closed is closed.
  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    boolean keys = path.startsWith(LocalIssuer.PATH);
    boolean deletes = exchange.getRequestMethod().equals("DELETE");
    byte[] body =
        (keys
                ? requireNonNull(
                        issuer.answer(path.substring(LocalIssuer.PATH.length()), Map.of()), path)
                    .body()
                : deletes ? "" : GATEWAY_ANSWER)
            .getBytes(UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/json");
    exchange.sendResponseHeaders(deletes ? 204 : 200, deletes ? -1 : body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  /// A token of the issuer's that lasts from now on.
  String token(String user, int seconds, boolean admin) {
    Map<String, List<String>> query = new HashMap<>();
    query.put("user", List.of(user));
    query.put("seconds", List.of(Integer.toString(seconds)));
    query.put("roles", List.of(admin ? ADMIN : ""));
    return requireNonNull(issuer.answer("/token", query)).body();
  }

  private static LoggerConfig root() {
    return LoggerContext.getContext(false).getConfiguration().getRootLogger();
  }

  @Override
  public void close() {
    root().removeAppender(log.getName());
    TableWrites.stop(dynamoDb.url());
    gateway.stop(0);
    sqs.close();
    dynamoDb.close();
  }

  private final class Errors extends AbstractAppender {
    private final String ofFunctions;

    Errors(String ofFunctions) {
      super("errors" + ofFunctions, null, null, true, Property.EMPTY_ARRAY);
      this.ofFunctions = ofFunctions;
      start();
    }

    @Override
    public void append(LogEvent event) {
      String function = event.getContextData().getValue("function_name");
      if (function != null && function.endsWith(ofFunctions)) {
        errors.add(event.getLoggerName() + ": " + event.getMessage().getFormattedMessage());
      }
    }
  }

  Set<String> routes() {
    return api.routes().keySet();
  }

  /// Empty tables, and the time at which it began.
  void beginAnew() {
    rows().keySet().stream()
        .collect(Collectors.groupingBy(RowKey::table))
        .forEach(
            (table, rows) ->
                Batches.delete(dynamoDb.client(), table, rows.stream().map(RowKey::key).toList()));
    FunctionOutput.belongsTo(new MetricStore());
    now = BEGIN;
    opened = 0;
    writes.clear();
    errors.clear();
  }

  void pass(Duration time) {
    now = now.plus(time);
  }

  /// What was written since it was asked last.
  List<Write> takeWrites() {
    synchronized (writes) {
      List<Write> taken = List.copyOf(writes);
      writes.clear();
      return taken;
    }
  }

  /// What was logged at ERROR since it was asked last.
  List<String> takeErrors() {
    synchronized (errors) {
      List<String> taken = List.copyOf(errors);
      errors.clear();
      return taken;
    }
  }

  /// All expressions that DynamoDB has been given.
  Set<String> expressions() {
    return Set.copyOf(expressions);
  }

  RowKey key(Write write) {
    TableResource.Key key =
        template.tables().stream()
            .filter(table -> table.name().equals(write.table()))
            .findFirst()
            .orElseThrow()
            .key();
    return new RowKey(write.table(), only(key, write.row()));
  }

  private static Map<String, AttributeValue> only(
      TableResource.Key key, Map<String, AttributeValue> row) {
    Map<String, AttributeValue> found = new HashMap<>(row);
    found.keySet().removeIf(name -> !name.equals(key.partition()) && !name.equals(key.sort()));
    return found;
  }

  /// All rows of all tables.
  Map<RowKey, Map<String, AttributeValue>> rows() {
    Map<RowKey, Map<String, AttributeValue>> rows = new HashMap<>();
    for (TableResource table : template.tables()) {
      dynamoDb
          .client()
          .scanPaginator(scan -> scan.tableName(table.name()).consistentRead(true))
          .items()
          .forEach(row -> rows.put(new RowKey(table.name(), only(table.key(), row)), row));
    }
    return rows;
  }

  /// What became of a handshake.
  ///
  /// @param peer null where it was refused
  record Handshake(int status, @Nullable Peer peer) {}

  /// Asks the authorizer, and `$connect` where it admits.
  Handshake connect(Map<String, String> query, Map<String, String> headers) {
    String connectionId = "c" + opened++;
    ObjectNode event = JSON.createObjectNode();
    event.put("type", "REQUEST").put("methodArn", api.methodArn("$connect"));
    putAll(event, "headers", headers);
    if (!query.isEmpty()) { // otherwise API Gateway sends none
      putAll(event, "queryStringParameters", query);
    }
    event.set("requestContext", context("$connect", "CONNECT", connectionId, now, Map.of()));
    Map<String, String> context = new TreeMap<>();
    try {
      JsonNode answer = call(requireNonNull(api.authorizerFunction()), event);
      context.put("principalId", answer.path("principalId").asText());
      answer
          .path("context")
          .properties()
          .forEach(entry -> context.put(entry.getKey(), entry.getValue().asText()));
      String effect = answer.at("/policyDocument/Statement/0/Effect").asText();
      if (!effect.equals("Allow")) {
        return new Handshake(403, null);
      }
    } catch (IllegalArgumentException e) {
      if ("Unauthorized".equals(e.getMessage())) {
        return new Handshake(401, null);
      }
      throw e;
    }
    event.set("requestContext", context("$connect", "CONNECT", connectionId, now, context));
    JsonNode answer = call(function("$connect"), event);
    int status = answer.path("statusCode").asInt();
    return new Handshake(status, status == 200 ? new Peer(connectionId, now, context) : null);
  }

  void disconnect(Peer peer, int code, String reason) {
    ObjectNode event = JSON.createObjectNode();
    ObjectNode context =
        context(
            "$disconnect", "DISCONNECT", peer.connectionId(), peer.connectedAt(), peer.context());
    context.put("disconnectStatusCode", code).put("disconnectReason", reason);
    event.set("requestContext", context);
    call(function("$disconnect"), event);
  }

  /// Gives a frame to the function of a route.
  ///
  /// @return what API Gateway would send back
  String reply(Peer peer, String route, String text) {
    ObjectNode event = JSON.createObjectNode().put("body", text).put("isBase64Encoded", false);
    event.set(
        "requestContext",
        context(route, "MESSAGE", peer.connectionId(), peer.connectedAt(), peer.context()));
    JsonNode answer = call(function(route), event);
    if (answer.path("statusCode").asInt() != 200) {
      throw new AssertionError("answered " + answer);
    }
    return answer.path("body").asText();
  }

  private String function(String route) {
    Route found = requireNonNull(api.routes().get(route), route);
    return requireNonNull(found.function(), route);
  }

  private ObjectNode context(
      String route, String type, String connection, Instant at, Map<String, String> authorizer) {
    ObjectNode context = JSON.createObjectNode();
    context.put("routeKey", route).put("eventType", type).put("messageDirection", "IN");
    context.put("connectionId", connection).put("connectedAt", at.toEpochMilli());
    context.put("requestTimeEpoch", now.toEpochMilli()).put("requestId", "r").put("apiId", "api");
    context.put("stage", api.stage()).put("domainName", "chat.example");
    context.putObject("identity").put("sourceIp", "127.0.0.1").put("userAgent", "frames");
    putAll(context, "authorizer", authorizer);
    return context;
  }

  private static void putAll(ObjectNode node, String field, Map<String, String> values) {
    ObjectNode object = node.putObject(field);
    values.forEach(object::put);
  }

  private JsonNode call(String name, ObjectNode event) {
    Function function = functions.computeIfAbsent(name, this::load);
    ByteArrayOutputStream result = new ByteArrayOutputStream();
    Object known = function.events().fromJson(event.toString());
    Object answer =
        function.handler().handleRequest(known, new TestContext(function.name() + nameSuffix));
    function.results().toJson(answer, result);
    try {
      return JSON.readTree(result.toByteArray());
    } catch (IOException e) {
      throw new AssertionError(name + " answers no JSON", e);
    }
  }

  @SuppressWarnings("unchecked")
  private Function load(String name) {
    FunctionResource resource = requireNonNull(template.functions().get(name), name);
    Map<String, String> environment = new HashMap<>(resource.environment());
    environment.putAll(dynamoDb.environment());
    environment.putAll(sqs.environment());
    environment.put(
        "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI",
        "http://127.0.0.1:%d/%s".formatted(gateway.getAddress().getPort(), api.stage()));
    try {
      Class<?> type = Class.forName(resource.handler());
      InstantSource clock = () -> now;
      var handler =
          (RequestHandler<@Nullable Object, Object>)
              type.getConstructor(Map.class, InstantSource.class).newInstance(environment, clock);
      Method method =
          Arrays.stream(type.getMethods())
              .filter(m -> m.getName().equals("handleRequest") && !m.isBridge())
              .findFirst()
              .orElseThrow();
      return new Function(
          name,
          handler,
          serializer(method.getParameterTypes()[0]),
          serializer(method.getReturnType()));
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(name, e);
    }
  }

  @SuppressWarnings("unchecked")
  private static PojoSerializer<Object> serializer(Class<?> type) {
    return LambdaEventSerializers.isLambdaSupportedEvent(type.getName())
        ? LambdaEventSerializers.serializerFor((Class<Object>) type, type.getClassLoader())
        : JacksonFactory.getInstance().getSerializer((Class<Object>) type);
  }

  /// @return what a text is as JSON; null where it is none
  static @Nullable JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      return null;
    }
  }
}
