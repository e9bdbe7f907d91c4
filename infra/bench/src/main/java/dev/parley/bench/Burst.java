package dev.parley.bench;

import dev.parley.connection.Framing;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Many messages a second into one room for 10 s. Up to 100 a second they are sent by members, who
/// take turns; more are put into the table directly, so that fan-out is measured and not the store.
///
/// `accept-p50` and `accept-p99` are the milliseconds from acceptance to receipt: from when the
/// sender read its `sent`, or, of what was put, when DynamoDB had answered. A message may be
/// received before that.
///
/// `lost` counts what was accepted and has not come a minute later, by member; what was not
/// accepted is an error.
///
/// `disorder` counts deliveries whose `prev` their member had not received before, which is what a
/// client takes for a gap. The protocol promises nothing about the two columns beside it: `back in
/// time` counts deliveries with an earlier timestamp than one before; `by sender` counts those that
/// came after a later message of the same sender, who sends without waiting for replies.
final class Burst {
  private static final int SECONDS = 10;
  private static final int SENT_PER_SECOND_MAX = 100;
  private static final int SENDER_PER_SECOND_MAX = 15;
  private static final int BATCH_MAX = 25;
  private static final int WARM_UP_SECONDS = 3;
  private static final long DRAIN_MS = 60_000;

  private final Cloud cloud;
  private final Report report;

  Burst(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  /// @param steps each `members:rate`, or `members:rate:single` where each event comes in a frame
  ///     of its own
  void run(List<String> steps) throws Exception {
    Members members = null;
    String connected = "";
    try {
      for (String step : steps) {
        List<String> parts = Arrays.asList(step.split(":", -1));
        int size = Integer.parseInt(parts.getFirst());
        int rate = Integer.parseInt(parts.get(1));
        Framing framing = parts.size() == 2 ? Framing.BATCHED : Framing.SINGLE;
        String room = "burst-of-%d-%s".formatted(size, framing);
        if (members == null || !room.equals(connected)) {
          if (members != null) {
            members.close();
          }
          members = cloud.connect(room, "member", size, framing);
          connected = room;
          measure(room, members, SENT_PER_SECOND_MAX, WARM_UP_SECONDS, "");
        }
        measure(
            room,
            members,
            rate,
            SECONDS,
            "%d: %d/s%s".formatted(size, rate, framing == Framing.SINGLE ? " singly" : ""));
      }
    } finally {
      if (members != null) {
        members.close();
      }
    }
  }

  /// @param row what the report calls it; empty for no report
  private void measure(String room, Members members, int rate, int seconds, String row)
      throws Exception {
    int count = rate * seconds;
    boolean direct = rate > SENT_PER_SECOND_MAX;
    int senders = direct ? 1 : Math.ceilDiv(rate, SENDER_PER_SECOND_MAX);
    int first = members.expect(count, senders);
    Meter.start(room);
    long[] accepted = new long[count];
    long start = System.nanoTime();
    if (direct) {
      put(room, rate, first, accepted, start);
    } else {
      send(members, rate, first, count, senders, start);
    }
    double offeredPerSecond = count * 1e9 / (System.nanoTime() - start);
    members.await(DRAIN_MS);
    members.quiet(1_000);
    if (row.isEmpty()) {
      return;
    }
    long[] latencies = new long[count * members.size()];
    int received = 0;
    int timed = 0;
    int lost = 0;
    long earliest = Long.MAX_VALUE;
    long latest = 0;
    for (int i = 0; i < count; i++) {
      long from = direct ? accepted[i] : members.acceptedAt(i);
      long[] arrivals = members.arrivals(i);
      received += arrivals.length;
      for (long at : arrivals) {
        earliest = Math.min(earliest, at);
        latest = Math.max(latest, at);
      }
      if (from > 0) { // else its sender was told of a failure
        lost += members.size() - arrivals.length;
        for (long at : arrivals) {
          latencies[timed++] = at - from;
        }
      }
    }
    latencies = Arrays.copyOf(latencies, timed);
    Arrays.parallelSort(latencies);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("offered/s", offeredPerSecond);
    figures.put("deliver/s", received * 1e9 / (latest - earliest));
    figures.put("push/deliv", (double) Meter.pushes() / Math.max(1, received));
    figures.put("accept-p50", percentile(latencies, 0.5));
    figures.put("accept-p99", percentile(latencies, 0.99));
    figures.put("lost", (double) lost);
    figures.put("duplicates", (double) members.duplicates.get());
    figures.put("disorder", (double) members.outOfOrder.get());
    figures.put("back in time", (double) members.backInTime.get());
    figures.put("by sender", (double) members.outOfSendersOrder.get());
    figures.put("errors", (double) members.errors.get());
    figures.put("bytes/frame", (double) members.bytes.get() / Math.max(1, members.frames.get()));
    report.row(row + (direct ? " (put)" : ""), figures);
  }

  private static double percentile(long[] sorted, double part) {
    return sorted.length == 0
        ? 0
        : sorted[(int) Math.min(sorted.length - 1L, (long) Math.ceil(sorted.length * part) - 1)]
            / 1e6;
  }

  private static void send(
      Members members, int rate, int first, int count, int senders, long start) {
    for (int i = 0; i < count; i++) {
      until(start + i * 1_000_000_000L / rate);
      members.send((first + i) % senders, first + i);
    }
  }

  /// One writer, so that the order in the stream is that of the timestamps.
  private void put(String room, int rate, int first, long[] accepted, long start) {
    int next = 0;
    while (next < accepted.length) {
      until(start + next * 1_000_000_000L / rate);
      List<WriteRequest> batch = new ArrayList<>();
      long now = System.nanoTime();
      Instant time = Instant.now();
      long micros = time.getEpochSecond() * 1_000_000L + time.getNano() / 1_000;
      int from = next;
      while (next < accepted.length
          && batch.size() < BATCH_MAX
          && start + next * 1_000_000_000L / rate <= now) {
        batch.add(Cloud.message(room, micros + batch.size(), Members.text(first + next)));
        next++;
      }
      cloud.dynamoDb().batchWriteItem(put -> put.requestItems(Map.of(Cloud.MESSAGES, batch)));
      Arrays.fill(accepted, from, next, System.nanoTime());
    }
  }

  private static void until(long time) {
    long left;
    while ((left = time - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }
}
