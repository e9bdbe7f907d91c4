package dev.parley.local.template;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/// What is wrong with a template: gathered, so that all of it is told at once.
///
/// Of each path the first problem counts, and none of what is below it: what else is said of them
/// only follows from that. What is put in place of a refused value ([#UNKNOWN], a default) is
/// refused silently wherever it goes.
final class Refusals {
  /// More are not told, but counted.
  private static final int TOLD_MAX = 50;

  /// A value that something refused stands in the place of.
  static final Object UNKNOWN =
      new Object() {
        @Override
        public String toString() {
          return "unknown";
        }
      };

  private final String fileName;
  private final Map<String, Integer> lines = new HashMap<>();

  /// By path; empty where it follows from another.
  private final Map<String, Optional<TemplateException>> refused = new LinkedHashMap<>();

  Refusals(String fileName) {
    this.fileName = fileName;
  }

  /// Where a path begins; the first one counts.
  void isAt(String path, int line) {
    lines.putIfAbsent(path, line);
  }

  /// To be thrown where reading cannot go on without what is wrong.
  TemplateException problem(String path, String problem) {
    String at = path;
    while (!at.isEmpty() && !lines.containsKey(at)) {
      at = at.substring(0, Math.max(0, at.lastIndexOf('.')));
    }
    Integer line = lines.get(at);
    return new TemplateException(
        path,
        line == null ? 0 : line,
        List.of(
            "%s: %s (%s%s)"
                .formatted(
                    path.isEmpty() ? "the template" : path,
                    problem,
                    fileName,
                    line == null ? "" : ":" + line)));
  }

  /// As below, at a line that is not where the path begins.
  void addAt(int line, String path, String problem) {
    lines.put(path, line);
    add(path, problem);
  }

  /// Reading goes on.
  void add(String path, String problem) {
    add(problem(path, problem));
  }

  private void add(TemplateException problem) {
    if (!covers(problem.path())) {
      refused.put(problem.path(), Optional.of(problem));
    }
  }

  /// What is wrong there was told elsewhere.
  void silence(String path) {
    refused.putIfAbsent(path, Optional.empty());
  }

  /// Whether a path, or one that it is below, was refused.
  private boolean covers(String path) {
    for (String at = path; ; at = at.substring(0, at.lastIndexOf('.'))) {
      if (refused.containsKey(at)) {
        return true;
      }
      if (at.lastIndexOf('.') < 0) {
        return false;
      }
    }
  }

  /// Reads a part; what is wrong there is added.
  void attempt(Runnable part) {
    try {
      part.run();
    } catch (TemplateException e) {
      add(e);
    }
  }

  /// Reads a value.
  ///
  /// @return [#UNKNOWN] where it cannot be read
  Object attempt(Supplier<Object> value) {
    try {
      return value.get();
    } catch (TemplateException e) {
      add(e);
      return UNKNOWN;
    }
  }

  boolean isEmpty() {
    return refused.values().stream().allMatch(Optional::isEmpty);
  }

  /// Refuses the template, in the order of its lines, if anything is wrong.
  void throwIfAny() {
    List<TemplateException> all =
        refused.values().stream()
            .flatMap(Optional::stream)
            .sorted(Comparator.comparingInt(TemplateException::line))
            .toList();
    if (all.size() == 1) {
      throw all.getFirst();
    }
    if (all.isEmpty()) {
      return;
    }
    List<String> told = new ArrayList<>();
    told.add("%s: %d things cannot be honoured:".formatted(fileName, all.size()));
    all.stream().limit(TOLD_MAX).forEach(one -> told.addAll(one.lines()));
    if (all.size() > TOLD_MAX) {
      told.add("and %d more".formatted(all.size() - TOLD_MAX));
    }
    throw new TemplateException("", 0, told);
  }
}
