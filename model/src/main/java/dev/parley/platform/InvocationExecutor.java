package dev.parley.platform;

import java.util.Map;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/// Runs each task on a virtual thread of its own, which logs, measures and is traced for the
/// invocation that started it.
public final class InvocationExecutor implements Executor {
  @Override
  public void execute(Runnable task) {
    @Nullable Map<String, String> keys = MDC.getCopyOfContextMap();
    Runnable carried = Trace.carried(Measurements.forInvocation(task));
    Thread.startVirtualThread(
        () -> {
          if (keys != null) {
            MDC.setContextMap(keys);
          }
          carried.run();
        });
  }
}
