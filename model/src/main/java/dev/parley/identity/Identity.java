package dev.parley.identity;

import dev.parley.Limits;
import dev.parley.Sha256;
import dev.parley.Text;
import java.util.regex.Pattern;

/// The user who is speaking, as the authorizer established it; never taken from a frame.
///
/// @param user a stable id, 1 to 128 of printable ASCII; a guest's begins with `guest:`
/// @param sender the display name, as [Text#isName] allows it
public record Identity(String user, String sender) {
  private static final String GUEST_PREFIX = "guest:";
  private static final String NAMELESS = "?";
  private static final int GUEST_DIGITS = 32;
  private static final Pattern USER =
      Pattern.compile("[!-~]{1," + Limits.USER_CHARACTERS_MAX + "}");

  public Identity {
    if (!USER.matcher(user).matches()) {
      throw new IllegalArgumentException(
          "a user id is 1 to " + Limits.USER_CHARACTERS_MAX + " printable ASCII characters");
    }
    if (!Text.isName(sender)) {
      throw new IllegalArgumentException(
          "a display name is 1 to " + Limits.SENDER_CHARACTERS_MAX + " characters that are shown");
    }
  }

  /// An identity that was stored, perhaps under earlier rules for names. Its name is cleaned, and
  /// is `?` where nothing is left of it.
  public static Identity stored(String user, String sender) {
    String name = Text.cleanName(sender);
    return new Identity(user, name.isEmpty() ? NAMELESS : name);
  }

  /// A guest who can come back as the same user: whoever knows the secret is that user.
  public static Identity guest(GuestSecret secret, String sender) {
    return ofHash("secret:" + secret.value(), sender);
  }

  /// A guest without a secret: another user on each connection.
  public static Identity guest(String connectionId, String sender) {
    return ofHash("connection:" + connectionId, sender);
  }

  private static Identity ofHash(String text, String sender) {
    return new Identity(GUEST_PREFIX + Sha256.hex(text).substring(0, GUEST_DIGITS), sender);
  }

  public boolean isGuest() {
    return user.startsWith(GUEST_PREFIX);
  }
}
