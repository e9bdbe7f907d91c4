package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Metric;
import dev.parley.lambda.Settings;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import software.amazon.awssdk.core.exception.SdkException;

/// Pushes events to connections: side by side across connections, one frame after another to each.
final class Pusher {
  private static final Logger log = LoggerFactory.getLogger(Pusher.class);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  private final ConnectionTable connections;
  private final Gateway gateway;
  private final Duration retryFor;
  private final Semaphore permits;
  private final InvocationExecutor executor = new InvocationExecutor();

  /// @param retryFor how long those who were throttled or failed are tried again, all together;
  ///     zero for not at all
  Pusher(Settings settings, ConnectionTable connections, Duration retryFor) {
    // Pushes under way at once, of all rooms of this function together.
    int concurrency = (int) settings.number("PUSH_CONCURRENCY", 1, 1_000);
    this.connections = connections;
    this.gateway = new Gateway(settings, concurrency);
    this.permits = new Semaphore(concurrency);
    this.retryFor = retryFor;
  }

  /// What became of all pushes together.
  ///
  /// @param pruned those of the gone connections whose rows were removed
  /// @param remainder who was throttled or failed: not reached, and not known to be gone
  record Outcome(
      int delivered,
      int gone,
      int pruned,
      int throttled,
      int failed,
      List<ConnectionId> remainder) {

    /// One line in the log, with a warning where somebody was given up, and one of metrics.
    ///
    /// @param since the timestamp of the oldest message, in epoch microseconds, where this was the
    ///     first attempt to push it
    void report(
        Logger log, RoomId room, int events, int members, int givenUp, @Nullable Long since) {
      log.atLevel(givenUp > 0 ? Level.WARN : Level.INFO)
          .addKeyValue("room", room.name())
          .log(
              "{} events to {} connections: {} delivered, {} gone ({} pruned), {} throttled, {}"
                  + " failed, {} given up",
              events,
              members,
              delivered,
              gone,
              pruned,
              throttled,
              failed,
              givenUp);
      Map<Metric, Number> values = new EnumMap<>(Metric.class);
      values.put(Metric.PUSHES, members);
      values.put(Metric.EVENTS_PER_PUSH, events);
      values.put(Metric.PUSHES_GONE, gone);
      values.put(Metric.PUSHES_THROTTLED, throttled);
      values.put(Metric.PUSHES_FAILED, failed);
      values.put(Metric.PUSHES_GIVEN_UP, givenUp);
      if (since != null) {
        values.put(Metric.ACCEPT_TO_PUSH, System.currentTimeMillis() - since / 1_000);
      }
      Metric.write(values);
    }
  }

  /// Pushes the events to all connections, in as few frames as 32 KB each allow, in order to each.
  /// A connection that did not take a frame gets none of the later ones. Rows of gone connections
  /// are removed after all pushes, unless they were opened less than 30 s ago.
  Outcome push(List<ConnectionId> to, List<byte[]> events, Instant now) {
    List<byte[]> frames = Event.frames(events);
    if (frames.isEmpty()) {
      return new Outcome(0, 0, 0, 0, 0, List.of());
    }
    long deadline = System.nanoTime() + retryFor.toNanos();
    int delivered = 0;
    int throttled;
    int failed;
    List<ConnectionId> gone = new ArrayList<>();
    List<ConnectionId> remainder = to;
    while (true) {
      List<ConnectionId> targets = remainder;
      remainder = new ArrayList<>();
      throttled = 0;
      failed = 0;
      List<Delivery> deliveries = inParallel(targets, connection -> push(connection, frames));
      for (int i = 0; i < targets.size(); i++) {
        ConnectionId connection = targets.get(i);
        switch (deliveries.get(i)) {
          case Delivery.Delivered d -> delivered++;
          case Delivery.Gone g -> gone.add(connection);
          case Delivery.Throttled t -> {
            throttled++;
            remainder.add(connection);
          }
          case Delivery.Failed f -> {
            failed++;
            remainder.add(connection);
            log.debug("push to {} failed: {}", connection, f.cause());
          }
        }
      }
      if (remainder.isEmpty() || System.nanoTime() >= deadline) {
        break;
      }
      pause(deadline);
    }
    return new Outcome(
        delivered, gone.size(), prune(gone, now), throttled, failed, List.copyOf(remainder));
  }

  private static void pause(long deadline) {
    long leftMs = Math.max(1, (deadline - System.nanoTime()) / 1_000_000);
    try {
      Thread.sleep(
          Math.min(leftMs, ThreadLocalRandom.current().nextLong(20, PAUSE_MAX.toMillis())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted between two pushes", e);
    }
  }

  /// @return how many were removed
  private int prune(List<ConnectionId> gone, Instant now) {
    return inParallel(gone, connection -> prune(connection, now)).stream()
        .mapToInt(pruned -> pruned ? 1 : 0)
        .sum();
  }

  /// What cannot be removed now is found gone by a later push: it must not make this batch, which
  /// everybody else has, come again.
  private boolean prune(ConnectionId connection, Instant now) {
    try {
      return connections.prune(connection, now);
    } catch (SdkException e) {
      log.warn("could not remove {}: {}", connection, e.getMessage());
      return false;
    }
  }

  /// Side by side, within the bound.
  ///
  /// @return the results in the order of the connections
  private <T> List<T> inParallel(List<ConnectionId> all, Function<ConnectionId, T> task) {
    List<CompletableFuture<T>> results = new ArrayList<>(all.size());
    for (ConnectionId connection : all) {
      permits.acquireUninterruptibly();
      results.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return task.apply(connection);
                } finally {
                  permits.release();
                }
              },
              executor));
    }
    return results.stream().map(CompletableFuture::join).toList();
  }

  private Delivery push(ConnectionId connection, List<byte[]> frames) {
    for (byte[] frame : frames) {
      Delivery delivery = gateway.post(connection, frame);
      if (!(delivery instanceof Delivery.Delivered)) {
        return delivery;
      }
    }
    return new Delivery.Delivered();
  }
}
