package dev.parley.bench;

import dev.parley.client.Client;
import dev.parley.client.Outbox;
import dev.parley.client.Stretch;
import dev.parley.client.Waits;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;
import software.amazon.awssdk.services.dynamodb.model.WriteRequest;

/// A client is cut off while messages are put into its room. Then its network is back, and it is
/// told so, as `online` tells a page.
///
/// `newest` is when it shows the room's newest messages, and `all` when it has everything that it
/// missed: by itself up to 1,000 messages, of more by scrolling back. Bytes are those of its
/// sockets, in both directions. `read ms` is what a plain read of the same messages from the table
/// takes, and `text KB` what they say.
final class Recover {
  private static final int BEFORE = 200;
  private static final int BATCH_MAX = 25;
  private static final long PATIENCE_NS = 120_000_000_000L;
  private static final int WARM_UPS = 3;
  private static final int WARM_UP_MISSED = 1_000;

  private final Cloud cloud;
  private final Report report;
  private final int cutSeconds;

  Recover(Cloud cloud, Report report, int cutSeconds) {
    this.cloud = cloud;
    this.report = report;
    this.cutSeconds = cutSeconds;
  }

  /// @param missed how many messages come meanwhile
  void run(List<Integer> missed) throws Exception {
    for (int i = 0; i < WARM_UPS; i++) {
      measure("warm-up-" + i, WARM_UP_MISSED, 0);
    }
    for (int count : missed) {
      report.row(
          "%d missed in %d s".formatted(count, cutSeconds),
          measure("missed-" + count, count, cutSeconds));
    }
  }

  private Map<String, Double> measure(String room, int missed, int seconds) throws Exception {
    long seen = put(room, BEFORE, 0);
    try (Wire wire = new Wire(cloud.webSocketUrl());
        Client client =
            new Client(wire.url(), "Ada", "q1Zk8-3nXb_0RtYw7LmPaS", Waits.DEFAULT, new Outbox())) {
      client.join(room);
      await("the first page", () -> newest(client, room) == seen);

      wire.cut();
      long last = put(room, missed, seconds * 1_000L);
      await("fan-out", () -> head(room) == last);
      long bytes = wire.bytes();
      wire.mend();
      long start = System.nanoTime();
      client.hint();
      await("the newest page", () -> newest(client, room) == last);
      Map<String, Double> figures = new LinkedHashMap<>();
      figures.put("newest ms", (System.nanoTime() - start) / 1e6);
      figures.put("newest KB", (wire.bytes() - bytes) / 1e3);
      int scrolled = 0;
      while (oldest(client, room) > seen) {
        client.older(room);
        scrolled++;
      }
      figures.put("all ms", (System.nanoTime() - start) / 1e6);
      figures.put("all KB", (wire.bytes() - bytes) / 1e3);
      figures.put("scrolled", (double) scrolled);
      check(client, room, seen, missed);
      read(room, seen, figures);
      return figures;
    }
  }

  private static void check(Client client, String room, long seen, int missed) {
    long has = stretch(client, room).messages().stream().filter(m -> m.timestamp() > seen).count();
    if (has != missed) {
      throw new IllegalStateException("it has %d of %d messages".formatted(has, missed));
    }
  }

  private void read(String room, long seen, Map<String, Double> figures) {
    long start = System.nanoTime();
    long characters =
        cloud
            .dynamoDb()
            .queryPaginator(
                query ->
                    query
                        .tableName(Cloud.MESSAGES)
                        .consistentRead(true)
                        .keyConditionExpression("room_id = :room AND #timestamp > :seen")
                        .expressionAttributeNames(Map.of("#timestamp", "timestamp"))
                        .expressionAttributeValues(
                            Map.of(":room", Cloud.s(room), ":seen", Cloud.n(seen))))
            .items()
            .stream()
            .mapToLong(item -> item.getOrDefault("message", Cloud.s("")).s().length())
            .sum();
    figures.put("read ms", (System.nanoTime() - start) / 1e6);
    figures.put("text KB", characters / 1e3);
  }

  /// Puts messages into the table, evenly over some time.
  ///
  /// @return the last one's timestamp
  private long put(String room, int count, long overMs) throws InterruptedException {
    long start = System.nanoTime();
    long timestamp = 0;
    for (int done = 0; done < count; done += BATCH_MAX) {
      Thread.sleep(Math.max(0, overMs * done / count - (System.nanoTime() - start) / 1_000_000));
      Instant now = Instant.now();
      List<WriteRequest> batch = new ArrayList<>();
      for (int i = done; i < Math.min(count, done + BATCH_MAX); i++) {
        timestamp = now.getEpochSecond() * 1_000_000L + now.getNano() / 1_000 + batch.size();
        String text = "Number %04d of what is said while somebody is on a train.".formatted(i);
        batch.add(Cloud.message(room, timestamp, text));
      }
      cloud.dynamoDb().batchWriteItem(write -> write.requestItems(Map.of(Cloud.MESSAGES, batch)));
    }
    return timestamp;
  }

  private long head(String room) {
    AttributeValue head =
        cloud
            .dynamoDb()
            .getItem(get -> get.tableName("ChatRooms").key(Map.of("room_id", Cloud.s(room))))
            .item()
            .get("head");
    return head == null ? 0 : Long.parseLong(head.n());
  }

  private static Stretch stretch(Client client, String room) {
    return client.shown().getOrDefault(room, new Stretch(Long.MAX_VALUE, List.of(), true));
  }

  private static long newest(Client client, String room) {
    Stretch stretch = stretch(client, room);
    return stretch.messages().isEmpty() ? 0 : stretch.messages().getLast().timestamp();
  }

  private static long oldest(Client client, String room) {
    return stretch(client, room).from();
  }

  private static void await(String what, BooleanSupplier done) throws InterruptedException {
    long until = System.nanoTime() + PATIENCE_NS;
    while (!done.getAsBoolean()) {
      if (System.nanoTime() > until) {
        throw new IllegalStateException(what + " does not come");
      }
      Thread.sleep(1);
    }
  }
}
