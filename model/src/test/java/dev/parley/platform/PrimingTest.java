package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.xray.AWSXRay;
import com.amazonaws.xray.emitters.Emitter;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.crac.Core;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PrimingTest {
  private final AtomicInteger invocations = new AtomicInteger();

  /// Answers with the trace that it is in.
  static final class Handler implements RequestHandler<String, String> {
    private final AtomicInteger invocations;

    Handler(AtomicInteger invocations) {
      this.invocations = invocations;
    }

    @Override
    public String handleRequest(String event, Context context) {
      invocations.incrementAndGet();
      return System.getProperty("com.amazonaws.xray.traceHeader");
    }
  }

  private Priming priming(
      BiFunction<Map<String, String>, InstantSource, Handler> constructor, Duration timeMax) {
    return new Priming(Handler.class, constructor, Map.of(), timeMax);
  }

  @Test
  void anInvocationIsMadeOftenAndNothingIsSentToXRay() throws Exception {
    Emitter emitter = AWSXRay.getGlobalRecorder().getEmitter();

    String result =
        priming((environment, clock) -> new Handler(invocations), Duration.ofMinutes(1))
            .firstCall();

    assertEquals('"' + PrimingContext.TRACE_HEADER + '"', result);
    assertEquals(20, invocations.get());
    assertEquals(emitter, AWSXRay.getGlobalRecorder().getEmitter());
    assertEquals(null, System.getProperty("com.amazonaws.xray.traceHeader"));
  }

  @Test
  void onASlowMachineItIsMadeOnce() throws Exception {
    priming((environment, clock) -> new Handler(invocations), Duration.ZERO).firstCall();

    assertEquals(1, invocations.get());
  }

  /// Such as a stack that overflows, which is neither an exception nor an error of linkage.
  @Test
  void whateverFailsInItAFunctionIsThere() throws Exception {
    Priming priming =
        priming(
            (environment, clock) -> {
              invocations.incrementAndGet();
              throw new StackOverflowError("on purpose");
            },
            Duration.ZERO);

    priming.beforeCheckpoint(Core.getGlobalContext());

    assertTrue(invocations.get() > 0);
  }
}
