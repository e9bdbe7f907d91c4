package dev.parley.local.metrics;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.json.Json;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// A line of CloudWatch's embedded metric format, for example
///
/// ```json
/// {"_aws": {"Timestamp": 1795654801123, "CloudWatchMetrics": [{"Namespace": "Parley",
///   "Dimensions": [["Service"]], "Metrics": [{"Name": "Pushes", "Unit": "Count"}]}]},
///   "Service": "parley", "Pushes": [12, 7]}
/// ```
///
/// Source: CloudWatch user guide, "Specification: Embedded metric format".
record EmbeddedMetrics(Instant at, List<Value> values) {
  /// A value of one metric. A line has one for each set of dimensions.
  record Value(Series series, double value) {}

  /// Reads a line; nothing where it is not in this format, whose values then count for nothing, as
  /// in CloudWatch.
  static Optional<EmbeddedMetrics> of(String line) {
    if (!line.startsWith("{") || !line.contains("\"_aws\"")) {
      return Optional.empty();
    }
    JsonNode json;
    try {
      json = Json.MAPPER.readTree(line);
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
    JsonNode metadata = json.path("_aws");
    if (!metadata.path("Timestamp").isIntegralNumber()
        || !metadata.path("CloudWatchMetrics").isArray()) {
      return Optional.empty();
    }
    List<Value> values = new ArrayList<>();
    for (JsonNode directive : metadata.path("CloudWatchMetrics")) {
      for (JsonNode names : directive.path("Dimensions")) {
        Map<String, String> dimensions = new HashMap<>();
        names.forEach(name -> dimensions.put(name.asText(), json.path(name.asText()).asText()));
        for (JsonNode metric : directive.path("Metrics")) {
          String name = metric.path("Name").asText();
          Series series =
              new Series(
                  directive.path("Namespace").asText(),
                  name,
                  dimensions,
                  metric.path("Unit").asText("None"));
          JsonNode value = json.path(name);
          for (JsonNode number : value.isArray() ? value : List.of(value)) {
            if (number.isNumber()) {
              values.add(new Value(series, number.asDouble()));
            }
          }
        }
      }
    }
    return Optional.of(
        new EmbeddedMetrics(
            Instant.ofEpochMilli(metadata.path("Timestamp").longValue()), List.copyOf(values)));
  }
}
