package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Metrics;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricTest {
  @Test
  void metricsAreALineOfTheEmbeddedFormat() throws Exception {
    JsonNode line = written(Map.of(Metrics.PUSHES, 12, Metrics.ACCEPT_TO_PUSH, 34.5));

    JsonNode directive = line.at("/_aws/CloudWatchMetrics/0");
    assertEquals("Parley", directive.path("Namespace").asText());
    assertEquals(12, line.path("Pushes").asInt());
    assertEquals(34.5, line.path("AcceptToPush").asDouble());
    for (JsonNode metric : directive.path("Metrics")) {
      assertEquals(
          metric.path("Name").asText().equals("Pushes") ? "Count" : "Milliseconds",
          metric.path("Unit").asText());
    }
    assertEquals(2, directive.path("Metrics").size());
  }

  @Test
  void aLineHoldsNothingOfTheOneBefore() throws Exception {
    written(Map.of(Metrics.PUSHES, 12));

    JsonNode line = written(Map.of(Metrics.PUSHES_GIVEN_UP, 1));

    assertEquals(1, line.at("/_aws/CloudWatchMetrics/0/Metrics").size());
    assertEquals(1, line.path("PushesGivenUp").asInt());
  }

  private static JsonNode written(Map<Metric, ? extends Number> values) throws Exception {
    PrintStream console = System.out;
    var written = new ByteArrayOutputStream();
    System.setOut(new PrintStream(written, true, UTF_8));
    try {
      Metric.write(values);
    } finally {
      System.setOut(console);
    }
    return new ObjectMapper().readTree(written.toByteArray());
  }
}
