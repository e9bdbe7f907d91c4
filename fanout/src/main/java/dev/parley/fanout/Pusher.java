package dev.parley.fanout;

import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Metric;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Pushes events to connections: side by side across connections, one frame after another to each.
///
/// All rooms of a function share its pushes: who waits longest is next, and no room has more than
/// three quarters of them under way. Each call has its time, and ends with it.
final class Pusher {
  private static final Logger log = LoggerFactory.getLogger(Pusher.class);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  private final Gateway gateway;
  private final Duration retryFor;
  private final Semaphore permits;
  private final int permitsPerRoom;
  private final InvocationExecutor executor = new InvocationExecutor();

  /// @param retryFor how long those who were throttled or failed are tried again, all together;
  ///     zero for not at all
  Pusher(Aws aws, Settings settings, Duration retryFor) {
    // Pushes under way at once, of all rooms of this function together.
    int concurrency = settings.number("PUSH_CONCURRENCY", 1, 1_000);
    this.gateway = new Gateway(aws, settings, concurrency);
    this.permits = new Semaphore(concurrency, true);
    this.permitsPerRoom = Math.ceilDiv(concurrency * 3, 4);
    this.retryFor = retryFor;
  }

  /// What became of all pushes together.
  ///
  /// @param remainder who was throttled or failed: not reached, and not known to be gone
  /// @param late who was not pushed to, or had not answered, when the time was over: a push to
  ///     some may still arrive
  record Outcome(
      int delivered,
      int gone,
      int throttled,
      int failed,
      List<ConnectionId> remainder,
      List<ConnectionId> late) {

    /// All who are not known to have the events, nor to be gone.
    List<ConnectionId> unreached() {
      return Stream.concat(remainder.stream(), late.stream()).toList();
    }

    /// One line in the log, with a warning where somebody was given up, and one of metrics.
    ///
    /// @param since the timestamp of the oldest message, in epoch microseconds, where this was the
    ///     first attempt to push it
    void report(
        Logger log, RoomId room, int events, int members, int givenUp, @Nullable Long since) {
      log.atLevel(givenUp > 0 ? Level.WARN : Level.INFO)
          .addKeyValue("room", room.name())
          .log(
              "{} events to {} connections: {} delivered, {} gone, {} throttled, {} failed, {}"
                  + " late, {} given up",
              events,
              members,
              delivered,
              gone,
              throttled,
              failed,
              late.size(),
              givenUp);
      Map<Metric, Number> values = new LinkedHashMap<>();
      values.put(Metrics.PUSHES, members - late.size());
      values.put(Metrics.EVENTS_PER_PUSH, events);
      values.put(Metrics.PUSHES_GONE, gone);
      values.put(Metrics.PUSHES_THROTTLED, throttled);
      values.put(Metrics.PUSHES_FAILED, failed);
      values.put(Metrics.PUSHES_LATE, late.size());
      values.put(Metrics.PUSHES_GIVEN_UP, givenUp);
      if (since != null) {
        values.put(Metrics.ACCEPT_TO_PUSH, Math.max(0, System.currentTimeMillis() - since / 1_000));
      }
      Metric.write(values);
    }
  }

