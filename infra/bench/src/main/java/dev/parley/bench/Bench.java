package dev.parley.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Fan-out on the local cloud, whose pushes take 10 ms (median) and 40 ms (p99) here:
///
/// ```sh
/// mvn -q -pl infra/bench -am process-classes -Dbench=all
/// ```
///
/// or one of
///
/// - `ladder`: one message to rooms of 10, 100, 1,000 and 5,000, beside [Baselines]: [Ladder]
/// - `burst`: 10 to 500 messages a second into 1,000 members: [Burst]
/// - `cost`: processor time of a push, beside that of HTTP clients alone: [Cost]
/// - `faults`: one message to 1,000 members, some of whom are gone, throttled or silent: [Faults]
/// - `growth`: one message to 1,000 members, with 1,000, 10,000 and 50,000 connections elsewhere
/// - `jmh`: the parts that reach no service: [dev.parley.fanout.FanoutBenchmark]
///
/// Prints tables and writes `infra/bench/target/bench-<name>.json`. A benchmark that fails says so,
/// the others go on, and Maven fails in the end; a target that is missed is no failure.
///
/// Options: `bench.polls` (4 a second, as AWS does; a run with more writes a file of its own,
/// `bench-<name>-polled-<polls>.json`), `bench.elsewhere` (10,000 connections in other rooms),
/// `bench.steps` of a single benchmark, with commas between them (the rooms' sizes; of `burst`,
/// `members:rate`; of `cost`, `parley` and [Floor#CLIENTS]; of `growth`, connections elsewhere; of
/// `jmh`, regular expressions), and `bench.push.jvm` (the options of the JVM that `cost` measures).
public final class Bench {
  private static final String ALL = "all";
  private static final double AWS_POLLS = 4;

  /// The steps of each benchmark, in the order in which all are run: the one that needs fewest
  /// connections elsewhere has a cloud of its own.
  private static final Map<String, String> STEPS = new LinkedHashMap<>();

  static {
    STEPS.put("ladder", "10,100,1000,5000");
    STEPS.put("burst", "1000:10,1000:50,1000:100,1000:500");
    STEPS.put("cost", "parley," + String.join(",", Floor.CLIENTS));
    STEPS.put("faults", "1000");
    STEPS.put("growth", "1000,10000,50000");
    STEPS.put("jmh", "FanoutBenchmark");
  }

  private final double polls =
      Double.parseDouble(System.getProperty("bench.polls", Double.toString(AWS_POLLS)));
  private final int elsewhere = Integer.getInteger("bench.elsewhere", 10_000);
  private final String steps = System.getProperty("bench.steps", "");
  private final String name;
  private final Report report;
  private @Nullable Cloud cloud;

  private Bench(String name) throws Exception {
    if (!name.equals(ALL) && !STEPS.containsKey(name)) {
      throw new IllegalArgumentException(
          "there is no benchmark %s: it is %s or one of %s".formatted(name, ALL, STEPS.keySet()));
    }
    if (name.equals(ALL) && !steps.isBlank()) {
      throw new IllegalArgumentException("bench.steps are those of one benchmark, not of all");
    }
    this.name = name;
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("pollsPerSecond", polls);
    parameters.put("connectionsElsewhere", elsewhere);
    parameters.put("pushLatencyMedianMs", Cloud.PUSH_MEDIAN_MS);
    parameters.put("pushLatencyP99Ms", Cloud.PUSH_P99_MS);
    this.report = new Report(parameters);
  }

  /// The benchmark's name.
  public static void main(String[] arguments) throws Exception {
    Bench bench;
    try {
      bench = new Bench(arguments[0]);
    } catch (IllegalArgumentException e) {
      System.err.println("Cannot measure: " + e.getMessage());
      System.exit(1);
      return;
    }
    bench.run();
  }

  private void run() throws Exception {
    for (String each : name.equals(ALL) ? STEPS.keySet() : List.of(name)) {
      List<String> chosen =
          Arrays.asList((steps.isBlank() ? STEPS.getOrDefault(each, "") : steps).split(",", -1));
      report.begin(each, chosen);
      try {
        run(each, chosen);
        report.end();
      } catch (Exception e) {
        report.failed(e);
        stop();
      }
    }
    String file = polls == AWS_POLLS ? "bench-%s.json" : "bench-%s-polled-" + polls + ".json";
    report.write(Path.of(System.getProperty("bench.output", "."), file.formatted(name)));
    // A stop in order would tell of each member who is cut off.
    Runtime.getRuntime().halt(report.hasFailures() ? 1 : 0);
  }

  private void run(String each, List<String> chosen) throws Exception {
    switch (each) {
      case "ladder" -> {
        try (Ladder ladder = new Ladder(cloud(elsewhere), report)) {
          ladder.climb(numbers(chosen));
        }
      }
      case "burst" -> new Burst(cloud(elsewhere), report).run(chosen);
      case "cost" -> new Cost(cloud(elsewhere), report).run(chosen);
      case "faults" -> new Faults(cloud(elsewhere), report).run(numbers(chosen));
      case "jmh" -> {
        stop();
        new Microbenchmarks(report).run(chosen);
      }
      default -> {
        try (Ladder ladder = new Ladder(cloud(numbers(chosen).getFirst()), report)) {
          ladder.grow(numbers(chosen));
        }
      }
    }
  }

  private static List<Integer> numbers(List<String> steps) {
    return steps.stream().map(Integer::valueOf).toList();
  }

  /// One with so many connections in other rooms: the one before, unless it has more.
  private Cloud cloud(int connectionsElsewhere) throws Exception {
    Cloud current = cloud;
    if (current == null || current.elsewhere() > connectionsElsewhere) {
      stop();
      current = Cloud.start(polls);
      cloud = current;
    }
    current.connectionsElsewhere(connectionsElsewhere);
    return current;
  }

  private void stop() {
    if (cloud != null) {
      cloud.close();
      cloud = null;
    }
  }
}
