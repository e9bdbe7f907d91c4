package dev.parley;

/// Which characters of a text are visible, and which a display name may have. docs/PROTOCOL.md
/// defines the words. Clients have the same rules in `web/client/text.js`; the tests of both read
/// their cases and ranges of code points from `web/test/text.json`.
public final class Text {
  /// Combining marks that may follow one another: more than any script needs in a name, and too few
  /// to cover the lines around it.
  private static final int MARKS_MAX = 8;

  private static final int ZERO_WIDTH_NON_JOINER = 0x200C;
  private static final int ZERO_WIDTH_JOINER = 0x200D;

  /// First and last of each range of Default_Ignorable_Code_Point (Unicode 16), which Java has no
  /// property for.
  private static final int[] DEFAULT_IGNORABLE = {
    0xAD, 0xAD, 0x34F, 0x34F, 0x61C, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180F,
    0x200B, 0x200F, 0x202A, 0x202E, 0x2060, 0x206F, 0x3164, 0x3164, 0xFE00, 0xFE0F, 0xFEFF, 0xFEFF,
    0xFFA0, 0xFFA0, 0xFFF0, 0xFFF8, 0x1BCA0, 0x1BCA3, 0x1D173, 0x1D17A, 0xE0000, 0xE0FFF
  };

  private Text() {}

  /// Without the space at both ends.
  public static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (from < to && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  /// Whether a text shows nothing.
  public static boolean isBlank(String text) {
    return text.codePoints().allMatch(Text::isInvisible);
  }

  /// Whether a text can be encoded in UTF-8: no half of a surrogate pair is alone.
  public static boolean isWellFormed(String text) {
    return text.codePoints().noneMatch(c -> Character.getType(c) == Character.SURROGATE);
  }

  public static int codePoints(String text) {
    return text.codePointCount(0, text.length());
  }

  /// Whether a text may be a display name: cleaning leaves it as it is.
  public static boolean isName(String text) {
    return !text.isEmpty() && text.equals(cleanName(text));
  }

  /// A text made into a display name, for example `Ada L` of ` Ada  L`:
  ///
  /// - White space and control characters become one space, and are removed at both ends.
  /// - Other invisible code points are removed, except those that shape the visible one before
  ///   them: a selector or tag character directly behind it, and a joiner between it and the next
  ///   one.
  /// - A character keeps its first 8 combining marks, and the name its first 64 code points.
  ///
  /// @return empty where no visible code point is left; combining marks alone do not count as one
  public static String cleanName(String text) {
    StringBuilder name = new StringBuilder();
    int length = 0;
    int marks = 0;
    int between = 0; // a space or joiner, written with the visible code point behind it
    boolean visible = false;
    for (int c : text.codePoints().toArray()) {
      boolean shapes = isSelector(c);
      if (isWhiteSpace(c) || Character.isISOControl(c)) {
        between = ' ';
        marks = 0;
        continue;
      }
      if (c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER) {
        between = between == 0 ? c : between;
        continue;
      }
      if (shapes ? length == 0 || between != 0 : isInvisible(c)) {
        continue;
      }
      boolean mark = isMark(c);
      if (mark && marks == MARKS_MAX) {
        continue;
      }
      boolean joined = length > 0 && between != 0;
      length += joined ? 2 : 1;
      if (length > Limits.SENDER_CHARACTERS_MAX) {
        break;
      }
      if (joined) {
        name.appendCodePoint(between);
      }
      name.appendCodePoint(c);
      between = 0;
      if (mark) {
        marks++;
      } else if (!shapes) {
        marks = 0;
        visible = true;
      }
    }
    return visible ? name.toString() : "";
  }

  /// What is trimmed at both ends of a text.
  static boolean isSpace(int c) {
    return isWhiteSpace(c) || (c >= 0x1C && c <= 0x1F) || c == 0x200B || c == 0xFEFF;
  }

  /// What shows nothing by itself.
  static boolean isInvisible(int c) {
    return isWhiteSpace(c)
        || Character.isISOControl(c)
        || Character.getType(c) == Character.SURROGATE
        || isNoncharacter(c)
        || isDefaultIgnorable(c)
        || c == 0x2800 // the Braille pattern without dots
        || (c >= 0xFFF9 && c <= 0xFFFB); // interlinear annotation
  }

  /// White_Space.
  private static boolean isWhiteSpace(int c) {
    return (c >= 0x9 && c <= 0xD) || c == 0x85 || Character.isSpaceChar(c);
  }

  private static boolean isNoncharacter(int c) {
    return (c & 0xFFFE) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF);
  }

  private static boolean isDefaultIgnorable(int c) {
    for (int i = 0; i < DEFAULT_IGNORABLE.length && c >= DEFAULT_IGNORABLE[i]; i += 2) {
      if (c <= DEFAULT_IGNORABLE[i + 1]) {
        return true;
      }
    }
    return false;
  }

  /// Variation selectors and tag characters, which say how to show the code point before them.
  private static boolean isSelector(int c) {
    return (c >= 0xFE00 && c <= 0xFE0F)
        || (c >= 0xE0100 && c <= 0xE01EF)
        || (c >= 0x180B && c <= 0x180D)
        || c == 0x180F
        || (c >= 0xE0020 && c <= 0xE007F);
  }

  private static boolean isMark(int c) {
    return switch (Character.getType(c)) {
      case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK, Character.COMBINING_SPACING_MARK ->
          true;
      default -> false;
    };
  }
}
