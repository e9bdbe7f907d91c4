package dev.parley.local.gateway;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.QueryStringDecoder;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What a request asks for, and of which host.
///
/// Sources: RFC 9112, sections 3.2 and 3.3; RFC 9110, section 4.2.4.
///
/// @param path decoded
/// @param query decoded parameters, each with its values in order
/// @param host with its port; the target's own where that is absolute, else the `Host` header
/// @param askedHost the host that the browser asked, where a proxy before this says so
/// @param secure whether the browser speaks TLS, with this or with that proxy
record Target(
    String path, Map<String, List<String>> query, String host, String askedHost, boolean secure) {

  private static final Pattern ABSOLUTE =
      Pattern.compile("(?i)https?://([^/?#]+)(.*)", Pattern.DOTALL);

  /// @param encrypted whether it came by TLS
  /// @throws IllegalArgumentException if the request does not say what it asks for, or of whom
  static Target of(HttpRequest request, boolean encrypted) {
    HttpHeaders headers = request.headers();
    List<String> hosts = headers.getAll(HttpHeaderNames.HOST);
    if (hosts.size() > 1
        || (hosts.isEmpty() && !request.protocolVersion().equals(HttpVersion.HTTP_1_0))) {
      throw new IllegalArgumentException("A request has one Host");
    }
    // Without it, which is for HTTP 1.0 only, the socket's own address.
    String host = hosts.isEmpty() ? "127.0.0.1" : hosts.getFirst();
    String target = request.uri();
    Matcher absolute = ABSOLUTE.matcher(target);
    if (absolute.matches()) {
      host = absolute.group(1);
      target = absolute.group(2).startsWith("/") ? absolute.group(2) : "/" + absolute.group(2);
    } else if (!target.startsWith("/")
        && !(target.equals("*") && request.method().equals(HttpMethod.OPTIONS))) {
      throw new IllegalArgumentException("A target is a path or an absolute URI");
    }
    if (host.isEmpty() || host.contains("@")) {
      throw new IllegalArgumentException("A host is neither empty nor has a user");
    }
    QueryStringDecoder uri = new QueryStringDecoder(target);
    return new Target(
        uri.path(),
        uri.parameters(),
        host,
        first(headers, "X-Forwarded-Host", host),
        first(headers, "X-Forwarded-Proto", encrypted ? "https" : "http")
            .equalsIgnoreCase("https"));
  }

  /// Each proxy appends to these, so the first value is the one next to the browser.
  private static String first(HttpHeaders headers, String name, String unlessGiven) {
    String first = headers.get(name, "").split(",", 2)[0].strip();
    return first.isEmpty() ? unlessGiven : first;
  }

  /// Where a page finds the WebSocket: for example `wss://chat.example`.
  String webSocketOrigin() {
    return (secure ? "wss://" : "ws://") + askedHost;
  }
}
