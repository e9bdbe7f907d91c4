package dev.parley.local.eventsource;

import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The function of an event source mapping.
///
/// @param mapping the mapping's name, for the log
/// @param name the function's
/// @param reportsItemFailures whether its result names the items that failed
public record Target(String mapping, String name, boolean reportsItemFailures, Function function) {
  private static final Logger LOG = LoggerFactory.getLogger(Target.class);

  /// What is called.
  @FunctionalInterface
  public interface Function {
    /// Gives the result of an event, or throws.
    ///
    /// @param traceHeaders of those of its items that were sent in a trace
    /// @param requestId of this invocation
    byte[] invoke(byte[] event, List<String> traceHeaders, String requestId);
  }

  /// What became of one invocation.
  ///
  /// @param failed the identifiers of the items that were not processed: all where it threw
  public record Invocation(String requestId, Set<String> failed, boolean threw) {}

  /// Invokes the function with a batch, once.
  public Invocation invoke(Batch<?> batch, List<String> traceHeaders) {
    String requestId = UUID.randomUUID().toString();
    byte[] result;
    try {
      result = function.invoke(batch.event(), traceHeaders, requestId);
    } catch (RuntimeException e) {
      LOG.warn("{}: {} failed on a batch of {}: {}", mapping, name, batch.size(), e.toString());
      return new Invocation(requestId, batch.identifiers(), true);
    }
    Set<String> failed = reportsItemFailures ? batch.failures(result) : Set.of();
    if (!failed.isEmpty()) {
      LOG.warn(
          "{}: {} reported {} of {} items as failed", mapping, name, failed.size(), batch.size());
    }
    return new Invocation(requestId, failed, false);
  }
}
