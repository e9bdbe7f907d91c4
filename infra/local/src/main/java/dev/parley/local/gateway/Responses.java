package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.json.Json;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;

/// HTTP responses of the gateway, with a body and its length.
final class Responses {
  private Responses() {}

  static FullHttpResponse empty(HttpResponseStatus status) {
    return of(status, Unpooled.EMPTY_BUFFER);
  }

  static FullHttpResponse of(HttpResponseStatus status, String contentType, String body) {
    FullHttpResponse response = of(status, Unpooled.copiedBuffer(body, UTF_8));
    response.headers().set(HttpHeaderNames.CONTENT_TYPE, contentType);
    return response;
  }

  static FullHttpResponse of(HttpResponseStatus status, ByteBuf body) {
    boolean bodiless =
        status.code() == HttpResponseStatus.NO_CONTENT.code()
            || status.code() == HttpResponseStatus.NOT_MODIFIED.code();
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1, status, bodiless ? Unpooled.EMPTY_BUFFER : body);
    if (!bodiless) {
      response.headers().setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
    }
    return response;
  }

  /// For example `{"message":"Forbidden"}`.
  static FullHttpResponse message(HttpResponseStatus status, String message) {
    return of(
        status,
        "application/json",
        Json.MAPPER.createObjectNode().put("message", message).toString());
  }

  /// As AWS marks errors: the SDK makes the exception of this name from it.
  static FullHttpResponse error(HttpResponseStatus status, String type, String message) {
    FullHttpResponse response = message(status, message);
    response.headers().set("x-amzn-ErrorType", type);
    return response;
  }

  /// What nothing is there for: another stage, an unknown path or method.
  static FullHttpResponse forbidden() {
    return error(HttpResponseStatus.FORBIDDEN, "ForbiddenException", "Forbidden");
  }
}
