package dev.parley.e2e;

import dev.parley.client.TokenSource;
import dev.parley.local.LocalCloud;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;

/// Goes through schedules of sends, joins, quits, reloads and faults, some of them at a time on one
/// cloud, and counts what it has done.
final class Recovery implements AutoCloseable {
  /// How many schedules share a cloud, at most.
  static final int TOGETHER_MAX = 10;

  /// How a process of its own ends.
  static final int NO_PROBLEMS = 0;

  static final int PROBLEMS = 3;

  /// What goes wrong, by turns.
  ///
  /// @param parameters of the template
  private record Weather(String faults, Map<String, String> parameters) {}

  /// A message is written at most 7 s after its timestamp, by any clock, and clients look back 10
  /// s. So a write may be late by 3 s: by `dynamodb.late`, and frozen behind a look at the clock
  /// and at the call.
  private static final List<Weather> WEATHERS =
      List.of(
          new Weather( // of pushes
              """
              push.lost=0.3,push.delayed=0.1/50-1500ms,push.throttled=0.1,push.gone=0.05,\
              push.failed=0.1,push.answer.lost=0.1\
              """,
              Map.of()),
          new Weather( // of the network
              """
              socket.cut.in=0.01,socket.cut.out=0.01,network.gone=0.002/100-1500ms,\
              network.frozen=0.002/100-1500ms,disconnect.lost=0.5\
              """,
              Map.of("MessageCostMs", "20", "MessageBurstMs", "200")),
          new Weather( // of functions
              """
              function.killed.at.start=0.03,function.killed.before.call=0.01,\
              function.killed.after.call=0.01,function.killed.at.end=0.03,\
              function.frozen=0.03/50-500ms,dynamodb.late=0.02/50-2000ms,clock.skew=1/0-500ms\
              """,
              Map.of("SegmentSize", "2")),
          new Weather( // of streams, queues and tables
              """
              stream.delayed=0.2/50-500ms,stream.split=0.3,stream.duplicated=0.3,\
              queue.reordered=0.3,queue.duplicated=0.3,dynamodb.throttled=0.03,\
              dynamodb.answer.lost=0.02,dynamodb.late=0.03/50-2000ms,index.lag=0.3/50-500ms,\
              push.throttled=0.1\
              """,
              Map.of("SegmentSize", "2")),
          new Weather( // of everything
              """
              push.lost=0.05,push.delayed=0.05/50-1500ms,push.throttled=0.05,push.gone=0.02,\
              push.failed=0.03,push.answer.lost=0.03,socket.cut.in=0.003,socket.cut.out=0.003,\
              network.gone=0.001/100-1500ms,network.frozen=0.001/100-1500ms,disconnect.lost=0.3,\
              function.killed.at.start=0.01,function.killed.before.call=0.003,\
              function.killed.after.call=0.003,function.killed.at.end=0.01,\
              function.frozen=0.01/50-500ms,clock.skew=1/0-500ms,\
              stream.delayed=0.05/50-500ms,stream.split=0.2,stream.duplicated=0.2,\
              queue.reordered=0.2,queue.duplicated=0.2,dynamodb.throttled=0.01,\
              dynamodb.answer.lost=0.01,dynamodb.late=0.01/50-2000ms,index.lag=0.1/50-500ms\
              """,
              Map.of("SegmentSize", "3", "MessageCostMs", "20", "MessageBurstMs", "400")));

  /// Processes have functions that are killed, more rarely: one that was takes seconds to start
  /// again. They have this machine's clock.
  private static final Weather OF_PROCESSES =
      new Weather(
          """
          function.killed.at.start=0.01,function.killed.before.call=0.003,\
          function.killed.after.call=0.003,function.killed.at.end=0.01,\
          function.frozen=0.03/50-500ms,dynamodb.late=0.02/50-2000ms\
          """,
          Map.of("SegmentSize", "2"));

  /// Renewed after four fifths of it.
  private static final int TOKEN_SECONDS = 5;

  private static final HttpClient HTTP = HttpClient.newHttpClient();

  /// Connections are cut all the time here, and each joins its rooms again.
  private static final Map<String, String> UNLIMITED =
      Map.of("ActionCostMs", "1", "ConnectCostMs", "1");

  private final ParticipantsPage page;
  private final double javaShare;
  private final Duration patience;

  private int schedules;
  private int operations;
  private int messages;
  private int forgotten;
  private int expelled;
  private final Map<Fault, Long> injected = new EnumMap<>(Fault.class);

  /// @param site with the client in JavaScript
  /// @param javaShare how many participants have the client in Java; the others have the page's
  /// @param patience how long problems may stay the same, once faults have stopped
  Recovery(Path site, double javaShare, Duration patience) throws Exception {
    this.javaShare = javaShare;
    this.patience = patience;
    // Thousands of failures would be logged here, all of them expected.
    Configurator.setAllLevels(LogManager.ROOT_LOGGER_NAME, Level.OFF);
    page = new ParticipantsPage(site);
  }

