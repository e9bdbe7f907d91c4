package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Tables on the console, row by row, and at the end a JSON file with the same rows, the machine,
/// the commit and the versions.
final class Report {
  private static final int COLUMN = 13;
  private static final int FIRST_COLUMN = 30;

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final JsonMapper json = new JsonMapper();
  private final ObjectNode root = json.createObjectNode();
  private final ArrayNode benchmarks;
  private ObjectNode benchmark = json.createObjectNode();
  private boolean headed;
  private long began;
  private boolean failed;

  /// @param parameters what all benchmarks of this run share
  Report(Map<String, ?> parameters) throws IOException, InterruptedException {
    root.put("time", Instant.now().toString());
    root.put("commit", git("rev-parse", "HEAD"));
    root.put("changed", !git("status", "--porcelain", "--untracked-files=no").isEmpty());
    ObjectNode machine = root.putObject("machine");
    machine.put("cores", SYSTEM.getAvailableProcessors());
    machine.put("memoryMb", SYSTEM.getTotalMemorySize() >> 20);
    machine.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    machine.put("jdk", Runtime.version().toString());
    ObjectNode versions = root.putObject("versions");
    for (String library : new String[] {"aws-sdk", "dynamodb-local"}) {
      versions.put(library, System.getProperty("bench.version." + library));
    }
    root.set("parameters", json.valueToTree(parameters));
    System.out.println(json.writeValueAsString(root));
    benchmarks = root.putArray("benchmarks");
  }

  /// The commit, the machine and the versions.
  ObjectNode origin() {
    ObjectNode origin = root.deepCopy();
    origin.remove(List.of("benchmarks", "time", "parameters"));
    return origin;
  }

  /// What follows is of this benchmark.
  void begin(String name, List<String> steps) {
    benchmark = benchmarks.addObject().put("name", name);
    benchmark.set("steps", json.valueToTree(steps));
    headed = false;
    benchmark.put("loadAtStart", SYSTEM.getSystemLoadAverage());
    began = System.nanoTime();
    System.out.printf("%n%s %s%n", name, String.join(",", steps));
  }

  /// One row. NaN stands for what cannot be told.
  void row(String what, Map<String, Double> values) {
    if (!headed) {
      headed = true;
      StringBuilder head = new StringBuilder(" ".repeat(FIRST_COLUMN));
      values.keySet().forEach(name -> head.append(pad(name)));
      System.out.println(head);
    }
    StringBuilder line = new StringBuilder(("%-" + FIRST_COLUMN + "s").formatted(what));
    ObjectNode row = benchmark.withArray("rows").addObject().put("what", what);
    values.forEach(
        (name, value) -> {
          row.put(name, value.isNaN() ? null : value);
          line.append(pad(text(value)));
        });
    System.out.println(line);
  }

  /// What a target bounds its value by.
  enum Bound {
    AT_MOST,
    AT_LEAST;

    private boolean holds(double value, double bound) {
      return this == AT_MOST ? value <= bound : value >= bound;
    }
  }

  /// Says whether a target is met.
  void target(String what, double value, Bound bound, double limit) {
    boolean met = bound.holds(value, limit);
    String limitText = (bound == Bound.AT_MOST ? "at most " : "at least ") + text(limit);
    benchmark
        .withArray("targets")
        .addObject()
        .put("what", what)
        .put("value", value)
        .put("target", limitText)
        .put("met", met);
    System.out.printf(
        "%s: %s, target: %s: %s%n", what, text(value), limitText, met ? "met" : "MISSED");
  }

  /// The benchmark that was begun last is complete.
  void end() {
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - began);
    benchmark.put("seconds", seconds);
    System.out.println(seconds + " s");
  }

  /// The benchmark that was begun last ended early.
  void failed(Exception cause) {
    failed = true;
    benchmark.put("failure", cause.toString());
    System.out.println("FAILED: " + cause);
    cause.printStackTrace();
  }

  boolean hasFailures() {
    return failed;
  }

  private static String text(double number) {
    if (Double.isNaN(number)) {
      return "-";
    }
    if (number == Math.rint(number)) {
      return Long.toString((long) number);
    }
    double size = Math.abs(number);
    return String.format(Locale.ROOT, size < 1 ? "%.4f" : size < 10 ? "%.2f" : "%.1f", number);
  }

  private static String pad(String text) {
    return " ".repeat(Math.max(1, COLUMN - text.length())) + text;
  }

  /// The one in the middle; of an even number, the upper of two.
  static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  void write(Path file) throws IOException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(file, json.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    System.out.printf("%n%s%n", file);
  }

  private static String git(String... arguments) throws IOException, InterruptedException {
    String[] command = new String[arguments.length + 1];
    command[0] = "git";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return process.waitFor() == 0 ? output.strip() : "unknown";
  }
}
