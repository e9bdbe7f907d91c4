package dev.parley.fanout;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Settings;
import dev.parley.room.RoomId;
import dev.parley.wire.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ApiGatewayManagementApiException;

/// Pushes events to connections by `POST @connections`: side by side across connections, one frame
/// after another to each. A push is given up after 1 s.
final class Pusher {
  private static final Logger log = LoggerFactory.getLogger(Pusher.class);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  private final ConnectionTable connections;
  private final ApiGatewayManagementApiClient gateway;
  private final Duration retryFor;
  private final Semaphore permits;
  private final InvocationExecutor executor = new InvocationExecutor();

  /// @param retryFor how long those who were throttled or failed are tried again, all together;
  ///     zero for not at all
  Pusher(Settings settings, ConnectionTable connections, Duration retryFor) {
    // Pushes under way at once, of all rooms of this function together.
    int concurrency = (int) settings.number("PUSH_CONCURRENCY", 1, 1_000);
    this.connections = connections;
    this.gateway = settings.gateway(concurrency);
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

    /// One line, with a warning where somebody was given up.
    void log(Logger to, RoomId room, int events, int members, int givenUp) {
      to.atLevel(givenUp > 0 ? Level.WARN : Level.INFO)
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
    }
  }

  /// Pushes the events to all connections, in as few frames as 32 KB each allow, in order to each.
  /// A connection that did not take a frame gets none of the later ones. Rows of gone connections
  /// are removed after all pushes, unless they were opened less than 30 s ago.
  Outcome push(List<ConnectionId> to, List<byte[]> events, Instant now) {
    List<SdkBytes> frames =
        Event.frames(events).stream().map(SdkBytes::fromByteArrayUnsafe).toList();
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

  private Delivery push(ConnectionId connection, List<SdkBytes> frames) {
    try {
      for (SdkBytes frame : frames) {
        gateway.postToConnection(post -> post.connectionId(connection.value()).data(frame));
      }
      return new Delivery.Delivered();
    } catch (ApiGatewayManagementApiException e) {
      return switch (e.statusCode()) {
        case 410 -> new Delivery.Gone();
        case 429 -> new Delivery.Throttled();
        case 400 ->
            String.valueOf(e.getMessage()).contains("connectionId")
                ? new Delivery.Gone()
                : new Delivery.Failed("status 400");
        default -> new Delivery.Failed("status " + e.statusCode());
      };
    } catch (SdkClientException e) {
      return new Delivery.Failed(String.valueOf(e.getMessage()));
    }
  }
}
