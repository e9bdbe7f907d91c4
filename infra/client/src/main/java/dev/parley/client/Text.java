package dev.parley.client;

import java.util.regex.Pattern;

/// What of a text can be seen, and what may be a display name: the chapter "Text and names" of
/// PROTOCOL.md.
final class Text {
  private static final int NAME_CODE_POINTS_MAX = 64;
  private static final int MARKS_MAX = 8;

  /// Java has no property for it.
  private static final String DEFAULT_IGNORABLE =
      "\\x{AD}\\x{34F}\\x{61C}\\x{115F}\\x{1160}\\x{17B4}\\x{17B5}\\x{180B}-\\x{180F}"
          + "\\x{200B}-\\x{200F}\\x{202A}-\\x{202E}\\x{2060}-\\x{206F}\\x{3164}\\x{FE00}-\\x{FE0F}"
          + "\\x{FEFF}\\x{FFA0}\\x{FFF0}-\\x{FFF8}\\x{1BCA0}-\\x{1BCA3}\\x{1D173}-\\x{1D17A}"
          + "\\x{E0000}-\\x{E0FFF}";

  private static final Pattern SPACE =
      Pattern.compile("[\\p{IsWhite_Space}\\x{1C}-\\x{1F}\\x{200B}\\x{FEFF}]");
  private static final Pattern INVISIBLE =
      Pattern.compile(
          "[\\p{IsWhite_Space}\\p{Cc}\\p{Cs}\\p{IsNoncharacter_Code_Point}"
              + DEFAULT_IGNORABLE
              + "\\x{2800}\\x{FFF9}-\\x{FFFB}]");
  private static final Pattern WHITE_SPACE_OR_CONTROL =
      Pattern.compile("[\\p{IsWhite_Space}\\p{Cc}]");
  private static final Pattern JOINER = Pattern.compile("[\\x{200C}\\x{200D}]");
  private static final Pattern SELECTOR =
      Pattern.compile(
          "[\\x{FE00}-\\x{FE0F}\\x{180B}-\\x{180D}\\x{180F}"
              + "\\x{E0100}-\\x{E01EF}\\x{E0020}-\\x{E007F}]");
  private static final Pattern MARK = Pattern.compile("\\p{M}");

  private Text() {}

  private static boolean is(Pattern kind, int codePoint) {
    return kind.matcher(Character.toString(codePoint)).matches();
  }

  static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && is(SPACE, text.charAt(from))) {
      from++;
    }
    while (from < to && is(SPACE, text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /// Whether a text shows nothing.
  static boolean isBlank(String text) {
    return text.codePoints().allMatch(c -> is(INVISIBLE, c));
  }

  /// What is left of a text as a display name, perhaps nothing.
  static String cleanName(String text) {
    StringBuilder name = new StringBuilder();
    String between = ""; // a space or joiner, written with the visible code point behind it
    int length = 0;
    int marks = 0;
    boolean visible = false;
    for (int c : text.codePoints().toArray()) {
      boolean shapes = is(SELECTOR, c);
      if (is(WHITE_SPACE_OR_CONTROL, c)) {
        between = " ";
        marks = 0;
        continue;
      }
      if (is(JOINER, c)) {
        between = between.isEmpty() ? Character.toString(c) : between;
        continue;
      }
      if (shapes ? name.isEmpty() || !between.isEmpty() : is(INVISIBLE, c)) {
        continue;
      }
      boolean mark = is(MARK, c);
      if (mark && marks == MARKS_MAX) {
        continue;
      }
      String added = (name.isEmpty() ? "" : between) + Character.toString(c);
      length += added.codePointCount(0, added.length());
      if (length > NAME_CODE_POINTS_MAX) {
        break;
      }
      name.append(added);
      between = "";
      if (mark) {
        marks++;
      } else if (!shapes) {
        marks = 0;
        visible = true;
      }
    }
    return visible ? name.toString() : "";
  }
}
