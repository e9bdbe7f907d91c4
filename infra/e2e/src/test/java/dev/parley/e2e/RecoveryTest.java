package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.local.LocalCloud;
import dev.parley.local.faults.Fault;
import dev.parley.local.faults.FaultPlan;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.config.Configurator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// After any schedule of sends, joins, quits, reloads and faults, once faults stop, what each
/// client shows equals a fresh read of the table over the range that it shows; every message is
/// there once; each sender's messages are in the order sent; a room is handed out to those who are
/// in it, and to nobody else.
///
/// Ten schedules at a time share a cloud and its faults. `-Dparley.schedules=` says how many there
/// are; `-Dparley.seed=` runs ten of them again.
class RecoveryTest {
  private static final int SCHEDULES =
      Integer.parseInt(System.getProperty("parley.schedules", "50"));
  private static final int TOGETHER = 10;

  /// What goes wrong, by turns.
  ///
  /// @param parameters of the template
  private record Weather(String faults, Map<String, String> parameters) {}

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
              function.killed.after.call=0.01,function.killed.at.end=0.03,clock.skew=1/0-500ms\
              """,
              Map.of("SegmentSize", "2")),
          new Weather( // of streams, queues and tables
              """
              stream.delayed=0.2/50-500ms,stream.split=0.3,stream.duplicated=0.3,\
              queue.reordered=0.3,queue.duplicated=0.3,dynamodb.throttled=0.03,\
              dynamodb.answer.lost=0.02,index.lag=0.3/50-500ms,push.throttled=0.1\
              """,
              Map.of("SegmentSize", "2")),
          new Weather( // of everything
              """
              push.lost=0.05,push.delayed=0.05/50-1500ms,push.throttled=0.05,push.gone=0.02,\
              push.failed=0.03,push.answer.lost=0.03,socket.cut.in=0.003,socket.cut.out=0.003,\
              network.gone=0.001/100-1500ms,network.frozen=0.001/100-1500ms,disconnect.lost=0.3,\
              function.killed.at.start=0.01,function.killed.before.call=0.003,\
              function.killed.after.call=0.003,function.killed.at.end=0.01,clock.skew=1/0-500ms,\
              stream.delayed=0.05/50-500ms,stream.split=0.2,stream.duplicated=0.2,\
              queue.reordered=0.2,queue.duplicated=0.2,dynamodb.throttled=0.01,\
              dynamodb.answer.lost=0.01,index.lag=0.1/50-500ms\
              """,
              Map.of("SegmentSize", "3", "MessageCostMs", "20", "MessageBurstMs", "400")));

  /// How many participants have the client in Java; the others have that of the page.
  private static final double JAVA_SHARE = 0.6;

  private static @Nullable ParticipantsPage page;

  private int schedules;
  private int operations;
  private int messages;
  private int forgotten;
  private final Map<Fault, Long> injected = new EnumMap<>(Fault.class);

  @BeforeAll
  static void start() throws Exception {
    // Thousands of failures are logged here, none of which says anything.
    Configurator.setAllLevels(LogManager.ROOT_LOGGER_NAME, Level.OFF);
    page = new ParticipantsPage(TestCloud.SITE);
  }

  @AfterAll
  static void stop() {
    if (page != null) {
      page.close();
    }
    Configurator.reconfigure();
  }

  @Test
  void onceFaultsStopEachClientShowsWhatTheTableHolds() throws Exception {
    String replayed = System.getProperty("parley.seed");
    List<String> problems = new ArrayList<>();
    if (replayed != null) {
      problems.addAll(run(Long.parseLong(replayed), TOGETHER));
    } else {
      for (long seed = 1; schedules < SCHEDULES; seed++) {
        problems.addAll(run(seed, Math.min(TOGETHER, SCHEDULES - schedules)));
      }
    }

    System.out.printf(
        "Recovery: %d schedules, %d operations, %d messages; connections forgotten %d, %s%n",
        schedules,
        operations,
        messages,
        forgotten,
        injected.entrySet().stream()
            .map(fault -> fault.getKey() + " " + fault.getValue())
            .collect(Collectors.joining(", ")));
    assertTrue(schedules > 0, "no schedule");
    assertEquals("", String.join("\n", problems));
  }

  /// @return the problems that are left, with what it takes to see them again
  private List<String> run(long seed, int count) throws Exception {
    Weather weather = WEATHERS.get((int) Math.floorMod(seed, (long) WEATHERS.size()));
    FaultPlan plan = FaultPlan.parse("seed=" + seed + "," + weather.faults());
    List<Schedule> together = new ArrayList<>();
    Random random = new Random(seed);
    try (LocalCloud cloud = TestCloud.start(TestCloud.TEMPLATE, weather.parameters(), plan);
        ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor()) {
      ParticipantsPage inBrowser = requireNonNull(page);
      inBrowser.open();
      try {
        for (int i = 0; i < count; i++) {
          together.add(
              new Schedule(
                  "s" + seed + "-" + i,
                  seed * TOGETHER + i,
                  cloud.webSocketUrl(),
                  cloud.dynamoDb().client(),
                  (url, name, secret, waits) ->
                      random.nextDouble() < JAVA_SHARE
                          ? new JavaParticipant(url, name, secret, waits)
                          : inBrowser.join(url, name, secret, waits)));
        }
        List<String> problems = new ArrayList<>();
        for (Future<?> one : executor.invokeAll(together)) {
          if (one.state() == Future.State.FAILED) {
            problems.add(one.exceptionNow().toString());
          }
        }
        cloud.faults().stop();
        problems.addAll(Schedule.awaitNoProblems(together));
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
          problems.addFirst(
              """
              seed %d, with faults %s; to see it again:
              mvn test -pl infra/e2e -am -Dtest=RecoveryTest \
              -Dsurefire.failIfNoSpecifiedTests=false -Dparley.seed=%d\
              """
                  .formatted(seed, cloud.faults(), seed));
        }
        return problems;
      } finally {
        together.forEach(Schedule::close);
      }
    }
  }
}
