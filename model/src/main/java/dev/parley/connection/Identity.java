package dev.parley.connection;

import dev.parley.Limits;
import dev.parley.Sha256;

/// Who is speaking, as the authorizer found out; never taken from a frame.
///
/// @param user a stable id; a guest's begins with `guest:`
/// @param sender the display name
public record Identity(String user, String sender) {
  private static final String GUEST_PREFIX = "guest:";
  private static final int GUEST_DIGITS = 32;

  public Identity {
    if (user.isBlank()) {
      throw new IllegalArgumentException("a user has an id");
    }
    if (!validSender(sender)) {
      throw new IllegalArgumentException(
          "a display name is 1 to " + Limits.SENDER_CHARACTERS_MAX + " characters");
    }
  }

  /// A guest who can come back as the same user: whoever knows the secret is that user.
  public static Identity guest(GuestSecret secret, String sender) {
    return ofHash("secret:" + secret.value(), sender);
  }

  /// A guest without a secret: another user on each connection.
  public static Identity guest(ConnectionId connection, String sender) {
    return ofHash("connection:" + connection.value(), sender);
  }

  private static Identity ofHash(String text, String sender) {
    return new Identity(GUEST_PREFIX + Sha256.hex(text).substring(0, GUEST_DIGITS), sender);
  }

  public boolean isGuest() {
    return user.startsWith(GUEST_PREFIX);
  }

  /// 1 to 64 code points, no control character, no half of a surrogate pair, no
  /// space at either end.
  public static boolean validSender(String sender) {
    return !sender.isEmpty()
        && sender.codePointCount(0, sender.length()) <= Limits.SENDER_CHARACTERS_MAX
        && sender.equals(sender.strip())
        && sender
            .codePoints()
            .noneMatch(
                c -> Character.isISOControl(c) || Character.getType(c) == Character.SURROGATE);
  }
}
