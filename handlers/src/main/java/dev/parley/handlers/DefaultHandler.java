package dev.parley.handlers;

import dev.parley.allowance.Price;
import dev.parley.platform.Aws;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GetConnectionResponse;

/// `$default`: a frame that no route takes. The error also tells what the gateway knows of this
/// connection, which helps a developer who tries the protocol by hand.
public final class DefaultHandler extends FrameHandler {
  /// The errors that tell of the connection. A frame that nothing is left for asks the gateway
  /// nothing.
  private static final Set<ErrorCode> TELLS =
      Set.of(ErrorCode.UNKNOWN_ACTION, ErrorCode.INVALID_JSON);

  private final ApiGatewayManagementApiClient gateway;

  public DefaultHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(DefaultHandler.class, DefaultHandler::new);
  }

  public DefaultHandler(Map<String, String> environment, InstantSource clock) {
    Settings settings = new Settings(environment);
    super(settings, clock);
    this.gateway = new Aws(settings).gateway();
  }

  @Override
  void charge(ClientFrame frame, Caller caller, Toll toll) {
    toll.charge(caller, Price.UNKNOWN);
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    throw new Rejection(ErrorCode.UNKNOWN_ACTION);
  }

  @Override
  Reply rejected(Rejection rejection, Caller caller) {
    Reply reply = Reply.error(rejection);
    if (!TELLS.contains(rejection.code())) {
      return reply;
    }
    try {
      GetConnectionResponse known =
          gateway.getConnection(get -> get.connectionId(caller.connection().value()));
      return reply.withConnection(
          caller.connection(),
          known.connectedAt().toString(),
          known.identity().sourceIp(),
          known.identity().userAgent(),
          known.lastActiveAt().toString());
    } catch (SdkException e) {
      // It has closed meanwhile, or the gateway is busy: the client gets the error alone.
      return reply;
    }
  }
}
