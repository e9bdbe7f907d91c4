package dev.parley.bench;

import dev.parley.local.gateway.RequestQuota;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// One message to a room that is large beside the account's quota. A room of 10,000 and the quota
/// of AWS (10,000 requests a second, 5,000 at once) are scaled to this machine: 1,000 members,
/// 1,000 a second, 500 at once, and the template's parameters with them. So no run can be shorter
/// than 0.5 s, from the first member's receipt to the last one's.
///
/// - `none`: `PushesPerSecond` is so large that it bounds nothing, and as many pushes are under way
///   as before there was one
/// - `paced`: it is 80 % of the quota, as by default
/// - `slow`: a push takes 200 ms, and there is no quota; 3,000 members in 8 segments are more than
///   one function can push to in its time
///
/// `seconds` is the time from first to last, `over limit` the same over 0.5 s, and `429 %` what
/// part of the requests, frames among them, was refused. Meanwhile a member of another room, of
/// ten, says two messages a second, beginning with the large room's: `elsewhere` is their p99 from
/// the send to the receipt by each member, `quiet` the same without the large room, and `lost` how
/// many messages had not come after ten seconds, by member. `repeated` counts pushes of what their
/// receiver had.
///
/// Medians of five runs behind warm-ups, quiet and disturbed in turn; sums of `lost` and
/// `repeated`.
final class Quota {
  static final String NONE = "none";
  static final String PACED = "paced";
  static final String SLOW = "slow";

  private static final int MEMBERS = 1_000;
  private static final int MEMBERS_SLOW = 3_000;

  /// Of the quota of AWS.
  private static final int SCALE = RequestQuota.OF_AWS.perSecond() / MEMBERS;

  /// Of each of two functions, where there were 16 with 64 pushes under way: scaled, too.
  private static final String CONCURRENCY_BEFORE = Integer.toString(16 * 64 / 2 / SCALE);

  private static final double LIMIT_SECONDS = 0.5;
  private static final int ELSEWHERE = 10;
  private static final int MESSAGES_ELSEWHERE = 4;
  private static final long PAUSE_ELSEWHERE_NANOS = 500_000_000;
  private static final int RUNS = 5;
  private static final int WARM_UPS = 3;
  private static final long DRAIN_MS = 10_000;
  private static final long DRAIN_SLOW_MS = 60_000;

  /// All buckets are full after this, and rooms go the direct way again where they ever did not.
  private static final long QUIET_MS = 2_500;

  private final double polls;
  private final Report report;

  Quota(double polls, Report report) {
    this.polls = polls;
    this.report = report;
  }

  /// @param steps of the above
  void run(List<String> steps) throws Exception {
    for (String step : steps) {
      if (step.equals(SLOW)) {
        slow();
      } else {
        limited(step);
      }
    }
  }

  private void limited(String step) throws Exception {
    RequestQuota quota = new RequestQuota(MEMBERS, RequestQuota.OF_AWS.bucket() / SCALE);
    Map<String, String> parameters =
        Map.of(
            "SegmentSize",
            Integer.toString(500 / SCALE),
            "PushConcurrency",
            step.equals(NONE) ? CONCURRENCY_BEFORE : Integer.toString(128 / SCALE),
            "PushesPerSecond",
            step.equals(NONE) ? Cloud.UNBOUNDED : Integer.toString(MEMBERS * 4 / 5));
    try (Cloud cloud = Cloud.start(polls, parameters, quota, Cloud.LATENCY);
        Members small = cloud.connect("quota-elsewhere", ELSEWHERE);
        Members large = cloud.connect("quota", MEMBERS)) {
      List<Double> over = new ArrayList<>();
      List<Double> refused = new ArrayList<>();
      List<Long> quiet = new ArrayList<>();
      List<Long> disturbed = new ArrayList<>();
      long lost = 0;
      long repeated = 0;
      for (int run = -WARM_UPS; run < RUNS; run++) {
        List<Long> waits = elsewhere(small, () -> {});
        long before = cloud.requestsRefused();
        Meter.start("quota");
        int number = large.expectOne();
        List<Long> meanwhile = elsewhere(small, () -> large.send(0, number));
        large.await(DRAIN_MS);
        large.quiet(QUIET_MS);
        if (run < 0) {
          continue;
        }
        long[] arrivals = large.arrivals(0);
        double seconds =
            arrivals.length == 0 ? Double.NaN : (arrivals[arrivals.length - 1] - arrivals[0]) / 1e9;
        over.add(seconds / LIMIT_SECONDS);
        long rejected = cloud.requestsRefused() - before;
        refused.add(100.0 * rejected / Math.max(1, Meter.pushes() + rejected));
        quiet.addAll(waits);
        disturbed.addAll(meanwhile);
        lost += MEMBERS - arrivals.length + lost(waits) + lost(meanwhile);
        repeated += large.duplicates.get();
      }
      double p99Quiet = p99(quiet);
      double p99 = p99(disturbed);
      Map<String, Double> figures =
          figures(
              Report.median(over) * LIMIT_SECONDS,
              Report.median(refused),
              p99Quiet,
              p99,
              lost,
              repeated);
      report.row(MEMBERS + ": " + step, figures);
      if (step.equals(PACED)) {
        report.target(
            "time from first to last push, over the limit",
            Report.median(over),
            Report.Bound.AT_MOST,
            2);
        report.target(
            "percent of requests refused", Report.median(refused), Report.Bound.AT_MOST, 1);
        report.target("p99 elsewhere, over that in quiet", p99 / p99Quiet, Report.Bound.AT_MOST, 2);
      }
    }
  }

