package dev.parley.local;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.dynamodb.LocalDynamoDb;
import dev.parley.local.faults.Faults;
import dev.parley.local.gateway.Gateway;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.sqs.LocalSqs;
import dev.parley.local.xray.TraceDaemon;
import dev.parley.local.xray.Traces;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A template, running in this JVM: its tables, functions, event source mappings, WebSocket APIs
/// and site, and X-Ray.
///
/// Started, it serves; nothing is half there. [#close] ends the sockets first, then lets running
/// invocations finish or gives them up, then closes the tables, in 5 s at most.
public final class LocalCloud implements AutoCloseable {
  private final Parts parts;
  private final @Nullable LocalDynamoDb dynamoDb;
  private final @Nullable LocalSqs sqs;
  private final List<Api> apis;
  private final Faults faults;
  private final Traces traces;
  private final TraceDaemon daemon;
  private final MetricStore metrics;
  private final Path certificate;

  LocalCloud(
      Parts parts,
      @Nullable LocalDynamoDb dynamoDb,
      @Nullable LocalSqs sqs,
      List<Api> apis,
      Faults faults,
      Traces traces,
      TraceDaemon daemon,
      MetricStore metrics,
      Path certificate) {
    this.parts = parts;
    this.dynamoDb = dynamoDb;
    this.sqs = sqs;
    this.apis = apis;
    this.faults = faults;
    this.traces = traces;
    this.daemon = daemon;
    this.metrics = metrics;
    this.certificate = certificate;
  }

  /// Starts everything that the template has.
  ///
  /// @throws StartException with a line for the user; whatever had started is stopped
  public static LocalCloud start(Options options) throws StartException {
    Parts parts = new Parts();
    boolean started = false;
    try {
      LocalCloud cloud = new Assembly(options, parts).start();
      started = true;
      return cloud;
    } catch (RuntimeException e) { // of a library: what is foreseen is told better
      throw new StartException("Cannot start: " + e, e);
    } finally {
      if (!started) {
        parts.close(); // an Error leaves threads behind, too
      }
    }
  }

  /// A WebSocket API that is served.
  ///
  /// @param logicalId its name in the template
  public record Api(String logicalId, String stage, Gateway gateway) {
    /// Where clients connect: `ws://127.0.0.1:<port>/<stage>`.
    public URI webSocketUrl() {
      return URI.create("ws://127.0.0.1:%d/%s".formatted(gateway.port(), stage));
    }
  }

  /// In the template's order; the first one has the site beside it.
  public List<Api> apis() {
    return apis;
  }

  /// Where the site and the first API listen, on both loopback addresses.
  public int port() {
    return apis.getFirst().gateway().port();
  }

  /// The first API's stage, the last part of [#webSocketUrl()].
  public String stage() {
    return apis.getFirst().stage();
  }

  /// Where clients of the first API connect.
  public URI webSocketUrl() {
    return apis.getFirst().webSocketUrl();
  }

  /// Its tables.
  ///
  /// @throws NullPointerException where the template has none
  public LocalDynamoDb dynamoDb() {
    return Objects.requireNonNull(dynamoDb, "the template has no tables");
  }

  /// Its queues.
  ///
  /// @throws NullPointerException where the template has none
  public LocalSqs sqs() {
    return Objects.requireNonNull(sqs, "the template has no queues");
  }

  /// The certificate, as PEM, by which `https` and `wss` are served on the ports of all APIs.
  public Path certificate() {
    return certificate;
  }

  /// The services that the template needs, and how a tool calls each.
  List<String> services() {
    List<String> services = new ArrayList<>();
    if (dynamoDb != null) {
      services.add(
          "DynamoDB Local: aws dynamodb list-tables --endpoint-url %s --region %s"
              .formatted(dynamoDb.url(), LocalAccount.REGION));
    }
    if (sqs != null) {
      services.add(
          "SQS: aws sqs list-queues --endpoint-url %s --region %s"
              .formatted(sqs.url(), LocalAccount.REGION));
    }
    services.add(
        ("X-Ray: aws xray <command> --endpoint-url http://localhost:%d/_local/xray --region %s;"
                + " UDP port %d")
            .formatted(port(), LocalAccount.REGION, xrayPort()));
    return services;
  }

  /// What goes wrong, as [Options#faults] asked.
  public Faults faults() {
    return faults;
  }

  /// How many frames and calls of `@connections` were refused so far: [Options#quota].
  public long requestsRefused() {
    return apis.stream().mapToLong(api -> api.gateway().requestsRefused()).sum();
  }

  /// What X-Ray has, and what it refused.
  public Traces traces() {
    return traces;
  }

  /// What it measures, and what its functions do.
  public MetricStore metrics() {
    return metrics;
  }

  /// The UDP port of the X-Ray daemon.
  public int xrayPort() {
    return daemon.port();
  }

  @Override
  public void close() {
    parts.close();
  }
}
