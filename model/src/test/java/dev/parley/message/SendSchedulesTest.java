package dev.parley.message;

import static dev.parley.TestTables.fresh;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestTables;
import dev.parley.identity.Identity;
import dev.parley.message.MessageTable.Draft;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import dev.parley.table.Row;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;

/// Attempts of one send, in every order of their writes. Between any two of these an attempt may be
/// killed, time may pass, and a write whose attempt is no more may take effect.
@Timeout(600)
class SendSchedulesTest {
  private static final Identity ADA = new Identity("guest:ada", "Ada");
  private static final Identity BOB = new Identity("guest:bob", "Bob");

  /// Beyond the time in which a message may be written at its timestamp.
  private static final Duration PAUSE = Duration.ofSeconds(6);

  /// What a schedule begins with.
  ///
  /// @param aheads how far the clock of each attempt is ahead
  /// @param taken whether a message of somebody else is at the first timestamp
  /// @param kills of attempts in a write
  /// @param pauses that are longer than a timestamp may be written at
  private record Beginning(List<Duration> aheads, boolean taken, int kills, int pauses) {}

  private static final Duration NOTHING = Duration.ZERO;
  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void everyScheduleOfTwoAttemptsWritesTheMessageOnce() throws Exception {
    int schedules = 0;
    for (Beginning beginning :
        List.of(
            new Beginning(List.of(NOTHING, NOTHING), false, 1, 1),
            new Beginning(List.of(NOTHING, NOTHING), true, 1, 0))) {
      Choices choices = new Choices();
      do {
        new Schedule(beginning, choices).run();
        schedules++;
      } while (choices.next());
    }
    assertEquals(
        1_310 + 518, schedules, "all orders of the writes, and no other, are gone through");
  }

