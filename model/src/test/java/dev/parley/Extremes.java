package dev.parley;

import java.util.List;
import java.util.Random;

/// The largest texts that the protocol accepts, drawn at random: characters that take most bytes in
/// UTF-8 or in JSON, and characters that a store or a queue might refuse.
public final class Extremes {
  /// 6 bytes in JSON each.
  private static final List<String> ESCAPED = List.of("\u0001", "\u001b", "\ufffe", "\uffff");

  /// 4 bytes, 3 bytes, 2 bytes in JSON, 1 byte.
  private static final List<String> OTHERS =
      List.of(
          "\ud83d\ude00",
          "\udbff\udffd",
          "\ud83f\udffe",
          "\u20ac",
          "\u2028",
          "\u202e",
          "\ufffd",
          "\"",
          "\\",
          "\n",
          "\u00a0",
          "\u007f",
          "\u00e9",
          "x");

  private static final List<String> IN_NAMES =
      List.of(
          "\ud83d\ude00",
          "\udbc0\udc00",
          "\"",
          "\\",
          "\u20ac",
          "e\u0301\u0302",
          "\ud83c\udff4\udb40\udc67",
          "\u0645\u200c\u062e",
          "\ud83d\udc68\u200d\ud83d\udc66",
          "\u2764\ufe0f",
          "x",
          "A B");

  private Extremes() {}

  /// 1 to 4,000 code points, all of one kind or of several, which trimming leaves as they are.
  public static String message(Random random) {
    List<String> kinds = random.nextBoolean() ? ESCAPED : OTHERS;
    int characters =
        random.nextInt(3) == 0
            ? 1 + random.nextInt(Limits.MESSAGE_CHARACTERS_MAX)
            : Limits.MESSAGE_CHARACTERS_MAX;
    String one = kinds.get(random.nextInt(kinds.size()));
    boolean mixed = random.nextInt(3) == 0;
    StringBuilder text = new StringBuilder("\ud83d\ude80");
    for (int i = 2; i < characters; i++) {
      text.append(mixed ? kinds.get(random.nextInt(kinds.size())) : one);
    }
    return characters == 1 ? text.toString() : text.append("\ud83d\ude80").toString();
  }

  /// A display name of up to 64 code points.
  public static String name(Random random) {
    String one = IN_NAMES.get(random.nextInt(IN_NAMES.size()));
    boolean mixed = random.nextInt(3) == 0;
    StringBuilder name = new StringBuilder();
    for (int i = 0; i < Limits.SENDER_CHARACTERS_MAX; i++) {
      name.append(mixed ? IN_NAMES.get(random.nextInt(IN_NAMES.size())) : one);
    }
    return Text.cleanName(name.toString());
  }

  /// 128 printable ASCII characters.
  public static String user(Random random) {
    return List.of("\"", "\\", "u").get(random.nextInt(3)).repeat(Limits.USER_CHARACTERS_MAX);
  }

  /// 64 code points.
  public static String ref(Random random) {
    List<String> kinds = random.nextBoolean() ? ESCAPED : OTHERS;
    return kinds.get(random.nextInt(kinds.size())).repeat(Limits.ID_CHARACTERS_MAX);
  }

  /// 64 characters, for a room or an id; equal where the beginning is.
  public static String id(String beginning) {
    return beginning + "_".repeat(Limits.ID_CHARACTERS_MAX - beginning.length());
  }
}
