package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.connection.Connection;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.RenewResult;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Trace;
import dev.parley.token.TokenResult;
import dev.parley.token.TokenRules;
import dev.parley.token.TokenVerifier;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// `auth`: shows another token of the same user, before the one that the connection has expires.
/// The connection, with its memberships, lives until the other one expires. Its display name stays
/// as it is.
///
/// Each row of the connection is written once: one write unit for its own, and two for each
/// membership, one of them for the index. Two more charge it. A token that expires no later than
/// the connection is charged, and writes nothing else.
public final class AuthHandler extends FrameHandler {
  private static final Logger LOG = LoggerFactory.getLogger(AuthHandler.class);

  private final ConnectionTable connections;
  private final Optional<TokenVerifier> tokens;

  public AuthHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(AuthHandler.class, AuthHandler::new);
  }

  public AuthHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    this.connections = new ConnectionTable(dynamoDb(), settings);
    this.tokens = TokenRules.of(settings).map(rules -> new TokenVerifier(rules, settings));
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.AUTH);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    String token = frame.token();
    TokenResult result =
        Trace.step(
            "verify",
            () ->
                tokens
                    .map(verifier -> verifier.verify(token, caller.now()))
                    .orElseGet(() -> new TokenResult.Refused("is for nothing: no issuer is set")));
    return switch (result) {
      case TokenResult.Verified verified -> renew(verified, caller);
      case TokenResult.Refused refused -> throw refused(refused.why());
    };
  }

  private Reply renew(TokenResult.Verified token, Caller caller) {
    if (!token.identity().user().equals(caller.identity().user())) {
      throw refused("is another user's");
    }
    Instant end = Connection.end(caller.connectedAt(), token.expires());
    RenewResult result =
        Trace.step(
            "renew",
            () -> connections.renew(caller.connection(), end, token.admin(), caller.now()));
    return switch (result) {
      case RenewResult.Renewed renewed -> {
        toll().chargeMore(caller, renewed.memberships());
        yield Reply.authenticated(
            caller.now(),
            new Reply.You(
                caller.identity(),
                Connection.renewable(caller.connectedAt(), renewed.expiresAt()),
                renewed.admin()));
      }
      case RenewResult.NotConnected closed -> throw new Rejection(ErrorCode.NOT_CONNECTED);
    };
  }

  private static Rejection refused(String why) {
    LOG.info("refused: the token {}", why);
    return new Rejection(ErrorCode.INVALID_TOKEN);
  }
}
