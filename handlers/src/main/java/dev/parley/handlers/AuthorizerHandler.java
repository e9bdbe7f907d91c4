package dev.parley.handlers;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.IamPolicyResponse;
import dev.parley.Sha256;
import dev.parley.Text;
import dev.parley.connection.ConnectionId;
import dev.parley.identity.GuestSecret;
import dev.parley.identity.Identity;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Decides who a connection is, once, before `$connect`: a guest with the display name `?name=`
/// and, where `?guest=` is a secret of at least 128 bits, with a stable user id. A weak secret or
/// an invalid name is refused (401). So is, where the stack has a `SocketSecret`, whoever does not
/// come by the page's distribution, which alone knows it.
///
/// API Gateway adds the result to every later frame of the connection. The event has the guest's
/// secret: it is never logged.
public final class AuthorizerHandler
    implements RequestHandler<AuthorizerHandler.Event, IamPolicyResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorizerHandler.class);

  /// Both are the distribution's: it writes them over whatever a client sends.
  private static final String SOCKET_SECRET = "X-Parley-Socket-Secret";

  private static final String VIEWER = "CloudFront-Viewer-Address";

  private final Invocations invocations;

  /// The SHA-256 of what the distribution shows: two while that is changed, and none where clients
  /// connect without a distribution.
  private final List<String> socketSecretDigests;

  /// A REQUEST authorizer's event, as far as it is used here.
  public static final class Event {
    private String methodArn = "";
    private @Nullable Map<String, String> headers;
    private @Nullable Map<String, String> queryStringParameters;
    private Map<String, Object> requestContext = Map.of();

    public String getMethodArn() {
      return methodArn;
    }

    public void setMethodArn(String methodArn) {
      this.methodArn = methodArn;
    }

    public @Nullable Map<String, String> getHeaders() {
      return headers;
    }

    public void setHeaders(@Nullable Map<String, String> headers) {
      this.headers = headers;
    }

    public @Nullable Map<String, String> getQueryStringParameters() {
      return queryStringParameters;
    }

    public void setQueryStringParameters(@Nullable Map<String, String> queryStringParameters) {
      this.queryStringParameters = queryStringParameters;
    }

    public Map<String, Object> getRequestContext() {
      return requestContext;
    }

    public void setRequestContext(Map<String, Object> requestContext) {
      this.requestContext = requestContext;
    }
  }

  public AuthorizerHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(AuthorizerHandler.class, AuthorizerHandler::new);
  }

  public AuthorizerHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    String digests = settings.optional("SOCKET_SECRET_SHA256");
    this.socketSecretDigests =
        digests == null || digests.isEmpty() ? List.of() : List.of(digests.split(",", -1));
  }

  /// @throws IllegalArgumentException with the message `Unauthorized`, which API Gateway turns into
  ///     401
  @Override
  public IamPolicyResponse handleRequest(Event event, Context context) {
    return invocations.handle(
        context,
        () -> {
          ConnectionId connection =
              new ConnectionId(String.valueOf(event.getRequestContext().get("connectionId")));
          MDC.put("connection_id", connection.value());
          Map<String, String> headers = event.getHeaders();
          Optional<String> address = address(headers == null ? Map.of() : headers);
          Map<String, String> query = event.getQueryStringParameters();
          Identity identity =
              address
                  .flatMap(_ -> guest(query == null ? Map.of() : query, connection))
                  .orElseThrow(() -> new IllegalArgumentException("Unauthorized"));
          return allow(event.getMethodArn(), identity, address.orElseThrow());
        });
  }

  /// Where the client is, as the distribution tells it; empty where there is none before the API,
  /// which then knows best. Nothing for whoever does not come by the distribution.
  private Optional<String> address(Map<String, String> headers) {
    if (socketSecretDigests.isEmpty()) {
      return Optional.of("");
    }
    String shown = Sha256.hex(header(headers, SOCKET_SECRET).orElse(""));
    if (!socketSecretDigests.contains(shown)) {
      LOG.info("refused: does not come by the page's distribution");
      return Optional.empty();
    }
    // The port is behind the last colon, in IPv6 too, which has no brackets.
    return Optional.of(header(headers, VIEWER).orElse("").replaceFirst(":[0-9]*$", ""));
  }

  /// API Gateway keeps the names of headers as the client wrote them.
  private static Optional<String> header(Map<String, String> headers, String name) {
    return headers.entrySet().stream()
        .filter(header -> header.getKey().equalsIgnoreCase(name))
        .map(Map.Entry::getValue)
        .findFirst();
  }

  /// The guest that a query describes, or nothing where its name or its secret cannot be used.
  static Optional<Identity> guest(Map<String, String> query, ConnectionId connection) {
    String name = Text.trim(query.getOrDefault("name", ""));
    String sender =
        name.isEmpty() ? "Guest " + Sha256.hex(connection.value()).substring(0, 4) : name;
    if (!Text.isName(sender)) {
      LOG.info("refused: ?name= is not 1 to 64 characters that are shown");
      return Optional.empty();
    }
    String secret = query.get("guest");
    if (secret == null) {
      return Optional.of(Identity.guest(connection.value(), sender));
    }
    Optional<Identity> guest = GuestSecret.of(secret).map(s -> Identity.guest(s, sender));
    if (guest.isEmpty()) {
      LOG.info("refused: ?guest= is not a secret of at least 128 bits");
    }
    return guest;
  }

  private static IamPolicyResponse allow(String methodArn, Identity identity, String address) {
    Map<String, Object> context = new HashMap<>();
    context.put("user", identity.user());
    context.put("sender", identity.sender());
    if (!address.isEmpty()) {
      context.put("address", address);
    }
    return IamPolicyResponse.builder()
        .withPrincipalId(identity.user())
        .withPolicyDocument(
            IamPolicyResponse.PolicyDocument.builder()
                .withVersion(IamPolicyResponse.VERSION_2012_10_17)
                .withStatement(List.of(IamPolicyResponse.allowStatement(methodArn)))
                .build())
        .withContext(context)
        .build();
  }
}
