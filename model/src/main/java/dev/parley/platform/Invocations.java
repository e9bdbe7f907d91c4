package dev.parley.platform;

import com.amazonaws.services.lambda.runtime.Context;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;
import software.amazon.lambda.powertools.logging.PowertoolsLogging;

/// What every invocation of a function's instance has around it: its log lines have its keys, which
/// are removed at the end, its steps are one subsegment of its trace, and what it measured is
/// written.
public final class Invocations {
  /// In a trace header, for example `Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1`.
  private static final Pattern ROOT = Pattern.compile("Root=([0-9a-f-]+)");

  private final @Nullable XRayDaemon daemon;

  /// Whether there was none yet. Powertools knows that of the process only, in which [Priming] has
  /// one of its own.
  private boolean cold = true;

  public Invocations(Settings settings) {
    this.daemon = XRayDaemon.of(settings);
    Trace.open();
  }

  /// Handles one event.
  public <T> T handle(Context context, Supplier<T> handler) {
    return PowertoolsLogging.withLogging(
        context,
        () -> {
          MDC.put("cold_start", Boolean.toString(cold));
          cold = false;
          keepTraceId(context.getXrayTraceId());
          try {
            return Measurements.of(() -> Trace.invocation(daemon, handler));
          } finally {
            MDC.clear();
          }
        });
  }

  /// Powertools knows the trace only where Lambda gives it to the whole process.
  private static void keepTraceId(@Nullable String header) {
    Matcher root = ROOT.matcher(header == null ? "" : header);
    if (root.find()) {
      MDC.put("xray_trace_id", root.group(1));
    }
  }
}
