package dev.parley.local;

import dev.parley.local.faults.FaultPlan;
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
/// @param faults what is to go wrong, and how often
/// @param xrayPort where the X-Ray daemon listens; 0 takes a free one, null its own 2000 where that
///     is free, else a free one
/// @param sampling the share of invocations that begin a trace, from 0 to 1
public record Options(
    Path template,
    Map<String, String> parameters,
    int port,
    @Nullable Path data,
    int dynamoDbPort,
    double pollsPerSecond,
    @Nullable Path site,
    Origins origins,
    FaultPlan faults,
    @Nullable Integer xrayPort,
    double sampling) {

  public Options {
    requirePort(port);
    requirePort(dynamoDbPort);
    requirePort(xrayPort == null ? 0 : xrayPort);
    if (!(pollsPerSecond > 0 && pollsPerSecond <= 1_000)) {
      throw new IllegalArgumentException("polls per second are above 0 and at most 1000");
    }
    if (!(sampling >= 0 && sampling <= 1)) {
      throw new IllegalArgumentException("a share is from 0 to 1");
    }
    parameters = Map.copyOf(parameters);
  }

  /// Free ports, nothing kept, no site, streams polled as on AWS, pages of this machine only, no
  /// faults, and every invocation traced.
  public static Options inMemory(Path template) {
    return new Options(
        template, Map.of(), 0, null, 0, 4, null, Origins.OF_THIS_MACHINE, FaultPlan.NONE, 0, 1);
  }

  public Options withParameters(Map<String, String> values) {
    return new Options(
        template,
        values,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        faults,
        xrayPort,
        sampling);
  }

  public Options withPort(int number) {
    return new Options(
        template,
        parameters,
        number,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        faults,
        xrayPort,
        sampling);
  }

  public Options withData(@Nullable Path folder) {
    return new Options(
        template,
        parameters,
        port,
        folder,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        faults,
        xrayPort,
        sampling);
  }

  public Options withDynamoDbPort(int number) {
    return new Options(
        template,
        parameters,
        port,
        data,
        number,
        pollsPerSecond,
        site,
        origins,
        faults,
        xrayPort,
        sampling);
  }

  public Options withPollsPerSecond(double polls) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        polls,
        site,
        origins,
        faults,
        xrayPort,
        sampling);
  }

  public Options withSite(@Nullable Path folder) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        folder,
        origins,
        faults,
        xrayPort,
        sampling);
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
        faults,
        xrayPort,
        sampling);
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
        plan,
        xrayPort,
        sampling);
  }

  public Options withXrayPort(@Nullable Integer number) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        faults,
        number,
        sampling);
  }

  public Options withSampling(double share) {
    return new Options(
        template,
        parameters,
        port,
        data,
        dynamoDbPort,
        pollsPerSecond,
        site,
        origins,
        faults,
        xrayPort,
        share);
  }

  private static void requirePort(int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("a port is 0 to 65535");
    }
  }
}
