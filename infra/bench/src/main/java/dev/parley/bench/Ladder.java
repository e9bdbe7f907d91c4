package dev.parley.bench;

import dev.parley.room.RoomId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One message to a room: when the first, the median and the last member have it, counted from the
/// moment that the code has the message, what was read, and how often was pushed. Medians of three
/// runs behind a warm-up.
final class Ladder implements AutoCloseable {
  private static final int RUNS = 3;
  private static final int WARM_UPS = 3;

  /// Above this many, one after another takes minutes: it is run once.
  private static final int MEMBERS_OF_REPEATED_SEQUENCE = 1_000;

  private static final long TIMEOUT_MS = 120_000;

  private final Cloud cloud;
  private final Report report;
  private final Baselines baselines;

  Ladder(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
    this.baselines = new Baselines(cloud);
  }

  @FunctionalInterface
  private interface Step {
    void run() throws Exception;
  }

  void climb(int size) throws Exception {
    String room = "room-of-" + size;
    try (Members members = cloud.connect(room, size)) {
      byte[] event = Members.event(new RoomId(room));
      measure(size + ": Parley", room, members, WARM_UPS, RUNS, () -> send(room, members));
      measure(
          size + ": scan + unbounded parallel",
          room,
          members,
          1,
          RUNS,
          () -> baselines.unboundedParallel(room, event));
      boolean repeated = size <= MEMBERS_OF_REPEATED_SEQUENCE;
      measure(
          size + ": scan + one after another",
          room,
          members,
          size <= 100 ? 1 : 0,
          repeated ? RUNS : 1,
          () -> baselines.oneAfterAnother(room, event));
    }
  }

  void grow(List<Integer> elsewhere) throws Exception {
    String room = "room-of-1000";
    try (Members members = cloud.connect(room, 1_000)) {
      for (int count : elsewhere) {
        cloud.connectionsElsewhere(count, members.size());
        measure(
            count + " elsewhere: Parley", room, members, WARM_UPS, RUNS, () -> send(room, members));
      }
    }
  }

  private static void send(String room, Members members) {
    members.send(
        0,
        "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"%s\"}"
            .formatted(room, Members.text(0)));
  }

  private void measure(String what, String room, Members members, int warmUps, int runs, Step step)
      throws Exception {
    Map<String, List<Double>> measured = new LinkedHashMap<>();
    for (int run = -warmUps; run < runs; run++) {
      Thread.sleep(100 + 77L * (run + warmUps)); // at any moment between two polls
      members.expect(0, 1);
      Meter.start(room);
      step.run();
      if (!members.await(TIMEOUT_MS)) {
        throw new IllegalStateException(
            "%s: %d of %d members have it".formatted(what, members.received.get(), members.size()));
      }
      members.quiet(500);
      if (run < 0) {
        continue;
      }
      long[] arrivals = members.arrivals(0);
      long last = arrivals[arrivals.length - 1];
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("first ms", ms(arrivals[0] - Meter.entered()));
      figures.put("median ms", ms(arrivals[arrivals.length / 2] - Meter.entered()));
      figures.put("last ms", ms(last - Meter.entered()));
      long accepted = members.acceptedAt.get();
      figures.put("accept-last", accepted == 0 ? 0.0 : ms(last - accepted));
      figures.put("read units", Meter.readUnits());
      figures.put("pushes", (double) Meter.pushes());
      figures.put("deliver/s", members.size() * 1e9 / (last - Meter.entered()));
      figures.forEach((n, v) -> measured.computeIfAbsent(n, _ -> new ArrayList<>()).add(v));
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    measured.forEach((name, values) -> medians.put(name, median(values)));
    report.row(what, medians);
  }

  private static double ms(long nanos) {
    return nanos / 1e6;
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  @Override
  public void close() {
    baselines.close();
  }
}
