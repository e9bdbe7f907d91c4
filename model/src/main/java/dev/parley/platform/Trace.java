package dev.parley.platform;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.AWSXRayRecorder;
import com.amazonaws.xray.emitters.Emitter;
import com.amazonaws.xray.entities.Segment;
import com.amazonaws.xray.entities.Subsegment;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.lambda.powertools.tracing.TracingUtils;

/// What X-Ray is told of an invocation: its steps, and the AWS calls in them.
///
/// They are recorded where the invocation is sampled, and go into its own segment, which Lambda
/// makes. A [Part] of an invocation can go on with what others began: then the same steps are
/// written into their traces too, by [TraceDocuments]. Where nothing is recorded, a step is only
/// run.
///
/// All that is known of Powertools' tracing, and of the X-Ray SDK that it stands on, is in this
/// class.
public final class Trace {
  /// The step that a thread is in.
  ///
  /// @param own the trace of its invocation, or null where that is not sampled
  private record Place(Span step, @Nullable String own) {}

  /// Not bound where nothing is recorded.
  private static final ScopedValue<Place> HERE = ScopedValue.newInstance();

  /// Where Lambda's runtime tells the X-Ray SDK the trace of an invocation.
  private static final String HEADER_PROPERTY = "com.amazonaws.xray.traceHeader";

  private Trace() {}

  /// A place in a sampled trace: the trace, and the step that others hang theirs under. It travels
  /// with what that step caused, as X-Ray's header.
  ///
  /// @param traceId `1-`, 8 hex digits, `-`, 24 hex digits
  /// @param parentId 16 hex digits
  public record Context(String traceId, String parentId) {
    private static final Pattern HEADER =
        Pattern.compile(
            "Root=(1-[0-9a-f]{8}-[0-9a-f]{24});Parent=([0-9a-f]{16});Sampled=1(;Lineage=.*)?");

    /// @param header for example
    ///     `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`
    /// @return nothing where it is missing, not sampled, or no header
    public static Optional<Context> of(@Nullable String header) {
      if (header == null) {
        return Optional.empty();
      }
      Matcher matcher = HEADER.matcher(header);
      return matcher.matches()
          ? Optional.of(new Context(matcher.group(1), matcher.group(2)))
          : Optional.empty();
    }

    public String header() {
      return "Root=" + traceId + ";Parent=" + parentId + ";Sampled=1";
    }

    /// The same trace, at the current step of this thread.
    public Context here() {
      return current().map(step -> new Context(traceId, step.id())).orElse(this);
    }
  }

  /// Makes the X-Ray SDK's recorder and opens its socket, so that no invocation has to.
  static void open() {
    AWSXRay.getGlobalRecorder();
  }

  /// Runs invocations that X-Ray is told nothing of.
  ///
  /// @param header the trace that they are in, as Lambda says it
  static <T> T unsent(String header, Callable<T> invocations) throws Exception {
    AWSXRayRecorder recorder = AWSXRay.getGlobalRecorder();
    Emitter emitter = recorder.getEmitter();
    String before = System.getProperty(HEADER_PROPERTY);
    recorder.setEmitter(new NoDaemon());
    System.setProperty(HEADER_PROPERTY, header);
    try {
      return invocations.call();
    } finally {
      AWSXRay.clearTraceEntity();
      recorder.setEmitter(emitter);
      if (before == null) {
        System.clearProperty(HEADER_PROPERTY);
      } else {
        System.setProperty(HEADER_PROPERTY, before);
      }
    }
  }

  /// Gets segments in the daemon's format, and drops them.
  private static final class NoDaemon extends Emitter {
    @Override
    public boolean sendSegment(Segment segment) {
      return !segment.serialize().isEmpty();
    }

    @Override
    public boolean sendSubsegment(Subsegment subsegment) {
      return !subsegment.streamSerialize().isEmpty();
    }
  }

  /// Runs what an invocation does, as one subsegment of the function's segment, which Lambda makes.
  ///
  /// @param daemon gets the steps in that subsegment where the invocation is sampled
  static <T> T invocation(@Nullable XRayDaemon daemon, Supplier<T> handler) {
    // TracingUtils takes a consumer, so the list passes the result out.
    List<@Nullable T> result = new ArrayList<>(1);
    TracingUtils.withSubsegment("handleRequest", own -> result.add(record(own, daemon, handler)));
    return result.getFirst();
  }

