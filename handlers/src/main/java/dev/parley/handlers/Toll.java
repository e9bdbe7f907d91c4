package dev.parley.handlers;

import dev.parley.Limits;
import dev.parley.Metrics;
import dev.parley.allowance.AllowanceTable;
import dev.parley.allowance.ChargeResult;
import dev.parley.allowance.Price;
import dev.parley.connection.ConnectionAllowances;
import dev.parley.connection.ConnectionId;
import dev.parley.handlers.FrameHandler.Caller;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.wire.ErrorCode;
import dev.parley.wire.Rejection;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// Charges the frames of connections, and closes a connection that goes on although nothing is
/// left, or although there is nothing to charge it to.
final class Toll {
  private static final Logger LOG = LoggerFactory.getLogger(Toll.class);

  private final ConnectionAllowances connections;
  private final AllowanceTable visitors;
  private final Aws aws;

  /// Few functions ever close a connection: the client is made where it is needed.
  private @Nullable ApiGatewayManagementApiClient gateway;

  Toll(Aws aws, DynamoDbClient dynamoDb, Settings settings) {
    this.aws = aws;
    this.connections = new ConnectionAllowances(dynamoDb, settings);
    this.visitors = new AllowanceTable(dynamoDb, settings);
  }

  /// Charges an action.
  ///
  /// @throws Rejection where nothing is left, or the connection is closed
  void charge(Caller caller, Price price) {
    charge(caller, price.amount());
  }

  /// As above, an action whose price depends on what is asked for.
  void charge(Caller caller, int price) {
    demand(connections.charge(caller.connection(), price, caller.now()));
  }

  /// Charges a send.
  ///
  /// @param bytes of its frame
  void chargeSend(Caller caller, int bytes) {
    demand(connections.chargeSend(caller.connection(), bytes, caller.now()));
  }

  /// Charges what an action has taken beside its price.
  void chargeMore(Caller caller, int price) {
    connections.chargeMore(caller.connection(), price, caller.now());
  }

  /// Charges new rooms to who makes them.
  ///
  /// @throws Rejection where nothing is left
  void makeRooms(Caller caller, int count) {
    Optional<Duration> retryAfter = visitors.makeRooms(caller.visitor(), count, caller.now());
    if (retryAfter.isPresent()) {
      throw new Rejection(ErrorCode.RATE_LIMITED, retryAfter.get());
    }
  }

  private static void demand(ChargeResult result) {
    switch (result) {
      case ChargeResult.Charged charged -> {}
      case ChargeResult.Absent absent -> throw new Rejection(ErrorCode.NOT_CONNECTED);
      case ChargeResult.Exhausted exhausted ->
          throw new Rejection(ErrorCode.RATE_LIMITED, exhausted.retryAfter());
    }
  }

  /// Charges a refusal. Where there have been too many, the connection is closed, and its user and
  /// address are charged for it, so that they are not back at once.
  void refuse(Caller caller) {
    if (connections.refuse(caller.connection(), caller.now()) && close(caller.connection())) {
      LOG.info("closed: it went on although it was refused");
      Metrics.CONNECTIONS_EVICTED.add(1);
      visitors.offended(caller.visitor(), caller.now());
    }
  }

  /// Closes a connection that has no valid row to be charged to, and has been told so for long
  /// enough: it could go on at any rate. Neither its user nor its address is charged, since a
  /// machine that has slept knows no better.
  void uncharged(Caller caller) {
    Instant expires = caller.expires();
    Instant since =
        expires == null || expires.isAfter(caller.now()) ? caller.connectedAt() : expires;
    if (caller.now().isAfter(since.plus(Limits.UNCHARGED_MAX)) && close(caller.connection())) {
      LOG.info("closed: it went on although its token has expired, or its row is gone");
    }
  }

  /// @return false where it was closed before, or could not be: the next frame tries it again
  private boolean close(ConnectionId connection) {
    try {
      gateway().deleteConnection(delete -> delete.connectionId(connection.value()));
      return true;
    } catch (SdkException e) {
      LOG.info("could not be closed: {}", e.getMessage());
      return false;
    }
  }

  private synchronized ApiGatewayManagementApiClient gateway() {
    ApiGatewayManagementApiClient client = gateway;
    if (client == null) {
      client = aws.gateway();
      gateway = client;
    }
    return client;
  }
}
