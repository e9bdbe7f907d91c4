package dev.parley.handlers;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent.RequestContext;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent.RequestIdentity;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Limits;
import dev.parley.TestContext;
import dev.parley.TestSqs;
import dev.parley.TestTables;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Memberships;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/// A connection whose frames go directly to a handler, as the events that API Gateway would make.
///
/// @param expires when the token expires that it was opened with; null for a guest
record TestConnection(
    ConnectionId id, String user, String sender, Instant connectedAt, @Nullable Instant expires) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// All tests connect from one address, some as few users, and speak as soon as they are
  /// connected.
  static final Map<String, String> GENEROUS =
      Map.of(
          "ACTION_COST_MS", "1",
          "CONNECT_COST_MS", "1",
          "ROOM_COST_MS", "1",
          "ADDRESS_CONNECT_COST_MS", "1",
          "ADDRESS_ROOM_COST_MS", "1",
          "MESSAGE_BURST_MS", "0");

  private static Map<String, String> generous(Map<String, String> environment) {
    Map<String, String> generous = new HashMap<>(environment);
    generous.putAll(GENEROUS);
    return generous;
  }

  private static final ConnectHandler CONNECT =
      new ConnectHandler(
          TestTables.environment("ConnectFunction", GENEROUS), InstantSource.system());
  private static final DisconnectHandler DISCONNECT =
      new DisconnectHandler(
          TestTables.environment("DisconnectFunction", Map.of()), InstantSource.system());

  /// Apart, since it needs queues.
  private static final class Roles {
    static final RoleHandler HANDLER =
        new RoleHandler(
            TestTables.environment("RoleFunction", generous(TestSqs.environment())),
            InstantSource.system());
  }

  /// Opens a connection in these rooms.
  static TestConnection open(String... rooms) {
    TestConnection connection = closed();
    assertEquals(200, connection.connect(Map.of("rooms", String.join(",", rooms))));
    return connection;
  }

  /// As above, by somebody who has signed in.
  static TestConnection open(String user, Instant expires, String... rooms) {
    TestConnection guest = of(user, "Ada");
    TestConnection connection =
        new TestConnection(guest.id(), user, "Ada", guest.connectedAt(), expires);
    assertEquals(200, connection.connect(Map.of("rooms", String.join(",", rooms))));
    return connection;
  }

  /// As above, by somebody.
  static TestConnection open(String user, String sender, String room) {
    TestConnection connection = of(user, sender);
    assertEquals(200, connection.connect(Map.of("rooms", room)));
    return connection;
  }

  /// A connection that was never opened.
  static TestConnection closed() {
    return of(TestTables.fresh("guest:u"), "Ada");
  }

  /// A connection of somebody that is open and in no room that matters.
  static TestConnection of(String user) {
    return open(user, "Ada", TestTables.fresh("hall"));
  }

  private static TestConnection of(String user, String sender) {
    return new TestConnection(
        new ConnectionId(TestTables.fresh("c")),
        user,
        sender,
        Instant.ofEpochMilli(Instant.now().toEpochMilli()),
        null);
  }

  /// @return the handshake's status
  int connect(@Nullable Map<String, String> query) {
    return connect(CONNECT, query, Map.of("Host", "chat.example"));
  }

  /// @param headers as API Gateway passes them on
  /// @return the handshake's status
  int connect(
      ConnectHandler handler, @Nullable Map<String, String> query, Map<String, String> headers) {
    APIGatewayV2WebSocketEvent event = event(null);
    event.setQueryStringParameters(query);
    event.setHeaders(headers);
    return handler.handleRequest(event, new TestContext()).getStatusCode();
  }

  /// Sends one frame, and gives the reply, which is one frame too.
  JsonNode send(
      RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> handler,
      String frame) {
    APIGatewayV2WebSocketResponse response = handler.handleRequest(event(frame), new TestContext());
    assertEquals(200, response.getStatusCode());
    int bytes = response.getBody().getBytes(UTF_8).length;
    assertTrue(bytes <= Limits.FRAME_BYTES_MAX, bytes + " bytes");
    try {
      return JSON.readTree(response.getBody());
    } catch (JsonProcessingException e) {
      throw new AssertionError(response.getBody(), e);
    }
  }

  /// Sends a frame to one of the actions on roles. The frame has `action` as its first field.
  JsonNode role(String frame) {
    APIGatewayV2WebSocketEvent event = event(frame);
    event.getRequestContext().setRouteKey(frame.split("\"", -1)[3]);
    try {
      return JSON.readTree(Roles.HANDLER.handleRequest(event, new TestContext()).getBody());
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /// Writes into its own row that its token has the admin role.
  TestConnection asAdmin() {
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatConnections")
                    .key(
                        Map.of("connection_id", Row.s(id.value()), "room_id", Row.s("$connection")))
                    .updateExpression("SET #admin = :true")
                    .expressionAttributeNames(Map.of("#admin", "admin"))
                    .expressionAttributeValues(Map.of(":true", AttributeValue.fromBool(true))));
    return this;
  }

  /// Sends a frame that must be refused, and gives the code.
  String refusal(
      RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> handler,
      String frame) {
    JsonNode reply = send(handler, frame);
    assertEquals("error", reply.path("type").asText(), reply.toString());
    return reply.path("code").asText();
  }

  /// Closes this connection.
  void disconnect(int code, @Nullable String reason) {
    DisconnectHandler.RequestContext request = new DisconnectHandler.RequestContext();
    request.setConnectionId(id.value());
    request.setConnectedAt(connectedAt.toEpochMilli());
    request.setDisconnectStatusCode(code);
    request.setDisconnectReason(reason);
    DisconnectHandler.Event event = new DisconnectHandler.Event();
    event.setRequestContext(request);
    DISCONNECT.handleRequest(event, new TestContext());
  }

  /// Its row in ChatSessions; without attributes where there is none.
  Row session() {
    return new Row(
        TestTables.dynamoDb()
            .getItem(
                get ->
                    get.tableName("ChatSessions")
                        .key(Map.of("connection_id", Row.s(id.value())))
                        .consistentRead(true))
            .item());
  }

  /// Those of the rooms that it is in.
  Set<String> rooms(String... among) {
    Set<RoomId> rooms = Arrays.stream(among).map(RoomId::new).collect(Collectors.toSet());
    return new Memberships(TestTables.dynamoDb(), TestTables.settings())
        .joined(id, rooms, Instant.now()).stream().map(RoomId::name).collect(Collectors.toSet());
  }

  APIGatewayV2WebSocketEvent event(@Nullable String body) {
    RequestIdentity identity = new RequestIdentity();
    identity.setSourceIp("127.0.0.1");
    identity.setUserAgent("test");
    RequestContext context = new RequestContext();
    context.setConnectionId(id.value());
    context.setConnectedAt(connectedAt.toEpochMilli());
    context.setIdentity(identity);
    Map<String, Object> authorizer =
        new HashMap<>(Map.of("principalId", user, "user", user, "sender", sender));
    if (expires != null) {
      authorizer.put("expires", Long.toString(expires.getEpochSecond()));
    }
    context.setAuthorizer(authorizer);
    APIGatewayV2WebSocketEvent event = new APIGatewayV2WebSocketEvent();
    event.setRequestContext(context);
    event.setBody(body);
    return event;
  }
}
