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
import dev.parley.token.TokenResult;
import dev.parley.token.TokenRules;
import dev.parley.token.TokenVerifier;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Decides who a connection is, once, before `$connect`: the bearer of a token, shown by
/// subprotocol or by `?token=`, or else a guest, where guests are admitted. A guest has the display
/// name `?name=` and, where `?guest=` is a secret of at least 128 bits, a stable user id.
///
/// A token that does not hold is refused (401), and its bearer is no guest. So are a weak secret,
/// an invalid name, and where the stack has a `SocketSecret`, whoever does not come by the page's
/// distribution, which alone knows it.
///
/// API Gateway adds the result to every later frame of the connection. The event has the guest's
/// secret, or the token: it is never logged.
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

  private final boolean allowGuests;
  private final InstantSource clock;

  /// Nothing where the stack has no issuer: then the library that reads tokens is not loaded.
  private final Optional<TokenVerifier> tokens;

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
    this.allowGuests = !"false".equals(settings.optional("ALLOW_GUESTS"));
    this.clock = clock;
    this.tokens = TokenRules.of(settings).map(rules -> new TokenVerifier(rules, settings));
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
          Optional<String> address = address(headers);
          Map<String, Object> bearer =
              address
                  .flatMap(_ -> bearer(headers, event.getQueryStringParameters(), connection))
                  .orElseThrow(() -> new IllegalArgumentException("Unauthorized"));
          // Options that are not valid are left out here; $connect refuses them.
          ConnectOptions.of(event.getQueryStringParameters())
              .ifPresent(options -> bearer.putAll(options.context()));
          return allow(event.getMethodArn(), bearer, address.orElseThrow());
        });
  }

  /// What is told of the client to every function; nothing where it is refused.
  private Optional<Map<String, Object>> bearer(
      @Nullable Map<String, String> headers,
      @Nullable Map<String, String> query,
      ConnectionId connection) {
    List<String> shown = Subprotocols.tokens(headers, query);
    if (!shown.isEmpty()) {
      return switch (verify(shown)) {
        case TokenResult.Verified verified -> Optional.of(context(verified));
        case TokenResult.Refused refused -> {
          LOG.info("refused: the token {}", refused.why());
          yield Optional.empty();
        }
      };
    }
    if (!allowGuests) {
      LOG.info("refused: there is no token, and guests are not admitted");
      return Optional.empty();
    }
    return guest(query == null ? Map.of() : query, connection).map(AuthorizerHandler::context);
  }

  private TokenResult verify(List<String> shown) {
    if (shown.size() > 1) {
      return new TokenResult.Refused("is one of " + shown.size());
    }
    return tokens
        .map(verifier -> verifier.verify(shown.getFirst(), clock.instant()))
        .orElseGet(() -> new TokenResult.Refused("is for nothing: no issuer is set"));
  }

  private static Map<String, Object> context(Identity identity) {
    Map<String, Object> context = new HashMap<>();
    context.put("user", identity.user());
    context.put("sender", identity.sender());
    return context;
  }

  private static Map<String, Object> context(TokenResult.Verified token) {
    Map<String, Object> context = context(token.identity());
    context.put("expires", token.expires().getEpochSecond());
    if (token.admin()) {
      context.put("admin", "true");
    }
    return context;
  }

  /// Where the client is, as the distribution tells it; empty where there is none before the API,
  /// which then knows best. Nothing for whoever does not come by the distribution.
  private Optional<String> address(@Nullable Map<String, String> headers) {
    if (socketSecretDigests.isEmpty()) {
      return Optional.of("");
    }
    String shown = Sha256.hex(Subprotocols.header(headers, SOCKET_SECRET).orElse(""));
    if (!socketSecretDigests.contains(shown)) {
      LOG.info("refused: does not come by the page's distribution");
      return Optional.empty();
    }
    // The port is behind the last colon, in IPv6 too, which has no brackets.
    return Optional.of(
        Subprotocols.header(headers, VIEWER).orElse("").replaceFirst(":[0-9]*$", ""));
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

  private static IamPolicyResponse allow(
      String methodArn, Map<String, Object> bearer, String address) {
    if (!address.isEmpty()) {
      bearer.put("address", address);
    }
    return IamPolicyResponse.builder()
        .withPrincipalId(String.valueOf(bearer.get("user")))
        .withPolicyDocument(
            IamPolicyResponse.PolicyDocument.builder()
                .withVersion(IamPolicyResponse.VERSION_2012_10_17)
                .withStatement(List.of(IamPolicyResponse.allowStatement(methodArn)))
                .build())
        .withContext(bearer)
        .build();
  }
}