  /// Runs in a process of its own, which ends with [#PROBLEMS] where some are left.
  ///
  /// @param arguments the site, the share of clients in Java, how long problems may stay, in
  ///     seconds, a seed, and how many schedules
  public static void main(String[] arguments) throws Exception {
    List<String> problems;
    try (Recovery recovery =
        new Recovery(
            Path.of(arguments[0]),
            Double.parseDouble(arguments[1]),
            Duration.ofSeconds(Long.parseLong(arguments[2])))) {
      problems = recovery.run(Long.parseLong(arguments[3]), Integer.parseInt(arguments[4]));
    }
    problems.forEach(System.out::println);
    System.exit(problems.isEmpty() ? NO_PROBLEMS : PROBLEMS);
  }

  /// How often somebody who was taken out of a room has listened on, and heard nothing.
  int expelled() {
    return expelled;
  }

  int schedules() {
    return schedules;
  }

  /// What has been done so far.
  String summary() {
    return "%d schedules, %d operations, %d messages; connections forgotten %d, taken out %d, %s"
        .formatted(
            schedules,
            operations,
            messages,
            forgotten,
            expelled,
            injected.entrySet().stream()
                .map(fault -> fault.getKey() + " " + fault.getValue())
                .collect(Collectors.joining(", ")));
  }

  /// Goes through some schedules at the same time, at most [#TOGETHER_MAX].
  ///
  /// @return the problems that are left, after a line that says with which faults
  List<String> run(long seed, int count) throws Exception {
    Weather weather =
        TestCloud.IN_PROCESSES
            ? OF_PROCESSES
            : WEATHERS.get((int) Math.floorMod(seed, (long) WEATHERS.size()));
    FaultPlan plan = FaultPlan.parse("seed=" + seed + "," + weather.faults());
    List<Schedule> together = new ArrayList<>();
    Random random = new Random(seed);
    Map<String, String> parameters = new HashMap<>(UNLIMITED);
    parameters.putAll(weather.parameters());
    try (LocalCloud cloud =
            LocalCloud.start(
                TestCloud.options(TestCloud.TEMPLATE, parameters)
                    .withFaults(plan)
                    .withIssuer(true));
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      page.open();
      try {
        for (int i = 0; i < count; i++) {
          together.add(
              new Schedule(
                  "s" + seed + "-" + i,
                  seed * TOGETHER_MAX + i,
                  cloud.webSocketUrl(),
                  cloud.dynamoDb().client(),
                  (url, name, secret, waits) -> {
                    TokenSource tokens = signsIn(secret) ? tokens(cloud, secret, name) : null;
                    return random.nextDouble() < javaShare
                        ? new JavaParticipant(url, name, secret, tokens, waits)
                        : page.join(url, name, secret, tokens, waits);
                  }));
        }
        Outcast outcast =
            new Outcast(
                cloud.webSocketUrl(),
                () -> token(cloud, "user=moderator&roles=chat-admin"),
                together.stream().flatMap(schedule -> schedule.rooms().stream()).toList(),
                plan.rules().values().stream()
                    .mapToLong(rule -> rule.length() == null ? 0 : rule.length().longestMs())
                    .sum(),
                seed);
        // A process that is killed takes seconds to come again: nothing is in time then.
        Future<List<String>> outcasts =
            TestCloud.IN_PROCESSES
                ? CompletableFuture.completedFuture(List.of())
                : executor.submit(outcast);
        List<String> problems = new ArrayList<>();
        for (Future<?> one : executor.invokeAll(together)) {
          if (one.state() == Future.State.FAILED) {
            problems.add(one.exceptionNow().toString());
          }
        }
        outcast.stop();
        problems.addAll(outcasts.get());
        expelled += outcast.rounds();
        cloud.faults().stop();
        while (cloud.faults().pending() > 0) {
          Thread.sleep(1);
        }
        problems.addAll(Schedule.awaitNoProblems(together, patience));
        cloud
            .traces()
            .refused()
            .forEach((code, times) -> problems.add("X-Ray refused " + times + ": " + code));
        schedules += together.size();
        for (Schedule schedule : together) {
          operations += schedule.operations();
          messages += schedule.messages();
          forgotten += schedule.forgotten();
        }
        plan.rules()
            .keySet()
            .forEach(fault -> injected.merge(fault, cloud.faults().injected(fault), Long::sum));
        if (!problems.isEmpty()) {
          problems.addFirst("seed %d, with faults %s:".formatted(seed, cloud.faults()));
        }
        return problems;
      } finally {
        together.forEach(Schedule::close);
      }
    }
  }

  /// Whether the user whom a secret stands for has tokens instead: half of them do.
  private static boolean signsIn(String secret) {
    return secret.hashCode() % 2 == 0;
  }

  /// Tokens that do not last as long as a schedule.
  private static TokenSource tokens(LocalCloud cloud, String user, String name) {
    return () -> token(cloud, "user=%s&name=%s&seconds=%d".formatted(user, name, TOKEN_SECONDS));
  }

  private static String token(LocalCloud cloud, String query)
      throws IOException, InterruptedException {
    URI uri =
        URI.create("http://localhost:%d/_local/issuer/token?%s".formatted(cloud.port(), query));
    var answer = HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException("no token: " + answer.body());
    }
    return answer.body();
  }

  @Override
  public void close() {
    page.close();
    Configurator.reconfigure();
  }
}
