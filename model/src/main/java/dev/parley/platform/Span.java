package dev.parley.platform;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One step of an invocation, with the steps and the AWS calls in it, as X-Ray has it: a
/// subsegment, or what is in a segment.
///
/// Calls of one operation on one resource are one node, which counts them: a step that makes a
/// thousand calls is no larger than one that makes two. A tree has a bounded number of nodes.
///
/// Safe for use by many threads.
///
/// Source: "AWS X-Ray segment documents", X-Ray developer guide.
final class Span {
  /// Of a tree. They take 250 to 600 bytes each, and X-Ray takes 64 KB.
  static final int NODES_MAX = 100;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final String id = newId();
  private final String name;
  private final Instant start;
  private final AtomicInteger nodes;
  private final List<Span> steps = new ArrayList<>();
  private final Map<CallKey, Call> calls = new LinkedHashMap<>();
  private final Map<String, Object> annotations = new LinkedHashMap<>();
  private @Nullable Instant end;
  private boolean fault;

  private Span(String name, Instant start, AtomicInteger nodes) {
    this.name = name;
    this.start = start;
    this.nodes = nodes;
  }

  /// The root of a tree, which begins now.
  static Span begin(String name) {
    return new Span(name, Instant.now(), new AtomicInteger(1));
  }

  /// 16 hex digits.
  static String newId() {
    return HexFormat.of().toHexDigits(Entropy.RANDOM.nextLong());
  }

  private record CallKey(String service, String operation, String resource) {}

  /// Calls of one operation on one resource.
  private static final class Call {
    private final String id = newId();
    private final Map<String, String> aws;
    private final Instant start;
    private Instant end;
    private long count;
    private long throttled;
    private boolean error;
    private boolean fault;

    private Call(Map<String, String> aws, Instant start) {
      this.aws = aws;
      this.start = start;
      this.end = start;
    }
  }

  String id() {
    return id;
  }

  Instant start() {
    return start;
  }

  /// Begins a step of this one. Where the tree is full the step is not part of it.
  Span step(String stepName) {
    Span step = new Span(stepName, Instant.now(), nodes);
    if (nodes.incrementAndGet() <= NODES_MAX) {
      synchronized (this) {
        steps.add(step);
      }
    }
    return step;
  }

  /// Adds a tree that has ended as a step, where there is room for all of it.
  void add(Span tree) {
    int size = tree.nodes.get();
    if (nodes.addAndGet(size) <= NODES_MAX) {
      synchronized (this) {
        steps.add(tree);
      }
    }
  }

  /// Adds calls that have ended.
  ///
  /// @param call what was called, by X-Ray's names: `operation`, and `table_name` or `queue_url`
  void called(String service, Map<String, String> call, Instant began, CallResults results) {
    String operation = Objects.requireNonNullElse(call.get("operation"), "");
    CallKey key =
        new CallKey(
            service,
            operation,
            call.getOrDefault("table_name", call.getOrDefault("queue_url", "")));
    synchronized (this) {
      Call all = calls.get(key);
      if (all == null) {
        if (nodes.incrementAndGet() > NODES_MAX) {
          return;
        }
        all = new Call(call, began);
        calls.put(key, all);
      }
      all.end = Instant.now();
      all.count += results.count();
      all.throttled += results.throttled();
      all.error |= results.error() || results.throttled() > 0;
      all.fault |= results.fault();
    }
  }

  /// What became of some calls.
  ///
  /// @param count how many
  /// @param throttled how many of them were answered 429
  /// @param error whether one was refused
  /// @param fault whether one failed, or had no answer
  record CallResults(long count, long throttled, boolean error, boolean fault) {}

  /// A value to search by.
  ///
  /// @param value a String, a whole number or a Boolean
  synchronized void annotate(String key, Object value) {
    annotations.put(key, value);
  }

  synchronized Map<String, Object> annotations() {
    return new LinkedHashMap<>(annotations);
  }

  synchronized void fail() {
    fault = true;
  }

  synchronized void end() {
    end = Instant.now();
  }

  /// This step as a subsegment in a document.
  synchronized ObjectNode json() {
    // A step that is still under way, on a thread that nobody waits for, ends here.
    ObjectNode json = node(id, name, start, end == null ? Instant.now() : end);
    if (fault) {
      json.put("fault", true);
    }
    if (!annotations.isEmpty()) {
      json.set("annotations", annotations(annotations));
    }
    ArrayNode inside = JSON.arrayNode();
    steps.forEach(step -> inside.add(step.json()));
    calls.forEach((key, call) -> inside.add(json(key, call)));
    if (!inside.isEmpty()) {
      json.set("subsegments", inside);
    }
    return json;
  }

  private static ObjectNode json(CallKey key, Call call) {
    ObjectNode json = node(call.id, key.service(), call.start, call.end).put("namespace", "aws");
    if (call.throttled > 0) {
      json.put("throttle", true);
    }
    if (call.error) {
      json.put("error", true);
    }
    if (call.fault) {
      json.put("fault", true);
    }
    ObjectNode aws = json.putObject("aws");
    call.aws.forEach(aws::put);
    if (call.count > 1) {
      json.putObject("metadata").putObject("default").put("calls", call.count);
    }
    return json;
  }

  /// The fields of every node.
  static ObjectNode node(String id, String name, Instant start, Instant end) {
    return JSON.objectNode()
        .put("id", id)
        .put("name", name)
        .put("start_time", seconds(start))
        .put("end_time", seconds(end.isBefore(start) ? start : end));
  }

  static ObjectNode annotations(Map<String, Object> values) {
    ObjectNode json = JSON.objectNode();
    values.forEach(
        (key, value) -> {
          switch (value) {
            case Number number -> json.put(key, number.longValue());
            case Boolean flag -> json.put(key, flag);
            default -> json.put(key, value.toString());
          }
        });
    return json;
  }

  /// Seconds since 1970, to the microsecond.
  private static double seconds(Instant time) {
    Duration since = Duration.between(Instant.EPOCH, time);
    long micros = since.toNanosPart() / 1_000;
    return since.toSeconds() + micros / 1e6;
  }
}
