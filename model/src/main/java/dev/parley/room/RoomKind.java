package dev.parley.room;

/// Who a room is for. Its name tells it: no row has to be read to know how to answer a stranger.
public enum RoomKind {
  /// Made by whoever joins it first, and open to everybody.
  PUBLIC("public"),

  /// Made by `createRoom`, for those who have a role in it.
  PRIVATE("private"),

  /// Of two users.
  DIRECT("direct");

  private final String word;

  RoomKind(String word) {
    this.word = word;
  }

  /// As the documents write it.
  public String word() {
    return word;
  }
}
