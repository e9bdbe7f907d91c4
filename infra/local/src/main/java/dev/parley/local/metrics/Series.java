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

  /// What DynamoDB measures of a table.
  public static Series ofTable(String name, String table) {
    return new Series("AWS/DynamoDB", name, Map.of("TableName", table), "Count");
  }

  /// What DynamoDB measures of an index.
  public static Series ofIndex(String name, String table, String index) {
    return new Series(
        "AWS/DynamoDB",
        name,
        Map.of("TableName", table, "GlobalSecondaryIndexName", index),
        "Count");
  }

  /// The requests that SQS charges for; none of its metrics counts them.
  public static Series ofQueueRequests(String queue) {
    return ofLocalCloud("QueueRequests", Map.of("QueueName", queue));
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
