package dev.parley.bench;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.management.OperatingSystemMXBean;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.MemberIndex;
import dev.parley.connection.Membership;
import dev.parley.connection.SlotRange;
import dev.parley.fanout.Jobs;
import dev.parley.fanout.PushHandler;
import dev.parley.local.faults.Faults;
import dev.parley.local.lambda.LocalFunction;
import dev.parley.local.metrics.MetricStore;
import dev.parley.local.xray.Tracing;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import dev.parley.room.RoomId;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/// A process that does nothing but push to the members of a room, so that what it consumes is what
/// pushes cost. The gateway and the sockets are in another one.
///
/// It is told what to measure and the room, finds what a function would find in its environment,
/// and prints a line of JSON for each sample, behind [#SAMPLE].
final class CostProcess {
  static final String SAMPLE = "sample ";

  /// Pushes until everything is compiled.
  private static final int WARM_UP = 30_000;

  private static final int PUSHES_PER_SAMPLE = 10_000;
  private static final int SAMPLES = 5;

  /// The rooms of 500 to 1,000 members are cut into so many segments, as a power of two.
  private static final int POWER = 1;

  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final JsonMapper JSON = new JsonMapper();

  private CostProcess() {}

  @FunctionalInterface
  interface Work {
    /// Pushes once to each member, for example.
    void once() throws Exception;
  }

  /// @param arguments `parley`, which is measured in turn with its floor, or one of
  ///     [Floor#CLIENTS]; then the room
  public static void main(String[] arguments) throws Exception {
    String what = arguments[0];
    RoomId room = new RoomId(arguments[1]);
    Settings settings = new Settings(System.getenv());
    Aws aws = new Aws(settings);
    List<ConnectionId> members =
        new MemberIndex(aws.dynamoDb(), settings)
            .membersIn(room, SlotRange.ALL, Integer.MAX_VALUE, Instant.now()).stream()
                .map(Membership::connection)
                .toList();
    byte[] event = Members.event(room, 0);
    boolean parley = what.equals(Cost.PARLEY);
    int concurrency = settings.number("PUSH_CONCURRENCY", 1, 1_000);
    try (Floor floor =
            Floor.of(
                parley ? Floor.OF_PARLEY : what,
                aws.connectionsUrl(),
                members,
                event,
                concurrency);
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Work ofFloor = () -> post(floor, members.size(), concurrency, threads);
      Work ofParley = parley ? pushFunction(room, event) : () -> {};
      if (parley) {
        run(ofParley, members.size(), WARM_UP);
      }
      run(ofFloor, members.size(), WARM_UP);
      for (int i = 0; i < SAMPLES; i++) {
        if (parley) {
          sample(Cost.PARLEY, ofParley, members.size(), PUSHES_PER_SAMPLE);
        }
        sample("floor", ofFloor, members.size(), PUSHES_PER_SAMPLE);
      }
    }
    System.exit(0);
  }

  private static void post(Floor floor, int members, int concurrency, ExecutorService threads)
      throws Exception {
    AtomicInteger next = new AtomicInteger();
    List<Future<?>> posts = new ArrayList<>();
    for (int i = 0; i < concurrency; i++) {
      posts.add(
          threads.submit(
              () -> {
                int member;
                while ((member = next.getAndIncrement()) < members) {
                  int status = floor.post(member);
                  if (status != 200) {
                    throw new IllegalStateException("a post was answered with " + status);
                  }
                }
                return null;
              }));
    }
    for (Future<?> post : posts) {
      post.get();
    }
  }

  /// The function as Lambda would call it: an event in JSON, with a job for each segment.
  private static Work pushFunction(RoomId room, byte[] event) {
    LocalFunction function =
        new LocalFunction(
            "PushFunction",
            PushHandler.class.getName(),
            System.getenv(),
            Duration.ofMinutes(1),
            Faults.none(),
            null,
            Tracing.off(),
            new MetricStore());
    ObjectNode root = JSON.createObjectNode();
    ArrayNode records = root.putArray("Records");
    for (String job : Jobs.segments(room, POWER, new String(event, UTF_8), null)) {
      records
          .addObject()
          .put("messageId", "job-" + records.size())
          .put("body", job)
          .put("eventSource", "aws:sqs");
    }
    byte[] jobs = root.toString().getBytes(StandardCharsets.UTF_8);
    return () -> {
      byte[] result = function.invoke(jobs);
      if (!JSON.readTree(result).path("batchItemFailures").isEmpty()) {
        throw new IllegalStateException(
            "jobs failed: " + new String(result, StandardCharsets.UTF_8));
      }
    };
  }

  /// @param each what is counted in one piece of work
  /// @param atLeast how much is to be done
  /// @return how much was done
  static int run(Work work, int each, int atLeast) throws Exception {
    int done = 0;
    for (; done < atLeast; done += each) {
      work.once();
    }
    return done;
  }

  static void sample(String of, Work work, int each, int atLeast) throws Exception {
    long start = System.nanoTime();
    long cpu = SYSTEM.getProcessCpuTime();
    int count = run(work, each, atLeast);
    double cpuMicros = (SYSTEM.getProcessCpuTime() - cpu) / 1e3 / count;
    double perSecond = count * 1e9 / (System.nanoTime() - start);
    System.out.println(
        SAMPLE
            + JSON.writeValueAsString(
                Map.of("of", of, "cpuMicros", cpuMicros, "perSecond", perSecond)));
  }
}
