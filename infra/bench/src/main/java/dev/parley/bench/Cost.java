package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Processor time of a push in the Push function, beside a [Floor]; then what other HTTP clients
/// would cost at least. Each is measured in a [CostProcess] of its own; the gateway, with its
/// latency, and 1,000 sockets are in this one.
///
/// Medians of samples; those of Parley and of its floor are taken in turn, in one process, and `x
/// floor` is the median of their ratios.
final class Cost {
  /// The step that measures Parley itself.
  static final String PARLEY = "parley";

  private static final String ROOM = "room-of-1000";
  private static final int MEMBERS = 1_000;

  private static final JsonMapper JSON = new JsonMapper();

  private final Cloud cloud;
  private final Report report;

  Cost(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  record Sample(double cpuMicros, double perSecond) {}

  /// @param steps [#PARLEY], and those of [Floor#CLIENTS]
  void run(List<String> steps) throws Exception {
    try (Members _ = cloud.connect(ROOM, MEMBERS)) {
      for (String what : steps) {
        Map<String, List<Sample>> samples = samples(cloud, CostProcess.class, what, ROOM);
        List<Sample> floor = samples.getOrDefault("floor", List.of());
        List<Sample> parley = samples.getOrDefault(PARLEY, List.of());
        if (!parley.isEmpty()) {
          row("Parley, " + Floor.OF_PARLEY, parley, floor);
          row("its floor", floor, floor);
          report.target(
              "CPU of a push over its floor", timesFloor(parley, floor), Report.Bound.AT_MOST, 1.5);
        } else {
          row("floor: " + what, floor, floor);
        }
      }
    }
  }

  private void row(String what, List<Sample> samples, List<Sample> floor) {
    Map<String, Double> figures = new LinkedHashMap<>();
    List<Double> cpu = samples.stream().map(Sample::cpuMicros).sorted().toList();
    figures.put("CPU us/push", Report.median(cpu));
    figures.put("least", cpu.getFirst());
    figures.put("most", cpu.getLast());
    figures.put("x floor", timesFloor(samples, floor));
    figures.put("pushes/s", Report.median(samples.stream().map(Sample::perSecond).toList()));
    report.row(what, figures);
  }

  private static double timesFloor(List<Sample> samples, List<Sample> floor) {
    return Report.median(
        IntStream.range(0, samples.size())
            .mapToObj(i -> samples.get(i).cpuMicros() / floor.get(i).cpuMicros())
            .toList());
  }

  /// What a process prints that finds in its environment what a function would find.
  ///
  /// @param main has a `main` that takes the other arguments
  /// @return samples by what they are of, in order
  static Map<String, List<Sample>> samples(Cloud cloud, Class<?> main, String what, String room)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-Xmx512m"));
    command.addAll(
        List.of(System.getProperty("bench.push.jvm", "-XX:+UseSerialGC").split(" ", -1)));
    command.add("-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"));
    command.addAll(List.of("-classpath", System.getProperty("java.class.path", "")));
    command.addAll(List.of(main.getName(), what, room));
    ProcessBuilder builder =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().putAll(cloud.environment());
    Process process = builder.start();
    Map<String, List<Sample>> samples = new LinkedHashMap<>();
    try (BufferedReader lines = process.inputReader(UTF_8)) {
      String line;
      while ((line = lines.readLine()) != null) {
        if (line.startsWith(CostProcess.SAMPLE)) {
          JsonNode sample = JSON.readTree(line.substring(CostProcess.SAMPLE.length()));
          samples
              .computeIfAbsent(sample.path("of").textValue(), _ -> new ArrayList<>())
              .add(
                  new Sample(
                      sample.path("cpuMicros").doubleValue(),
                      sample.path("perSecond").doubleValue()));
        } // else a line of the function's log, whose cost counts
      }
    } finally {
      process.destroy();
    }
    if (process.waitFor() != 0) {
      throw new IllegalStateException(
          "the process of " + what + " ended by " + process.exitValue());
    }
    return samples;
  }
}
