package dev.parley.platform;

import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.entities.Entity;
import com.amazonaws.xray.entities.TraceHeader;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.lambda.powertools.tracing.TracingUtils;

/// The steps of an invocation, as subsegments of its X-Ray segment. Without a segment (a unit test)
/// the steps run all the same. On Lambda the segment is not known before the first subsegment
/// begins, so no code here asks for it earlier.
public final class Trace {
  private Trace() {}

  /// Runs one step under its name.
  public static <T> T step(String name, Supplier<T> step) {
    // TracingUtils takes a consumer, so the list passes the result out.
    List<T> result = new ArrayList<>(1);
    TracingUtils.withSubsegment(name, subsegment -> result.add(step.get()));
    return result.getFirst();
  }

  public static void step(String name, Runnable step) {
    TracingUtils.withSubsegment(name, subsegment -> step.run());
  }

  /// Makes a value of the current step searchable.
  public static void annotate(String name, String value) {
    TracingUtils.putAnnotation(name, value);
  }

  /// The header by which another function continues the current step's trace, for example
  /// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`; null where there
  /// is no trace.
  public static @Nullable String header() {
    return current().map(entity -> TraceHeader.fromEntity(entity).toString()).orElse(null);
  }

  private static Optional<Entity> current() {
    return Optional.ofNullable(AWSXRay.getGlobalRecorder().getTraceEntity());
  }
}
