package dev.parley.bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/// How long people wait for a message while a room that they are not in is in trouble. Ten messages
/// a second go to five rooms of ten for 20 s in quiet, and for 20 s in which
///
/// - `dying`: 200 connections that are in the same 50 rooms have just died at once, and somebody
///   who is left says five messages a second in these rooms, in turn;
/// - `largest`: each of 50 members of one room sends one of the largest messages every 5 s, ten a
///   second together: 24 KB each, 12 MB a second of pushes.
///
/// Quiet and disturbed take turns three times, behind a warm-up (0). A wait is from the send to the
/// receipt, in ms, of each message by each member; `cores` is what the whole process used, the
/// clients included: about half a core in quiet. Where it comes to two, the machine is measured and
/// not the chat.
final class Neighbours {
  static final String DYING = "dying";
  static final String LARGEST = "largest";

  private static final int RUNS = 3;

  /// The run in which functions begin to do what they had not to do before; reported, not counted.
  private static final int WARM_UP = 0;

  private static final int SECONDS = 20;
  private static final int WARM_UP_SECONDS = 10;
  private static final long DRAIN_MS = 60_000;

  private static final int ROOMS = 5;
  private static final int ROOM_SIZE = 10;
  private static final int PER_SECOND = 10;

  private static final int CROWD = 200;
  private static final int CROWD_ROOMS = 50;
  private static final int CROWD_PER_SECOND = 5;

  private static final int SENDERS = 50;
  private static final int LARGEST_PER_SECOND = 10;

  /// The most bytes that 4,000 characters come to: JSON escapes each of these by six.
  private static final String LARGEST_TEXT = "x" + "\\u0001".repeat(3_999);

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Cloud cloud;
  private final Report report;
  private final List<Members> elsewhere = new ArrayList<>();

  Neighbours(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  void run(List<String> steps) throws Exception {
    try {
      for (int i = 0; i < ROOMS; i++) {
        elsewhere.add(cloud.connect("neighbours-" + i, ROOM_SIZE));
      }
      measure(WARM_UP_SECONDS, 1, _ -> {});
      for (String step : steps) {
        List<Double> ratios = step.equals(DYING) ? dying() : largest();
        report.target(
            step + ": p99 elsewhere, over that in quiet",
            Report.median(ratios),
            Report.Bound.AT_MOST,
            2);
      }
    } finally {
      elsewhere.forEach(Members::close);
    }
  }

  private List<Double> dying() throws Exception {
    List<String> rooms =
        IntStream.range(0, CROWD_ROOMS).mapToObj(i -> "%s-%02d".formatted(DYING, i)).toList();
    List<Double> ratios = new ArrayList<>();
    try (Members left = cloud.connect(String.join(",", rooms), "left", 1)) {
      for (int run = 0; run <= RUNS; run++) {
        try (Members crowd = cloud.connect("crowd", "crowd", CROWD)) {
          cloud.enter(crowd, "crowd", rooms);
          double quiet = row(DYING, run, "quiet", measure(SECONDS, 1, _ -> {}));
          crowd.leave();
          Map<String, Double> disturbed =
              measure(
                  SECONDS, CROWD_PER_SECOND, i -> left.say(0, rooms.get(i % CROWD_ROOMS), "Gone?"));
          long since = System.nanoTime();
          cloud.awaitConnections();
          disturbed.put("rows left s", (System.nanoTime() - since) / 1e9);
          double ratio = row(DYING, run, "disturbed", disturbed) / quiet;
          if (run > WARM_UP) {
            ratios.add(ratio);
          }
        }
      }
    }
    return ratios;
  }

  private List<Double> largest() throws Exception {
    List<Double> ratios = new ArrayList<>();
    try (Members senders = cloud.connect(LARGEST, SENDERS)) {
      for (int run = 0; run <= RUNS; run++) {
        double quiet = row(LARGEST, run, "quiet", measure(SECONDS, 1, _ -> {}));
        senders.expect(0, 1);
        Map<String, Double> disturbed =
            measure(
                SECONDS, LARGEST_PER_SECOND, i -> senders.say(i % SENDERS, LARGEST, LARGEST_TEXT));
        disturbed.put("MB/s", senders.bytes.get() / 1e6 / SECONDS);
        if (senders.errors.get() > 0) {
          throw new IllegalStateException("the largest messages were refused");
        }
        senders.quiet(1_000);
        double ratio = row(LARGEST, run, "disturbed", disturbed) / quiet;
        if (run > WARM_UP) {
          ratios.add(ratio);
        }
      }
    }
    return ratios;
  }

  /// @return the 99th percentile
  private double row(String step, int run, String phase, Map<String, Double> figures) {
    report.row("%s %d: %s".formatted(step, run, phase), figures);
    return figures.getOrDefault("p99", Double.NaN);
  }

  /// @param disturb is called so many times a second, with a number that counts up
  private Map<String, Double> measure(int seconds, int perSecond, IntConsumer disturb)
      throws Exception {
    int count = PER_SECOND * seconds / ROOMS; // for each room
    List<Integer> first = new ArrayList<>();
    for (Members room : elsewhere) {
      first.add(room.expect(count, ROOM_SIZE));
    }
    long[] sent = new long[count * ROOMS];
    long cpu = SYSTEM.getProcessCpuTime();
    long start = System.nanoTime();
    Thread disturbing =
        Thread.ofVirtual()
            .start(
                () -> {
                  for (int i = 0; i < perSecond * seconds; i++) {
                    until(start + i * 1_000_000_000L / perSecond);
                    disturb.accept(i);
                  }
                });
    for (int i = 0; i < sent.length; i++) {
      until(start + i * 1_000_000_000L / PER_SECOND);
      int room = i % ROOMS;
      int number = first.get(room) + i / ROOMS;
      sent[i] = System.nanoTime();
      elsewhere.get(room).send(number % ROOM_SIZE, number);
    }
    double cores =
        (double) (SYSTEM.getProcessCpuTime() - cpu) / Math.max(1, System.nanoTime() - start);
    disturbing.join();
    long[] waits = new long[sent.length * ROOM_SIZE];
    int received = 0;
    int errors = 0;
    for (int room = 0; room < ROOMS; room++) {
      Members members = elsewhere.get(room);
      members.await(DRAIN_MS);
      errors += (int) members.errors.get();
      for (int i = 0; i < count; i++) {
        for (long at : members.arrivals(i)) {
          waits[received++] = at - sent[i * ROOMS + room];
        }
      }
    }
    int lost = waits.length - received;
    waits = Arrays.copyOf(waits, received);
    Arrays.sort(waits);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("p50", percentile(waits, 0.5));
    figures.put("p99", percentile(waits, 0.99));
    figures.put("last", percentile(waits, 1));
    figures.put("lost", (double) lost);
    figures.put("errors", (double) errors);
    figures.put("cores", cores);
    return figures;
  }

  static double percentile(long[] sorted, double part) {
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) Math.ceil(sorted.length * part) - 1] / 1e6;
  }

  static void until(long time) {
    long left;
    while ((left = time - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }
}
