package dev.parley.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which of AWS's default quotas is met first, and by how many connections: [Simulation]s of what
/// clients do, with what each action takes from `docs/units.json`.
public final class Capacity {
  static final long SEED = 7;
  private static final int MILLION = 1_000_000;

  /// Within this share of the truth is close enough for a number that depends on so much.
  private static final double CLOSE = 0.02;

  private final Simulation.Costs costs;
  private final Report report;
  private final ObjectNode root = new JsonMapper().createObjectNode();

  Capacity(Path docs, Report report) throws IOException {
    this.costs = costs(new JsonMapper().readTree(docs.resolve("units.json").toFile()));
    this.report = report;
  }

  /// What the actions take, as they were counted.
  static Simulation.Costs costs(JsonNode units) {
    Map<String, Usage> actions = new LinkedHashMap<>();
    units
        .path("actions")
        .forEach(
            action ->
                actions.put(
                    action.path("action").asText() + " " + action.path("members").asInt(),
                    Usage.read(action.path("usage"))));
    Usage idle = actions.getOrDefault("idle hour 1", new Usage(Map.of()));
    Usage message = actions.getOrDefault("send with `id` 1", new Usage(Map.of()));
    Usage renewal = actions.getOrDefault("renewal 10", new Usage(Map.of()));
    Usage disconnect = actions.getOrDefault("disconnect 10", new Usage(Map.of()));
    return new Simulation.Costs(
        idle.amount("messages", "received"),
        renewal.amount("messages", "received"),
        seconds(idle, "PingFunction"),
        seconds(renewal, "ConnectFunction")
            + seconds(renewal, "AuthorizerFunction")
            + seconds(renewal, "JoinFunction"),
        seconds(message, "SendMessageFunction"),
        seconds(disconnect, "DisconnectFunction"),
        message.amount("writeUnits", "ChatMessages"));
  }

  /// Functions have 1 GB, so their GB-seconds are seconds.
  private static double seconds(Usage usage, String function) {
    double invocations = usage.amount("invocations", function);
    return invocations == 0 ? 0 : usage.amount("gbSeconds", function) / invocations;
  }

  void run(Path file) throws IOException {
    root.put("command", "mvn -q -pl infra/bench -am process-classes -Dbench=capacity");
    root.put("seed", SEED);
    ObjectNode used = root.putObject("costs");
    used.put("pingsAnHour", costs.pingsAnHour());
    used.put("writesOfASend", costs.writesOfASend());
    ArrayNode most = root.putArray("most");
    for (Simulation.Load load : loads()) {
      ObjectNode node = most.addObject().put("load", load.name());
      int connections = most(load);
      Simulation.Result beyond =
          new Simulation(
                  costs,
                  load,
                  connections + Math.max((int) (connections * 2 * CLOSE), load.members()),
                  SEED)
              .run();
      node.put("connections", connections).put("binds", beyond.binds());
      report.row(load.name(), Map.of("connections", (double) connections));
    }
    report.end();
    report.begin("a million connections", List.of());
    ArrayNode million = root.putArray("million");
    for (Simulation.Load load : troubles()) {
      Simulation.Result result = new Simulation(costs, load, MILLION, SEED).run();
      result.write(million.addObject().put("load", load.name()));
      report.row(load.name(), result.row());
    }
    Files.writeString(
        file, new JsonMapper().writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
  }

  private static List<Simulation.Load> loads() {
    List<Simulation.Load> loads = new ArrayList<>();
    loads.add(Simulation.Load.idle());
    for (int members : new int[] {10, 100, 1_000, 10_000}) {
      loads.add(Simulation.Load.rooms("quiet", members, 10));
      loads.add(Simulation.Load.rooms("busy", members, 600));
    }
    return loads;
  }

  private static List<Simulation.Load> troubles() {
    return List.of(
        Simulation.Load.idle(),
        Simulation.Load.rooms("quiet", 100, 10),
        Simulation.Load.rooms("quiet", 100, 10).withBurst(10_000, 10, 60),
        Simulation.Load.rooms("quiet", 100, 10).withOffice(20_000));
  }

  /// How many connections are served without a refusal.
  private int most(Simulation.Load load) {
    int holds = 0;
    int breaks = 8 * MILLION;
    while (breaks - holds > Math.max(100, holds * CLOSE)) {
      int middle = (holds + breaks) / 2;
      if (new Simulation(costs, load, middle, SEED).holds()) {
        holds = middle;
      } else {
        breaks = middle;
      }
    }
    return holds;
  }
}