  private static <T> T record(Subsegment own, @Nullable XRayDaemon daemon, Supplier<T> handler) {
    if (!own.getParentSegment().isSampled()) {
      return handler.get();
    }
    String traceId = own.getParentSegment().getTraceId().toString();
    Span root = Span.begin(own.getName());
    own.setId(root.id());
    try {
      return run(root, traceId, handler);
    } finally {
      ObjectNode recorded = root.json();
      own.setFault(recorded.has("fault"));
      root.annotations().forEach((key, value) -> annotate(own, key, value));
      if (daemon != null) {
        daemon.send(steps(recorded, traceId));
      }
    }
  }

  private static void annotate(Subsegment own, String key, Object value) {
    switch (value) {
      case Number number -> own.putAnnotation(key, number);
      case Boolean flag -> own.putAnnotation(key, flag);
      default -> own.putAnnotation(key, value.toString());
    }
  }

  /// A document for each step. X-Ray knows by the ids where they belong, so that the SDK need not
  /// hold them.
  private static List<byte[]> steps(ObjectNode root, String traceId) {
    return root.path("subsegments")
        .valueStream()
        .map(step -> ((ObjectNode) step).put("type", "subsegment").put("trace_id", traceId))
        .map(step -> step.put("parent_id", root.path("id").textValue()))
        .flatMap(step -> XRayDaemon.document(step).stream())
        .toList();
  }

  /// Runs one step under its name.
  public static <T> T step(String name, Supplier<T> step) {
    Place here = place();
    return here == null ? step.get() : run(here.step().step(name), here.own(), step);
  }

  private static <T> T run(Span span, @Nullable String own, Supplier<T> step) {
    try {
      return ScopedValue.where(HERE, new Place(span, own)).call(step::get);
    } catch (RuntimeException e) {
      span.fail();
      throw e;
    } finally {
      span.end();
    }
  }

  public static void step(String name, Runnable step) {
    step(
        name,
        () -> {
          step.run();
          return true;
        });
  }

  /// Makes a value of the current step searchable: X-Ray finds a trace by the annotations of all
  /// its steps.
  ///
  /// @param value a String, a Number or a Boolean
  public static void annotate(String name, Object value) {
    current().ifPresent(step -> step.annotate(name, value));
  }

  /// Says that calls of one operation were made in the current step, by what is no client of the
  /// AWS SDK.
  ///
  /// @param service as X-Ray shows it
  public static void called(
      String service, String operation, Instant began, int count, int throttled, int failed) {
    current()
        .ifPresent(
            step ->
                step.called(
                    service,
                    Map.of("operation", operation),
                    began,
                    new Span.CallResults(count, throttled, false, failed > 0)));
  }

  /// Runs a part of the invocation, which is one of its steps.
  ///
  /// @param continues whether it goes on with what others began, so that it is recorded also where
  ///     the invocation itself is not sampled
  public static void part(String name, boolean continues, Consumer<Part> body) {
    Place here = place();
    if (here == null && !continues) {
      body.accept(new Part(null));
      return;
    }
    Span span = Span.begin(name);
    try {
      run(
          span,
          here == null ? null : here.own(),
          () -> {
            body.accept(new Part(span));
            return true;
          });
    } finally {
      if (here != null) {
        here.step().add(span);
      }
    }
  }

  /// A part of an invocation. What is annotated in it, outside of its steps, is found in the traces
  /// that it goes on with.
  public static final class Part {
    private final @Nullable Span span;

    private Part(@Nullable Span span) {
      this.span = span;
    }

    /// What is recorded so far; nothing where it is not recorded.
    Optional<Span> span() {
      return Optional.ofNullable(span);
    }
  }

  /// Where the invocation is in its own trace; nothing where it is not sampled.
  public static Optional<Context> context() {
    Place here = place();
    return here == null || here.own() == null
        ? Optional.empty()
        : Optional.of(new Context(here.own(), here.step().id()));
  }

  private static @Nullable Place place() {
    return HERE.isBound() ? HERE.get() : null;
  }

  /// The step that the current thread is in; nothing where it is not recorded.
  static Optional<Span> current() {
    return Optional.ofNullable(place()).map(Place::step);
  }

  /// A task that runs in the step in which this is called, on whatever thread.
  static Runnable carried(Runnable task) {
    Place here = place();
    if (here == null) {
      return task;
    }
    ScopedValue.Carrier step = ScopedValue.where(HERE, here);
    return () -> step.run(task);
  }
}
