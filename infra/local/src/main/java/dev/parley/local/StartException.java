package dev.parley.local;

import static java.util.stream.Collectors.joining;

import java.util.List;

/// The local cloud cannot start as it was asked to. The message is one line for the user, or one
/// for each thing that is wrong: the setting, why, and the way out.
public final class StartException extends Exception {
  /// Libraries quote what they cannot read, however long it is.
  private static final int MESSAGE_CHARACTERS_MAX = 1_000;

  StartException(String message) {
    super(oneLine(message));
  }

  StartException(String message, Throwable cause) {
    super(oneLine(message), cause);
  }

  /// Several lines, as of a template with several problems.
  StartException(List<String> lines, Throwable cause) {
    super(lines.stream().map(StartException::oneLine).collect(joining("\n")), cause);
  }

  private static String oneLine(String message) {
    String line = message.strip().replaceAll("[\\p{Cntrl}\\p{Zl}\\p{Zp}]+\\s*", " ");
    return line.length() <= MESSAGE_CHARACTERS_MAX
        ? line
        : line.substring(0, MESSAGE_CHARACTERS_MAX) + "…";
  }
}
