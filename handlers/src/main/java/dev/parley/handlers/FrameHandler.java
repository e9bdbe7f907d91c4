package dev.parley.handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Metrics;
import dev.parley.allowance.AllowanceTable;
import dev.parley.connection.Attendance;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Removal;
import dev.parley.identity.Address;
import dev.parley.identity.Identity;
import dev.parley.platform.Aws;
import dev.parley.platform.Invocations;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.role.Rank;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// A route: takes a client's frame and gives the reply, which travels as the route's response. A
/// frame that is refused gets an `error` reply; an exception leaves the client with the gateway's
/// own Internal server error, and with an open socket.
///
/// A frame is parsed as JSON, then charged to its connection, and only then looked at: what it
/// costs does not depend on whether it is allowed. A frame that could not be charged is refused,
/// and the refusal is charged. A connection that goes on nevertheless is closed, and so is one that
/// goes on although it has no valid row to be charged to.
///
/// Each invocation logs one line with the connection, the room, the message's id and the outcome;
/// never a message's text.
abstract class FrameHandler
    implements RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(FrameHandler.class);

  private final Invocations invocations;
  private final InstantSource clock;
  private final DynamoDbClient dynamoDb;
  private final Toll toll;

  FrameHandler(Settings settings, InstantSource clock) {
    this.invocations = new Invocations(settings);
    this.clock = clock;
    Aws aws = new Aws(settings);
    this.dynamoDb = aws.dynamoDb();
    this.toll = new Toll(aws, dynamoDb, settings);
  }

  /// Who sent a frame, by the authorizer's word, from where, and when it is handled.
  ///
  /// @param route the route key, for example `join`
  /// @param options what its client asked of the connection
  /// @param expires when the token expires that the connection was opened with; null for a guest
  record Caller(
      ConnectionId connection,
      Identity identity,
      Address address,
      String route,
      ConnectOptions options,
      Instant connectedAt,
      @Nullable Instant expires,
      Instant now) {
    static Caller of(APIGatewayV2WebSocketEvent event, Instant now) {
      var context = event.getRequestContext();
      return new Caller(
          new ConnectionId(context.getConnectionId()),
          identityOf(context.getAuthorizer()),
          addressOf(context),
          Objects.requireNonNullElse(context.getRouteKey(), ""),
          ConnectOptions.in(context.getAuthorizer()),
          Instant.ofEpochMilli(context.getConnectedAt()),
          expiresOf(context.getAuthorizer()),
          now);
    }

    /// Whose allowances outlive the connection.
    AllowanceTable.Visitor visitor() {
      return visitor(connection, identity, address);
    }

    /// A guest without a secret is another user on each connection: the address alone is charged.
    static AllowanceTable.Visitor visitor(
        ConnectionId connection, Identity identity, Address address) {
      boolean passing = Identity.guest(connection.value(), "?").user().equals(identity.user());
      return new AllowanceTable.Visitor(passing ? null : identity.user(), address);
    }
  }

  /// Where the client is: the authorizer knows, where something stands before the API.
  static Address addressOf(APIGatewayV2WebSocketEvent.RequestContext request) {
    Map<String, Object> authorizer = request.getAuthorizer();
    Object told = authorizer == null ? null : authorizer.get("address");
    String address =
        told instanceof String text
            ? text
            : request.getIdentity() == null ? null : request.getIdentity().getSourceIp();
    return new Address(address == null ? "" : address);
  }

  /// When the token expires by which [AuthorizerHandler] let a connection in; null for a guest.
  static @Nullable Instant expiresOf(@Nullable Map<String, Object> authorizer) {
    Object expires = authorizer == null ? null : authorizer.get("expires");
    return expires == null ? null : Instant.ofEpochSecond(Long.parseLong(expires.toString()));
  }

  /// The identity that [AuthorizerHandler] put into the connection's context.
  static Identity identityOf(@Nullable Map<String, Object> authorizer) {
    if (authorizer == null
        || !(authorizer.get("user") instanceof String user)
        || !(authorizer.get("sender") instanceof String sender)) {
      throw new IllegalStateException("the authorizer did not say who this is");
    }
    return Identity.stored(user, sender);
  }

  /// Charges a frame, before anything but this is looked at.
  ///
  /// @throws Rejection where it cannot be charged
  abstract void charge(ClientFrame frame, Caller caller, Toll toll);

  /// Handles a frame that has been charged.
  ///
  /// @throws Rejection where the frame is refused; nothing has changed then
  abstract Reply reply(ClientFrame frame, Caller caller);

  /// The client of the tables, of which a function has one.
  final DynamoDbClient dynamoDb() {
    return dynamoDb;
  }

  /// For what is charged beside a frame's own price.
  final Toll toll() {
    return toll;
  }

  /// The current time: later than [Caller#now] where a step took long.
  final Instant now() {
    return clock.instant();
  }

  /// The reply to a refused frame.
  Reply rejected(Rejection rejection, Caller caller) {
    return Reply.error(rejection);
  }

  /// Adds the room to the log's keys.
  static RoomId in(RoomId room) {
    MDC.put("room", room.name());
    return room;
  }

  /// Why a connection that is not in a room may not do there what needs a membership. Of a private
  /// room a stranger hears the same as of one that is not there.
  static Rejection notIn(RoomId room, Attendance attendance) {
    if (attendance instanceof Attendance.Removed(Removal how)) {
      return new Rejection(how);
    }
    return new Rejection(
        room.kind() == RoomKind.PUBLIC ? ErrorCode.NOT_A_MEMBER : ErrorCode.NO_SUCH_ROOM);
  }

  /// Why a user may not do something in a room. Whether a private room is there only those hear who
  /// have, or had, to do with it.
  static Rejection notAllowed(RoomKind kind, Rank who) {
    if (who == Rank.BANNED) {
      return new Rejection(ErrorCode.BANNED);
    }
    return new Rejection(
        who == Rank.STRANGER && kind != RoomKind.PUBLIC
            ? ErrorCode.NO_SUCH_ROOM
            : ErrorCode.NOT_ALLOWED);
  }

  @Override
  public final APIGatewayV2WebSocketResponse handleRequest(
      APIGatewayV2WebSocketEvent event, Context context) {
    return invocations.handle(
        context,
        () -> {
          Caller caller = Caller.of(event, clock.instant());
          MDC.put("connection_id", caller.connection().value());
          return ok(answer(event.getBody(), caller));
        });
  }

  private String answer(@Nullable String body, Caller caller) {
    @Nullable JsonNode ref = null;
    boolean charged = false;
    Reply reply;
    try {
      ClientFrame frame = ClientFrame.parse(body);
      ref = frame.ref();
      Trace.step("charge", () -> charge(frame, caller, toll));
      charged = true;
      reply = reply(frame, caller);
    } catch (Rejection rejection) {
      Metrics.FRAMES_REFUSED.add(1, rejection.code().code());
      if (!charged) {
        if (rejection.code() == ErrorCode.NOT_CONNECTED) {
          toll.uncharged(caller);
        } else {
          toll.refuse(caller);
        }
      }
      reply = rejected(rejection, caller);
    }
    Trace.annotate("outcome", reply.summary());
    LOG.info("{}", reply.summary());
    return reply.encode(ref);
  }

  private static APIGatewayV2WebSocketResponse ok(String body) {
    APIGatewayV2WebSocketResponse response = new APIGatewayV2WebSocketResponse();
    response.setStatusCode(200);
    response.setBody(body);
    return response;
  }
}
