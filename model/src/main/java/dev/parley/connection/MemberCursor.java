package dev.parley.connection;

import dev.parley.Sha256;
import dev.parley.platform.Entropy;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Where a page of a room's members ended, as the client carries it to the next page. That is a
/// slot's hash, of which nobody is told: so it is encrypted under the room's salt. A cursor is
/// worth nothing in another room, and nobody else can make one.
///
/// AES-GCM with a random nonce, in base64url: 43 characters.
public final class MemberCursor {
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final int KEY_BYTES = 16;

  private MemberCursor() {}

  /// @param salt the room's
  /// @param hash the 8 hex digits of the last slot of a page
  public static String encode(String salt, String hash) {
    byte[] nonce = new byte[NONCE_BYTES];
    Entropy.RANDOM.nextBytes(nonce);
    try {
      byte[] sealed =
          cipher(Cipher.ENCRYPT_MODE, salt, nonce).doFinal(HexFormat.of().parseHex(hash));
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(
              ByteBuffer.allocate(nonce.length + sealed.length).put(nonce).put(sealed).array());
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has AES-GCM", e);
    }
  }

  /// The hash, or nothing where the text is no cursor of this room.
  public static Optional<String> decode(String salt, String cursor) {
    try {
      byte[] bytes = Base64.getUrlDecoder().decode(cursor);
      if (bytes.length <= NONCE_BYTES) {
        return Optional.empty();
      }
      byte[] hash =
          cipher(Cipher.DECRYPT_MODE, salt, Arrays.copyOf(bytes, NONCE_BYTES))
              .doFinal(bytes, NONCE_BYTES, bytes.length - NONCE_BYTES);
      return Optional.of(HexFormat.of().formatHex(hash));
    } catch (IllegalArgumentException | GeneralSecurityException e) {
      return Optional.empty();
    }
  }

  private static Cipher cipher(int mode, String salt, byte[] nonce)
      throws GeneralSecurityException {
    byte[] key = Arrays.copyOf(HexFormat.of().parseHex(Sha256.hex("cursor:" + salt)), KEY_BYTES);
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    return cipher;
  }
}
