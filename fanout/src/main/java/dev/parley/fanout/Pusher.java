package dev.parley.fanout;

import dev.parley.connection.ConnectionTable;
import dev.parley.connection.Membership;
import dev.parley.lambda.InvocationExecutor;
import dev.parley.lambda.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.ApiGatewayManagementApiClient;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.ApiGatewayManagementApiException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.GoneException;
import software.amazon.awssdk.services.apigatewaymanagementapi.model.LimitExceededException;

/// Pushes frames to connections by `POST @connections`: side by side across connections, one after
/// another to each. Each push is tried once, and given up after 1 s.
final class Pusher {
  private static final Logger log = LoggerFactory.getLogger(Pusher.class);

  /// Pushes under way at once, of all rooms of this function together.
  private static final int CONCURRENCY_MAX = 64;

  private static final Duration PUSH_MAX = Duration.ofSeconds(1);

  private final ConnectionTable connections;
  private final ApiGatewayManagementApiClient gateway;
  private final Semaphore permits = new Semaphore(CONCURRENCY_MAX);
  private final InvocationExecutor executor = new InvocationExecutor();

  Pusher(Settings settings, ConnectionTable connections) {
    this.connections = connections;
    this.gateway =
        ApiGatewayManagementApiClient.builder()
            .region(settings.region())
            .credentialsProvider(settings.credentials())
            .endpointOverride(settings.connectionsUrl())
            .httpClientBuilder(
                Apache5HttpClient.builder()
                    .maxConnections(CONCURRENCY_MAX)
                    .socketTimeout(PUSH_MAX)
                    .connectionTimeout(PUSH_MAX))
            .overrideConfiguration(o -> o.retryStrategy(AwsRetryStrategy.doNotRetry()))
            .build();
  }

  /// How many connections each outcome had.
  ///
  /// @param pruned those of the gone ones whose rows were removed
  record Tally(int delivered, int gone, int pruned, int throttled, int failed) {}

  /// Pushes the frames to all members, in their order to each. A connection that did not take a frame
  /// gets none of the later ones. Rows of gone connections are removed after all pushes.
  Tally push(List<Membership> members, List<byte[]> frames, Instant now) {
    List<SdkBytes> data = frames.stream().map(SdkBytes::fromByteArrayUnsafe).toList();
    List<CompletableFuture<Delivery>> deliveries = new ArrayList<>(members.size());
    for (Membership member : members) {
      permits.acquireUninterruptibly();
      deliveries.add(
          CompletableFuture.supplyAsync(
              () -> {
                try {
                  return push(member, data);
                } finally {
                  permits.release();
                }
              },
              executor));
    }

    int delivered = 0;
    int throttled = 0;
    int failed = 0;
    List<Membership> gone = new ArrayList<>();
    for (int i = 0; i < deliveries.size(); i++) {
      Membership member = members.get(i);
      switch (deliveries.get(i).join()) {
        case Delivery.Delivered d -> delivered++;
        case Delivery.Gone g -> gone.add(member);
        case Delivery.Throttled t -> throttled++;
        case Delivery.Failed f -> {
          failed++;
          log.warn("push to {} failed: {}", member.connection(), f.cause());
        }
      }
    }
    int pruned = 0;
    for (Membership member : gone) {
      if (member.prunable(now) && prune(member, now)) {
        pruned++;
      }
    }
    return new Tally(delivered, gone.size(), pruned, throttled, failed);
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

  private Delivery push(Membership member, List<SdkBytes> frames) {
    try {
      for (SdkBytes frame : frames) {
        gateway.postToConnection(
            post -> post.connectionId(member.connection().value()).data(frame));
      }
      return new Delivery.Delivered();
    } catch (GoneException e) {
      return new Delivery.Gone();
    } catch (LimitExceededException e) {
      return new Delivery.Throttled();
    } catch (ApiGatewayManagementApiException e) {
      return e.statusCode() == 400 && String.valueOf(e.getMessage()).contains("connectionId")
          ? new Delivery.Gone()
          : new Delivery.Failed("status " + e.statusCode());
    } catch (SdkClientException e) {
      return new Delivery.Failed(String.valueOf(e.getMessage()));
    }
  }
}
