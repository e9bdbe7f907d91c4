package dev.parley.bench;

import dev.parley.room.RoomId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One message to a room: when the first, the median and the last member have it, counted from the
/// moment that a function has the message (Parley's: when it is invoked, its event not yet parsed;
/// a baseline: when it is called), what was read, and how often was pushed. `accept-last` counts
/// from when the sender read its `sent`, and so has the wait for the stream's next poll in it.
/// Medians of five runs behind warm-ups.
final class Ladder implements AutoCloseable {
  private static final int RUNS = 5;

  /// The first rooms are measured when little is compiled yet, so the more messages the smaller a
  /// room is.
  private static final int WARM_UP_DELIVERIES = 10_000;

  private static final int WARM_UPS_MIN = 3;
  private static final int WARM_UPS_MAX = 20;

  /// A scan compiles what it needs by itself.
  private static final int SCAN_WARM_UPS_MAX = 5;

  /// One after another is run once in larger rooms: 5,000 members take it a minute.
  private static final int REPEATED_SEQUENCE_MAX = 100;

  private static final long TIMEOUT_MS = 120_000;

  private final Cloud cloud;
  private final Report report;
  private final Baselines baselines;

  Ladder(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
    this.baselines = new Baselines(cloud);
  }

  /// How a message is handed to whatever is measured.
  @FunctionalInterface
  private interface Way {
    void hand(int number) throws Exception;
  }

  /// @param sizes how many members the rooms have
  void climb(List<Integer> sizes) throws Exception {
    Map<Integer, Double> perSecond = new LinkedHashMap<>();
    for (int size : sizes) {
      RoomId room = new RoomId("room-of-" + size);
      int warmUps = warmUps(size);
      boolean repeated = size <= REPEATED_SEQUENCE_MAX;
      try (Members members = cloud.connect(room.name(), size)) {
        Map<String, Double> figures =
            measure(
                size + ": Parley", room, members, warmUps, RUNS, number -> members.send(0, number));
        perSecond.put(size, figures.getOrDefault("deliver/s", 0.0));
        measure(
            size + ": scan + unbounded parallel",
            room,
            members,
            Math.min(warmUps, SCAN_WARM_UPS_MAX),
            RUNS,
            number -> baselines.unboundedParallel(room.name(), Members.event(room, number)));
        measure(
            size + ": scan + one after another",
            room,
            members,
            repeated ? WARM_UPS_MIN : 0,
            repeated ? RUNS : 1,
            number -> baselines.oneAfterAnother(room.name(), Members.event(room, number)));
      }
    }
    if (perSecond.containsKey(1_000) && perSecond.containsKey(5_000)) {
      report.target(
          "deliveries/s at 5,000 members over those at 1,000",
          perSecond.get(5_000) / perSecond.get(1_000),
          Report.Bound.AT_LEAST,
          0.9);
    }
  }

  /// @param elsewhere how many connections there are in other rooms, ascending
  void grow(List<Integer> elsewhere) throws Exception {
    RoomId room = new RoomId("room-of-1000");
    List<Map<String, Double>> all = new ArrayList<>();
    try (Members members = cloud.connect(room.name(), 1_000)) {
      for (int count : elsewhere) {
        cloud.connectionsElsewhere(count);
        all.add(
            measure(
                count + " elsewhere: Parley",
                room,
                members,
                warmUps(members.size()),
                RUNS,
                number -> members.send(0, number)));
      }
    }
    report.target(
        "read units with the most connections elsewhere over those with the fewest",
        lastOverFirst(all, "read units"),
        Report.Bound.AT_MOST,
        1);
    report.target(
        "time to the last member, likewise",
        lastOverFirst(all, "last ms"),
        Report.Bound.AT_MOST,
        1.2);
  }

  private static int warmUps(int size) {
    return Math.clamp(WARM_UP_DELIVERIES / size, WARM_UPS_MIN, WARM_UPS_MAX);
  }

  private static double lastOverFirst(List<Map<String, Double>> figures, String name) {
    return figures.getLast().getOrDefault(name, 0.0) / figures.getFirst().getOrDefault(name, 0.0);
  }

  private Map<String, Double> measure(
      String what, RoomId room, Members members, int warmUps, int runs, Way way) throws Exception {
    for (int i = 0; i < warmUps; i++) {
      way.hand(members.expectOne());
      await(what, members);
    }
    Map<String, List<Double>> measured = new LinkedHashMap<>();
    for (int run = 0; run < runs; run++) {
      members.quiet(500);
      Thread.sleep(77L * run); // at any moment between two polls
      int number = members.expectOne();
      Meter.start(room.name());
      way.hand(number);
      await(what, members);
      figures(members)
          .forEach(
              (name, value) -> measured.computeIfAbsent(name, _ -> new ArrayList<>()).add(value));
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    measured.forEach((name, values) -> medians.put(name, Report.median(values)));
    report.row(what, medians);
    return medians;
  }

  private static void await(String what, Members members) throws InterruptedException {
    if (!members.await(TIMEOUT_MS)) {
      throw new IllegalStateException(
          "%s: %d of %d members have it".formatted(what, members.received.get(), members.size()));
    }
  }

  private static Map<String, Double> figures(Members members) throws InterruptedException {
    long[] arrivals = members.arrivals(0);
    long entered = Meter.entered();
    long last = arrivals[arrivals.length - 1];
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("first ms", ms(arrivals[0] - entered));
    figures.put("median ms", ms(arrivals[arrivals.length / 2] - entered));
    figures.put("last ms", ms(last - entered));
    members.quiet(200); // the reply has come, and whatever was pushed twice
    long accepted = members.acceptedAt(0);
    figures.put("accept-last", accepted == 0 ? Double.NaN : ms(last - accepted));
    figures.put("read units", Meter.readUnits());
    figures.put("pushes", (double) Meter.pushes());
    figures.put("deliver/s", members.size() * 1e9 / (last - entered));
    return figures;
  }

  private static double ms(long nanos) {
    return nanos / 1e6;
  }

  @Override
  public void close() {
    baselines.close();
  }
}
