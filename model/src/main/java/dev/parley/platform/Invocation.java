package dev.parley.platform;

import com.amazonaws.services.lambda.runtime.Context;
import java.util.function.Supplier;
import org.slf4j.MDC;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

/// What frames every invocation of every function: its log lines bear its keys, its steps stand
/// under one subsegment, and nothing of it is left for the next invocation.
public final class Invocation {
  private Invocation() {}

  /// Handles one event.
  public static <T> T handle(Context context, Supplier<T> handler) {
    return PowertoolsLogging.withLogging(
        context,
        () -> {
          try {
            return Trace.step("handleRequest", handler);
          } finally {
            MDC.clear();
          }
        });
  }
}
