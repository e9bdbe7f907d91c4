package dev.parley.fanout;

import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Membership;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Settings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ApiGatewayManagementApiException;

/// Pushes frames to connections by `POST @connections`: side by side across connections, one after
/// another to each. Each push is tried once, and given up after 1 s.
final class Pusher {
  private static final Logger log = LoggerFactory.getLogger(Pusher.class);

  /// Pushes under way at once, of all rooms of this function together.
  private static final int CONCURRENCY_MAX = 64;

  private final ConnectionTable connections;
  private final ApiGatewayManagementApiClient gateway;
  private final Semaphore permits = new Semaphore(CONCURRENCY_MAX);
  private final InvocationExecutor executor = new InvocationExecutor();

  Pusher(Settings settings, ConnectionTable connections) {
    this.connections = connections;
    this.gateway = settings.gateway(CONCURRENCY_MAX);
  }

  /// How many connections each outcome had.
  ///
  /// @param pruned those of the gone ones whose rows were removed
  record Tally(int delivered, int gone, int pruned, int throttled, int failed) {}

  /// Pushes the frames to all members, in their order to each. A connection that did not take a
  /// frame gets none of the later ones. Rows of gone connections are removed after all pushes.
  Tally push(List<Membership> members, List<byte[]> frames, Instant now) {
    List<SdkBytes> data = frames.stream().map(SdkBytes::fromByteArrayUnsafe).toList();
    List<Delivery> deliveries = inParallel(members, member -> push(member, data));

    int delivered = 0;
    int throttled = 0;
    int failed = 0;
    List<Membership> gone = new ArrayList<>();
    for (int i = 0; i < deliveries.size(); i++) {
      Membership member = members.get(i);
      switch (deliveries.get(i)) {
        case Delivery.Delivered d -> delivered++;
        case Delivery.Gone g -> gone.add(member);
        case Delivery.Throttled t -> throttled++;
        case Delivery.Failed f -> {
          failed++;
          log.warn("push to {} failed: {}", member.connection(), f.cause());
        }
      }
    }
    return new Tally(delivered, gone.size(), prune(gone, now), throttled, failed);
  }

  /// @return how many were removed
  private int prune(List<Membership> gone, Instant now) {
    return inParallel(
            gone.stream().filter(member -> member.prunable(now)).toList(),
            member -> prune(member, now))
        .stream()
        .mapToInt(pruned -> pruned ? 1 : 0)
        .sum();
  }

  /// What cannot be removed now is found gone by a later push: it must not make this batch, which
  /// everybody else has, come again.
  private boolean prune(Membership member, Instant now) {
    try {
      return connections.prune(member.connection(), now);
    } catch (SdkException e) {
      log.warn("could not remove {}: {}", member.connection(), e.getMessage());
      return false;
    }
  }

  /// Side by side, within the bound.
  ///
  /// @return the results in the order of the members
  private <T> List<T> inParallel(List<Membership> members, Function<Membership, T> task) {
    List<CompletableFuture<T>> results = new ArrayList<>(members.size());
    for (Membership member : members) {
      permits.acquireUninterruptibly();
      results.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return task.apply(member);
                } finally {
                  permits.release();
                }
              },
              executor));
    }
    return results.stream().map(CompletableFuture::join).toList();
  }

  private Delivery push(Membership member, List<SdkBytes> frames) {
    try {
      for (SdkBytes frame : frames) {
        gateway.postToConnection(
            post -> post.connectionId(member.connection().value()).data(frame));
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
