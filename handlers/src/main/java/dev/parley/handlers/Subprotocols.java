package dev.parley.handlers;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a client offers in `Sec-WebSocket-Protocol`: `parley.v1, bearer.<token>`. A browser lets a
/// page set no other header, and an address is logged in more places.
///
/// `parley.v1` is accepted where it is offered, else the first one that is no token: browsers, and
/// the `ws` library, give up a connection of which none is accepted. There is one protocol,
/// whatever it is called.
///
/// Source: RFC 6455 section 1.9, and 4.1 for the form.
final class Subprotocols {
  static final String HEADER = "Sec-WebSocket-Protocol";

  private static final String CHAT = "parley.v1";

  private static final String BEARER = "bearer.";

  private Subprotocols() {}

  /// A token (RFC 9110 section 5.6.2), which a name must be.
  private static final Pattern NAME = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");

  /// What is accepted of what a client offers; nothing where it offers nothing but tokens.
  static Optional<String> accepted(@Nullable Map<String, String> headers) {
    List<String> offered = offered(headers);
    return offered.contains(CHAT)
        ? Optional.of(CHAT)
        : offered.stream()
            .filter(name -> !name.startsWith(BEARER) && NAME.matcher(name).matches())
            .findFirst();
  }

  private static List<String> offered(@Nullable Map<String, String> headers) {
    return header(headers, HEADER)
        .map(value -> List.of(value.strip().split("\\s*,\\s*", -1)))
        .orElse(List.of());
  }

  /// The tokens that a client shows, by subprotocol or by `?token=`. They must not be logged.
  static List<String> tokens(
      @Nullable Map<String, String> headers, @Nullable Map<String, String> query) {
    List<String> tokens = new ArrayList<>();
    for (String offered : offered(headers)) {
      if (offered.startsWith(BEARER)) {
        tokens.add(offered.substring(BEARER.length()));
      }
    }
    String inQuery = query == null ? null : query.get("token");
    if (inQuery != null) {
      tokens.add(inQuery);
    }
    return tokens;
  }

  /// API Gateway keeps the names of headers as the client wrote them.
  static Optional<String> header(@Nullable Map<String, String> headers, String name) {
    return headers == null
        ? Optional.empty()
        : headers.entrySet().stream()
            .filter(header -> header.getKey().equalsIgnoreCase(name))
            .map(Map.Entry::getValue)
            .findFirst();
  }
}
