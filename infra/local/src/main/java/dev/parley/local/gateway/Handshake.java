package dev.parley.local.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a client sent to be connected.
///
/// @param connectionId what it will be called
/// @param host the `Host` header
/// @param headers by name, ignoring case, each with its values in order
/// @param query decoded parameters, each with its values in order
record Handshake(
    String connectionId,
    String host,
    String sourceIp,
    Map<String, List<String>> headers,
    Map<String, List<String>> query) {

  static Handshake of(
      HttpRequest request,
      String connectionId,
      String host,
      String sourceIp,
      Map<String, List<String>> query) {
    Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
    request
        .headers()
        .forEach(
            h -> headers.computeIfAbsent(h.getKey(), _ -> new ArrayList<>()).add(h.getValue()));
    return new Handshake(connectionId, host, sourceIp, headers, new LinkedHashMap<>(query));
  }

  @Nullable String userAgent() {
    return header(HttpHeaderNames.USER_AGENT.toString());
  }

  @Nullable String header(String name) {
    List<String> values = headers.get(name);
    return values == null ? null : values.getLast();
  }

  @Nullable String parameter(String name) {
    List<String> values = query.get(name);
    return values == null ? null : values.getLast();
  }
}
