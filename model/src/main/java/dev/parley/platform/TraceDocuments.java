package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes what an invocation did for others into their traces: a segment of its own for each, named
/// after the function.
///
/// A sampled invocation has an X-Ray daemon, which takes documents by UDP. Beside an unsampled one
/// there may be none, so that the documents are posted to X-Ray, while the invocation goes on. A
/// document that cannot be sent is logged, and nothing else fails.
///
/// Sources: "AWS X-Ray segment documents" and "Sending segment documents to X-Ray", X-Ray developer
/// guide; `PutTraceSegments`, service model xray 2016-04-12; AWS X-Ray in the Lambda developer
/// guide.
public final class TraceDocuments implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(TraceDocuments.class);
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final Duration POST_MAX = Duration.ofSeconds(1);
  private static final int POSTS_AT_ONCE = 4;

  /// An invocation waits so long for its posts. The others are given up: Lambda may stop the
  /// function before they end.
  private static final Duration WAIT_MAX = Duration.ofMillis(250);

  /// What does not change from invocation to invocation. Safe for use by many threads.
  public static final class Target {
    private final String function;
    private final @Nullable XRayDaemon daemon;
    private final Aws aws;

    /// Made when it is needed first: most instances never post.
    private @Nullable SignedPost xray;

    public Target(Aws aws, Settings settings) {
      this.function =
          Objects.requireNonNullElse(settings.optional("AWS_LAMBDA_FUNCTION_NAME"), "function");
      this.daemon = XRayDaemon.of(settings);
      this.aws = aws;
    }

    private synchronized SignedPost xray() {
      SignedPost made = xray;
      if (made == null) {
        made = new SignedPost(aws, "xray", aws.xrayUrl(), POST_MAX, POSTS_AT_ONCE);
        xray = made;
      }
      return made;
    }
  }

  /// Where in another trace a part goes on.
  ///
  /// @param waitedIn what it waited in for this function, for example `stream`
  /// @param since when it began to wait
  /// @param annotations of this trace's document only; each value a String, a Number or a Boolean
  public record Origin(
      Trace.Context context, String waitedIn, Instant since, Map<String, Object> annotations) {}

  private final Target target;
  private final InvocationExecutor executor = new InvocationExecutor();
  private final List<CompletableFuture<Void>> posts = new ArrayList<>();

  /// Those of one invocation.
  public TraceDocuments(Target target) {
    this.target = target;
  }

  /// Writes what was recorded of a part into the traces that it goes on with. The invocation's own
  /// trace has it already.
  public void write(Trace.Part part, List<Origin> origins) {
    Span span = part.span().orElse(null);
    if (span == null || origins.isEmpty()) {
      return;
    }
    String own = Trace.context().map(Trace.Context::traceId).orElse(null);
    ObjectNode steps = span.json();
    // A message may be in a batch twice, but an id may be in a trace once.
    Set<String> written = new HashSet<>();
    if (own != null) {
      written.add(own);
    }
    List<byte[]> documents = new ArrayList<>();
    for (Origin origin : origins) {
      if (written.add(origin.context().traceId())) {
        document(span, steps, origin, own).ifPresent(documents::add);
      }
    }
    if (own != null) {
      // 35 characters each, and X-Ray takes 1,000 in an annotation.
      span.annotate(
          "continues",
          origins.stream()
              .map(origin -> origin.context().traceId())
              .limit(25)
              .collect(Collectors.joining(" ")));
    }
    XRayDaemon daemon = target.daemon;
    if (own != null && daemon != null) {
      daemon.send(documents);
    } else if (!documents.isEmpty()) {
      CompletableFuture<Void> post = CompletableFuture.runAsync(() -> post(documents), executor);
      synchronized (posts) {
        posts.add(post);
      }
    }
  }

  private Optional<byte[]> document(
      Span span, ObjectNode steps, Origin origin, @Nullable String own) {
    Instant begun = span.start();
    Instant start = origin.since().isBefore(begun) ? origin.since() : begun;
    ObjectNode json = Span.node(span.id(), target.function, start, Instant.now());
    json.put("trace_id", origin.context().traceId());
    json.put("parent_id", origin.context().parentId());
    json.put("origin", "AWS::Lambda::Function");
    ObjectNode annotations = json.putObject("annotations");
    annotations.setAll(Span.annotations(span.annotations()));
    annotations.setAll(Span.annotations(origin.annotations()));
    if (own != null) {
      annotations.put("function_trace", own);
    }
    if (steps.path("subsegments").valueStream().anyMatch(TraceDocuments::hasFailed)) {
      json.put("fault", true);
    }
    ArrayNode inside = json.putArray("subsegments");
    inside.add(Span.node(Span.newId(), "wait in " + origin.waitedIn(), start, begun));
    steps.path("subsegments").forEach(inside::add);
    return XRayDaemon.document(json);
  }

  /// Whether it is a step that threw. A call that failed may have been tried again.
  private static boolean hasFailed(JsonNode node) {
    return !node.has("namespace") && node.path("fault").booleanValue();
  }

  private void post(List<byte[]> documents) {
    ObjectNode json = MAPPER.createObjectNode();
    ArrayNode texts = json.putArray("TraceSegmentDocuments");
    documents.forEach(document -> texts.add(new String(document, UTF_8)));
    try {
      SignedPost.Answer answer =
          target.xray().post("/TraceSegments", MAPPER.writeValueAsBytes(json), () -> true);
      if (answer.status() != 200 || answer.body().contains("ErrorCode")) {
        LOG.warn("X-Ray answered {} to trace documents: {}", answer.status(), answer.body());
      }
    } catch (IOException | RuntimeException e) {
      LOG.warn("{} trace documents were not sent: {}", documents.size(), e.getMessage());
    }
  }

  /// Waits for a while for what is under way.
  @Override
  public void close() {
    CompletableFuture<?>[] all;
    synchronized (posts) {
      all = posts.toArray(CompletableFuture[]::new);
    }
    CompletableFuture.allOf(all)
        .completeOnTimeout(null, WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS)
        .join();
    long left = Stream.of(all).filter(post -> !post.isDone()).count();
    if (left > 0) {
      LOG.warn("{} posts of trace documents have no answer yet", left);
    }
  }
}
