package dev.parley.identity;

import java.util.Locale;
import java.util.regex.Pattern;

/// Where a client is: an IPv4 or IPv6 address, as API Gateway or the distribution tells it.
///
/// @param text for example `203.0.113.7` or `2001:db8::7`; empty where nothing is known
public record Address(String text) {
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

  /// Of the 8 groups of an IPv6 address, those that one customer of a provider has: 64 bits, in
  /// which each machine takes as many addresses as it likes (RFC 4291, section 2.5.4).
  private static final int NETWORK_GROUPS = 4;

  private static final int GROUPS = 8;

  /// Whom an address belongs to: all of an IPv4 address, the first half of an IPv6 one.
  public String network() {
    if (!IPV6.matcher(text).matches()) {
      return text;
    }
    String[] halves = text.split("::", 2);
    String[] head = groups(halves[0]);
    String[] tail = halves.length == 1 ? new String[0] : groups(halves[1]);
    StringBuilder network = new StringBuilder();
    for (int i = 0; i < NETWORK_GROUPS; i++) {
      int inTail = i - (GROUPS - tail.length);
      String group = i < head.length ? head[i] : inTail >= 0 ? tail[inTail] : "0";
      network.append(group.replaceFirst("^0+(?=.)", "").toLowerCase(Locale.ROOT));
      network.append(':');
    }
    return network.toString();
  }

  private static String[] groups(String half) {
    return half.isEmpty() ? new String[0] : half.split(":", -1);
  }
}
