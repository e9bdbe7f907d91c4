package dev.parley.bench;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
/// - `quota`: one message to more members than the account's quota bears at once: [Quota]
/// - `neighbours`: what people elsewhere wait while one room is in trouble: [Neighbours]
/// - `hostile`: what people notice of others who mean no good, and what those cost: [Hostile]
/// - `recover`: a client is cut off while its room goes on, and catches up: [Recover]
/// - `tracing`: processor time of traces, of a push, of a batch, and of a message: [TraceCost]
/// - `page`: bytes and time of a first visit, and how smooth the page is in a loud room: [WebPage]
/// - `units`: what AWS would charge for each action, written into `docs/units.json`, then
///   `capacity`: [Units]
/// - `capacity`: which of AWS's limits are met first, simulated, written into `docs/capacity.json`,
///   then `bill`: [Capacity]
/// - `bill`: `docs/COST.md`, from these two and `docs/prices.json`: [CostDocument]
/// - `languages`: a frame to a function in another language, and in Java: [Languages]
/// - `tool`: `parley-local.jar` with a template of one function; it takes the jar: [Tool]
/// - `growth`: one message to 1,000 members, with 1,000, 10,000 and 50,000 connections elsewhere
/// - `cold`: cold starts beside a hello world function's, on a function's share of a processor; it
///   takes the packages: `mvn -q -pl infra/bench -am -DskipTests package -Dbench=cold`: [Cold]
/// - `jmh`: the parts that reach no service: [dev.parley.fanout.FanoutBenchmark]
///
/// Prints tables and writes `infra/bench/target/bench-<name>.json`. A benchmark that fails says so,
/// the others go on, and Maven fails in the end; a target that is missed is no failure.
///
/// Options: `bench.polls` (4 a second, as AWS does; a run with more writes a file of its own,
/// `bench-<name>-polled-<polls>.json`), `bench.elsewhere` (10,000 connections in other rooms),
/// `bench.cut` (60 seconds without a network, of `recover`), `bench.rounds` (10, of `cold`),
/// `bench.steps` of a single benchmark, with commas between them (the rooms' sizes; of `burst`,
/// `members:rate`; of `cost`, `parley` and [Floor#CLIENTS]; of `quota`, its three; of `neighbours`,
/// its two troubles; of `hostile`, its three; of `recover`, messages missed; of `page`, its two; of
/// `growth`, connections elsewhere; of `cold`, its variants; of `jmh`, regular expressions), and
/// `bench.push.jvm` (the options of the JVM that `cost` measures).
public final class Bench {
  private static final String ALL = "all";
  private static final Path DOCS = Path.of("docs");
  private static final double AWS_POLLS = 4;
  private static final int CONNECTIONS_ELSEWHERE = 10_000;
  private static final int CUT_SECONDS = 60;
  private static final int ROUNDS = 10;

  /// @param steps unless others are chosen
  /// @param step what each of them looks like, as a regular expression
  private record Kind(String steps, String step) {}

  /// In the order in which all are run: the one that needs fewest connections elsewhere has a cloud
  /// of its own.
  private static final Map<String, Kind> KINDS = new LinkedHashMap<>();

  /// What is kept in the repository is written only where it is asked for by name.
  private static final Set<String> DOCUMENTS = Set.of("units", "capacity", "bill");

  /// What needs the packages, which a compilation does not make, a browser, or other languages.
  private static final Set<String> APART = Set.of("cold", "languages", "page", "tool");

  static {
    String number = "[1-9]\\d{0,5}";
    KINDS.put("ladder", new Kind("10,100,1000,5000", number));
    KINDS.put(
        "burst",
        new Kind("1000:10,1000:50,1000:100,1000:500", number + ":" + number + "(:single)?"));
    KINDS.put(
        "cost",
        new Kind(
            Cost.PARLEY + "," + String.join(",", Floor.CLIENTS),
            Cost.PARLEY + "|" + String.join("|", Floor.CLIENTS)));
    KINDS.put("faults", new Kind("1000", number));
    KINDS.put(
        "quota",
        new Kind(
            String.join(",", Quota.NONE, Quota.PACED, Quota.SLOW),
            String.join("|", Quota.NONE, Quota.PACED, Quota.SLOW)));
    KINDS.put(
        "neighbours",
        new Kind(
            Neighbours.DYING + "," + Neighbours.LARGEST,
            Neighbours.DYING + "|" + Neighbours.LARGEST));
    KINDS.put(
        "hostile",
        new Kind(
            String.join(",", Hostile.MEMORY, Hostile.FOLDER, Hostile.COST),
            String.join("|", Hostile.MEMORY, Hostile.FOLDER, Hostile.COST)));
    KINDS.put("recover", new Kind("100,1000,5000", number));
    KINDS.put(
        "tracing",
        new Kind(
            String.join(",", TraceCost.PUSH, TraceCost.FANOUT, TraceCost.MESSAGE),
            String.join("|", TraceCost.PUSH, TraceCost.FANOUT, TraceCost.MESSAGE)));
    KINDS.put(
        "page",
        new Kind(WebPage.VISIT + "," + WebPage.READING, WebPage.VISIT + "|" + WebPage.READING));
    KINDS.put("units", new Kind("1,10,100,1000,10000", number));
    KINDS.put("capacity", new Kind("all", "all"));
    KINDS.put("bill", new Kind("all", "all"));
    KINDS.put("growth", new Kind("1000,10000,50000", number));
    KINDS.put(
        "cold",
        new Kind(String.join(",", Cold.Variant.NAMES), String.join("|", Cold.Variant.NAMES)));
    KINDS.put(
        "tool", new Kind(Tool.START + "," + Tool.CONNECTIONS, Tool.START + "|" + Tool.CONNECTIONS));
    KINDS.put(
        "languages",
        new Kind(String.join(",", Languages.NAMES), String.join("|", Languages.NAMES)));
    KINDS.put("jmh", new Kind("FanoutBenchmark", ".+"));
  }

