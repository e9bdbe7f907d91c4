package dev.parley.role;

import java.util.Locale;

/// Who somebody is in a room, as [Permission] asks: guests and users with a token alike.
public enum Rank {
  /// A token has the admin role. It counts in public rooms only: what is said in a private room is
  /// not the operator's to read.
  ADMIN(3),
  OWNER(3),
  MODERATOR(2),
  MEMBER(1),
  /// Has no role there: in a public room everybody.
  STRANGER(0),
  BANNED(0);

  private final int height;

  Rank(int height) {
    this.height = height;
  }

  /// Whether the one may take the other's rights away.
  boolean outranks(Rank other) {
    return height > other.height;
  }

  /// As the documents write it.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
