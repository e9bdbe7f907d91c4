package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pushes frames to connections: side by side across connections, one frame after another to each.
///
/// All rooms of a function share its pushes: the one that waits longest is next, and no room has
/// more than three quarters of them under way. Each call has its deadline, and ends with it.
final class Pusher {
  private static final Logger LOG = LoggerFactory.getLogger(Pusher.class);
  private static final Duration PAUSE_MIN = Duration.ofMillis(20);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  private final PushClient client;
  private final Duration retryFor;
  private final Ticker ticker;
  private final Semaphore permits;
  private final int permitsPerRoom;
  private final InvocationExecutor executor = new InvocationExecutor();

  /// @param concurrency how many pushes are under way at once, of all rooms together
  /// @param retryFor how long those who were throttled or failed are tried again, all together;
  ///     zero for not at all
  /// @param ticker by which `retryFor` is measured
  Pusher(PushClient client, int concurrency, Duration retryFor, Ticker ticker) {
    this.client = client;
    this.permits = new Semaphore(concurrency, true);
    this.permitsPerRoom = Math.ceilDiv(concurrency * 3, 4);
    this.retryFor = retryFor;
    this.ticker = ticker;
  }

  /// @param retryFor as above
  /// @throws IllegalArgumentException where a setting is missing or not what it should be
  static Pusher of(Aws aws, Settings settings, Duration retryFor) {
    int concurrency = settings.number("PUSH_CONCURRENCY", 1, 1_000);
    return new Pusher(
        new PushClient(aws, settings, concurrency), concurrency, retryFor, Ticker.SYSTEM);
  }

  /// What became of all pushes together.
  ///
  /// @param remainder those who were throttled or failed: not reached, and not known to be gone
  /// @param late those who were not pushed to, or had not answered, when the time was over: a push
  ///     to some may still arrive
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
  }

  /// Pushes all frames, in order, to all connections. A connection that did not take a frame gets
  /// none of the later ones.
  ///
  /// @param gone who was found gone in this invocation, by any room: they are not pushed to, and
  ///     those that are found gone are added
  Outcome push(
      List<ConnectionId> to, List<byte[]> frames, Set<ConnectionId> gone, Deadline deadline) {
    if (frames.isEmpty()) {
      return new Outcome(0, 0, 0, 0, List.of(), List.of());
    }
    Deadline attempts = Deadline.in(retryFor, ticker).or(deadline);
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
      List<PushResult> results =
          push(targets, frames, gone, deadline, new Semaphore(permitsPerRoom));
      for (int i = 0; i < targets.size(); i++) {
        ConnectionId connection = targets.get(i);
        switch (results.get(i)) {
          case PushResult.Delivered d -> delivered++;
          case PushResult.Gone g -> goneNow++;
          case PushResult.Throttled t -> {
            throttled++;
            remainder.add(connection);
          }
          case PushResult.Failed f -> {
            failed++;
            remainder.add(connection);
            LOG.atDebug()
                .addKeyValue("connection_id", connection.value())
                .log("a push failed: {}", f.cause());
          }
          case PushResult.Late l -> late.add(connection);
        }
      }
      if (remainder.isEmpty() || attempts.passed()) {
        break;
      }
      attempts.pause(PAUSE_MIN, PAUSE_MAX);
    }
    return new Outcome(
        delivered, goneNow, throttled, failed, List.copyOf(remainder), List.copyOf(late));
  }

  /// Side by side, within the bounds.
  ///
  /// @param room permits of this room's pushes
  /// @return what became of each, in the order of the connections
  private List<PushResult> push(
      List<ConnectionId> to,
      List<byte[]> frames,
      Set<ConnectionId> gone,
      Deadline deadline,
      Semaphore room) {
    List<CompletableFuture<PushResult>> pushes = new ArrayList<>(to.size());
    for (ConnectionId connection : to) {
      if (acquire(room, deadline) && acquire(permits, deadline)) {
        pushes.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return push(connection, frames, gone, deadline);
                  } finally {
                    permits.release();
                    room.release();
                  }
                },
                executor));
      } else {
        pushes.add(CompletableFuture.completedFuture(new PushResult.Late()));
      }
    }
    try {
      var all = CompletableFuture.allOf(pushes.toArray(CompletableFuture[]::new));
      all.get(Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (TimeoutException | ExecutionException e) {
      // Some have no answer yet: nobody waits for them. Or one failed, and says so below.
    }
    return pushes.stream().map(push -> push.getNow(new PushResult.Late())).toList();
  }

  private PushResult push(
      ConnectionId connection, List<byte[]> frames, Set<ConnectionId> gone, Deadline deadline) {
    for (byte[] frame : frames) {
      if (gone.contains(connection)) {
        return new PushResult.Gone();
      }
      if (deadline.passed()) {
        return new PushResult.Late();
      }
      PushResult result = client.post(connection, frame);
      if (result instanceof PushResult.Gone) {
        gone.add(connection);
      }
      if (!(result instanceof PushResult.Delivered)) {
        return result;
      }
    }
    return new PushResult.Delivered();
  }

  private static boolean acquire(Semaphore permits, Deadline deadline) {
    try {
      return permits.tryAcquire(deadline.leftNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
  }

  private static IllegalStateException interrupted(InterruptedException cause) {
    Thread.currentThread().interrupt();
    return new IllegalStateException("interrupted while it pushed", cause);
  }
}
