package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.metrics.Series;
import dev.parley.local.template.Route;
import dev.parley.local.template.Throttling;
import dev.parley.local.template.WebSocketApi;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The API apart from its sockets: its connections, and what is asked of which function when a
/// client connects, sends a message, or goes.
///
/// Safe for use by many threads. Whatever calls a function blocks.
final class Endpoint {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);
  private static final String CONNECT = "$connect";
  private static final Series FRAMES = Series.ofLocalCloud("MessagesReceived", Map.of());
  private static final Series REPLIES = Series.ofLocalCloud("MessagesReplied", Map.of());
  private static final Series PUSHES = Series.ofLocalCloud("MessagesPushed", Map.of());

  /// What can stand in a header as a subprotocol: RFC 9110 section 5.6.2.
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /// What became of a request to connect.
  sealed interface Admission {
    /// The handshake can be completed.
    ///
    /// @param authorizer what the authorizer told of the client; null where there is none
    /// @param subprotocol what `$connect` chose of the offered ones; null where it chose none
    record Admitted(
        Instant connectedAt, @Nullable Map<String, String> authorizer, @Nullable String subprotocol)
        implements Admission {}

    /// The client is turned away.
    ///
    /// @param status of the HTTP response that refuses the handshake
    record Refused(int status, String message) implements Admission {}
  }

  private final Clock clock;
  private final Throttle throttle;
  private final ConnectionJournal journal;
  private final MetricStore metrics;
  private final Ids ids;
  private final Events events;
  private final RouteSelection routes;
  private final Map<String, Integration> integrations = new HashMap<>();

  /// Of the routes that their stage throttles.
  private final Map<String, Throttle> routeThrottles = new HashMap<>();

  private final Disconnects disconnects;
  private final @Nullable Authorizer authorizer;
  private final int connectionsMax;

  /// Connections, and handshakes under way.
  private final AtomicInteger clients = new AtomicInteger();

  private final Map<String, Connection> connections = new ConcurrentHashMap<>();

  /// Handshakes from the first question to [#open], and messages.
  private final AtomicInteger underWay = new AtomicInteger();

  private volatile boolean closing;

  /// @param throttle which messages are refused
  /// @param connectionsMax how many there can be at once
  /// @throws IllegalArgumentException if a function is missing, or something cannot be honoured
  Endpoint(
      WebSocketApi api,
      Map<String, LocalFunction> functions,
      Clock clock,
      Executor threads,
      Throttle throttle,
      Faults faults,
      int connectionsMax,
      ConnectionJournal journal,
      MetricStore metrics) {
    this.metrics = metrics;
    this.connectionsMax = connectionsMax;
    this.clock = clock;
    this.throttle = throttle;
    this.journal = journal;
    this.ids = new Ids(clock);
    this.events = new Events(api, ids, clock);
    this.routes = new RouteSelection(api.routeSelectionExpression(), api.routes());
    for (Route route : api.routes().values()) {
      integrations.put(
          route.key(),
          switch (route.integration()) {
            case Route.Integration.Mock mock ->
                new Integration.Mock(mock.statusCode(), mock.reply());
            case Route.Integration.Proxy proxy ->
                new Integration.Proxy(
                    function(functions, proxy.logicalId(), "Route " + route.key()),
                    timeout(route.key(), proxy.timeout()),
                    threads);
          });
      Throttling throttling = route.throttling();
      if (throttling != null) {
        routeThrottles.put(
            route.key(),
            new Throttle(new RequestQuota(throttling.perSecond(), throttling.burst())));
      }
    }
    this.disconnects =
        new Disconnects(integrations.get("$disconnect"), events, journal, faults, threads);
    String name = api.authorizerFunction();
    this.authorizer =
        name == null
            ? null
            : new Authorizer(function(functions, name, "Authorizer"), api.identitySources());
  }

  private static Duration timeout(String route, Duration timeout) {
    if (timeout.compareTo(Quotas.INTEGRATION_TIMEOUT_MAX) > 0) {
      throw new IllegalArgumentException(
          "Route %s: IntegrationTimeout is at most %s"
              .formatted(route, Quotas.INTEGRATION_TIMEOUT_MAX));
    }
    return timeout;
  }

  private static LocalFunction function(
      Map<String, LocalFunction> functions, String name, String of) {
    LocalFunction function = functions.get(name);
    if (function == null) {
      throw new IllegalArgumentException(of + ": there is no function " + name);
    }
    return function;
  }

  String nextId() {
    return ids.next();
  }

  Clock clock() {
    return clock;
  }

  @Nullable Connection connection(String id) {
    return connections.get(id);
  }

  /// Asks the authorizer, then `$connect`. A client that is admitted must be handed to [#open],
  /// even if it has gone.
  Admission admit(Handshake handshake) {
    underWay.incrementAndGet();
    boolean admitted = false;
    try {
      Admission admission;
      if (clients.incrementAndGet() > connectionsMax) {
        admission =
            new Admission.Refused(
                503, "%d connections are open, and no more are taken".formatted(connectionsMax));
      } else if (!admits(CONNECT)) {
        admission = new Admission.Refused(429, "Too Many Requests");
      } else {
        admission = decide(handshake);
      }
      admitted = admission instanceof Admission.Admitted;
      return admission;
    } finally {
      if (!admitted) {
        clients.decrementAndGet();
        underWay.decrementAndGet();
      }
    }
  }

  /// Whether the stage lets a request of a route pass. That each route has a bucket of its own, and
  /// that `$disconnect` is never throttled, is assumed [?].
  private boolean admits(String route) {
    Throttle throttle = routeThrottles.get(route);
    return throttle == null || throttle.admits();
  }

  private Admission decide(Handshake handshake) {
    Instant connectedAt = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    Map<String, String> context = null;
    if (authorizer != null) {
      byte[] event = events.authorizer(handshake, connectedAt);
      switch (authorizer.decide(handshake, event, events.methodArn())) {
        case Authorizer.Decision.Allowed allowed -> context = allowed.context();
        case Authorizer.Decision.Refused refused -> {
          return new Admission.Refused(refused.status(), refused.message());
        }
      }
    }
    journal.opened(handshake.caller(), connectedAt, context);
    Admission admission = connect(handshake, connectedAt, context);
    if (admission instanceof Admission.Refused) {
      journal.ended(handshake.caller().connectionId());
    }
    return admission;
  }

  private Admission connect(
      Handshake handshake, Instant connectedAt, @Nullable Map<String, String> context) {
    Integration integration = integrations.get(CONNECT);
    if (integration == null) {
      return new Admission.Admitted(connectedAt, context, null);
    }
    return switch (integration.call(events.connect(handshake, connectedAt, context))) {
      case Outcome.Answered answered when answered.isSuccess() -> {
        String subprotocol = answered.headers().get("Sec-WebSocket-Protocol");
        if (subprotocol != null && !TOKEN.matcher(subprotocol).matches()) {
          LOG.error(
              "$connect of {} is answered 502: it returned a malformed Sec-WebSocket-Protocol",
              handshake.caller().connectionId());
          yield new Admission.Refused(502, "Internal server error");
        }
        yield new Admission.Admitted(connectedAt, context, subprotocol);
      }
      case Outcome.Answered answered ->
          new Admission.Refused(
              answered.statusCode(), answered.statusCode() == 403 ? "Forbidden" : "Refused");
      case Outcome.Failed failed -> {
        LOG.error("$connect of {} failed: {}", handshake.caller().connectionId(), failed.why());
        yield new Admission.Refused(502, "Internal server error");
      }
      case Outcome.GivenUp _ -> new Admission.Refused(502, "Internal server error");
    };
  }

  /// From now on the client can be sent to. Where the API is closing, it is told so at once.
  Connection open(Caller caller, Admission.Admitted admitted, Channel channel) {
    Connection connection =
        new Connection(
            caller,
            admitted.connectedAt(),
            admitted.authorizer(),
            channel,
            clock,
            this::disconnected);
    connections.put(connection.id(), connection);
    if (closing) {
      connection.close(CloseReason.GOING_AWAY);
    }
    underWay.decrementAndGet();
    return connection;
  }

  /// Hands a message to the function of its route, and its result to the client where the route is
  /// two-way.
  void message(Connection connection, String message) {
    underWay.incrementAndGet();
    metered(FRAMES, message.getBytes(UTF_8).length);
    try {
      handle(connection, message);
    } finally {
      underWay.decrementAndGet();
    }
  }

  private void handle(Connection connection, String message) {
    String requestId = ids.next();
    // What AWS does with a frame beyond the account's quota, or the stage's, is not known [?]:
    // it is refused as all else is, by an error frame, and the socket stays open.
    if (!throttle.admits()) {
      sendError(connection, "Too Many Requests", requestId);
      return;
    }
    Route route = routes.select(message);
    if (route == null) {
      sendError(connection, "Forbidden", requestId);
      return;
    }
    if (!admits(route.key())) {
      sendError(connection, "Too Many Requests", requestId);
      return;
    }
    Integration integration = integrations.get(route.key());
    if (integration == null) {
      throw new AssertionError("Every route has an integration: " + route.key());
    }
    switch (integration.call(events.message(connection, route.key(), requestId, message))) {
      case Outcome.Answered answered -> reply(connection, route, answered, requestId);
      case Outcome.Failed failed -> {
        LOG.error("Route {} of {} failed: {}", route.key(), connection.id(), failed.why());
        sendError(connection, "Internal server error", requestId);
      }
      case Outcome.GivenUp _ -> {} // its socket is closed by now
    }
  }

  private void reply(
      Connection connection, Route route, Outcome.Answered answered, String requestId) {
    String body = answered.body();
    // That an empty body is not sent is assumed [?].
    if (!route.twoWay() || !answered.isSuccess() || body == null || body.isEmpty()) {
      return;
    }
    var bytes = Unpooled.wrappedBuffer(body.getBytes(UTF_8));
    if (bytes.readableBytes() > Quotas.MESSAGE_BYTES_MAX) {
      LOG.error("Route {}: a reply of {} bytes is too large", route.key(), bytes.readableBytes());
      sendError(connection, "Internal server error", requestId); // what AWS does is not known [?]
    } else if (connection.isOpen()) {
      metered(REPLIES, bytes.readableBytes());
      if (!connection.send(bytes)) {
        LOG.warn("dropped a reply to {}: its client does not read", connection.id());
      }
    }
  }

  /// The spaces are API Gateway's.
  private static void sendError(Connection connection, String message, String requestId) {
    if (connection.isOpen()
        && !connection.send(
            "{\"message\": \"%s\", \"connectionId\":\"%s\", \"requestId\":\"%s\"}"
                .formatted(message, connection.id(), requestId))) {
      LOG.warn("dropped an error frame to {}: its client does not read", connection.id());
    }
  }

  private void disconnected(Connection connection, CloseReason reason) {
    // Begun before the connection leaves the map, so that `close` sees it here or there.
    disconnects.tell(
        new ConnectionJournal.Left(
            connection.caller(), connection.connectedAt(), connection.authorizer()),
        reason);
    connections.remove(connection.id());
    clients.decrementAndGet();
  }

  /// A push was taken.
  void pushed(int bytes) {
    metered(PUSHES, bytes);
  }

  /// Source: API Gateway pricing, "Messages are metered in 32 KB increments".
  private void metered(Series series, int bytes) {
    metrics.add(series, Math.max(1, Math.ceilDiv(bytes, Quotas.FRAME_BYTES_MAX)));
  }

  /// How many are open.
  int connections() {
    return connections.size();
  }

  /// Ends what an earlier process left behind when it was killed, as connections that were lost.
  void endLeft(List<ConnectionJournal.Left> all) {
    all.forEach(left -> disconnects.tell(left, CloseReason.ABNORMAL));
  }

  private int underWay() {
    return underWay.get() + disconnects.underWay();
  }

  /// Ends all connections, those too whose handshake is under way, and waits a while for the
  /// functions that are at work. What they have not done by then is given up.
  void close(Duration patience) {
    closing = true;
    disconnects.close();
    connections.values().forEach(connection -> connection.close(CloseReason.GOING_AWAY));
    long deadline = System.nanoTime() + patience.toNanos();
    while (underWay() > 0 && System.nanoTime() - deadline < 0) {
      LockSupport.parkNanos(1_000_000);
    }
    if (underWay() > 0) {
      LOG.warn(
          "gave up {} invocations, of which {} of $disconnect: the next start on the same data"
              + " folder tells those",
          underWay(),
          disconnects.underWay());
    }
  }
}
