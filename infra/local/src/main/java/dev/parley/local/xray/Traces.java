package dev.parley.local.xray;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.xray.SegmentDocument.Refusal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The traces that X-Ray keeps here: the newest, within bounds. What breaks a rule of X-Ray is
/// refused and counted.
///
/// Safe for use by many threads.
public final class Traces {
  /// `Unlike AWS:` which keeps traces for 30 days. Enough to look at what has just happened.
  static final int TRACES_MAX = 2_000;

  /// A few percent of the heap of 1 GB with which the local cloud is started.
  static final long BYTES_MAX = 32L * 1024 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(Traces.class);

  private final LinkedHashMap<String, Trace> traces = new LinkedHashMap<>();
  private final Map<String, Long> refused = new TreeMap<>();
  private long bytes;
  private long number;

  /// Keeps a document.
  ///
  /// @param json UTF-8
  /// @return why it is refused; null where it is kept
  @Nullable Refusal put(byte[] json) {
    Refusal refusal;
    try {
      refusal = put(SegmentDocument.of(json));
    } catch (SegmentDocument.Refused e) {
      refusal = e.refusal();
    }
    if (refusal != null) {
      refuse(refusal);
    }
    return refusal;
  }

  @Nullable Refusal put(String json) {
    return put(json.getBytes(UTF_8));
  }

  private synchronized @Nullable Refusal put(SegmentDocument document) {
    Trace trace = traces.computeIfAbsent(document.traceId(), id -> new Trace(id, number++));
    Integer growth = trace.add(document);
    if (growth == null) {
      return Refusal.of(
          document.tree(),
          "TraceSizeLimitExceeded",
          "%s has more than %d bytes".formatted(trace.id(), Trace.BYTES_MAX));
    }
    bytes += growth;
    while (traces.size() > TRACES_MAX || bytes > BYTES_MAX) {
      bytes -= traces.pollFirstEntry().getValue().bytes();
    }
    return null;
  }

  /// Counts what is refused, and tells it in the log once for each code.
  synchronized void refuse(Refusal refusal) {
    if (refused.merge(refusal.code(), 1L, Long::sum) == 1) {
      LOG.warn(
          "X-Ray refused a document: {}; further ones with {} are counted only",
          refusal.message(),
          refusal.code());
    }
  }

  /// How many documents were refused, by error code.
  public synchronized Map<String, Long> refused() {
    return Map.copyOf(refused);
  }

  synchronized @Nullable Trace trace(String id) {
    return traces.get(id);
  }

  synchronized List<Trace> newestFirst() {
    return new ArrayList<>(traces.values()).reversed();
  }
}
