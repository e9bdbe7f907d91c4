package dev.parley.platform;

import com.amazonaws.services.lambda.runtime.Context;
import java.util.function.Supplier;
import org.slf4j.MDC;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

/// What every invocation of every function has around it: its log lines have its keys, its steps
/// are under one subsegment, and its keys are removed at the end.
public final class Invocation {
  private Invocation() {}

  /// Handles one event.
  public static <T> T handle(Context context, Supplier<T> handler) {
    return PowertoolsLogging.withLogging(
        context,
        () -> {
          try {
            return Trace.invocation(handler);
          } finally {
            MDC.clear();
          }
        });
  }
}