  /// Pushes the events to all connections, in as few frames as 32 KB each allow, in order to each.
  /// A connection that did not take a frame gets none of the later ones.
  ///
  /// @param gone who was found gone in this invocation, by any room: they are not pushed to, and
  ///     whoever is found gone is added
  /// @param deadlineNanos when it ends, by `System.nanoTime()`
  Outcome push(
      List<ConnectionId> to, List<byte[]> events, Set<ConnectionId> gone, long deadlineNanos) {
    List<byte[]> frames = Event.frames(events);
    if (frames.isEmpty()) {
      return new Outcome(0, 0, 0, 0, List.of(), List.of());
    }
    long retryUntil = System.nanoTime() + retryFor.toNanos();
    int delivered = 0;
    int goneNow = 0;
    int throttled;
    int failed;
    List<ConnectionId> late = new ArrayList<>();
    List<ConnectionId> remainder = new ArrayList<>(to);
    // Rooms that share members do not all push to the same one at the same time, and so learn from
    // each other who is gone.
    Collections.shuffle(remainder, ThreadLocalRandom.current());
    while (true) {
      List<ConnectionId> targets = remainder;
      remainder = new ArrayList<>();
      throttled = 0;
      failed = 0;
      List<Delivery> deliveries =
          push(targets, frames, gone, deadlineNanos, new Semaphore(permitsPerRoom));
      for (int i = 0; i < targets.size(); i++) {
        ConnectionId connection = targets.get(i);
        switch (deliveries.get(i)) {
          case Delivery.Delivered d -> delivered++;
          case Delivery.Gone g -> goneNow++;
          case Delivery.Throttled t -> {
            throttled++;
            remainder.add(connection);
          }
          case Delivery.Failed f -> {
            failed++;
            remainder.add(connection);
            log.debug("push to {} failed: {}", connection, f.cause());
          }
          case Delivery.Late l -> late.add(connection);
        }
      }
      if (remainder.isEmpty() || leftNanos(retryUntil) <= 0 || leftNanos(deadlineNanos) <= 0) {
        break;
      }
      pause(Math.min(leftNanos(retryUntil), leftNanos(deadlineNanos)));
    }
    return new Outcome(
        delivered, goneNow, throttled, failed, List.copyOf(remainder), List.copyOf(late));
  }

  private static void pause(long leftNanos) {
    long leftMs = Math.max(1, leftNanos / 1_000_000);
    try {
      Thread.sleep(
          Math.min(leftMs, ThreadLocalRandom.current().nextLong(20, PAUSE_MAX.toMillis())));
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  /// Side by side, within the bounds.
  ///
  /// @param room permits of this room's pushes
  /// @return what became of each, in the order of the connections
  private List<Delivery> push(
      List<ConnectionId> to,
      List<byte[]> frames,
      Set<ConnectionId> gone,
      long deadlineNanos,
      Semaphore room) {
    List<CompletableFuture<Delivery>> pushes = new ArrayList<>(to.size());
    for (ConnectionId connection : to) {
      if (acquire(room, deadlineNanos) && acquire(permits, deadlineNanos)) {
        pushes.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return push(connection, frames, gone, deadlineNanos);
                  } finally {
                    permits.release();
                    room.release();
                  }
                },
                executor));
      } else {
        pushes.add(CompletableFuture.completedFuture(new Delivery.Late()));
      }
    }
    try {
      var all = CompletableFuture.allOf(pushes.toArray(CompletableFuture[]::new));
      all.get(Math.max(0, leftNanos(deadlineNanos)), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (TimeoutException | ExecutionException e) {
      // Some have no answer yet: nobody waits for them. Or one failed, and says so below.
    }
    return pushes.stream().map(push -> push.getNow(new Delivery.Late())).toList();
  }

  private Delivery push(
      ConnectionId connection, List<byte[]> frames, Set<ConnectionId> gone, long deadlineNanos) {
    for (byte[] frame : frames) {
      if (gone.contains(connection)) {
        return new Delivery.Gone();
      }
      if (leftNanos(deadlineNanos) <= 0) {
        return new Delivery.Late();
      }
      Delivery delivery = gateway.post(connection, frame);
      if (delivery instanceof Delivery.Gone) {
        gone.add(connection);
      }
      if (!(delivery instanceof Delivery.Delivered)) {
        return delivery;
      }
    }
    return new Delivery.Delivered();
  }

  private static boolean acquire(Semaphore permits, long deadlineNanos) {
    try {
      return permits.tryAcquire(leftNanos(deadlineNanos), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static long leftNanos(long deadlineNanos) {
    return deadlineNanos - System.nanoTime();
  }

  private static IllegalStateException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while it pushed", cause);
  }
}
