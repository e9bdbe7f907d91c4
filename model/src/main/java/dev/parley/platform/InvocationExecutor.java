package dev.parley.platform;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/// Runs each task on a virtual thread of its own, which logs, measures and is traced for the
/// invocation that started it.
public final class InvocationExecutor implements Executor {
  /// Waits for all tasks.
  ///
  /// @throws RuntimeException what one of them that failed threw
  public static <T extends @Nullable Object> List<T> join(List<CompletableFuture<T>> tasks) {
    try {
      CompletableFuture.allOf(tasks.toArray(CompletableFuture[]::new)).join();
      return tasks.stream().map(CompletableFuture::join).toList();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }

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
