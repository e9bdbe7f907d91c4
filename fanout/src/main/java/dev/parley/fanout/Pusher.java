package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Entropy;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import dev.parley.wire.Events;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Pushes frames to connections: side by side across connections, one frame after another to each.
///
/// All rooms of a function share its pushes: the one that waits longest is next, and no room has
/// more than three quarters of them under way. All of them together go at the function's [Pace].
/// Each call has a deadline: no push begins after it, and each that has begun is waited for. So a
/// push is either known to be delivered or not, or had no answer in its own time.
final class Pusher {
  private static final Logger LOG = LoggerFactory.getLogger(Pusher.class);

  private static final Duration PAUSE_MIN = Duration.ofMillis(20);
  private static final Duration PAUSE_MAX = Duration.ofMillis(100);

  private final PushClient client;
  private final Duration retryFor;
  private final Pace pace;
  private final Ticker ticker;
  private final Semaphore permits;
  private final int permitsPerRoom;
  private final InvocationExecutor executor = new InvocationExecutor();

  /// @param concurrency how many pushes are under way at once, of all rooms together
  /// @param retryFor how long those who were throttled or failed are tried again, all together;
  ///     zero for not at all
  /// @param ticker by which `retryFor` is measured
  Pusher(PushClient client, int concurrency, Duration retryFor, Pace pace, Ticker ticker) {
    this.client = client;
    this.permits = new Semaphore(concurrency, true);
    this.permitsPerRoom = Math.ceilDiv(concurrency * 3, 4);
    this.retryFor = retryFor;
    this.pace = pace;
    this.ticker = ticker;
  }

  /// @param retryFor as above
  /// @throws IllegalArgumentException where a setting is missing or not what it should be
  static Pusher of(Aws aws, Settings settings, Duration retryFor) {
    int concurrency = settings.number("PUSH_CONCURRENCY", 1, 1_000);
    return new Pusher(
        new PushClient(aws, settings, concurrency),
        concurrency,
        retryFor,
        Pace.of(settings, Ticker.SYSTEM),
        Ticker.SYSTEM);
  }

  /// Takes so many pushes out of the function's budget at once, if they are within it now. Who is
  /// pushed to for them is [Tokens#CLAIMED].
  boolean claim(long pushes) {
    return pace.claim(pushes);
  }

  /// How pushes are taken out of the function's budget.
  enum Tokens {
    /// They were, by [#claim].
    CLAIMED,
    /// Each waits for its own.
    ONE_BY_ONE
  }

  /// When the last push of an invocation begins at the latest: after it come its answer, the calls
  /// of the queues that the rest is left to, and the traces.
  Deadline lastPush(Context invocation) {
    return Deadline.beforeEndOf(
        invocation, client.longest().plus(Aws.CALL_MAX).plus(Batch.AFTER_PARTS));
  }

  /// Connections that took the same events, and none of the later ones.
  ///
  /// @param tried they were throttled or failed at the next frame, and are not known to be gone
  /// @param late the time was over before the next frame was pushed to them
  record Unreached(List<ConnectionId> tried, List<ConnectionId> late) {
    Unreached() {
      this(new ArrayList<>(), new ArrayList<>());
    }
  }

  /// What became of all pushes together.
  ///
  /// @param unreached by the number of events that they took
  record Outcome(
      int delivered, int gone, int throttled, int failed, SortedMap<Integer, Unreached> unreached) {

    /// How many were not pushed to in time.
    int late() {
      return unreached.values().stream().mapToInt(some -> some.late().size()).sum();
    }
  }

  /// A connection, the frames that it is to get, and how many of them, and of their events, it has
  /// taken.
  private static final class Target {
    private final ConnectionId connection;
    private final List<Events.Frame> frames;
    private int framesTaken;
    private int eventsTaken;

    Target(ConnectionId connection, List<Events.Frame> frames) {
      this.connection = connection;
      this.frames = frames;
    }
  }

  /// How many pushes it takes to push events to all of these once.
  static long pushes(List<Receiver> to, Events events) {
    return to.stream()
        .collect(Collectors.groupingBy(Receiver::framing, Collectors.counting()))
        .entrySet()
        .stream()
        .mapToLong(some -> some.getValue() * events.frameCount(some.getKey()))
        .sum();
  }

