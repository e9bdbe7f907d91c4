package dev.parley.local.xray;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The documents of one trace that have arrived, in whatever order. Safe for use by many threads.
final class Trace {
  /// X-Ray endpoints and quotas, "Trace document size".
  static final int BYTES_MAX = 500 * 1024;

  /// How deep a subsegment may be in others for more to be joined to it. A program that recurses
  /// has more, and what goes through them would use up the stack.
  static final int DEPTH_MAX = 100;

  /// What contains others before them.
  private static final Comparator<ObjectNode> BY_START =
      Comparator.<ObjectNode>comparingDouble(entity -> entity.path("start_time").asDouble())
          .thenComparingDouble(entity -> -entity.path("end_time").asDouble())
          .thenComparing(entity -> entity.path("id").asText());

  private final String id;
  private final long number;
  private final Map<String, SegmentDocument> documents = new LinkedHashMap<>();
  private int bytes;
  private boolean limitExceeded;
  private int revision;
  private @Nullable FullTrace full;

  /// @param number grows from one trace to the next
  Trace(String id, long number) {
    this.id = id;
    this.number = number;
  }

  String id() {
    return id;
  }

  long number() {
    return number;
  }

  /// A trace as it is at one moment.
  ///
  /// @param segments as of [#segments]
  /// @param limitExceeded whether documents were refused because the trace was full
  record Copy(List<ObjectNode> segments, double seconds, boolean limitExceeded) {}

  synchronized Copy copy() {
    return new Copy(segments(), full().seconds(), limitExceeded);
  }

  /// Keeps a document instead of what was told of it before, unless only that says how it ended.
  ///
  /// @return how many bytes the trace has grown by, or null if it has no room for the document
  synchronized @Nullable Integer add(SegmentDocument document) {
    SegmentDocument known = documents.get(document.id());
    if (known != null && document.isInProgress() && !known.isInProgress()) {
      return 0;
    }
    int growth = document.bytes() - (known == null ? 0 : known.bytes());
    if (bytes + growth > BYTES_MAX) {
      limitExceeded = true;
      return null;
    }
    bytes += growth;
    documents.put(document.id(), document);
    revision++;
    full = null;
    return growth;
  }

  synchronized int bytes() {
    return bytes;
  }

  /// What can be asked of it; made anew only when a document has come since.
  synchronized FullTrace full() {
    FullTrace made = full;
    if (made == null) {
      made = FullTrace.of(id, revision, segments());
      full = made;
    }
    return made;
  }

  /// Its segments by their start, each with its subsegments, also those that were sent alone; then
  /// a segment that is inferred from each call to a service that sent none; and subsegments whose
  /// parents have not come.
  synchronized List<ObjectNode> segments() {
    List<ObjectNode> trees = new ArrayList<>();
    documents.values().forEach(document -> trees.add(document.tree()));
    trees.sort(BY_START);
    List<ObjectNode> segments = new ArrayList<>();
    Map<String, List<ObjectNode>> alone = new LinkedHashMap<>();
    Set<String> callers = new HashSet<>();
    for (ObjectNode tree : trees) {
      String parentId = tree.path("parent_id").asText();
      if (tree.has("type")) {
        alone.computeIfAbsent(parentId, _ -> new ArrayList<>()).add(tree);
      } else {
        segments.add(tree);
        callers.add(parentId);
      }
    }
    join(segments, alone);
    List<ObjectNode> inferred = new ArrayList<>();
    segments.forEach(segment -> infer(segment, callers, inferred));
    inferred.sort(BY_START);
    segments.addAll(inferred);
    alone.values().forEach(segments::addAll);
    return segments;
  }

  /// Moves subsegments that were sent alone into their parents.
  ///
  /// @param alone by their parents' ids; in the end, those whose parents have not come, or are too
  ///     deep in others
  private static void join(List<ObjectNode> segments, Map<String, List<ObjectNode>> alone) {
    Set<String> ids = new HashSet<>();
    Deque<Place> parents = new ArrayDeque<>();
    segments.forEach(segment -> collect(segment, 0, ids, parents));
    Place parent;
    while ((parent = parents.poll()) != null) {
      if (parent.depth() >= DEPTH_MAX) {
        continue;
      }
      List<ObjectNode> children = alone.remove(parent.entity().path("id").asText());
      for (ObjectNode child : children == null ? List.<ObjectNode>of() : children) {
        if (!ids.contains(child.path("id").asText())) { // not told within its parent, too
          child.remove(List.of("type", "trace_id", "parent_id"));
          parent.entity().withArrayProperty("subsegments").add(child);
          collect(child, parent.depth() + 1, ids, parents);
        }
      }
    }
  }

  /// A segment, or a subsegment that is so deep in one.
  private record Place(ObjectNode entity, int depth) {}

  private static void collect(ObjectNode entity, int depth, Set<String> ids, Deque<Place> places) {
    ids.add(entity.path("id").asText());
    places.add(new Place(entity, depth));
    entity
        .path("subsegments")
        .forEach(child -> collect((ObjectNode) child, depth + 1, ids, places));
  }

  /// @param callers the ids that are parents of segments
  private void infer(ObjectNode entity, Set<String> callers, List<ObjectNode> inferred) {
    String namespace = entity.path("namespace").asText();
    String callId = entity.path("id").asText();
    if ((namespace.equals("aws") || namespace.equals("remote")) && !callers.contains(callId)) {
      ObjectNode segment = Json.MAPPER.createObjectNode();
      segment.put("id", inferredId(callId));
      segment.set("name", entity.path("name"));
      segment.put("trace_id", id);
      segment.put("parent_id", callId);
      segment.put("inferred", true);
      for (String field :
          List.of(
              "start_time",
              "end_time",
              "in_progress",
              "error",
              "throttle",
              "fault",
              "cause",
              "http",
              "sql",
              "aws")) {
        if (entity.has(field)) {
          segment.set(field, entity.path(field));
        }
      }
      if (namespace.equals("aws")) {
        segment.put("origin", Service.typeOfCall(entity));
      }
      inferred.add(segment);
    }
    if (entity.path("subsegments") instanceof ArrayNode subsegments) {
      subsegments.forEach(child -> infer((ObjectNode) child, callers, inferred));
    }
  }

  /// The same whenever the trace is asked for.
  private static String inferredId(String callId) {
    byte[] name = ("inferred from " + callId).getBytes(StandardCharsets.UTF_8);
    return "%016x".formatted(UUID.nameUUIDFromBytes(name).getLeastSignificantBits());
  }
}
