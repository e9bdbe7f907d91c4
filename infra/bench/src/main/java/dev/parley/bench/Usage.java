package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.metrics.Series;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/// What AWS would charge for: amounts by what is charged, for example
///
/// ```json
/// {"messages": {"received": 1, "replied": 1}, "invocations": {"PingFunction": 1},
///  "gbSeconds": {"PingFunction": 0.006}, "readUnits": {"ChatConnections": 1, "ChatRooms": 1},
///  "logBytes": {"lines": 427, "metrics": 183}}
/// ```
record Usage(Map<String, Map<String, Double>> amounts) {
  /// @param totals of a local cloud
  /// @param memoryGb of each function
  static Usage of(Map<Series, Double> totals, ToDoubleFunction<String> memoryGb) {
    Map<String, Map<String, Double>> amounts = new TreeMap<>();
    totals.forEach(
        (series, total) -> {
          Map<String, String> of = series.dimensions();
          String function = of.getOrDefault("FunctionName", "");
          String index = of.get("GlobalSecondaryIndexName");
          String table = of.getOrDefault("TableName", "") + (index == null ? "" : "/" + index);
          switch (series.namespace() + " " + series.name()) {
            case "AWS/Lambda Invocations" -> add(amounts, "invocations", function, total);
            case "Local BilledMilliseconds" ->
                add(
                    amounts,
                    "gbSeconds",
                    function,
                    total / 1_000 * memoryGb.applyAsDouble(function));
            case "Local TracesRecorded" -> add(amounts, "traces", function, total);
            case "Local MessagesReceived" -> add(amounts, "messages", "received", total);
            case "Local MessagesReplied" -> add(amounts, "messages", "replied", total);
            case "Local MessagesPushed" -> add(amounts, "messages", "pushed", total);
            case "Local QueueRequests" ->
                add(amounts, "queueRequests", of.getOrDefault("QueueName", ""), total);
            case "Local MetricLogBytes" -> add(amounts, "logBytes", "metrics", total);
            case "AWS/DynamoDB ConsumedReadCapacityUnits" ->
                add(amounts, "readUnits", table, total);
            case "AWS/DynamoDB ConsumedWriteCapacityUnits" ->
                add(amounts, "writeUnits", table, total);
            default -> {} // nothing is charged for it
          }
        });
    return new Usage(amounts);
  }

  private static void add(
      Map<String, Map<String, Double>> amounts, String what, String of, double amount) {
    amounts.computeIfAbsent(what, _ -> new TreeMap<>()).merge(of, amount, Double::sum);
  }

  /// The same with an amount more.
  Usage with(String what, String of, double amount) {
    Map<String, Map<String, Double>> all = copy();
    add(all, what, of, amount);
    return new Usage(all);
  }

  /// What [#write] wrote.
  static Usage read(JsonNode from) {
    Map<String, Map<String, Double>> amounts = new TreeMap<>();
    for (var what : from.properties()) {
      for (var of : what.getValue().properties()) {
        add(amounts, what.getKey(), of.getKey(), of.getValue().doubleValue());
      }
    }
    return new Usage(amounts);
  }

  /// What came since an earlier one.
  Usage since(Usage earlier) {
    return plus(earlier, -1);
  }

  /// The mean of several times the same.
  Usage dividedBy(int times) {
    return new Usage(Map.of()).plus(this, 1.0 / times);
  }

  /// The same and so many times another.
  Usage plus(Usage other, double factor) {
    Map<String, Map<String, Double>> all = copy();
    other.amounts.forEach(
        (what, by) -> by.forEach((of, amount) -> add(all, what, of, amount * factor)));
    all.values().forEach(by -> by.values().removeIf(amount -> Math.abs(amount) < 1e-9));
    all.values().removeIf(Map::isEmpty);
    return new Usage(all);
  }

  private Map<String, Map<String, Double>> copy() {
    Map<String, Map<String, Double>> all = new TreeMap<>();
    amounts.forEach((what, by) -> all.put(what, new TreeMap<>(by)));
    return all;
  }

  /// The amounts that are charged under a name.
  Map<String, Double> by(String what) {
    return amounts.getOrDefault(what, Map.of());
  }

  /// The sum over everything that is charged under a name.
  double sum(String what) {
    return by(what).values().stream().mapToDouble(d -> d).sum();
  }

  /// One amount.
  double amount(String what, String of) {
    return by(what).getOrDefault(of, 0.0);
  }

  /// Whether nothing was counted.
  boolean isNothing() {
    return amounts.isEmpty();
  }

  void write(ObjectNode to) {
    amounts.forEach(
        (what, by) -> {
          ObjectNode node = to.putObject(what);
          by.forEach((of, amount) -> node.put(of, Math.rint(amount * 1e6) / 1e6));
        });
  }
}
