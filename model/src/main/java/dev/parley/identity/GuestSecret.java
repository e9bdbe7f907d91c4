package dev.parley.identity;

import java.util.Optional;

/// A secret of a guest's own making, of at least 128 bits: its hash is the guest's stable user id.
/// What a random source prints as base64url (22 characters), hex (32) or digits (39) is strong
/// enough; a repeated pattern is not.
public record GuestSecret(String value) {
  private static final int BITS_MIN = 128;
  private static final int CHARACTERS_MAX = 128;

  /// 22 random characters repeat so much that fewer are left once in 10^9 times, or less.
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

  /// By the smallest of the usual alphabets that the text could have been drawn from.
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
