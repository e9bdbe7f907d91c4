package dev.parley.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs the benchmarks that JMH knows, each in a JVM of its own: microseconds of one call, and half
/// the width of the 99.9 % confidence interval.
final class Microbenchmarks {
  private static final int WARM_UPS = 3;
  private static final int ITERATIONS = 5;

  private final Report report;

  Microbenchmarks(Report report) {
    this.report = report;
  }

  /// @param steps regular expressions for what is to be run
  void run(List<String> steps) throws Exception {
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .forks(1)
            .warmupIterations(WARM_UPS)
            .warmupTime(TimeValue.milliseconds(500))
            .measurementIterations(ITERATIONS)
            .measurementTime(TimeValue.milliseconds(500))
            .mode(Mode.AverageTime)
            .timeUnit(TimeUnit.MICROSECONDS)
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT);
    steps.forEach(options::include);
    for (RunResult run : new Runner(options.build()).run()) {
      Result<?> result = run.getPrimaryResult();
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("us/call", result.getScore());
      figures.put("+-", result.getScoreError());
      report.row(result.getLabel(), figures);
    }
  }
}
