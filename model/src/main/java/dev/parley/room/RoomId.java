package dev.parley.room;

import dev.parley.Sha256;
import dev.parley.platform.Entropy;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;

/// A room's name, for example `global`: 1 to 64 of `A-Za-z0-9._-`.
///
/// Names that begin with `p.` or `d.` are private rooms', whether there is such a room or not. The
/// server makes them, so that nobody has to be told which of them exist.
public record RoomId(String name) implements Comparable<RoomId> {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /// The room of a connection that names no rooms, and of a message that names none.
  public static final RoomId GLOBAL = new RoomId("global");

  private static final String PRIVATE_PREFIX = "p.";
  private static final String DIRECT_PREFIX = "d.";

  /// 128 bits: nobody finds a name by trying.
  private static final int RANDOM_BYTES = 16;

  private static final int HASH_DIGITS = 32;

  public RoomId {
    if (!valid(name)) {
      throw new IllegalArgumentException("a room is 1 to 64 of A-Za-z0-9._-");
    }
  }

  public static boolean valid(String name) {
    return NAME.matcher(name).matches();
  }

  /// A private room's name that no other room has.
  public static RoomId newPrivate() {
    byte[] random = new byte[RANDOM_BYTES];
    Entropy.RANDOM.nextBytes(random);
    return new RoomId(
        PRIVATE_PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(random));
  }

  /// The room of two users, in whichever order they are given. User ids have no spaces.
  public static RoomId direct(String user, String other) {
    List<String> both = List.of(user, other).stream().sorted().toList();
    return new RoomId(
        DIRECT_PREFIX + Sha256.hex("direct:" + String.join(" ", both)).substring(0, HASH_DIGITS));
  }

  public RoomKind kind() {
    if (name.startsWith(PRIVATE_PREFIX)) {
      return RoomKind.PRIVATE;
    }
    return name.startsWith(DIRECT_PREFIX) ? RoomKind.DIRECT : RoomKind.PUBLIC;
  }

  @Override
  public int compareTo(RoomId other) {
    return name.compareTo(other.name);
  }

  @Override
  public String toString() {
    return name;
  }
}
