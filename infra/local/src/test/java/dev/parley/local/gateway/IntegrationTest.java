package dev.parley.local.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Tracing;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class IntegrationTest {
  /// A handler that answers.
  public static final class Answering
      implements RequestHandler<Map<String, Object>, Map<String, Object>> {
    @Override
    public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
      return Map.of("statusCode", 200);
    }
  }

  @Test
  void aFunctionThatWasClosedWithTheLocalCloudIsGivenUpAndHasNotFailed() {
    LocalFunction function =
        new LocalFunction(
            "f",
            Answering.class.getName(),
            Map.of(),
            Duration.ofSeconds(20),
            Faults.none(),
            null,
            Tracing.off(),
            new MetricStore());
    Integration integration =
        new Integration.Proxy(function, Duration.ofSeconds(20), Runnable::run);

    assertEquals(new Outcome.Answered(200, Map.of(), null), integration.call("{}".getBytes(UTF_8)));
    function.close();
    assertEquals(new Outcome.GivenUp(), integration.call("{}".getBytes(UTF_8)));
  }
}
