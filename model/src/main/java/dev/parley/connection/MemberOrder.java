package dev.parley.connection;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The order in which a room's members are listed, a page at a time: that of their slots, begun
/// somewhere that only the room's salt tells. So neither the page that somebody is in nor a cursor
/// tells anybody's slot. Who knew it could fill one part of a room.
///
/// A position is how far a slot is behind that beginning, 0 to 2^32 - 1.
///
/// @param salt the room's; null where it has none, which is as good as empty
record MemberOrder(@Nullable String salt) {
  private static final Pattern CURSOR = Pattern.compile("[0-9a-f]{32}");
  private static final int TAG_BYTES = 12;

  /// The slot's number at a position.
  long slot(long position) {
    return (first() + position) % SlotRange.SLOTS;
  }

  /// The position of a slot's number.
  long position(long slot) {
    return (slot - first() + SlotRange.SLOTS) % SlotRange.SLOTS;
  }

  private long first() {
    return Integer.toUnsignedLong(ByteBuffer.wrap(mac("first", new byte[0])).getInt());
  }

  /// A cursor that stands for a position, and tells it to nobody: 32 hex digits.
  ///
  /// It is encrypted under a tag that is made of it (RFC 5297's way, of which nonces are no part):
  /// so it cannot be made by anybody else, and no cursor of another room is one of this.
  String seal(long position) {
    byte[] plain = ByteBuffer.allocate(Integer.BYTES).putInt((int) position).array();
    byte[] tag = tag(plain);
    return HexFormat.of().formatHex(tag) + HexFormat.of().formatHex(crypt(tag, plain));
  }

  /// The position that a cursor stands for; nothing where it is none of this room.
  Optional<Long> open(String cursor) {
    if (!CURSOR.matcher(cursor).matches()) {
      return Optional.empty();
    }
    byte[] sealed = HexFormat.of().parseHex(cursor);
    byte[] tag = Arrays.copyOf(sealed, TAG_BYTES);
    byte[] plain = crypt(tag, Arrays.copyOfRange(sealed, TAG_BYTES, sealed.length));
    return MessageDigest.isEqual(tag, tag(plain))
        ? Optional.of(Integer.toUnsignedLong(ByteBuffer.wrap(plain).getInt()))
        : Optional.empty();
  }

  private byte[] tag(byte[] plain) {
    return Arrays.copyOf(mac("tag", plain), TAG_BYTES);
  }

  private byte[] crypt(byte[] tag, byte[] text) {
    byte[] stream = mac("crypt", tag);
    byte[] crypted = new byte[text.length];
    for (int i = 0; i < text.length; i++) {
      crypted[i] = (byte) (text[i] ^ stream[i]);
    }
    return crypted;
  }

  private byte[] mac(String use, byte[] text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      String key = "members " + use + ":" + (salt == null ? "" : salt);
      mac.init(new SecretKeySpec(key.getBytes(UTF_8), "HmacSHA256"));
      return mac.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has HmacSHA256", e);
    }
  }
}
