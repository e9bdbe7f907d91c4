package dev.parley.e2e;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.local.LocalCloud;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// What `/_local/metrics` gives at one moment.
///
/// @param json as `MetricStore` makes it
record LocalMetrics(JsonNode json) {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /// Asks until they are as they should be.
  static LocalMetrics await(LocalCloud cloud, Predicate<LocalMetrics> meant)
      throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (true) {
      LocalMetrics metrics =
          new LocalMetrics(
              new ObjectMapper()
                  .readTree(
                      HTTP.send(
                              HttpRequest.newBuilder(
                                      URI.create(
                                          "http://127.0.0.1:" + cloud.port() + "/_local/metrics"))
                                  .build(),
                              BodyHandlers.ofString())
                          .body()));
      if (meant.test(metrics)) {
        return metrics;
      }
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("waited in vain; the metrics are " + metrics.json);
      }
      Thread.sleep(50);
    }
  }

  /// The series of a name of which a dimension has this value; any where it is empty.
  private Stream<JsonNode> series(String name, String of) {
    return json.path("series")
        .valueStream()
        .filter(series -> series.path("name").asText().equals(name))
        .filter(
            series ->
                of.isEmpty()
                    || series
                        .path("dimensions")
                        .valueStream()
                        .anyMatch(v -> v.asText().equals(of)));
  }

  private Stream<JsonNode> points(String name, String of) {
    return series(name, of).flatMap(series -> series.path("points").valueStream());
  }

  double sum(String name) {
    return sum(name, "");
  }

  /// The sum of all values in the last 15 minutes.
  ///
  /// @param of the value of a dimension
  double sum(String name, String of) {
    return points(name, of).mapToDouble(point -> point.path(2).asDouble()).sum();
  }

  /// How many values there were in the last 15 minutes.
  long count(String name) {
    return points(name, "").mapToLong(point -> point.path(1).asLong()).sum();
  }

  /// The largest in the last 15 minutes; 0 where there is none.
  double max(String name, String of) {
    return points(name, of).mapToDouble(point -> point.path(3).asDouble()).max().orElse(0);
  }

  /// The newest value; -1 where there is none.
  double newest(String name) {
    return points(name, "").mapToDouble(point -> point.path(3).asDouble()).reduce(-1, (a, b) -> b);
  }

  /// The number of the last period with a value; -1 where there is none.
  long newestPeriod(String name) {
    return points(name, "").mapToLong(point -> point.path(0).asLong()).reduce(-1, (a, b) -> b);
  }

  /// The values that a dimension has in the series of a name.
  Set<String> dimension(String name, String dimension) {
    Set<String> values = new TreeSet<>();
    series(name, "").forEach(s -> values.add(s.path("dimensions").path(dimension).asText()));
    return values;
  }
}
