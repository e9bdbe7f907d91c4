package dev.parley.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/// Which of AWS's default quotas is met first, and by how many connections: [Simulation]s of what
/// clients do, with what each action takes from `docs/units.json`.
public final class Capacity {
  static final long SEED = 7;
  private static final int MILLION = 1_000_000;

  /// More than any load bears.
  private static final int CONNECTIONS_MAX = 4 * MILLION;

  /// Within this share of the truth is close enough for a number that depends on so much.
  private static final double CLOSE = 0.02;

  private static final JsonMapper JSON = new JsonMapper();

  private final Simulation.Costs costs;
  private final Budget budget;
  private final Report report;
  private final ObjectNode root = JSON.createObjectNode();

  Capacity(Path docs, Report report) throws IOException {
    Template template = Template.read(Cloud.TEMPLATE, Map.of());
    this.costs = costs(Usages.read(JSON.readTree(docs.resolve("units.json").toFile())), template);
    this.budget = Budget.of(template);
    this.report = report;
  }

  /// What the actions take, as they were counted.
  static Simulation.Costs costs(Usages units, Template template) {
    Usage ping = units.of("ping");
    Usage send = units.of("send with `id`");
    int room = units.rooms().getFirst();
    Usage renewal = units.of("renewal", room);
    Usage disconnect = units.of("disconnect", room);
    return new Simulation.Costs(
        renewal.amount("messages", "received"),
        seconds(ping, "PingFunction", template),
        seconds(renewal, "ConnectFunction", template)
            + seconds(renewal, "AuthorizerFunction", template)
            + seconds(renewal, "JoinFunction", template),
        seconds(send, "SendMessageFunction", template),
        seconds(disconnect, "DisconnectFunction", template),
        send.amount("writeUnits", "ChatMessages"));
  }

  /// @throws IllegalStateException where the function was not invoked
  private static double seconds(Usage usage, String function, Template template) {
    double invocations = usage.amount("invocations", function);
    if (invocations == 0) {
      throw new IllegalStateException(
          "docs/units.json does not say how long %s takes".formatted(function));
    }
    double memoryGb =
        Objects.requireNonNull(template.functions().get(function)).memorySizeMb() / 1_024.0;
    return usage.amount("gbSeconds", function) / memoryGb / invocations;
  }

  void run(Path file) throws IOException {
    root.put("command", "mvn -q -pl infra/bench -am process-classes -Dbench=capacity");
    root.put("seed", SEED);
    root.set("costs", JSON.valueToTree(costs));
    root.set("budget", JSON.valueToTree(budget));
    ArrayNode most = root.putArray("most");
    for (Load load : loads()) {
      Most found = most(load);
      most.addObject()
          .put("load", load.name())
          .put("connections", found.holds())
          .put("refusedFrom", found.breaks())
          .put("binds", found.binds());
      report.row(load.name(), Map.of("connections", (double) found.holds()));
    }
    report.end();
    report.begin("a million connections", List.of());
    ArrayNode million = root.putArray("million");
    for (Load load : troubles()) {
      SimulationResult result = new Simulation(costs, budget, load, MILLION, SEED).run();
      result.write(million.addObject().put("load", load.name()));
      report.row(load.name(), result.row());
    }
    Files.writeString(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
  }

  private static List<Load> loads() {
    List<Load> loads = new ArrayList<>();
    loads.add(Load.idle());
    for (int members : new int[] {10, 100, 1_000, 10_000}) {
      Bill.MESSAGES_AN_HOUR.forEach((pace, anHour) -> loads.add(Load.rooms(pace, members, anHour)));
    }
    return loads;
  }

  private static List<Load> troubles() {
    Load quiet = Load.rooms("quiet", 100, 10);
    return List.of(Load.idle(), quiet, quiet.withBurst(10_000, 10, 60), quiet.withOffice(20_000));
  }

  /// @param holds so many connections are served without a refusal
  /// @param breaks so many are not
  /// @param binds what refused them first
  private record Most(int holds, int breaks, String binds) {}

  private Most most(Load load) {
    int step = Math.max(100, load.members());
    int holds = 0;
    int breaks = CONNECTIONS_MAX / step;
    String binds = "nothing";
    while (breaks - holds > Math.max(1, holds * CLOSE)) {
      int middle = (holds + breaks) / 2;
      SimulationResult result =
          new Simulation(costs, budget, load, middle * step, SEED).runUntilRefused();
      if (result.holds()) {
        holds = middle;
      } else {
        breaks = middle;
        binds = result.binds();
      }
    }
    return new Most(holds * step, breaks * step, binds);
  }
}
