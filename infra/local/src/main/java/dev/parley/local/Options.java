package dev.parley.local;

import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.PushLatency;
import dev.parley.local.origins.Origins;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a template is to be run.
///
/// @param template the SAM template
/// @param parameters values for its parameters, as `sam deploy --parameter-overrides` takes them
/// @param port where the gateway and the site listen; 0 takes a free one
/// @param data the folder that keeps tables and stream checkpoints, or null for memory
/// @param dynamoDbPort where DynamoDB Local listens; 0 takes a free one
/// @param pollsPerSecond how often each shard of a stream is polled; AWS does 4
/// @param site the folder of the static site, or null for none
/// @param origins which hosts may be asked, and which pages may ask
/// @param pushLatency how long each push takes
/// @param faults what is to go wrong, and how often
public record Options(
    Path template,
    Map<String, String> parameters,
    int port,
    @Nullable Path data,
    int dynamoDbPort,
    double pollsPerSecond,
    @Nullable Path site,
    Origins origins,
    PushLatency pushLatency,
    FaultPlan faults) {

  public Options {
    requirePort(port);
    requirePort(dynamoDbPort);
    if (!(pollsPerSecond > 0 && pollsPerSecond <= 1_000)) {
      throw new IllegalArgumentException("polls per second are above 0 and at most 1000");
    }
    parameters = Map.copyOf(parameters);
  }

  /// Pages of this machine only, pushes that take no longer than they must, and no faults.
  public Options(
      Path template,
      Map<String, String> parameters,
      int port,
      @Nullable Path data,
      int dynamoDbPort,
      double pollsPerSecond,
      @Nullable Path site) {
    this(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        Origins.OF_THIS_MACHINE,
        PushLatency.NONE,
        FaultPlan.NONE);
  }

  /// Free ports, nothing kept, no site, streams polled as on AWS.
  public static Options inMemory(Path template) {
    return new Options(template, Map.of(), 0, null, 0, 4, null);
  }

  public Options withPollsPerSecond(double polls) {
    return new Options(
        template, parameters, port, data, dynamoDbPort, polls, site, origins, pushLatency, faults);
  }

  public Options withOrigins(Origins admitted) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        admitted,
        pushLatency,
        faults);
  }

  public Options withPushLatency(PushLatency latency) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        latency,
        faults);
  }

  public Options withFaults(FaultPlan plan) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        pushLatency,
        plan);
  }

  private static void requirePort(int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("a port is 0 to 65535");
    }
  }
}