  @Test
  void schedulesOfFourAttemptsWriteTheMessageOnce() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Duration ahead = random.nextInt(4) == 0 ? HOUR : NOTHING;
      Beginning beginning =
          new Beginning(List.of(NOTHING, ahead, NOTHING, NOTHING), random.nextBoolean(), 4, 2);
      try {
        new Schedule(beginning, random::nextInt).run();
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  /// Goes through all sequences of choices, the last choice of a sequence first.
  private static final class Choices implements IntUnaryOperator {
    private final List<Integer> chosen = new ArrayList<>();
    private final List<Integer> of = new ArrayList<>();
    private int depth;

    /// @return one of the numbers below `count`
    @Override
    public int applyAsInt(int count) {
      if (depth == chosen.size()) {
        chosen.add(0);
        of.add(count);
      }
      assertEquals(of.get(depth), count, "the same choices lead to the same schedule");
      return chosen.get(depth++);
    }

    /// @return whether there is another sequence
    boolean next() {
      depth = 0;
      while (!chosen.isEmpty()) {
        int last = chosen.removeLast();
        int count = of.removeLast();
        if (last + 1 < count) {
          chosen.add(last + 1);
          of.add(count);
          return true;
        }
      }
      return false;
    }
  }

  /// Ends an attempt.
  private static final class Killed extends RuntimeException {}

  /// One schedule.
  private static final class Schedule {
    private final RoomId room = new RoomId(fresh("room"));
    private final Instant begin = Instant.now();
    private final Draft draft = new Draft(room, ADA, "once", "id-1", null, null);
    private final List<String> log = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private final List<ExecutableHttpRequest> underWay = new ArrayList<>();
    private final IntUnaryOperator choices;
    private int kills;
    private int pauses;
    private volatile Instant now = begin;

    Schedule(Beginning beginning, IntUnaryOperator choices) {
      this.kills = beginning.kills();
      this.pauses = beginning.pauses();
      this.choices = choices;
      if (beginning.taken()) {
        Timestamp first = Timestamp.of(begin);
        Message other = new Message(room, first, "id-1", BOB, "taken", null);
        TestTables.dynamoDb()
            .putItem(put -> put.tableName("ChatMessages").item(other.row(begin.plusSeconds(60))));
      }
      beginning.aheads().forEach(ahead -> attempts.add(new Attempt(ahead)));
    }

    void run() throws Exception {
      for (Attempt attempt : attempts) {
        attempt.start();
      }
      while (attempts.stream().anyMatch(Attempt::writes)) {
        step();
      }
      // Somebody comes back later, and whatever is still under way arrives after that.
      pass();
      Attempt last = new Attempt(NOTHING);
      attempts.add(last);
      last.start();
      while (last.writes()) {
        last.answer();
      }
      assertInstanceOf(SendResult.Sent.class, last.result, log::toString);
      while (!underWay.isEmpty()) {
        arrive(0);
      }

      List<Timestamp> written =
          TestTables.dynamoDb()
              .query(
                  query ->
                      query
                          .tableName("ChatMessages")
                          .consistentRead(true)
                          .keyConditionExpression("room_id = :room")
                          .expressionAttributeValues(Map.of(":room", Row.s(room.name()))))
              .items()
              .stream()
              .map(Row::new)
              .filter(row -> ADA.user().equals(row.optionalString("user")))
              .map(row -> Timestamp.of(row, "timestamp"))
              .toList();
      for (Attempt attempt : attempts) {
        if (attempt.result instanceof SendResult.Sent sent) {
          assertEquals(List.of(sent.timestamp()), written, log::toString);
        } else {
          assertTrue(attempt.killed, () -> log + " " + attempt.result);
        }
      }
    }

    /// One of all things that can happen next.
    private void step() throws Exception {
      List<Attempt> writing = attempts.stream().filter(Attempt::writes).toList();
      int mayKill = kills > 0 ? writing.size() : 0;
      int mayPause = pauses > 0 ? 1 : 0;
      int choice = choices.applyAsInt(writing.size() + mayKill + underWay.size() + mayPause);
      if (choice < writing.size()) {
        writing.get(choice).answer();
        return;
      }
      choice -= writing.size();
      if (choice < mayKill) {
        kills--;
        writing.get(choice).kill();
        return;
      }
      choice -= mayKill;
      if (choice < underWay.size()) {
        arrive(choice);
        return;
      }
      pauses--;
      pass();
    }

    private void pass() {
      log.add("time passes");
      now = now.plus(PAUSE);
    }

    private void arrive(int index) throws IOException {
      log.add("a write arrives");
      try (InputStream answer = underWay.remove(index).call().responseBody().orElseThrow()) {
        answer.readAllBytes();
      }
    }

    /// An attempt, which stands still before each of its writes until it is told to go on.
    private final class Attempt {
      private final Duration ahead;
      private final int number = attempts.size();
      /// Nothing at its end.
      private final BlockingQueue<Optional<ExecutableHttpRequest>> requests =
          new ArrayBlockingQueue<>(1);
      private final BlockingQueue<Boolean> goOn = new ArrayBlockingQueue<>(1);
      private volatile @Nullable SendResult result;
      private @Nullable ExecutableHttpRequest write;
      private volatile boolean killed;

      Attempt(Duration ahead) {
        this.ahead = ahead;
      }

      void start() throws InterruptedException {
        Thread.ofVirtual()
            .start(
                () ->
                    ScopedValue.where(RUNNING, this)
                        .run(
                            () -> {
                              try {
                                result = TABLE.send(draft, () -> now.plus(ahead));
                              } catch (Killed e) {
                                killed = true;
                              } finally {
                                requests.add(Optional.empty());
                              }
                            }));
        await();
      }

      boolean writes() {
        return write != null;
      }

      /// Its write takes effect, and it learns so.
      void answer() throws InterruptedException {
        log.add("attempt %d writes".formatted(number));
        goOn.add(true);
        await();
      }

      /// Its write is under way, and it is no more.
      void kill() throws InterruptedException {
        log.add("attempt %d is killed in a write".formatted(number));
        underWay.add(requireNonNull(write));
        goOn.add(false);
        await();
      }

      private void await() throws InterruptedException {
        write = requests.take().orElse(null);
      }
    }
  }

  /// Whose requests a thread makes.
  private static final ScopedValue<Schedule.Attempt> RUNNING = ScopedValue.newInstance();

  private static final MessageTable TABLE =
      new MessageTable(
          TestTables.dynamoDb(new Stepping(Apache5HttpClient.create())), TestTables.settings());

  /// Hands each request to the attempt that makes it, and waits until that goes on.
  private record Stepping(SdkHttpClient http) implements SdkHttpClient {
    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
      ExecutableHttpRequest executable = http.prepareRequest(request);
      Schedule.Attempt attempt = RUNNING.get();
      return new ExecutableHttpRequest() {
        @Override
        public HttpExecuteResponse call() throws IOException {
          attempt.requests.add(Optional.of(executable));
          try {
            if (!attempt.goOn.take()) {
              throw new Killed();
            }
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
          return executable.call();
        }

        @Override
        public void abort() {}
      };
    }

    @Override
    public void close() {
      http.close();
    }
  }
}
