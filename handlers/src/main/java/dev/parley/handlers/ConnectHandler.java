package dev.parley.handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketEvent;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import dev.parley.Limits;
import dev.parley.Metrics;
import dev.parley.allowance.AllowanceTable;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Framing;
import dev.parley.connection.SessionTable;
import dev.parley.identity.Erasures;
import dev.parley.platform.Aws;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.role.Roles;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomKind;
import dev.parley.room.RoomTable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `$connect`: opens a connection in the rooms that `?rooms=a,b` names, or in `global`. Its status
/// is the handshake's: 200; 403 where the page's origin is not allowed, or the user was erased; 400
/// where `?rooms=` is not a list of at most 40 room names, or another of its [ConnectOptions] is
/// not one; 401 where the token has just expired; 429 where the user, or the address, connects or
/// makes rooms too often. Rooms that the user may not be in are passed over. It accepts one of the
/// [Subprotocols] that the client offers.
///
/// The event has the guest's secret, or the token: it is never logged.
public final class ConnectHandler
    implements RequestHandler<APIGatewayV2WebSocketEvent, APIGatewayV2WebSocketResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(ConnectHandler.class);
  private static final int USER_AGENT_CHARACTERS_MAX = 256;

  /// So many rooms that are joined by it cost as much as a connect.
  static final int ROOMS_OF_A_CONNECT = 10;

  private final Invocations invocations;

  /// Origins as browsers send them (RFC 6454 section 6.2); `*` is all of them.
  private final Set<String> allowedOrigins;

  private final InstantSource clock;
  private final Erasures erasures;
  private final ConnectionTable connections;
  private final SessionTable sessions;
  private final RoomTable rooms;
  private final Roles roles;
  private final AllowanceTable visitors;

  public ConnectHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(ConnectHandler.class, ConnectHandler::new);
  }

  public ConnectHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    this.allowedOrigins =
        Set.copyOf(Arrays.asList(settings.required("ALLOWED_ORIGINS").split(",", -1)));
    this.clock = clock;
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    this.erasures = new Erasures(dynamoDb, settings);
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.sessions = new SessionTable(dynamoDb, settings);
    this.rooms = new RoomTable(dynamoDb, settings);
    this.roles = new Roles(dynamoDb, settings);
    this.visitors = new AllowanceTable(dynamoDb, settings);
  }

  @Override
  public APIGatewayV2WebSocketResponse handleRequest(
      APIGatewayV2WebSocketEvent event, Context context) {
    return invocations.handle(
        context,
        () -> {
          MDC.put("connection_id", event.getRequestContext().getConnectionId());
          APIGatewayV2WebSocketResponse response = new APIGatewayV2WebSocketResponse();
          response.setStatusCode(connect(event, clock.instant()));
          Subprotocols.accepted(event.getHeaders())
              .ifPresent(name -> response.setHeaders(Map.of(Subprotocols.HEADER, name)));
          return response;
        });
  }

  private int connect(APIGatewayV2WebSocketEvent event, Instant now) {
    if (!admits(event.getHeaders())) {
      LOG.info("refused: the page's origin is not the stack's own, nor in AllowedOrigins");
      return 403;
    }
    Optional<Set<RoomId>> wanted = rooms(event.getQueryStringParameters());
    if (wanted.isEmpty()) {
      LOG.info("refused: ?rooms= is not a list of at most 40 room names");
      return 400;
    }
    Optional<ConnectOptions> options = ConnectOptions.of(event.getQueryStringParameters());
    if (options.isEmpty()) {
      LOG.info("refused: ?batch= is neither true nor false, or ?heartbeat= is no short text");
      return 400;
    }

    Connection connection = connection(event.getRequestContext(), options.get().framing());
    if (!connection.expiresAt().isAfter(now)) {
      LOG.info("refused: the token has expired since it was verified");
      return 401;
    }
    // Before anything is written: an erasure waits for what did not find it here.
    String user = connection.identity().user();
    if (Trace.step("erasures", () -> erasures.contains(user, now))) {
      LOG.info("refused: the user was erased");
      return 403;
    }
    AllowanceTable.Visitor visitor =
        FrameHandler.Caller.visitor(
            connection.id(),
            connection.identity(),
            FrameHandler.addressOf(event.getRequestContext()));
    int price = Math.ceilDiv(wanted.get().size(), ROOMS_OF_A_CONNECT);
    Optional<Duration> wait = Trace.step("charge", () -> visitors.connect(visitor, price, now));
    if (wait.isPresent()) {
      return tooOften("connects", wait.get());
    }
    // The connection comes last, so that a failure before it leaves no member behind.
    Collection<Room> open;
    try {
      open = Trace.step("rooms", () -> open(connection, visitor, wanted.get(), now));
    } catch (TooOften e) {
      return tooOften("makes rooms", e.wait);
    }
    int in =
        Trace.step(
            "open",
            () ->
                connections
                    .open(
                        connection,
                        open,
                        room -> roles.admission(user, room, now),
                        now,
                        List.of(sessions.opening(connection)))
                    .size());
    // One time for all of them is one line.
    Metrics.CONNECTIONS_OPENED.add(1, connection.connectedAt());
    Metrics.CONNECTIONS_ALIVE.add(1, connection.connectedAt());
    Metrics.JOINS.add(in, connection.connectedAt());
    LOG.info("connected in {} rooms", in);
    return 200;
  }

  private static Connection connection(
      APIGatewayV2WebSocketEvent.RequestContext request, Framing framing) {
    Map<String, Object> authorizer = request.getAuthorizer();
    Instant connectedAt = Instant.ofEpochMilli(request.getConnectedAt());
    return new Connection(
        new ConnectionId(request.getConnectionId()),
        FrameHandler.identityOf(authorizer),
        text(FrameHandler.addressOf(request).text()),
        text(request.getIdentity().getUserAgent()),
        connectedAt,
        Connection.end(connectedAt, FrameHandler.expiresOf(authorizer)),
        "true".equals(String.valueOf(authorizer.get("admin"))),
        framing);
  }

  /// Those rooms that the user may be in, with their salts. The others are passed over, whether
  /// they are there or not, and nothing is read of them but the user's own role.
  private Collection<Room> open(
      Connection connection, AllowanceTable.Visitor visitor, Set<RoomId> wanted, Instant now) {
    Set<RoomId> publics = new LinkedHashSet<>();
    Set<RoomId> others = new LinkedHashSet<>();
    roles
        .get(connection.identity().user(), wanted)
        .forEach(
            (room, standing) -> {
              if (standing.admits(now)) {
                (room.kind() == RoomKind.PUBLIC ? publics : others).add(room);
              }
            });
    Map<RoomId, Room> open =
        new HashMap<>(
            rooms.open(
                publics,
                connection.identity(),
                now,
                made -> visitors.makeRooms(visitor, made, now).ifPresent(TooOften::raise)));
    if (!others.isEmpty()) {
      rooms
          .get(others)
          .forEach(
              (id, room) -> {
                if (room.salt() != null) {
                  open.put(id, room);
                }
              });
    }
    return open.values();
  }

  /// More rooms are made than may be.
  private static final class TooOften extends RuntimeException {
    private final transient Duration wait;

    private TooOften(Duration wait) {
      super("more rooms than may be made", null, false, false);
      this.wait = wait;
    }

    private static void raise(Duration wait) {
      throw new TooOften(wait);
    }
  }

  private static int tooOften(String what, Duration wait) {
    LOG.info("refused: its user or address {} too often, and can again in {}", what, wait);
    Metrics.CONNECTS_REFUSED.add(1);
    return 429;
  }

  /// A browser sends the page's origin, which the page cannot change. Other programs send none. API
  /// Gateway keeps the names of headers as the client wrote them.
  private boolean admits(@Nullable Map<String, String> headers) {
    return headers == null
        || allowedOrigins.contains("*")
        || headers.entrySet().stream()
            .filter(header -> header.getKey().equalsIgnoreCase("Origin"))
            .allMatch(header -> allowedOrigins.contains(header.getValue()));
  }

  /// The rooms that a query names, or nothing where `?rooms=` is invalid.
  static Optional<Set<RoomId>> rooms(@Nullable Map<String, String> query) {
    String names = query == null ? null : query.get("rooms");
    if (names == null || names.isEmpty()) {
      return Optional.of(Set.of(RoomId.GLOBAL));
    }
    Set<RoomId> rooms = new LinkedHashSet<>();
    for (String name : names.split(",", -1)) {
      if (!RoomId.valid(name)) {
        return Optional.empty();
      }
      rooms.add(new RoomId(name));
    }
    return rooms.size() > Limits.ROOMS_IN_ADDRESS_MAX ? Optional.empty() : Optional.of(rooms);
  }

  private static String text(@Nullable String value) {
    // By code points: half a surrogate pair cannot be stored.
    return (value == null ? "" : value)
        .codePoints()
        .limit(USER_AGENT_CHARACTERS_MAX)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }
}
