package dev.parley.local.origins;

import static java.util.stream.Collectors.toUnmodifiableSet;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Who may talk to the ports of the local cloud: programs of this machine, web pages that this
/// machine serves, and web pages that are listed.
///
/// A browser sends to `localhost` whatever any page on the Web asks it to send, and lets the page
/// read the answer where a name of the page's own resolves to 127.0.0.1 (DNS rebinding). What a
/// page cannot forge tells it from a program:
///
/// - `Host` is the name that the browser was given: `localhost`, `*.localhost`, `127.0.0.1` or
///   `[::1]`, which nobody else can have in DNS, or the host of a listed origin.
/// - `Origin` is the page's, in each WebSocket handshake and each request that is not a plain GET.
///   Tools send none.
/// - `Authorization` can be sent by a page to its own host only: others would have to be allowed it
///   first (CORS), which no port does.
///
/// @param listed origins as a browser sends them: `https://chat.example`, `http://10.0.0.7:3000`,
///     or `null`, which is the origin of files, sandboxed frames and the like
public record Origins(Set<String> listed) {
  /// Only programs and pages of this machine.
  public static final Origins OF_THIS_MACHINE = new Origins(Set.of());

  /// RFC 6454 section 6.2, "ASCII Serialization of an Origin".
  private static final Pattern ORIGIN =
      Pattern.compile(
          "([a-z][a-z0-9+.-]{0,30})://(\\[[0-9a-f:.]{2,45}]|[a-z0-9._-]{1,253})(:[0-9]{1,5})?");

  /// RFC 9110 section 7.2, with the characters and the length of names in DNS.
  private static final Pattern HOST =
      Pattern.compile("(\\[[0-9a-f:.]{2,45}]|[a-z0-9._-]{1,253})(?::[0-9]{0,5})?");

  private static final Set<String> DEFAULT_PORTS = Set.of("http:80", "https:443");

  private static final String SIGNED = "AWS4-HMAC-SHA256 ";

  /// @throws IllegalArgumentException if something is listed that no browser sends
  public Origins {
    listed = Set.copyOf(listed);
    for (String origin : listed) {
      Matcher matcher = ORIGIN.matcher(origin);
      if (!origin.equals("null")
          && (!matcher.matches() || DEFAULT_PORTS.contains(matcher.group(1) + matcher.group(3)))) {
        throw new IllegalArgumentException(
            ("`%s` is no origin: expected what a browser sends, which is scheme://host or"
                    + " scheme://host:port in lower case, without a path and without the scheme's"
                    + " own port, or null")
                .formatted(origin));
      }
    }
  }

  /// For example `https://chat.example,http://10.0.0.7:3000`; blank for none.
  ///
  /// @throws IllegalArgumentException if something is listed that no browser sends
  public static Origins parse(String list) {
    return list.isBlank()
        ? OF_THIS_MACHINE
        : new Origins(
            Arrays.stream(list.split(",", -1)).map(String::strip).collect(toUnmodifiableSet()));
  }

  /// The same, and more hosts that a program may ask for, and their pages: names that are nobody
  /// else's.
  public Origins withHosts(Collection<String> hosts) {
    return new Origins(
        Stream.concat(listed.stream(), hosts.stream().map("https://"::concat))
            .collect(toUnmodifiableSet()));
  }

  /// Why a request is refused, in a sentence that JSON needs not escape, or null where it is not.
  ///
  /// @param hosts all values of `Host`, and whatever else says which host was asked
  /// @param origins all values of `Origin`
  public @Nullable String refusal(List<String> hosts, List<String> origins) {
    for (String host : hosts) {
      Matcher matcher = HOST.matcher(host.toLowerCase(Locale.ROOT));
      if (!matcher.matches()) {
        return "The Host header names no host.";
      }
      if (!isHost(matcher.group(1))) {
        return "%1$s is not a name of this machine; -Dparley.origins=https://%1$s admits it."
            .formatted(matcher.group());
      }
    }
    for (String origin : origins) {
      if (!isOrigin(origin)) {
        return origin.equals("null") || ORIGIN.matcher(origin).matches()
            ? "Pages of the origin %1$s are not admitted; -Dparley.origins=%1$s admits them."
                .formatted(origin)
            : "The Origin header names no origin.";
      }
    }
    return null;
  }

  /// The same for a call to a port of an AWS service, which must be signed, with any credentials.
  public @Nullable String refusalOfCall(
      List<String> hosts, List<String> origins, @Nullable String authorization) {
    String refusal = refusal(hosts, origins);
    return refusal != null || (authorization != null && authorization.startsWith(SIGNED))
        ? refusal
        : "A call must be signed (AWS4-HMAC-SHA256); any credentials will do.";
  }

  /// A refusal as the AWS SDKs read it, with status 403.
  public static String json(String refusal) {
    return "{\"__type\":\"AccessDeniedException\",\"message\":\"" + refusal + "\"}";
  }

  private boolean isHost(String name) {
    return isLoopback(name) || listed.stream().anyMatch(origin -> name.equals(webHost(origin)));
  }

  private boolean isOrigin(String origin) {
    String host = webHost(origin);
    return listed.contains(origin) || (host != null && isLoopback(host));
  }

  /// The host of an origin that is a web page's.
  private static @Nullable String webHost(String origin) {
    Matcher matcher = ORIGIN.matcher(origin);
    return matcher.matches() && matcher.group(1).matches("https?") ? matcher.group(2) : null;
  }

  /// `localhost` and what ends with it is always this machine (RFC 6761 section 6.3).
  private static boolean isLoopback(String name) {
    return name.equals("localhost")
        || name.endsWith(".localhost")
        || name.equals("127.0.0.1")
        || name.equals("[::1]");
  }
}
