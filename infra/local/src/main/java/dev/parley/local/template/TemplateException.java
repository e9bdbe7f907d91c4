package dev.parley.local.template;

import java.util.List;

/// A template that the local cloud cannot run. Each line of the message is for the user: it names
/// the resource and the property, what is wrong, and the line, for example
/// `ChatApi.Properties.Routes.join.ApiKeyRequired: the local cloud does not honour this property
/// (template.yaml:57)`.
public final class TemplateException extends RuntimeException {
  private final String path;
  private final int line;
  private final List<String> lines;

  /// What ends the reading at once, at no place in the template.
  TemplateException(String message) {
    this("", 0, List.of(message));
  }

  /// @param line 0 where it is not known
  TemplateException(String path, int line, List<String> lines) {
    super(String.join("\n", lines));
    this.path = path;
    this.line = line;
    this.lines = List.copyOf(lines);
  }

  /// One for each thing that is wrong; where there are several, behind one that counts them.
  public List<String> lines() {
    return lines;
  }

  String path() {
    return path;
  }

  int line() {
    return line;
  }
}
