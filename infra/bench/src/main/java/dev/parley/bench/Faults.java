package dev.parley.bench;

import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/// One message to a room some of whose members are in trouble, beside the same room before that:
/// 20 % are gone without `$disconnect`, 5 % are throttled until two seconds after a function has
/// the message, and 1 % never read, so that the gateway can hold no more for them. `median ms` and
/// `last ms` are those of the same members in both: who stay healthy.
///
/// Medians of five runs behind warm-ups; for each run others are gone. `throttled` is when the last
/// of the throttled has it. `gone left` counts rows of those who were gone that are still there ten
/// seconds later, and `live removed` those whose socket is open and who miss a row.
final class Faults {
  private static final int RUNS = 5;
  private static final int WARM_UPS = 10;
  private static final long TIMEOUT_MS = 60_000;
  private static final Duration THROTTLED = Duration.ofSeconds(2);

  /// After so long the Presence function has seen who was removed, and disturbs nobody.
  private static final long PRESENCE_MS = 2_000;

  private static final Duration PRUNING_MAX = Duration.ofSeconds(10);

  /// More than the gateway and two kernels hold for one socket.
  private static final int FILLING_MAX = 1_000;

  private static final int FRAME_BYTES = 32 * 1024;
  private static final int TOO_MANY_REQUESTS = 429;

  private final Cloud cloud;
  private final Report report;

  Faults(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  /// A room and those of its members who are to have the message.
  private record Room(String name, Members healthy, Members slow) {}

  /// @param sizes how many members the rooms have
  void run(List<Integer> sizes) throws Exception {
    for (int size : sizes) {
      run("faults-of-" + size, size);
    }
  }

  private void run(String name, int size) throws Exception {
    int gone = size / 5;
    int throttled = size / 20;
    int silent = size / 100;
    try (Members leaving = cloud.connect(name, "leaving", gone);
        Members slow = cloud.connect(name, "throttled", throttled);
        Members mute = cloud.connect(name, "silent", silent);
        Members healthy = cloud.connect(name, "healthy", size - gone - throttled - silent)) {
      Room room = new Room(name, healthy, slow);
      measure(room, 0, WARM_UPS);
      Map<String, Double> without = measure(room, 0, RUNS);
      report.row(size + ": without faults", without);

      leaving.leave();
      cloud.awaitConnections();
      mute.stopReading();
      fill(cloud.members(name).getOrDefault("silent", Set.of()));
      Map<String, Double> with = measure(room, gone, RUNS);
      report.row(size + ": with faults", with);
      report.target(
          "time to the last healthy member, over that without faults",
          with.getOrDefault("last ms", Double.NaN) / without.getOrDefault("last ms", Double.NaN),
          Report.Bound.AT_MOST,
          1.5);
      for (String none : List.of("live removed", "gone left")) {
        report.target(none, with.getOrDefault(none, Double.NaN), Report.Bound.AT_MOST, 0);
      }
    }
  }

  /// Pushes to each until the gateway can hold no more for it.
  private void fill(Collection<ConnectionId> connections) throws Exception {
    URI gateway = new Aws(new Settings(cloud.environment())).connectionsUrl();
    for (ConnectionId connection : connections) {
      try (Floor floor =
          Floor.of(Floor.OF_PARLEY, gateway, List.of(connection), new byte[FRAME_BYTES], 1)) {
        int pushes = 0;
        while (floor.post(0) != TOO_MANY_REQUESTS) {
          if (++pushes == FILLING_MAX) {
            throw new IllegalStateException("a socket that is not read takes everything");
          }
        }
      }
    }
  }

  /// @param gone how many members are gone; where there are none, nobody is throttled either
  private Map<String, Double> measure(Room room, int gone, int runs) throws Exception {
    Map<String, Set<ConnectionId>> members = cloud.members(room.name());
    Set<ConnectionId> live = new HashSet<>();
    members.values().forEach(live::addAll);
    Set<ConnectionId> throttled =
        gone == 0 ? Set.of() : members.getOrDefault("throttled", Set.of());
    Map<String, List<Double>> measured = new LinkedHashMap<>();
    for (int run = 0; run < runs; run++) {
      Thread.sleep(77L * run); // at any moment between two polls
      if (gone > 0) {
        Thread.sleep(PRESENCE_MS);
      }
      run(room, live, throttled, cloud.goneConnections(room.name(), gone))
          .forEach(
              (name, value) -> measured.computeIfAbsent(name, _ -> new ArrayList<>()).add(value));
    }
    Map<String, Double> figures = new LinkedHashMap<>();
    measured.forEach(
        (name, values) ->
            figures.put(
                name,
                name.equals("live removed") || name.equals("gone left")
                    ? values.stream().max(Double::compare).orElseThrow()
                    : Report.median(values)));
    return figures;
  }

  private Map<String, Double> run(
      Room room, Set<ConnectionId> live, Set<ConnectionId> throttled, Set<ConnectionId> gone)
      throws Exception {
    cloud.throttle(throttled);
    room.slow().expectOne();
    int number = room.healthy().expectOne();
    Meter.start(room.name());
    room.healthy().send(0, number);
    await("healthy", room.healthy());
    if (!throttled.isEmpty()) {
      TimeUnit.NANOSECONDS.sleep(Meter.entered() + THROTTLED.toNanos() - System.nanoTime());
      cloud.throttle(Set.of());
    }
    await("throttled", room.slow());
    long[] arrivals = room.healthy().arrivals(0);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("median ms", ms(arrivals[arrivals.length / 2]));
    figures.put("last ms", ms(arrivals[arrivals.length - 1]));
    figures.put("throttled", ms(room.slow().arrivals(0)[room.slow().size() - 1]));
    long until = System.nanoTime() + PRUNING_MAX.toNanos();
    Map<ConnectionId, Long> rows = cloud.rows();
    while (gone.stream().anyMatch(rows::containsKey) && System.nanoTime() < until) {
      rows = cloud.rows();
    }
    Map<ConnectionId, Long> left = rows;
    figures.put("pushes", (double) Meter.pushes());
    figures.put(
        "live removed",
        (double) live.stream().filter(id -> left.getOrDefault(id, 0L) != 2).count());
    figures.put(
        "gone left", (double) gone.stream().mapToLong(id -> left.getOrDefault(id, 0L)).sum());
    return figures;
  }

  private static void await(String who, Members members) throws InterruptedException {
    if (!members.await(TIMEOUT_MS)) {
      throw new IllegalStateException(
          "%d of %d %s members have it".formatted(members.received.get(), members.size(), who));
    }
  }

  private static double ms(long at) {
    return (at - Meter.entered()) / 1e6;
  }
}
