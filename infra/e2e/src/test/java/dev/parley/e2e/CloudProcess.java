package dev.parley.e2e;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.parley.local.net.Loopback;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The whole system in a process of its own, as `mvn` runs it, which can be killed. It has the same
/// addresses and the same data in each run.
final class CloudProcess implements AutoCloseable {
  private static final int START_MAX_S = 60;
  private static final Duration ATTEMPT_EVERY = Duration.ofMillis(500);
  private static final int ATTEMPTS_MAX = START_MAX_S * 2;

  private final Path data;
  private final int port;
  private final int dynamoDbPort;
  private final List<String> output = new ArrayList<>();
  private @Nullable Process process;

  /// Does not start it yet.
  ///
  /// @param data a folder
  CloudProcess(Path data) throws IOException {
    this.data = data;
    this.port = Loopback.freePort();
    this.dynamoDbPort = Loopback.freePort();
  }

  URI webSocketUrl() {
    return URI.create("ws://127.0.0.1:" + port + "/production");
  }

  /// Its tables, in whichever run; between two runs it waits for the next one.
  DynamoDbClient dynamoDb() {
    return DynamoDbClient.builder()
        .region(Region.US_EAST_1)
        .credentialsProvider(
            StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local")))
        .endpointOverride(URI.create("http://127.0.0.1:" + dynamoDbPort))
        .httpClientBuilder(Apache5HttpClient.builder())
        .overrideConfiguration(
            configuration ->
                configuration.retryStrategy(
                    retries ->
                        retries
                            .maxAttempts(ATTEMPTS_MAX)
                            .backoffStrategy(BackoffStrategy.fixedDelay(ATTEMPT_EVERY))))
        .build();
  }

  /// Starts, and waits until it is ready.
  void start(double pollsPerSecond) throws IOException, InterruptedException {
    start(pollsPerSecond, Map.of(), List.of());
  }

  /// As above.
  ///
  /// @param environment what is in it beside this process's
  /// @param options of the JVM
  void start(double pollsPerSecond, Map<String, String> environment, List<String> options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-Xms128m",
            "-Xmx1g",
            "-classpath",
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
            "-Dparley.template=" + TestCloud.TEMPLATE,
            "-Dparley.data=" + data,
            "-Dparley.port=" + port,
            "-Dparley.dynamodb.port=" + dynamoDbPort,
            "-Dparley.polls.per.second=" + pollsPerSecond));
    command.addAll(options); // the last of two counts
    command.add("dev.parley.local.Main");
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process started = builder.start();
    process = started;
    BlockingQueue<String> ready = new LinkedBlockingQueue<>();
    Thread.startVirtualThread(
        () -> {
          try (BufferedReader lines =
              new BufferedReader(new InputStreamReader(started.getInputStream(), UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
              if (line.startsWith("Parley is ready")) {
                ready.add(line);
              }
              synchronized (output) {
                output.add(line);
              }
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
    if (ready.poll(START_MAX_S, TimeUnit.SECONDS) == null) {
      throw new AssertionError("it does not start: " + String.join("\n", output()));
    }
  }

  /// What it has printed so far, in all its runs.
  List<String> output() {
    synchronized (output) {
      return List.copyOf(output);
    }
  }

  /// Ends it as a crash does (SIGKILL).
  void kill() {
    if (process != null) {
      process.destroyForcibly().onExit().join();
    }
  }

  @Override
  public void close() {
    kill();
  }
}