  /// Pushes all events, in order, to all receivers, to each by its framing. A connection that did
  /// not take a frame gets none of the later ones, and none twice.
  ///
  /// @param gone who was found gone in this invocation, by any room: they are not pushed to, and
  ///     those that are found gone are added
  /// @param tokens for one push of each frame to each connection; any more of them, where one is
  ///     tried again, waits for its own
  /// @param deadline after which no push begins
  Outcome push(
      List<Receiver> to, Events events, Set<ConnectionId> gone, Tokens tokens, Deadline deadline) {
    SortedMap<Integer, Unreached> unreached = new TreeMap<>();
    if (events.isEmpty()) {
      return new Outcome(0, 0, 0, 0, unreached);
    }
    Deadline attempts = Deadline.in(retryFor, ticker).or(deadline);
    Tokens paid = tokens;
    int delivered = 0;
    int goneNow = 0;
    int throttled;
    int failed;
    Map<Framing, List<Events.Frame>> frames = new EnumMap<>(Framing.class);
    List<Target> remainder = new ArrayList<>();
    for (Receiver receiver : to) {
      remainder.add(
          new Target(
              receiver.connection(), frames.computeIfAbsent(receiver.framing(), events::frames)));
    }
    // Rooms that share members do not all push to the same one at the same time, and so learn from
    // each other who is gone.
    Collections.shuffle(remainder, Entropy.RANDOM);
    while (true) {
      List<Target> targets = remainder;
      remainder = new ArrayList<>();
      throttled = 0;
      failed = 0;
      List<PushResult> results = push(targets, gone, paid, deadline, new Semaphore(permitsPerRoom));
      paid = Tokens.ONE_BY_ONE;
      for (int i = 0; i < targets.size(); i++) {
        Target target = targets.get(i);
        switch (results.get(i)) {
          case PushResult.Delivered d -> delivered++;
          case PushResult.Gone g -> goneNow++;
          case PushResult.Throttled t -> {
            throttled++;
            remainder.add(target);
          }
          case PushResult.Failed f -> {
            failed++;
            remainder.add(target);
            LOG.atDebug()
                .addKeyValue("connection_id", target.connection.value())
                .log("a push failed: {}", f.cause());
          }
          case PushResult.Late l -> of(unreached, target).late().add(target.connection);
        }
      }
      if (remainder.isEmpty() || attempts.passed()) {
        break;
      }
      attempts.pause(PAUSE_MIN, PAUSE_MAX);
    }
    remainder.forEach(target -> of(unreached, target).tried().add(target.connection));
    return new Outcome(delivered, goneNow, throttled, failed, unreached);
  }

  private static Unreached of(Map<Integer, Unreached> unreached, Target target) {
    return unreached.computeIfAbsent(target.eventsTaken, taken -> new Unreached());
  }

  /// Side by side, within the bounds.
  ///
  /// @param room permits of this room's pushes
  /// @return what became of each, in the order of the connections
  private List<PushResult> push(
      List<Target> to, Set<ConnectionId> gone, Tokens tokens, Deadline deadline, Semaphore room) {
    List<CompletableFuture<PushResult>> pushes = new ArrayList<>(to.size());
    for (Target target : to) {
      if (acquire(room, deadline) && acquire(permits, deadline)) {
        pushes.add(
            CompletableFuture.supplyAsync(
                () -> {
                  try {
                    return push(target, gone, tokens, deadline);
                  } finally {
                    permits.release();
                    room.release();
                  }
                },
                executor));
      } else {
        pushes.add(CompletableFuture.completedFuture(new PushResult.Late()));
      }
    }
    return InvocationExecutor.join(pushes);
  }

  private PushResult push(Target target, Set<ConnectionId> gone, Tokens tokens, Deadline deadline) {
    while (target.framesTaken < target.frames.size()) {
      if (gone.contains(target.connection)) {
        return new PushResult.Gone();
      }
      if (tokens == Tokens.CLAIMED ? deadline.passed() : !pace.take(deadline)) {
        return new PushResult.Late();
      }
      Events.Frame frame = target.frames.get(target.framesTaken);
      PushResult result = client.post(target.connection, frame.json(), () -> pace.take(deadline));
      if (result instanceof PushResult.Gone) {
        gone.add(target.connection);
      }
      if (!(result instanceof PushResult.Delivered)) {
        return result;
      }
      target.framesTaken++;
      target.eventsTaken += frame.events();
    }
    return new PushResult.Delivered();
  }

  private static boolean acquire(Semaphore permits, Deadline deadline) {
    try {
      return permits.tryAcquire(Math.max(0, deadline.leftNanos()), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while it pushed", e);
    }
  }
}
