package dev.parley.local;

import dev.parley.local.aws.LocalClients;
import dev.parley.local.faults.FaultPlan;
import dev.parley.local.issuer.LocalIssuer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/// Runs a template until it is told to stop, by Ctrl-C or SIGTERM. [Setting] lists what it can be
/// told, by arguments and by system properties.
///
/// The last line of a start is `Parley is ready: http://localhost:8080/
/// ws://localhost:8080/<stage>`. A start that fails prints one line on stderr, naming the setting
/// and the way out, and exits with 1.
public final class Main {
  private Main() {}

  /// `template.yaml --port 9000`, or none where properties say everything.
  public static void main(String[] arguments) throws InterruptedException {
    List<String> given = List.of(arguments);
    if (given.contains(Settings.HELP)) {
      System.out.print(Settings.help());
      return;
    }
    if (given.contains(Settings.VERSION)) {
      System.out.println("parley-local " + version());
      return;
    }
    // Log4j would end itself before the parts that still log when they are stopped.
    System.setProperty("log4j.shutdownHookEnabled", "false");
    LocalClients.ownsThisProcess();
    LocalCloud cloud;
    Options options;
    try {
      options = Settings.options(given, System.getProperties());
      cloud = LocalCloud.start(options);
    } catch (StartException e) {
      String message = String.valueOf(e.getMessage());
      System.err.println(
          "Parley cannot start: " + (given.isEmpty() ? message : Setting.asArguments(message)));
      System.exit(1);
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(cloud, options.data()), "stop"));
    printAddresses(System.out, cloud, options.issuer());
    new CountDownLatch(1).await();
  }

  /// As the jar's manifest says.
  private static String version() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "from classes, not from a jar" : version;
  }

  private static void printAddresses(PrintStream out, LocalCloud cloud, boolean issuer) {
    FaultPlan faults = cloud.faults().plan();
    if (!faults.equals(FaultPlan.NONE)) {
      out.println("Faults: -Dparley.faults=" + faults);
    }
    cloud.services().forEach(out::println);
    if (issuer) {
      out.println("Sign in: http://localhost:%d%s/".formatted(cloud.port(), LocalIssuer.PATH));
    }
    out.println(
        "TLS: https://localhost:%d/  wss://localhost:%d/%s  by the certificate %s"
            .formatted(cloud.port(), cloud.port(), cloud.stage(), cloud.certificate()));
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
}
