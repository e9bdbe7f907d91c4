package dev.parley;

import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;

/// Counts the calls that a client makes, by their operation.
public final class CallCounter implements ExecutionInterceptor {
  private final Map<String, Integer> calls = new ConcurrentSkipListMap<>();

  @Override
  public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
    String operation = context.request().getClass().getSimpleName().replace("Request", "");
    calls.merge(operation, 1, Integer::sum);
  }

  /// How often each operation was called, for example `{UpdateItem=1}`.
  public Map<String, Integer> calls() {
    return Map.copyOf(calls);
  }
}
