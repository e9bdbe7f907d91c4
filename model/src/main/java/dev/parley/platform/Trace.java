package dev.parley.platform;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What X-Ray is told of an invocation: its steps, and the AWS calls in them.
///
/// They are recorded where the invocation is sampled, and go into its own segment, which Lambda
/// makes. A [Part] of an invocation can go on with what others began: then the same steps are
/// written into their traces too, by [TraceDocuments]. Where nothing is recorded, a step is only
/// run.
public final class Trace {
  /// The step that a thread is in.
  ///
  /// @param own the trace of its invocation, or null where that is not sampled
  private record Place(Span step, @Nullable String own) {}

  /// Not bound where nothing is recorded.
  private static final ScopedValue<Place> HERE = ScopedValue.newInstance();

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

  /// Runs what an invocation does. Its steps are one subsegment of the function's segment, which
  /// Lambda makes.
  ///
  /// @param header the trace that Lambda gave it
  /// @param daemon gets the subsegment where the trace is sampled
  static <T> T invocation(
      @Nullable String header, @Nullable XRayDaemon daemon, Supplier<T> handler) {
    Context own = Context.of(header).orElse(null);
    if (own == null) {
      return handler.get();
    }
    Span root = Span.begin("## handleRequest");
    try {
      return run(root, own.traceId(), handler);
    } finally {
      if (daemon != null) {
        daemon.send(XRayDaemon.document(subsegment(root, own)).stream().toList());
      }
    }
  }

  private static ObjectNode subsegment(Span root, Context segment) {
    return root.json()
        .put("type", "subsegment")
        .put("trace_id", segment.traceId())
        .put("parent_id", segment.parentId());
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
