package dev.parley.identity;

import java.util.Optional;

/// A guest's secret, a text of at least 128 bits that the client has made: its hash is the guest's
/// stable user id. The output of a random source as base64url (22 characters), hex (32) or digits
/// (39) is strong enough; a repeated pattern is not.
public record GuestSecret(String value) {
  private static final int BITS_MIN = 128;
  private static final int CHARACTERS_MAX = 128;

  /// Different characters. A random text seldom has fewer: 22 characters of base64url with a
  /// probability of 10^-12, 32 hex digits of 10^-7, 39 digits of 10^-4.
  private static final int DISTINCT_MIN = 8;

  public GuestSecret {
    if (!strong(value)) {
      throw new IllegalArgumentException("a guest's secret has at least 128 bits");
    }
  }

  /// The secret, or nothing where the text is too weak to be one.
  public static Optional<GuestSecret> of(String text) {
    return strong(text) ? Optional.of(new GuestSecret(text)) : Optional.empty();
  }

  private static boolean strong(String text) {
    return text.length() <= CHARACTERS_MAX
        && text.matches("[A-Za-z0-9_-]*")
        && text.length() * bitsPerCharacter(text) >= BITS_MIN
        && text.chars().distinct().count() >= DISTINCT_MIN;
  }

  /// By the smallest of the usual alphabets that has all characters of the text.
  private static double bitsPerCharacter(String text) {
    if (text.matches("[0-9]*")) {
      return Math.log(10) / Math.log(2);
    }
    return text.matches("[0-9a-f]*|[0-9A-F]*") ? 4 : 6;
  }

  /// Never the secret.
  @Override
  public String toString() {
    return "GuestSecret";
  }
}
