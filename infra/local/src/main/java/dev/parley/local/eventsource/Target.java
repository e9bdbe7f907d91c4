package dev.parley.local.eventsource;

import java.util.List;
import java.util.Set;
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
    byte[] invoke(byte[] event, List<String> traceHeaders);
  }

  /// Invokes the function with a batch, once.
  ///
  /// @return the identifiers of the items that it did not process: all where it threw
  public Set<String> invoke(Batch<?> batch, List<String> traceHeaders) {
    byte[] result;
    try {
      result = function.invoke(batch.event(), traceHeaders);
    } catch (RuntimeException e) {
      LOG.warn("{}: {} failed on a batch of {}: {}", mapping, name, batch.size(), e.toString());
      return batch.identifiers();
    }
    Set<String> failed = reportsItemFailures ? batch.failures(result) : Set.of();
    if (!failed.isEmpty()) {
      LOG.warn(
          "{}: {} reported {} of {} items as failed", mapping, name, failed.size(), batch.size());
    }
    return failed;
  }
}
