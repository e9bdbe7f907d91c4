package dev.parley.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Fan-out on the local cloud, whose pushes take 10 ms (median) and 40 ms (p99) here:
///
/// ```sh
/// mvn -q -pl infra/bench -am process-classes -Dbench=ladder
/// ```
///
/// - `ladder`: one message to rooms of 10, 100, 1,000 and 5,000, beside [Baselines]
/// - `growth`: one message to 1,000 members, with 1,000, 10,000 and 50,000 connections elsewhere
/// - `burst`: 10 to 500 messages a second into 1,000 members, and into 5,000
///
/// Prints a table and writes `infra/bench/target/bench-<name>.json`. Options: `bench.polls` (4 a
/// second, as AWS does), `bench.elsewhere` (10,000 connections in other rooms) and `bench.steps`
/// (the rooms' sizes; of `burst`, `members:rate`), with commas between them.
public final class Bench {
  private Bench() {}

  /// The benchmark's name.
  public static void main(String[] arguments) throws Exception {
    String name = arguments[0];
    double polls = Double.parseDouble(System.getProperty("bench.polls", "4"));
    int elsewhere = Integer.getInteger("bench.elsewhere", 10_000);
    List<String> steps =
        steps(
            switch (name) {
              case "ladder" -> "10,100,1000,5000";
              case "growth" -> "1000,10000,50000";
              case "burst" -> "1000:10,1000:50,1000:100,1000:500,5000:100";
              case "cost" -> "parley," + String.join(",", Floor.CLIENTS);
              default -> throw new IllegalArgumentException("there is no benchmark " + name);
            });
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("pollsPerSecond", polls);
    parameters.put("connectionsElsewhere", elsewhere);
    parameters.put("pushLatencyMedianMs", Cloud.PUSH_MEDIAN_MS);
    parameters.put("pushLatencyP99Ms", Cloud.PUSH_P99_MS);
    parameters.put("steps", steps);
    Report report = new Report(name, parameters);
    try (Cloud cloud = Cloud.start(polls)) {
      switch (name) {
        case "ladder" -> {
          cloud.connectionsElsewhere(elsewhere, 0);
          try (Ladder ladder = new Ladder(cloud, report)) {
            for (String members : steps) {
              ladder.climb(Integer.parseInt(members));
            }
          }
        }
        case "growth" -> {
          try (Ladder ladder = new Ladder(cloud, report)) {
            ladder.grow(steps.stream().map(Integer::valueOf).toList());
          }
        }
        case "cost" -> {
          cloud.connectionsElsewhere(elsewhere, 0);
          new Cost(cloud, report).run(steps);
        }
        default -> {
          cloud.connectionsElsewhere(elsewhere, 0);
          new Burst(cloud, report).run(steps);
        }
      }
      report.write(Path.of(System.getProperty("bench.output", "."), "bench-" + name + ".json"));
      // A stop in order would tell of each member who is cut off.
      Runtime.getRuntime().halt(0);
    }
  }

  private static List<String> steps(String unlessGiven) {
    String given = System.getProperty("bench.steps", "");
    return Arrays.asList((given.isBlank() ? unlessGiven : given).split(",", -1));
  }
}
