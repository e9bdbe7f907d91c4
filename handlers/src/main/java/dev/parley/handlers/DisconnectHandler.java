package dev.parley.handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.APIGatewayV2WebSocketResponse;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.PruneQueue;
import dev.parley.connection.SessionTable;
import dev.parley.platform.Aws;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// `$disconnect`: closes the session and removes the connection's rows. The Prune function removes
/// the memberships of a connection that was in many rooms.
///
/// API Gateway delivers this event by best effort. Where it does not come, the next push finds the
/// connection gone, or its rows expire.
public final class DisconnectHandler
    implements RequestHandler<DisconnectHandler.Event, APIGatewayV2WebSocketResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(DisconnectHandler.class);

  private final Invocations invocations;
  private final InstantSource clock;
  private final ConnectionTable connections;
  private final SessionTable sessions;
  private final PruneQueue prunes;

  public DisconnectHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(DisconnectHandler.class, DisconnectHandler::new);
  }

  public DisconnectHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    Aws aws = new Aws(settings);
    this.clock = clock;
    DynamoDbClient dynamoDb = aws.dynamoDb();
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.sessions = new SessionTable(dynamoDb, settings);
    this.prunes = new PruneQueue(aws.sqs(), settings);
  }

  /// The event, as far as it is used here. The library's type for WebSocket events has no fields
  /// for the close code and the reason.
  public static final class Event {
    private @Nullable RequestContext requestContext;

    public @Nullable RequestContext getRequestContext() {
      return requestContext;
    }

    public void setRequestContext(RequestContext requestContext) {
      this.requestContext = requestContext;
    }
  }

  /// As API Gateway sends it. Other fields are ignored, and one that is missing is empty or 0.
  public static final class RequestContext {
    private String connectionId = "";
    private long connectedAt;
    private int disconnectStatusCode;
    private @Nullable String disconnectReason;

    public String getConnectionId() {
      return connectionId;
    }

    public void setConnectionId(String connectionId) {
      this.connectionId = connectionId;
    }

    public long getConnectedAt() {
      return connectedAt;
    }

    public void setConnectedAt(long connectedAt) {
      this.connectedAt = connectedAt;
    }

    public int getDisconnectStatusCode() {
      return disconnectStatusCode;
    }

    public void setDisconnectStatusCode(int disconnectStatusCode) {
      this.disconnectStatusCode = disconnectStatusCode;
    }

    public @Nullable String getDisconnectReason() {
      return disconnectReason;
    }

    public void setDisconnectReason(@Nullable String disconnectReason) {
      this.disconnectReason = disconnectReason;
    }
  }

  @Override
  public APIGatewayV2WebSocketResponse handleRequest(Event event, Context context) {
    return invocations.handle(
        context,
        () -> {
          RequestContext request =
              Objects.requireNonNull(event.getRequestContext(), "the event has no requestContext");
          MDC.put("connection_id", request.getConnectionId());
          disconnect(request, clock.instant());
          APIGatewayV2WebSocketResponse response = new APIGatewayV2WebSocketResponse();
          response.setStatusCode(200);
          return response;
        });
  }

  /// The session comes first: once the rows are deleted, nothing is left that would close it.
  private void disconnect(RequestContext request, Instant now) {
    ConnectionId connection = new ConnectionId(request.getConnectionId());
    String said = request.getDisconnectReason();
    String reason = (request.getDisconnectStatusCode() + " " + (said == null ? "" : said)).strip();
    Instant connectedAt =
        request.getConnectedAt() > 0 ? Instant.ofEpochMilli(request.getConnectedAt()) : null;
    Trace.step("close", () -> sessions.close(connection, connectedAt, now, reason));
    if (!Trace.step("forget", () -> connections.forget(connection))) {
      Trace.step("enqueue", () -> prunes.addClosed(connection));
    }
    LOG.info("disconnected: {}", request.getDisconnectStatusCode());
  }
}
