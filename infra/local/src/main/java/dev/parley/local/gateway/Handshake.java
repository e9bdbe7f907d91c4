package dev.parley.local.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a client sent to be connected. It lives until `$connect` has answered.
///
/// @param headers by name, ignoring case, each with its values in order
/// @param query decoded parameters, each with its values in order
/// @param secure whether the client speaks TLS
record Handshake(
    Caller caller,
    Map<String, List<String>> headers,
    Map<String, List<String>> query,
    boolean secure) {

  /// @param connectionId what the connection will be called
  static Handshake of(HttpRequest request, String connectionId, Target target, String sourceIp) {
    Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    request
        .headers()
        .forEach(
            h -> headers.computeIfAbsent(h.getKey(), _ -> new ArrayList<>()).add(h.getValue()));
    String userAgent = last(headers, HttpHeaderNames.USER_AGENT.toString());
    return new Handshake(
        new Caller(connectionId, target.host(), sourceIp, userAgent),
        headers,
        new LinkedHashMap<>(target.query()),
        target.secure());
  }

  @Nullable String header(String name) {
    return last(headers, name);
  }

  @Nullable String parameter(String name) {
    return last(query, name);
  }

  private static @Nullable String last(Map<String, List<String>> values, String name) {
    List<String> all = values.get(name);
    return all == null ? null : all.getLast();
  }
}
