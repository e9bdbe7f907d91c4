package dev.parley.handlers;

import dev.parley.lambda.Settings;
import dev.parley.wire.ClientFrame;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import dev.parley.wire.Reply;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GetConnectionResponse;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;

/// `$default`: a frame that no route takes. Its error also says what the gateway knows of this
/// connection, which helps whoever is trying things out; where the gateway will not tell, the error
/// comes alone.
public final class DefaultHandler extends RouteHandler {
  private static final Logger log = LoggerFactory.getLogger(DefaultHandler.class);
  private static final Duration ASKING_MAX = Duration.ofSeconds(2);

  private final ApiGatewayManagementApiClient connections;

  public DefaultHandler() {
    this(System.getenv());
  }

  public DefaultHandler(Map<String, String> environment) {
    super(InstantSource.system());
    Settings settings = new Settings(environment);
    this.connections =
        ApiGatewayManagementApiClient.builder()
            .region(settings.region())
            .credentialsProvider(settings.credentials())
            .endpointOverride(settings.connectionsUrl())
            .httpClientBuilder(Apache5HttpClient.builder())
            .overrideConfiguration(
                o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()).apiCallTimeout(ASKING_MAX))
            .build();
  }

  @Override
  Reply reply(ClientFrame frame, Caller caller) {
    throw new Rejection(ErrorCode.UNKNOWN_ACTION);
  }

  @Override
  Reply rejected(Rejection rejection, Caller caller) {
    Reply reply = Reply.error(rejection);
    try {
      GetConnectionResponse known =
          connections.getConnection(get -> get.connectionId(caller.connection().value()));
      return reply.withConnection(
          caller.connection(),
          known.connectedAt().toString(),
          known.identity().sourceIp(),
          known.identity().userAgent(),
          known.lastActiveAt().toString());
    } catch (GoneException e) {
      // It closed meanwhile: nobody reads this reply.
      return reply;
    } catch (SdkException e) {
      log.warn("the gateway does not tell of the connection: {}", e.getMessage());
      return reply;
    }
  }
}
