package dev.parley.local.xray;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A segment or a subsegment, with the subsegments that came in its document.
///
/// @param id 16 hex digits
/// @param parentId of the segment or subsegment that caused it, or null for the root of a trace
/// @param endSeconds null while it is in progress
/// @param segment false for a subsegment
/// @param marks what went wrong in it: of `fault`, `error` and `throttle`
///
/// Source: "AWS X-Ray segment documents", X-Ray developer guide.
record Span(
    String id,
    @Nullable String parentId,
    String name,
    double startSeconds,
    @Nullable Double endSeconds,
    boolean segment,
    List<String> marks,
    List<Span> subsegments) {
  Span {
    if (!id.matches("[0-9a-f]{16}")) {
      throw new IllegalArgumentException("A segment id is 16 hex digits");
    }
    if (!Double.isFinite(startSeconds) || startSeconds < 0 || startSeconds > 1e11) {
      throw new IllegalArgumentException("A time is in seconds since 1970");
    }
    // A name is shown as it is, so it must not be able to end the line.
    name = name.replaceAll("\\p{Cntrl}", "?");
    marks = List.copyOf(marks);
    subsegments = List.copyOf(subsegments);
  }

  /// @throws IllegalArgumentException if it is not a segment
  static Span of(JsonNode document) {
    return of(document, !document.path("type").asText().equals("subsegment"));
  }

  private static Span of(JsonNode document, boolean segment) {
    if (!document.path("start_time").isNumber()) {
      throw new IllegalArgumentException("A segment has a start_time");
    }
    List<String> marks = new ArrayList<>();
    for (String mark : List.of("fault", "error", "throttle")) {
      if (document.path(mark).asBoolean()) {
        marks.add(mark);
      }
    }
    List<Span> subsegments = new ArrayList<>();
    for (JsonNode subsegment : document.path("subsegments")) {
      subsegments.add(of(subsegment, false));
    }
    JsonNode end = document.path("end_time");
    JsonNode parent = document.path("parent_id");
    return new Span(
        document.path("id").asText(),
        parent.isTextual() ? parent.asText() : null,
        document.path("name").asText("?"),
        document.path("start_time").asDouble(),
        end.isNumber() ? end.asDouble() : null,
        segment,
        marks,
        subsegments);
  }
}
