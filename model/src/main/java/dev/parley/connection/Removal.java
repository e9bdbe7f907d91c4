package dev.parley.connection;

import java.util.Arrays;
import java.util.Locale;

/// Why a connection was taken out of a room by somebody, as its row and the `removed` event tell.
public enum Removal {
  KICKED,
  BANNED,
  /// The user has left the room for good, by this connection or another one.
  LEFT;

  /// The attribute that a membership's row has from then on, in place of its slot.
  static final String ATTRIBUTE = "removed";

  /// As it is stored, and on the wire.
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// @throws IllegalArgumentException where there is no such word
  public static Removal of(String word) {
    return Arrays.stream(values())
        .filter(removal -> removal.word().equals(word))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no reason for a removal"));
  }
}
