package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import dev.parley.local.json.Json;
import io.netty.buffer.ByteBufUtil;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// `@connections`: what the back end sends to a client, asks of it, and how it closes it.
///
/// It never blocks: a message waits in the client's buffer, or is refused with 429.
///
/// Source: service model apigatewaymanagementapi 2018-11-29.
final class ConnectionsApi {
  private final Endpoint endpoint;
  private final Faults faults;
  private final boolean verified;

  /// @param verified whether signatures are verified. `Unlike AWS:` where they are not, a request
  ///     must only look signed, so that any credentials will do
  ConnectionsApi(Endpoint endpoint, Faults faults, boolean verified) {
    this.endpoint = endpoint;
    this.faults = faults;
    this.verified = verified;
  }

  /// @param id decoded
  /// @return null where its sender is to get no answer
  @Nullable FullHttpResponse respond(FullHttpRequest request, String id) {
    Signature.Refusal refusal = Signature.refusal(request, verified, endpoint.clock().instant());
    if (refusal != null) {
      return Responses.error(HttpResponseStatus.FORBIDDEN, refusal.type(), refusal.message());
    }
    if (!Ids.isWellFormed(id)) {
      return Responses.error(
          HttpResponseStatus.BAD_REQUEST, "BadRequestException", "Invalid connectionId");
    }
    Connection connection = endpoint.connection(id);
    HttpMethod method = request.method();
    if (method.equals(HttpMethod.POST)) {
      return post(request, connection);
    }
    if (method.equals(HttpMethod.GET)) {
      return get(connection);
    }
    if (method.equals(HttpMethod.DELETE)) {
      return delete(connection);
    }
    return Responses.forbidden();
  }

  static FullHttpResponse tooLarge() {
    return Responses.error(
        HttpResponseStatus.REQUEST_ENTITY_TOO_LARGE,
        "PayloadTooLargeException",
        "Message too long");
  }

  /// Too many requests of the account, or a client that does not read: AWS says the same of both.
  static FullHttpResponse tooMany() {
    return Responses.error(
        HttpResponseStatus.TOO_MANY_REQUESTS, "LimitExceededException", "Too Many Requests");
  }

  private @Nullable FullHttpResponse post(
      FullHttpRequest request, @Nullable Connection connection) {
    if (request.content().readableBytes() > Quotas.MESSAGE_BYTES_MAX) {
      return tooLarge();
    }
    // What AWS does with bytes that no text frame may hold is not known [?]. The client must not
    // lose its connection for them, and their sender is told.
    if (!ByteBufUtil.isText(request.content(), UTF_8)) {
      return Responses.error(
          HttpResponseStatus.BAD_REQUEST, "BadRequestException", "Message is not UTF-8");
    }
    if (connection == null || !connection.isOpen() || faults.happens(Fault.PUSH_GONE)) {
      return gone();
    }
    if (faults.happens(Fault.PUSH_FAILED)) {
      return Responses.error(
          HttpResponseStatus.INTERNAL_SERVER_ERROR,
          "InternalServerErrorException",
          "Internal server error");
    }
    if (faults.happens(Fault.PUSH_LOST)) {
      return Responses.empty(HttpResponseStatus.OK);
    }
    int bytes = request.content().readableBytes();
    if (faults.throttles(connection.id()) || !connection.send(request.content().retainedSlice())) {
      return tooMany();
    }
    endpoint.pushed(bytes);
    return faults.happens(Fault.PUSH_ANSWER_LOST) ? null : Responses.empty(HttpResponseStatus.OK);
  }

  private static FullHttpResponse get(@Nullable Connection connection) {
    if (connection == null || !connection.isOpen()) {
      return gone();
    }
    ObjectNode body = Json.MAPPER.createObjectNode();
    body.put("connectedAt", connection.connectedAt().toString());
    ObjectNode identity = body.putObject("identity");
    identity.put("sourceIp", connection.caller().sourceIp());
    identity.put("userAgent", connection.caller().userAgent());
    body.put("lastActiveAt", connection.lastActiveAt().truncatedTo(ChronoUnit.MILLIS).toString());
    return Responses.of(HttpResponseStatus.OK, "application/json", body.toString());
  }

  private static FullHttpResponse delete(@Nullable Connection connection) {
    if (connection == null || !connection.isOpen()) {
      return gone();
    }
    connection.close(CloseReason.DELETED);
    return Responses.empty(HttpResponseStatus.NO_CONTENT);
  }

  private static FullHttpResponse gone() {
    return Responses.error(HttpResponseStatus.GONE, "GoneException", "Gone");
  }
}
