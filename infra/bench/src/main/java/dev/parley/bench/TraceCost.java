package dev.parley.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// What tracing costs: processor time of a push in the Push function and in the Fanout function,
/// and of a message in the SendMessage function, where nothing is sampled, 5 % of the messages are,
/// and all of them. The room is small, so that there is a trace for every third push. The functions
/// are in a [TraceCostProcess]; tables, gateway and sockets are in this one.
///
/// Medians of samples that are taken in turn; `x off` is the median of their ratios. What the local
/// cloud does in Lambda's place counts as tracing too, so that AWS has less of it.
final class TraceCost {
  static final String PUSH = "push";
  static final String FANOUT = "fanout";
  static final String MESSAGE = "message";
  private static final String ROOM = "traced-room";
  private static final int MEMBERS = 3;

  private final Cloud cloud;
  private final Report report;

  TraceCost(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  /// @param steps of [#PUSH], [#FANOUT] and [#MESSAGE]
  void run(List<String> steps) throws Exception {
    try (Members _ = cloud.connect(ROOM, MEMBERS)) {
      for (String what : steps) {
        Map<String, List<Cost.Sample>> samples =
            Cost.samples(cloud, TraceCostProcess.class, what, ROOM);
        List<Cost.Sample> off =
            samples.getOrDefault(TraceCostProcess.Sampled.NOTHING.name, List.of());
        for (TraceCostProcess.Sampled sampled : TraceCostProcess.Sampled.values()) {
          row(what, sampled.name, samples.getOrDefault(sampled.name, List.of()), off);
        }
        report.target(
            "CPU of a %s with 5 %% sampled, over none".formatted(what),
            ratio(samples.getOrDefault(TraceCostProcess.Sampled.SOME.name, List.of()), off),
            Report.Bound.AT_MOST,
            1.03);
      }
    }
  }

  private void row(String what, String sampled, List<Cost.Sample> samples, List<Cost.Sample> off) {
    List<Double> cpu = samples.stream().map(Cost.Sample::cpuMicros).sorted().toList();
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("CPU us", Report.median(cpu));
    figures.put("least", cpu.getFirst());
    figures.put("most", cpu.getLast());
    figures.put("x off", ratio(samples, off));
    report.row("%s, sampled: %s".formatted(what, sampled), figures);
  }

  private static double ratio(List<Cost.Sample> samples, List<Cost.Sample> off) {
    return Report.median(
        IntStream.range(0, samples.size())
            .mapToObj(i -> samples.get(i).cpuMicros() / off.get(i).cpuMicros())
            .toList());
  }
}
