package dev.parley.local.metrics;

import java.util.Map;
import java.util.TreeMap;

/// A metric as CloudWatch tells metrics apart, for example `IteratorAge` of one function.
///
/// @param dimensions by name; whose order means nothing
/// @param unit for example `Count` or `Milliseconds`
public record Series(String namespace, String name, Map<String, String> dimensions, String unit) {
  public Series {
    dimensions = Map.copyOf(dimensions);
  }

  /// What Lambda measures of a function.
  public static Series ofFunction(String name, String unit, String function) {
    return new Series("AWS/Lambda", name, Map.of("FunctionName", function), unit);
  }

  /// What no AWS service measures.
  public static Series ofLocalCloud(String name, Map<String, String> dimensions) {
    return new Series("Local", name, dimensions, "Count");
  }

  /// The dimensions in the order of their names.
  Map<String, String> ordered() {
    return new TreeMap<>(dimensions);
  }
}
