package dev.parley.local;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.aws.LocalClients;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.gateway.Quotas;
import dev.parley.local.gateway.RequestQuota;
import dev.parley.local.issuer.LocalIssuer;
import dev.parley.local.lambda.FunctionProcesses.Limits;
import dev.parley.local.origins.Origins;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.function.DoublePredicate;
import org.jspecify.annotations.Nullable;

/// Runs a template until it is told to stop, by Ctrl-C or SIGTERM.
///
/// Settings are system properties: `parley.port` (8080; 0 takes a free one), `parley.data` (a
/// folder, `.parley`; `memory` keeps nothing), `parley.dynamodb.port` (0),
/// `parley.polls.per.second` (4), `parley.origins` (none; else as [Origins#parse] takes them),
/// `parley.faults` (none; else a [FaultPlan]), `parley.quota` (10000 requests a second; 0 for
/// none), `parley.quota.bucket` (5000 requests at once), `parley.xray.port` (2000 where that is
/// free; 0 takes a free one), `parley.sampling` (1; a share from 0), `parley.functions` (`jvm`, or
/// `process` for packages in processes of their own), of which there are at most
/// `parley.functions.max` (2) of each function, ended when they are idle for
/// `parley.functions.idle` (300 s), `parley.issuer` (none; `local` for a [LocalIssuer] of tokens),
/// `parley.template` (`infra/template.yaml`) and `parley.site`
/// (`web`, where there is one).
///
/// The last line of a start is `Parley is ready: http://localhost:8080/
/// ws://localhost:8080/<stage>`. A start that fails prints one line on stderr, naming the setting
/// and the way out, and exits with 1.
public final class Main {
  private static final String MEMORY = "memory";

  private Main() {}

