package dev.parley.bench;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// Many messages a second into one room for 10 s. Up to 100 a second they are sent by members; more
/// are put into the table directly, so that fan-out is measured and not the store.
///
/// A delivery's time counts from the moment before its message was sent or put, which is earlier
/// than its acceptance.
final class Burst {
  private static final int SECONDS = 10;
  private static final int SENT_PER_SECOND_MAX = 100;
  private static final int SENDER_PER_SECOND_MAX = 15;
  private static final int BATCH_MAX = 25;
  private static final long DRAIN_MS = 60_000;

  private final Cloud cloud;
  private final Report report;

  /// No number is used twice: what comes late belongs to no later step.
  private int firstNumber;

  Burst(Cloud cloud, Report report) {
    this.cloud = cloud;
    this.report = report;
  }

  /// @param steps each `members:rate`
  void run(List<String> steps) throws Exception {
    Members members = null;
    try {
      for (String step : steps) {
        List<String> parts = Arrays.asList(step.split(":", -1));
        int size = Integer.parseInt(parts.getFirst());
        int rate = Integer.parseInt(parts.getLast());
        String room = "burst-of-" + size;
        if (members == null || members.size() != size) {
          if (members != null) {
            members.close();
          }
          members = cloud.connect(room, size);
          measure(room, members, Math.min(100, rate), 2, false); // a warm-up
        }
        measure(room, members, rate, SECONDS, true);
      }
    } finally {
      if (members != null) {
        members.close();
      }
    }
  }

  private void measure(String room, Members members, int rate, int seconds, boolean reported)
      throws Exception {
    int count = rate * seconds;
    boolean direct = rate > SENT_PER_SECOND_MAX;
    members.expect(firstNumber, count);
    Meter.start(room);
    long[] offered = new long[count];
    long start = System.nanoTime();
    if (direct) {
      put(room, rate, offered, start);
    } else {
      send(room, members, rate, offered, start);
    }
    double offeredPerSecond = count * 1e9 / (System.nanoTime() - start);
    boolean complete = members.await(DRAIN_MS);
    members.quiet(1_000);
    firstNumber += count;
    if (!reported) {
      return;
    }
    long[] latencies = new long[count * members.size()];
    int received = 0;
    long first = Long.MAX_VALUE;
    long last = 0;
    for (int i = 0; i < count; i++) {
      for (long at : members.arrivals(i)) {
        latencies[received++] = at - offered[i];
        first = Math.min(first, at);
        last = Math.max(last, at);
      }
    }
    latencies = Arrays.copyOf(latencies, received);
    Arrays.parallelSort(latencies);
    Map<String, Double> figures = new LinkedHashMap<>();
    figures.put("offered/s", offeredPerSecond);
    figures.put("deliver/s", received * 1e9 / (last - first));
    figures.put("push/deliv", (double) Meter.pushes() / Math.max(1, received));
    figures.put("p50 ms", percentile(latencies, 0.5));
    figures.put("p99 ms", percentile(latencies, 0.99));
    figures.put("lost", complete ? 0.0 : (double) count * members.size() - received);
    figures.put("duplicates", (double) members.duplicates.get());
    figures.put("disorder", (double) members.outOfOrder.get());
    figures.put("errors", (double) members.errors.get());
    figures.put("bytes/frame", (double) members.bytes.get() / Math.max(1, members.frames.get()));
    report.row("%d: %d/s%s".formatted(members.size(), rate, direct ? " (put)" : ""), figures);
  }

  private static double percentile(long[] sorted, double part) {
    return sorted.length == 0
        ? 0
        : sorted[(int) Math.min(sorted.length - 1L, (long) Math.ceil(sorted.length * part) - 1)]
            / 1e6;
  }

  private void send(String room, Members members, int rate, long[] offered, long start) {
    int senders = Math.ceilDiv(rate, SENDER_PER_SECOND_MAX);
    for (int i = 0; i < offered.length; i++) {
      until(start + i * 1_000_000_000L / rate);
      offered[i] = System.nanoTime();
      members.send(
          i % senders,
          "{\"action\":\"sendMessage\",\"room\":\"%s\",\"message\":\"%s\"}"
              .formatted(room, Members.text(firstNumber + i)));
    }
  }

  /// One writer, so that the order in the stream is that of the timestamps.
  private void put(String room, int rate, long[] offered, long start) {
    int next = 0;
    while (next < offered.length) {
      until(start + next * 1_000_000_000L / rate);
      List<WriteRequest> batch = new ArrayList<>();
      long now = System.nanoTime();
      Instant time = Instant.now();
      long micros = time.getEpochSecond() * 1_000_000L + time.getNano() / 1_000;
      while (next < offered.length
          && batch.size() < BATCH_MAX
          && start + next * 1_000_000_000L / rate <= now) {
        offered[next] = now;
        batch.add(Cloud.put(item(room, micros + batch.size(), time, firstNumber + next)));
        next++;
      }
      cloud.dynamoDb().batchWriteItem(put -> put.requestItems(Map.of(Cloud.MESSAGES, batch)));
    }
  }

  private static Map<String, AttributeValue> item(
      String room, long timestamp, Instant time, int number) {
    return Map.of(
        "room_id", Cloud.s(room),
        "timestamp", Cloud.n(timestamp),
        "id", Cloud.s("0f8fad5b-d9cb-469f-a165-%012d".formatted(number)),
        "user", Cloud.s("guest:00112233445566778899aabbccddeeff"),
        "sender", Cloud.s("somebody"),
        "message", Cloud.s(Members.text(number)),
        "expires_at", Cloud.n(time.plus(Duration.ofDays(30)).getEpochSecond()));
  }

  private static void until(long time) {
    long left;
    while ((left = time - System.nanoTime()) > 0) {
      LockSupport.parkNanos(left);
    }
  }
}
