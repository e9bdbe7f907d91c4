package dev.parley.role;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// What a user is in a private room. A room that was made by `createRoom` has one owner, who can
/// make another member the owner instead. Both users of a direct room are members of it.
public enum Role {
  OWNER(Rank.OWNER),
  MODERATOR(Rank.MODERATOR),
  MEMBER(Rank.MEMBER);

  private final Rank rank;

  Role(Rank rank) {
    this.rank = rank;
  }

  /// The role that a word of the wire, or a stored one, stands for: `owner`, for example.
  public static Optional<Role> of(String word) {
    return Arrays.stream(values()).filter(role -> role.word().equals(word)).findFirst();
  }

  /// As it is stored, and on the wire.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  Rank rank() {
    return rank;
  }
}