  /// Arguments are not used.
  public static void main(String[] arguments) throws InterruptedException {
    // Log4j would end itself before the parts that still log when they are stopped.
    System.setProperty("log4j.shutdownHookEnabled", "false");
    LocalClients.ownsThisProcess();
    LocalCloud cloud;
    Options options;
    try {
      options = options(System.getProperties());
      cloud = LocalCloud.start(options);
    } catch (StartException e) {
      System.err.println("Parley cannot start: " + e.getMessage());
      System.exit(1);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cloud, options.data()), "stop"));
    printAddresses(System.out, cloud, options.issuer());
    new CountDownLatch(1).await();
  }

  private static void printAddresses(PrintStream out, LocalCloud cloud, boolean issuer) {
    FaultPlan faults = cloud.faults().plan();
    if (!faults.equals(FaultPlan.NONE)) {
      out.println("Faults: -Dparley.faults=" + faults);
    }
    out.println(
        "DynamoDB Local: aws dynamodb list-tables --endpoint-url %s --region %s"
            .formatted(cloud.dynamoDb().url(), LocalAccount.REGION));
    out.println(
        ("X-Ray: aws xray <command> --endpoint-url http://localhost:%d/_local/xray --region %s;"
                + " UDP port %d")
            .formatted(cloud.port(), LocalAccount.REGION, cloud.xrayPort()));
    if (issuer) {
      out.println("Sign in: http://localhost:%d%s/".formatted(cloud.port(), LocalIssuer.PATH));
    }
    out.println("Traces: http://localhost:%d/_local/traces".formatted(cloud.port()));
    out.println("Metrics: http://localhost:%d/_local/".formatted(cloud.port()));
    cloud.apis().stream()
        .skip(1)
        .forEach(api -> out.println(api.logicalId() + ": " + api.webSocketUrl()));
    out.println(
        "Parley is ready: http://localhost:%d/  ws://localhost:%d/%s"
            .formatted(cloud.port(), cloud.port(), cloud.stage()));
    out.flush();
  }

  private static void stop(LocalCloud cloud, @Nullable Path data) {
    cloud.close();
    System.out.println(
        data == null ? "Parley has stopped" : "Parley has stopped; data kept in " + data);
    System.out.flush();
  }

  static Options options(Properties properties) throws StartException {
    String data = properties.getProperty("parley.data", ".parley").strip();
    String site = properties.getProperty("parley.site");
    if (data.isEmpty()) {
      throw new StartException("parley.data is empty: it is a folder, or `memory`");
    }
    Path folder = path("parley.data", data);
    Path web = site == null ? Path.of("web") : path("parley.site", site);
    boolean isFolder = Files.isDirectory(web);
    if (site != null && !isFolder) {
      throw new StartException("parley.site=%s is no folder: correct or omit it".formatted(site));
    }
    Path template =
        path("parley.template", properties.getProperty("parley.template", "infra/template.yaml"));
    return Options.inMemory(template)
        .withPort(port(properties, "parley.port", 8080))
        .withData(data.equals(MEMORY) ? null : folder)
        .withDynamoDbPort(port(properties, "parley.dynamodb.port", 0))
        .withPollsPerSecond(pollsPerSecond(properties))
        .withSite(isFolder ? web : null)
        .withOrigins(origins(properties))
        .withQuota(
            new RequestQuota(
                requests(properties, "parley.quota", 0, Quotas.REQUESTS_PER_SECOND),
                requests(properties, "parley.quota.bucket", 1, Quotas.REQUESTS_BUCKET)))
        .withFaults(faults(properties))
        .withXrayPort(xrayPort(properties))
        .withSampling(sampling(properties))
        .withProcesses(processes(properties))
        .withIssuer(issuer(properties));
  }

  private static boolean issuer(Properties properties) throws StartException {
    String value = properties.getProperty("parley.issuer", "").strip();
    return switch (value) {
      case "" -> false;
      case "local" -> true;
      default ->
          throw new StartException(
              ("parley.issuer=%s: give local, or nothing; another issuer is told to the template by"
                      + " its parameters")
                  .formatted(value));
    };
  }

  private static Path path(String name, String value) throws StartException {
    try {
      return Path.of(value);
    } catch (InvalidPathException e) {
      throw new StartException("%s=%s is no path: %s".formatted(name, value, e.getReason()), e);
    }
  }

  private static Origins origins(Properties properties) throws StartException {
    try {
      return Origins.parse(properties.getProperty("parley.origins", ""));
    } catch (IllegalArgumentException e) {
      throw new StartException("parley.origins: " + e.getMessage(), e);
    }
  }

  private static FaultPlan faults(Properties properties) throws StartException {
    String value = properties.getProperty("parley.faults", "");
    try {
      return FaultPlan.parse(value);
    } catch (IllegalArgumentException e) {
      throw new StartException("parley.faults: " + e.getMessage(), e);
    }
  }

  private static int requests(Properties properties, String name, int min, int unlessGiven)
      throws StartException {
    return (int)
        number(
            properties,
            name,
            Integer.toString(unlessGiven),
            requests ->
                requests >= min && requests <= RequestQuota.MAX && requests == Math.rint(requests),
            "give a whole number of requests from %d to %d".formatted(min, RequestQuota.MAX)
                + (min == 0 ? "; 0 is no quota" : ""));
  }

  private static int port(Properties properties, String name, int unlessGiven)
      throws StartException {
    String value = properties.getProperty(name, Integer.toString(unlessGiven)).strip();
    try {
      int port = Integer.parseInt(value);
      if (port >= 0 && port <= 65_535) {
        return port;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new StartException(
        "%s=%s is not a port: give a number from 1 to 65535, or 0 for a free one"
            .formatted(name, value));
  }

  /// Null where none is given.
  private static @Nullable Integer xrayPort(Properties properties) throws StartException {
    return properties.getProperty("parley.xray.port", "").isBlank()
        ? null
        : (Integer) port(properties, "parley.xray.port", 0);
  }

  private static double pollsPerSecond(Properties properties) throws StartException {
    return number(
        properties,
        "parley.polls.per.second",
        "4",
        polls -> polls > 0 && polls <= 1_000,
        "give a number above 0 and up to 1000; AWS polls 4 times");
  }

  private static double sampling(Properties properties) throws StartException {
    return number(
        properties,
        "parley.sampling",
        "1",
        share -> share >= 0 && share <= 1,
        "give the share of invocations that begin a trace, from 0 to 1");
  }

  /// Null where functions run in this JVM.
  private static @Nullable Limits processes(Properties properties) throws StartException {
    Limits usual = Limits.USUAL;
    int max =
        (int)
            number(
                properties,
                "parley.functions.max",
                Integer.toString(usual.max()),
                n -> n >= 1 && n <= Limits.MAX && n == Math.rint(n),
                "give a whole number of processes from 1 to " + Limits.MAX);
    double idleSeconds =
        number(
            properties,
            "parley.functions.idle",
            Long.toString(usual.idle().toSeconds()),
            seconds -> seconds >= 1 && seconds <= Limits.IDLE_SECONDS_MAX,
            "give seconds from 1 to " + Limits.IDLE_SECONDS_MAX);
    String where = properties.getProperty("parley.functions", "jvm").strip();
    return switch (where) {
      case "jvm" -> null;
      case "process" -> new Limits(max, Duration.ofMillis((long) (idleSeconds * 1_000)));
      default ->
          throw new StartException(
              "parley.functions=%s: give jvm, or process for packages in processes of their own"
                  .formatted(where));
    };
  }

  private static double number(
      Properties properties,
      String name,
      String unlessGiven,
      DoublePredicate allowed,
      String expected)
      throws StartException {
    String value = properties.getProperty(name, unlessGiven).strip();
    try {
      double number = Double.parseDouble(value);
      if (allowed.test(number)) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Told below, like a number out of range.
    }
    throw new StartException("%s=%s: %s".formatted(name, value, expected));
  }
}
