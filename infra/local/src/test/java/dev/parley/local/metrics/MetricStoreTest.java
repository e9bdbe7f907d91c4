package dev.parley.local.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MetricStoreTest {
  private static final Series PUSHES =
      new Series("Parley", "Pushes", Map.of("Service", "parley"), "Count");

  private Instant now = Instant.parse("2026-11-26T10:00:02Z");
  private final MetricStore metrics = new MetricStore((InstantSource) () -> now);

  @Test
  void aPeriodHasHowManyValuesTheirSumMaximumAndPercentiles() throws Exception {
    for (int value = 1; value <= 100; value++) {
      metrics.add(PUSHES, value);
    }

    JsonNode json = json();
    JsonNode series = json.path("series").path(0);
    assertEquals("Parley", series.path("namespace").asText());
    assertEquals("Pushes", series.path("name").asText());
    assertEquals("{\"Service\":\"parley\"}", series.path("dimensions").toString());
    assertEquals("Count", series.path("unit").asText());
    assertEquals(1, series.path("points").size());
    JsonNode point = series.path("points").path(0);
    assertEquals("[179,100,5050,100,", point.toString().substring(0, 18));
    assertEquals(50, point.path(4).asDouble(), 1);
    assertEquals(99, point.path(5).asDouble(), 2);
    assertEquals(Instant.parse("2026-11-26T10:00:05Z").toEpochMilli(), json.path("end").asLong());
  }

  @Test
  void aValueIsInThePeriodOfItsTime() throws Exception {
    metrics.add(PUSHES, 1);
    metrics.add(PUSHES, 2, now.minusSeconds(5));
    now = now.plusSeconds(5);
    metrics.add(PUSHES, 0.25);

    assertEquals(
        "[[177,1,2,2,2,2],[178,1,1,1,1,1],[179,1,0.25,0.25,0.25,0.25]]",
        json().at("/series/0/points").toString());
  }

  @Test
  void whatIsOlderThan15MinutesIsForgotten() throws Exception {
    metrics.add(PUSHES, 1);
    metrics.add(PUSHES, 2, now.minus(Duration.ofMinutes(15)));
    metrics.add(PUSHES, 4, now.plus(Duration.ofMinutes(1)));
    assertEquals("[[179,1,1,1,1,1]]", json().at("/series/0/points").toString());

    now = now.plus(Duration.ofMinutes(15));

    assertEquals(0, json().path("series").size());
  }

  @Test
  void everNewDimensionsCostNoMemory() throws Exception {
    for (int i = 0; i < MetricStore.SERIES_MAX + 10; i++) {
      metrics.add(new Series("N", "m", Map.of("id", "" + i), "Count"), 1);
    }
    assertEquals(MetricStore.SERIES_MAX, json().path("series").size());
    assertEquals(10, json().path("refused").asInt());

    now = now.plus(Duration.ofMinutes(15));
    metrics.add(PUSHES, 1);

    assertEquals(1, json().path("series").size());
  }

  @Test
  void aDistributionStaysSmallAndNear() {
    Distribution distribution = new Distribution();
    for (int i = 1; i <= 100_000; i++) {
      distribution.add(i % 10 == 0 ? -1 : i);
    }

    assertEquals(100_000, distribution.count());
    assertEquals(50_000, distribution.percentile(50), 50_000 * 0.13, "a tenth is below 0");
    assertEquals(99_000, distribution.percentile(99), 99_000 * 0.02);
    assertEquals(-1, distribution.percentile(5), "what has no logarithm");
    assertEquals(99_999, distribution.max());
    assertTrue(distribution.percentile(100) <= distribution.max());
  }

  private JsonNode json() throws Exception {
    return Json.MAPPER.readTree(metrics.json());
  }
}