  private static Map<String, Double> figures(
      double seconds, double refused, double quiet, double elsewhere, long lost, long repeated) {
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("seconds", seconds);
    figures.put("over limit", Double.isNaN(refused) ? Double.NaN : seconds / LIMIT_SECONDS);
    figures.put("429 %", refused);
    figures.put("quiet ms", quiet);
    figures.put("elsewhere", elsewhere);
    figures.put("lost", (double) lost);
    figures.put("repeated", (double) repeated);
    return figures;
  }

  private static long lost(List<Long> waits) {
    return (long) MESSAGES_ELSEWHERE * ELSEWHERE - waits.size();
  }

  /// @param disturb is called when the first message is sent
  /// @return how long each member waited for each message, in ns
  private static List<Long> elsewhere(Members members, Runnable disturb)
      throws InterruptedException {
    int first = members.expect(MESSAGES_ELSEWHERE, 1);
    long[] sent = new long[MESSAGES_ELSEWHERE];
    long start = System.nanoTime();
    disturb.run();
    for (int i = 0; i < MESSAGES_ELSEWHERE; i++) {
      until(start + i * PAUSE_ELSEWHERE_NANOS);
      sent[i] = System.nanoTime();
      members.send(0, first + i);
    }
    members.await(DRAIN_MS);
    List<Long> waits = new ArrayList<>();
    for (int i = 0; i < MESSAGES_ELSEWHERE; i++) {
      for (long at : members.arrivals(i)) {
        waits.add(at - sent[i]);
      }
    }
    return waits;
  }

  private static double p99(List<Long> waits) {
    long[] sorted = waits.stream().mapToLong(Long::longValue).sorted().toArray();
    return sorted.length == 0
        ? Double.NaN
        : sorted[(int) Math.ceil(sorted.length * 0.99) - 1] / 1e6;
  }

  private static void until(long time) {
    long left;
    while ((left = time - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }

  private void slow() throws Exception {
    try (Cloud cloud =
            Cloud.start(polls, Map.of(), RequestQuota.NONE, "seed=1,push.delayed=1/200ms");
        Members _ = cloud.connect("quota-elsewhere", ELSEWHERE); // functions start
        Members members = cloud.connect("quota-slow", MEMBERS_SLOW)) {
      List<Double> last = new ArrayList<>();
      long repeated = 0;
      long lost = 0;
      for (int run = 0; run < RUNS; run++) {
        members.quiet(QUIET_MS);
        int number = members.expectOne();
        Meter.start("quota-slow");
        members.send(0, number);
        members.await(DRAIN_SLOW_MS);
        members.quiet(QUIET_MS);
        long[] arrivals = members.arrivals(0);
        last.add((arrivals[arrivals.length - 1] - arrivals[0]) / 1e9);
        lost += MEMBERS_SLOW - arrivals.length;
        repeated += members.duplicates.get();
      }
      Map<String, Double> figures =
          figures(Report.median(last), Double.NaN, Double.NaN, Double.NaN, lost, repeated);
      report.row(MEMBERS_SLOW + ": " + SLOW, figures);
      report.target("pushes repeated at 200 ms a push", (double) repeated, Report.Bound.AT_MOST, 0);
    }
  }
}
