package dev.parley.room;

import java.util.regex.Pattern;

/// A room's name, for example `global`: 1 to 64 of `A-Za-z0-9._-`.
public record RoomId(String name) implements Comparable<RoomId> {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");

  /// The room of a connection that names no rooms, and of a message that names none.
  public static final RoomId GLOBAL = new RoomId("global");

  public RoomId {
    if (!valid(name)) {
      throw new IllegalArgumentException("a room is 1 to 64 of A-Za-z0-9._-");
    }
  }

  public static boolean valid(String name) {
    return NAME.matcher(name).matches();
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
