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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/// Decides who a connection is, once, before `$connect`: a guest with the display name `?name=`
/// and, where `?guest=` is a secret of at least 128 bits, with a stable user id. A weak secret or
/// an invalid name is refused (401).
///
/// API Gateway adds the result to every later frame of the connection. The event has the secret: it
/// is never logged.
public final class AuthorizerHandler
    implements RequestHandler<AuthorizerHandler.Event, IamPolicyResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorizerHandler.class);

  private final Invocations invocations;

  public AuthorizerHandler() {
    this(System.getenv());
    Priming.register(
        AuthorizerHandler.class, (environment, clock) -> new AuthorizerHandler(environment));
  }

  public AuthorizerHandler(Map<String, String> environment) {
    this.invocations = new Invocations(new Settings(environment));
  }

  /// A REQUEST authorizer's event, as far as it is used here.
  public static final class Event {
    private String methodArn = "";
    private @Nullable Map<String, String> queryStringParameters;
    private Map<String, Object> requestContext = Map.of();

    public String getMethodArn() {
      return methodArn;
    }

    public void setMethodArn(String methodArn) {
      this.methodArn = methodArn;
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
          Map<String, String> query = event.getQueryStringParameters();
          Identity identity =
              guest(query == null ? Map.of() : query, connection)
                  .orElseThrow(() -> new IllegalArgumentException("Unauthorized"));
          return allow(event.getMethodArn(), identity);
        });
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

  private static IamPolicyResponse allow(String methodArn, Identity identity) {
    return IamPolicyResponse.builder()
        .withPrincipalId(identity.user())
        .withPolicyDocument(
            IamPolicyResponse.PolicyDocument.builder()
                .withVersion(IamPolicyResponse.VERSION_2012_10_17)
                .withStatement(List.of(IamPolicyResponse.allowStatement(methodArn)))
                .build())
        .withContext(Map.of("user", identity.user(), "sender", identity.sender()))
        .build();
  }
}
