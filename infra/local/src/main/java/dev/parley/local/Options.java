package dev.parley.local;

import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.Bounds;
import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.lambda.FunctionProcesses;
import dev.parley.local.origins.Origins;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// How a template is to be run.
///
/// @param template the SAM template
/// @param parameters values for its parameters, as `sam deploy --parameter-overrides` takes them
/// @param port where the gateway and the site listen; 0 takes a free one
/// @param data the folder that keeps tables and stream checkpoints, or null for memory
/// @param dynamoDbPort where DynamoDB Local listens; 0 takes a free one
/// @param sqsPort where ElasticMQ listens; 0 takes a free one
/// @param dynamoDb where DynamoDB Local's jars are, unless they are on the class path; null for the
///     user's local Maven repository
/// @param tls the folder that keeps the certificate of `https` and `wss`; null for the user's own
/// @param watch whether code that has changed is taken up
/// @param pollsPerSecond how often each shard of a stream is polled; AWS does 4
/// @param site the folder of the static site, or null for none
/// @param origins which hosts may be asked, and which pages may ask
/// @param quota how many requests a second the gateway takes
/// @param sigv4 whether the signatures of `@connections` are verified
/// @param bounds how long a connection lasts, and how many there can be
/// @param faults what is to go wrong, and how often
/// @param xrayPort where the X-Ray daemon listens; 0 takes a free one, null its own 2000 where that
///     is free, else a free one
/// @param sampling the share of invocations that begin a trace, from 0 to 1
/// @param inProcesses whether all functions run in processes of their own, and not only those whose
///     handlers are not on the class path
/// @param limits how many processes a function may have, and for how long they may be idle
/// @param metered whether the units that functions consume of tables, and their requests to queues,
///     are measured too
/// @param issuer whether there is an issuer of tokens, whom the template is told of
public record Options(
    Path template,
    Map<String, String> parameters,
    int port,
    @Nullable Path data,
    int dynamoDbPort,
    int sqsPort,
    @Nullable Path dynamoDb,
    @Nullable Path tls,
    boolean watch,
    double pollsPerSecond,
    @Nullable Path site,
    Origins origins,
    RequestQuota quota,
    boolean sigv4,
    Bounds bounds,
    FaultPlan faults,
    @Nullable Integer xrayPort,
    double sampling,
    boolean inProcesses,
    FunctionProcesses.Limits limits,
    boolean metered,
    boolean issuer) {

  public Options {
    requirePort(port);
    requirePort(dynamoDbPort);
    requirePort(sqsPort);
    requirePort(xrayPort == null ? 0 : xrayPort);
    if (!(pollsPerSecond > 0 && pollsPerSecond <= 1_000)) {
      throw new IllegalArgumentException("polls per second are above 0 and at most 1000");
    }
    if (!(sampling >= 0 && sampling <= 1)) {
      throw new IllegalArgumentException("a share is from 0 to 1");
    }
    parameters = Map.copyOf(parameters);
  }

  /// Free ports, nothing kept, no site, streams polled as on AWS, pages of this machine only, AWS's
  /// quota and durations, any signature, no faults, every invocation traced, functions of the class
  /// path in this JVM, no issuer, and the user's own certificate.
  public static Options inMemory(Path template) {
    return new Options(
        template,
        Map.of(),
        0,
        null,
        0,
        0,
        null,
        null,
        false,
        4,
        null,
        Origins.OF_THIS_MACHINE,
        RequestQuota.OF_AWS,
        false,
        Bounds.ofThisMachine(),
        FaultPlan.NONE,
        0,
        1,
        false,
        FunctionProcesses.Limits.USUAL,
        false,
        false);
  }

  public Options withTemplate(Path file) {
    return with(draft -> draft.template = file);
  }

  public Options withParameters(Map<String, String> values) {
    return with(draft -> draft.parameters = values);
  }

  public Options withPort(int number) {
    return with(draft -> draft.port = number);
  }

  public Options withData(@Nullable Path folder) {
    return with(draft -> draft.data = folder);
  }

  public Options withDynamoDbPort(int number) {
    return with(draft -> draft.dynamoDbPort = number);
  }

  public Options withSqsPort(int number) {
    return with(draft -> draft.sqsPort = number);
  }

  public Options withDynamoDb(@Nullable Path folder) {
    return with(draft -> draft.dynamoDb = folder);
  }

  public Options withTls(@Nullable Path folder) {
    return with(draft -> draft.tls = folder);
  }

  public Options withWatch(boolean code) {
    return with(draft -> draft.watch = code);
  }

  public Options withPollsPerSecond(double polls) {
    return with(draft -> draft.pollsPerSecond = polls);
  }

  public Options withSite(@Nullable Path folder) {
    return with(draft -> draft.site = folder);
  }

  public Options withOrigins(Origins admitted) {
    return with(draft -> draft.origins = admitted);
  }

  public Options withQuota(RequestQuota requests) {
    return with(draft -> draft.quota = requests);
  }

  public Options withSigv4(boolean verified) {
    return with(draft -> draft.sigv4 = verified);
  }

  public Options withBounds(Bounds ofConnections) {
    return with(draft -> draft.bounds = ofConnections);
  }

  public Options withFaults(FaultPlan plan) {
    return with(draft -> draft.faults = plan);
  }

  public Options withXrayPort(@Nullable Integer number) {
    return with(draft -> draft.xrayPort = number);
  }

  public Options withSampling(double share) {
    return with(draft -> draft.sampling = share);
  }

  public Options withInProcesses(boolean all) {
    return with(draft -> draft.inProcesses = all);
  }

  public Options withLimits(FunctionProcesses.Limits processes) {
    return with(draft -> draft.limits = processes);
  }

  public Options withMetered(boolean units) {
    return with(draft -> draft.metered = units);
  }

  public Options withIssuer(boolean local) {
    return with(draft -> draft.issuer = local);
  }

  private static void requirePort(int port) {
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("a port is 0 to 65535");
    }
  }

  private Options with(Consumer<Draft> change) {
    Draft draft = new Draft(this);
    change.accept(draft);
    return draft.options();
  }

  /// Options that can be changed.
  private static final class Draft {
    private Path template;
    private Map<String, String> parameters;
    private int port;
    private @Nullable Path data;
    private int dynamoDbPort;
    private int sqsPort;
    private @Nullable Path dynamoDb;
    private @Nullable Path tls;
    private boolean watch;
    private double pollsPerSecond;
    private @Nullable Path site;
    private Origins origins;
    private RequestQuota quota;
    private boolean sigv4;
    private Bounds bounds;
    private FaultPlan faults;
    private @Nullable Integer xrayPort;
    private double sampling;
    private boolean inProcesses;
    private FunctionProcesses.Limits limits;
    private boolean metered;
    private boolean issuer;

    Draft(Options from) {
      template = from.template;
      parameters = from.parameters;
      port = from.port;
      data = from.data;
      dynamoDbPort = from.dynamoDbPort;
      sqsPort = from.sqsPort;
      dynamoDb = from.dynamoDb;
      tls = from.tls;
      watch = from.watch;
      pollsPerSecond = from.pollsPerSecond;
      site = from.site;
      origins = from.origins;
      quota = from.quota;
      sigv4 = from.sigv4;
      bounds = from.bounds;
      faults = from.faults;
      xrayPort = from.xrayPort;
      sampling = from.sampling;
      inProcesses = from.inProcesses;
      limits = from.limits;
      metered = from.metered;
      issuer = from.issuer;
    }

    Options options() {
      return new Options(
          template,
          parameters,
          port,
          data,
          dynamoDbPort,
          sqsPort,
          dynamoDb,
          tls,
          watch,
          pollsPerSecond,
          site,
          origins,
          quota,
          sigv4,
          bounds,
          faults,
          xrayPort,
          sampling,
          inProcesses,
          limits,
          metered,
          issuer);
    }
  }
}