  /// What `all` measures: without what writes into `docs/`, and what needs more.
  private static final List<String> MEASURED =
      KINDS.keySet().stream()
          .filter(kind -> !DOCUMENTS.contains(kind) && !APART.contains(kind))
          .toList();

  private final String name;
  private final double polls;
  private final int elsewhere;
  private final int cutSeconds;
  private final int rounds;

  /// Chosen for a single benchmark; empty where its own are to be run.
  private final List<String> chosen;

  private final Report report;
  private @Nullable Cloud cloud;

  private Bench(String name) throws Exception {
    this.name = name;
    this.polls = option("bench.polls", AWS_POLLS);
    this.elsewhere = (int) option("bench.elsewhere", CONNECTIONS_ELSEWHERE);
    this.cutSeconds = (int) option("bench.cut", CUT_SECONDS);
    if (cutSeconds < 0) {
      throw new IllegalArgumentException("bench.cut=" + cutSeconds + " is no time");
    }
    this.rounds = (int) option("bench.rounds", ROUNDS);
    if (rounds < 1) {
      throw new IllegalArgumentException("bench.rounds=" + rounds + " are no rounds");
    }
    String steps = System.getProperty("bench.steps", "");
    this.chosen = steps.isBlank() ? List.of() : Arrays.asList(steps.split(",", -1));
    Kind kind = KINDS.get(name);
    if (kind == null && !name.equals(ALL)) {
      throw new IllegalArgumentException(
          "there is no benchmark %s: it is %s or one of %s".formatted(name, ALL, KINDS.keySet()));
    }
    if (kind == null && !chosen.isEmpty()) {
      throw new IllegalArgumentException("bench.steps are those of one benchmark, not of all");
    }
    for (String step : chosen) {
      if (kind != null && !step.matches(kind.step())) {
        throw new IllegalArgumentException(
            "bench.steps=%s: a step of %s looks like %s".formatted(steps, name, kind.step()));
      }
    }
    Map<String, Object> parameters = new LinkedHashMap<>();
    parameters.put("pollsPerSecond", polls);
    parameters.put("connectionsElsewhere", elsewhere);
    parameters.put("pushLatencyMedianMs", Cloud.PUSH_MEDIAN_MS);
    parameters.put("pushLatencyP99Ms", Cloud.PUSH_P99_MS);
    this.report = new Report(parameters);
  }

  private static double option(String name, double unlessGiven) {
    String value = System.getProperty(name, Double.toString(unlessGiven));
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + "=" + value + " is no number", e);
    }
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
    for (String each : name.equals(ALL) ? MEASURED : List.of(name)) {
      Kind kind = Objects.requireNonNull(KINDS.get(each));
      List<String> steps = chosen.isEmpty() ? Arrays.asList(kind.steps().split(",", -1)) : chosen;
      report.begin(each, steps);
      try {
        run(each, steps);
        report.end();
      } catch (Exception e) {
        report.failed(e);
        stop();
      }
    }
    String pace =
        polls == AWS_POLLS ? "" : "-polled-" + Double.toString(polls).replaceFirst("\\.0$", "");
    report.write(
        Path.of(System.getProperty("bench.output", "."), "bench-" + name + pace + ".json"));
    // A stop in order would tell of each member who is cut off.
    Runtime.getRuntime().halt(report.hasFailures() ? 1 : 0);
  }

  private void run(String each, List<String> steps) throws Exception {
    switch (each) {
      case "ladder" -> {
        try (Ladder ladder = new Ladder(cloud(elsewhere), report)) {
          ladder.climb(numbers(steps));
        }
      }
      case "burst" -> new Burst(cloud(elsewhere), report).run(steps);
      case "cost" -> new Cost(cloud(elsewhere), report).run(steps);
      case "tracing" -> new TraceCost(cloud(0), report).run(steps);
      case "faults" -> new Faults(cloud(elsewhere), report).run(numbers(steps));
      case "quota" -> {
        stop();
        new Quota(polls, report).run(steps);
      }
      case "neighbours" -> new Neighbours(cloud(elsewhere), report).run(steps);
      case "hostile" -> {
        stop();
        new Hostile(polls, report).run(steps);
      }
      case "recover" -> new Recover(cloud(elsewhere), report, cutSeconds).run(numbers(steps));
      case "page" -> {
        stop();
        cloud = Cloud.withPage(polls, WebPage.asDeployed());
        new WebPage(cloud, report).run(steps);
        stop();
      }
      case "units" -> {
        FunctionLog log = FunctionLog.install();
        cloud = Cloud.metered(polls);
        new Units(cloud, report, log).run(numbers(steps), DOCS.resolve("units.json"));
        stop();
        report.end();
        report.begin("capacity", List.of());
        run("capacity", List.of());
      }
      case "capacity" -> {
        new Capacity(DOCS, report).run(DOCS.resolve("capacity.json"));
        CostDocument.write(DOCS);
      }
      case "bill" -> CostDocument.write(DOCS);
      case "growth" -> {
        try (Ladder ladder = new Ladder(cloud(numbers(steps).getFirst()), report)) {
          ladder.grow(numbers(steps));
        }
      }
      case "cold" -> {
        stop();
        cloud = Cloud.quiet(polls);
        new Cold(cloud, report, rounds).run(steps);
        stop();
      }
      case "tool" -> {
        stop();
        new Tool(report).run(steps);
      }
      case "languages" -> {
        stop();
        new Languages(report).run(steps);
      }
      default -> {
        stop();
        new Microbenchmarks(report).run(steps);
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
