package dev.parley.connection;

import dev.parley.Sha256;
import java.util.regex.Pattern;

/// API Gateway's id of a connection, for example `L0SM9cOFvHcCIhw=`. Other members are never told
/// it: they see the [#member] instead.
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

  /// The sort key of its memberships in the index of members: 8 hex digits of the id's SHA-256,
  /// then the id. Slots are uniform, although ids that were made at one time begin alike.
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

  /// The beginning of the slot of a [#member].
  static String slotPrefix(String member) {
    return member.substring(0, SLOT_DIGITS);
  }

  @Override
  public String toString() {
    return value;
  }
}
