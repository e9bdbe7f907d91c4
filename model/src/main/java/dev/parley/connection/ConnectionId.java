package dev.parley.connection;

import dev.parley.Sha256;
import java.util.regex.Pattern;

/// API Gateway's name for a connection, for example `L0SM9cOFvHcCIhw=`. Nobody else is told it:
/// other members see the [#member] instead.
public record ConnectionId(String value) {
  private static final int SLOT_DIGITS = 8;
  private static final int MEMBER_DIGITS = 16;

  private static final Pattern ID = Pattern.compile("[A-Za-z0-9+/=_-]{1,128}");

  public ConnectionId {
    if (!ID.matcher(value).matches()) {
      throw new IllegalArgumentException("a connection id is 1 to 128 of A-Za-z0-9+/=_-");
    }
  }

  /// What other members see: 16 hex digits of the id's SHA-256, for example `93b885adfe0da089`.
  public String member() {
    return Sha256.hex(value).substring(0, MEMBER_DIGITS);
  }

  /// The place in its rooms' index: 8 hex digits of the id's SHA-256, then the id. Slots are
  /// uniform although the ids of one moment share a prefix.
  public String slot() {
    return Sha256.hex(value).substring(0, SLOT_DIGITS) + value;
  }

  /// The connection whose slot this is.
  static ConnectionId ofSlot(String slot) {
    if (slot.length() <= SLOT_DIGITS) {
      throw new IllegalArgumentException("a slot is 8 hex digits and a connection id");
    }
    return new ConnectionId(slot.substring(SLOT_DIGITS));
  }

  /// Where in the index a member is looked for: its slot begins with this.
  static String slotPrefix(String member) {
    return member.substring(0, SLOT_DIGITS);
  }

  @Override
  public String toString() {
    return value;
  }
}
