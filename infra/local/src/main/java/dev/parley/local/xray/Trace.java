package dev.parley.local.xray;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The documents of one trace that have arrived. Not safe for use by several threads.
final class Trace {
  /// X-Ray endpoints and quotas, "Trace document size".
  static final int BYTES_MAX = 500 * 1024;

  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSX").withZone(ZoneOffset.UTC);

  private static final Comparator<Span> BY_START = Comparator.comparingDouble(Span::startSeconds);

  private final String id;
  private final Map<String, Span> documents = new LinkedHashMap<>();
  private int bytes;
  private int dropped;

  Trace(String id) {
    this.id = id;
  }

  /// Keeps a document; one with the same id replaces what was told of it while it was in progress.
  void add(Span span, int spanBytes) {
    if (bytes + spanBytes > BYTES_MAX) {
      dropped++;
      return;
    }
    bytes += spanBytes;
    documents.put(span.id(), span);
  }

  /// One line for the trace, and beneath it one for each segment and subsegment: how long after the
  /// start of the trace it began, how long it took, its name, and what went wrong.
  void print(StringBuilder out) {
    List<Span> all = new ArrayList<>();
    documents.values().forEach(span -> addTo(all, span));
    if (all.isEmpty()) {
      return;
    }
    Map<@Nullable String, List<Span>> byParent = new HashMap<>();
    Set<String> known = new HashSet<>();
    all.forEach(span -> known.add(span.id()));
    for (Span span : documents.values()) {
      // A document whose parent has not arrived is shown as a root.
      String parent = known.contains(span.parentId()) ? span.parentId() : null;
      byParent.computeIfAbsent(parent, _ -> new ArrayList<>()).add(span);
    }
    double start = all.stream().mapToDouble(Span::startSeconds).min().orElseThrow();
    double end =
        all.stream().mapToDouble(s -> s.endSeconds() == null ? 0 : s.endSeconds()).max().orElse(0);
    long segments = documents.values().stream().filter(Span::segment).count();
    List<Span> roots = new ArrayList<>(byParent.getOrDefault(null, List.of()));
    roots.sort(BY_START);
    Set<String> marks = new TreeSet<>();
    all.forEach(span -> marks.addAll(span.marks()));
    out.append(
        "%s  %s  %s  %s  %d %s%s%s%n"
            .formatted(
                TIME.format(Instant.ofEpochMilli(Math.round(start * 1000))),
                id,
                milliseconds(end - start),
                roots.isEmpty() ? "?" : roots.getFirst().name(),
                segments,
                segments == 1 ? "segment" : "segments",
                marked(marks),
                dropped == 0 ? "" : "  (%d documents too many)".formatted(dropped)));
    Set<String> shown = new HashSet<>();
    roots.forEach(root -> print(out, root, 1, start, byParent, shown));
  }

  private static void addTo(List<Span> all, Span span) {
    all.add(span);
    span.subsegments().forEach(subsegment -> addTo(all, subsegment));
  }

  private static void print(
      StringBuilder out,
      Span span,
      int depth,
      double start,
      Map<@Nullable String, List<Span>> byParent,
      Set<String> shown) {
    if (!shown.add(span.id())) {
      return; // documents that name each other as parents
    }
    Double end = span.endSeconds();
    out.append(
        "%s+%s  %s  %s%s%n"
            .formatted(
                "    ".repeat(depth),
                milliseconds(span.startSeconds() - start),
                end == null ? "in progress" : milliseconds(end - span.startSeconds()),
                span.name(),
                marked(span.marks())));
    List<Span> children = new ArrayList<>(span.subsegments());
    children.addAll(byParent.getOrDefault(span.id(), List.of()));
    children.sort(BY_START);
    children.forEach(child -> print(out, child, depth + 1, start, byParent, shown));
  }

  private static String milliseconds(double seconds) {
    return String.format(Locale.ROOT, "%.1f ms", Math.max(0, seconds) * 1000);
  }

  private static String marked(Iterable<String> marks) {
    StringBuilder out = new StringBuilder();
    marks.forEach(mark -> out.append("  ").append(mark.toUpperCase(Locale.ROOT)));
    return out.toString();
  }
}
