package dev.parley.local.xray;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import dev.parley.local.xray.FullTrace.Call;
import dev.parley.local.xray.FullTrace.Link;
import dev.parley.local.xray.FullTrace.Outcome;
import dev.parley.local.xray.FullTrace.Send;
import dev.parley.local.xray.FullTrace.Visit;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/// The services of traces, and who calls whom, as X-Ray's `Services`: a node for each service that
/// sent segments, for each table, queue or other service that was called, and for the clients of
/// each service that nothing traced has called.
///
/// A queue is connected with the function that takes its messages, in another trace, by an edge of
/// the type `link`.
final class ServiceGraph {
  private static final String CLIENT = "client";

  private final Map<Service, Node> nodes = new LinkedHashMap<>();

  /// Times, counts and response times of a service or an edge.
  private static final class Statistics {
    private double startSeconds = Double.MAX_VALUE;
    private double endSeconds;
    private long ok;
    private long throttles;
    private long errors;
    private long faults;
    private long total;
    private double totalSeconds;
    private final Map<Double, Integer> histogram = new TreeMap<>();

    void add(Outcome outcome) {
      startSeconds = Math.min(startSeconds, outcome.startSeconds());
      Double end = outcome.endSeconds();
      Double seconds = outcome.seconds();
      endSeconds = Math.max(endSeconds, end == null ? outcome.startSeconds() : end);
      if (seconds == null) {
        return; // "completed requests" are counted
      }
      total++;
      totalSeconds += seconds;
      histogram.merge(rounded(seconds), 1, Integer::sum);
      // Of several that apply, the worst counts.
      if (outcome.fault()) {
        faults++;
      } else if (outcome.throttle()) {
        throttles++;
      } else if (outcome.error()) {
        errors++;
      } else {
        ok++;
      }
    }

    void put(ObjectNode json, boolean counts) {
      json.put("StartTime", startSeconds);
      json.put("EndTime", endSeconds);
      if (!counts) {
        return;
      }
      ObjectNode summary = json.putObject("SummaryStatistics");
      summary.put("OkCount", ok);
      summary
          .putObject("ErrorStatistics")
          .put("ThrottleCount", throttles)
          .put("OtherCount", errors)
          .put("TotalCount", throttles + errors);
      summary.putObject("FaultStatistics").put("OtherCount", faults).put("TotalCount", faults);
      summary.put("TotalCount", total);
      summary.put("TotalResponseTime", totalSeconds);
    }
  }

  /// To two digits, so that a histogram has at most 90 entries for each power of ten.
  private static double rounded(double seconds) {
    return new BigDecimal(seconds).round(new MathContext(2)).doubleValue();
  }

  private static ArrayNode json(Map<Double, Integer> histogram) {
    ArrayNode list = Json.MAPPER.createArrayNode();
    histogram.forEach((value, count) -> list.addObject().put("Value", value).put("Count", count));
    return list;
  }

  private static final class Node {
    private final int referenceId;
    private final Statistics statistics = new Statistics();
    private final Map<Service, Edge> edges = new LinkedHashMap<>();
    private boolean root;
    private boolean inferred;

    Node(int referenceId) {
      this.referenceId = referenceId;
    }
  }

  private static final class Edge {
    private final Statistics statistics = new Statistics();
    private final Map<Double, Integer> ages = new TreeMap<>();
    private boolean link;
  }

  /// Of these traces; links to others are left out.
  static ServiceGraph of(Collection<FullTrace> traces) {
    ServiceGraph graph = new ServiceGraph();
    Map<String, FullTrace> byId = new HashMap<>();
    for (FullTrace trace : traces) {
      byId.put(trace.id(), trace);
      trace.visits().forEach(graph::add);
      trace.calls().forEach(graph::add);
    }
    for (FullTrace trace : traces) {
      for (Link link : trace.links()) {
        FullTrace sender = byId.get(link.traceId());
        Send send = sender == null ? null : sender.sends().get(link.entityId());
        if (send != null) {
          graph.add(link, send);
        }
      }
    }
    return graph;
  }

  private Node node(Service service) {
    return nodes.computeIfAbsent(service, _ -> new Node(nodes.size()));
  }

  private void add(Visit visit) {
    Node node = node(visit.service());
    node.statistics.add(visit.outcome());
    node.root |= visit.root();
    node.inferred |= visit.inferred();
  }

  private void add(Call call) {
    Service from = Objects.requireNonNullElse(call.from(), new Service(call.to().name(), CLIENT));
    Node node = node(from);
    if (call.from() == null) {
      node.statistics.add(call.outcome());
    }
    node.edges.computeIfAbsent(call.to(), _ -> new Edge()).statistics.add(call.outcome());
  }

  private void add(Link link, Send send) {
    Edge edge = node(send.queue()).edges.computeIfAbsent(link.to(), _ -> new Edge());
    edge.link = true;
    edge.statistics.add(link.outcome());
    edge.ages.merge(
        rounded(Math.max(0, link.outcome().startSeconds() - send.seconds())), 1, Integer::sum);
  }

  /// X-Ray's list of `Service`.
  ArrayNode json() {
    ArrayNode list = Json.MAPPER.createArrayNode();
    nodes.forEach(
        (service, node) -> {
          ObjectNode json = list.addObject();
          json.put("ReferenceId", node.referenceId);
          json.setAll(service.json());
          boolean client = CLIENT.equals(service.type());
          if (node.root) {
            json.put("Root", true);
          }
          json.put("State", client || node.inferred ? "unknown" : "active");
          node.statistics.put(json, !client);
          if (!client) {
            json.set("DurationHistogram", json(node.statistics.histogram));
            json.set("ResponseTimeHistogram", json(node.statistics.histogram));
          }
          ArrayNode edges = json.putArray("Edges");
          node.edges.forEach(
              (to, edge) -> {
                ObjectNode one = edges.addObject();
                one.put("ReferenceId", node(to).referenceId);
                edge.statistics.put(one, true);
                one.set("ResponseTimeHistogram", json(edge.statistics.histogram));
                one.putArray("Aliases");
                if (edge.link) {
                  one.put("EdgeType", "link");
                  one.set("ReceivedEventAgeHistogram", json(edge.ages));
                }
              });
        });
    return list;
  }
}
