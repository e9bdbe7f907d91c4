package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.Map;

/// What AWS and others charge: the price list `docs/prices.json`, and what a [Usage] costs by it.
///
/// @param list the file
record Prices(JsonNode list) {
  /// Lambda's own lines of an invocation: START, END and REPORT, as the Lambda guide shows them.
  static final int PLATFORM_LOG_BYTES = 354;

  /// Lambda, X-Ray's sampling: the first request of a second, and so many of the others.
  static final int SAMPLED_PERCENT = 5;

  JsonNode entry(String name) {
    JsonNode price = list.path("prices").path(name);
    if (price.isMissingNode()) {
      throw new IllegalStateException("docs/prices.json has no " + name);
    }
    return price;
  }

  double price(String name) {
    return entry(name).path("usd").asDouble() / entry(name).path("per").asDouble();
  }

  /// What so many cost in a month: beyond `upTo` of them another price holds.
  double cost(String name, double count) {
    double within = Math.min(count, entry(name).path("upTo").asDouble(Double.POSITIVE_INFINITY));
    return within * price(name)
        + (count > within ? cost(entry(name).path("beyond").asText(), count - within) : 0);
  }

  /// Dollars by who charges them, at the first tier's price, with 5 % of the invocations traced.
  Map<String, Double> dollars(Usage usage) {
    Map<String, Double> dollars = new LinkedHashMap<>();
    dollars.put("gateway", usage.sum("messages") * price("gateway.message"));
    dollars.put("requests", usage.sum("invocations") * price("lambda.request"));
    dollars.put("time", usage.sum("gbSeconds") * price("lambda.gbSecond"));
    dollars.put(
        "tables",
        usage.sum("writeUnits") * price("dynamodb.write")
            + usage.sum("readUnits") * price("dynamodb.read"));
    dollars.put(
        "queues",
        usage.by("queueRequests").entrySet().stream()
            .mapToDouble(queue -> queue.getValue() * queuePrice(queue.getKey()))
            .sum());
    dollars.put("logs", logBytes(usage) / 1e9 * price("logs.gb"));
    dollars.put("traces", usage.sum("traces") * SAMPLED_PERCENT / 100 * price("xray.trace"));
    return dollars;
  }

  double queuePrice(String queue) {
    return price(queue.endsWith(".fifo") ? "sqs.request.fifo" : "sqs.request");
  }

  static double logBytes(Usage usage) {
    return usage.sum("logBytes") + PLATFORM_LOG_BYTES * usage.sum("invocations");
  }

  double sum(Usage usage) {
    return dollars(usage).values().stream().mapToDouble(d -> d).sum();
  }
}
