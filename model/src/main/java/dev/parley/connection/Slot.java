package dev.parley.connection;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.Sha256;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Where a membership is in the index of its room's members ([MemberIndex]): 8 hex digits of a hash
/// of the user, a flag, and the connection's id, for example `1f40fc92.L0SM9cOFvHcCIhw=`.
///
/// The hash is an HMAC under the room's salt. So hashes are uniform, the connections of one user
/// are neighbours in a room, and nobody can choose a place. Two users may have the same hash, so
/// wherever it matters who somebody is, users are compared.
///
/// The flag is what has to be known of a connection before something is pushed to it, because the
/// projection of an index that is deployed cannot be changed: its [Framing]. Any character is read
/// that no connection id has, as far as it sorts before `~` ([SlotRange]).
///
/// In rows of version 0.1 the hash is that of the connection's id, and there is no flag.
///
/// @param hash 8 hex digits
/// @param flag one character; none in a row of version 0.1
public record Slot(String hash, String flag, ConnectionId connection) {
  static final int HASH_DIGITS = 8;

  private static final Pattern SLOT =
      Pattern.compile("([0-9a-f]{" + HASH_DIGITS + "})([!-}&&[^A-Za-z0-9+/=_-]]?)(.*)");

  /// Where all memberships of a user in a room are, and perhaps some of others.
  ///
  /// @param salt the room's
  static SlotRange of(String salt, String user) {
    return of(salt, user, new ConnectionId("any"), Framing.SINGLE).neighbours();
  }

  /// @param salt the room's
  public static Slot of(String salt, String user, ConnectionId connection, Framing framing) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      // Whatever somebody has written there: an empty key would be refused.
      mac.init(new SecretKeySpec(("slot:" + salt).getBytes(UTF_8), "HmacSHA256"));
      String digest = HexFormat.of().formatHex(mac.doFinal(user.getBytes(UTF_8)));
      return new Slot(digest.substring(0, HASH_DIGITS), framing.flag(), connection);
    } catch (GeneralSecurityException e) {
      throw new AssertionError("every Java has HmacSHA256", e);
    }
  }

  /// @throws IllegalArgumentException where the text is no slot
  public static Slot parse(String text) {
    Matcher slot = SLOT.matcher(text);
    if (!slot.matches()) {
      throw new IllegalArgumentException("a slot is 8 hex digits, a flag and a connection id");
    }
    ConnectionId connection = new ConnectionId(slot.group(3));
    String hash = slot.group(1);
    if (slot.group(2).isEmpty() && !Sha256.hex(connection.value()).startsWith(hash)) {
      throw new IllegalArgumentException("a slot without a flag has the connection id's hash");
    }
    return new Slot(hash, slot.group(2), connection);
  }

  /// As the row has it.
  public String value() {
    return hash + flag + connection;
  }

  /// How the connection takes events.
  public Framing framing() {
    return Framing.of(flag);
  }

  /// The hash as a number, uniform from 0 to 2^32 - 1.
  public long number() {
    return Long.parseLong(hash, 16);
  }

  /// Where all memberships with the same hash are.
  SlotRange neighbours() {
    return new SlotRange(number(), number() + 1);
  }
}
