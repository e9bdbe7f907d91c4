package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static dev.parley.fanout.Pusher.Tokens.CLAIMED;
import static dev.parley.fanout.Pusher.Tokens.ONE_BY_ONE;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.connection.Framing;
import dev.parley.platform.Aws;
import dev.parley.platform.Deadline;
import dev.parley.platform.Settings;
import dev.parley.platform.TestTicker;
import dev.parley.platform.Ticker;
import dev.parley.wire.Events;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PusherTest {
  private static final Events EVENTS = Events.of(Stream.of("{}"), null);

  private final Set<ConnectionId> gone = ConcurrentHashMap.newKeySet();
  private TestGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = new TestGateway();
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void aConnectionThatOneRoomFoundGoneIsNotPushedToByTheNext() {
    Pusher pusher = pusher(Map.of());
    ConnectionId closed = new ConnectionId(fresh("c"));
    gateway.answer(closed.value(), 410);

    assertEquals(1, pusher.push(singly(List.of(closed)), EVENTS, gone, ONE_BY_ONE, in(10)).gone());
    gateway.answer(closed.value(), 200);

    assertEquals(1, pusher.push(singly(List.of(closed)), EVENTS, gone, ONE_BY_ONE, in(10)).gone());
    assertEquals(Set.of(closed), gone);
    assertTrue(gateway.received(closed.value()).isEmpty());
  }

  @Test
  void noPushBeginsAfterTheDeadlineAndThoseUnderWayAreAwaited() {
    // Three of four may be one room's.
    Pusher pusher = pusher(Map.of("PUSH_CONCURRENCY", "4", "PUSH_TIMEOUT_MS", "1000"));
    List<ConnectionId> silent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      silent.add(new ConnectionId(fresh("c")));
      gateway.answer(silent.getLast().value(), TestGateway.SILENT);
    }

    Pusher.Outcome outcome =
        pusher.push(singly(silent), EVENTS, gone, ONE_BY_ONE, Deadline.in(Duration.ofMillis(500)));

    assertEquals(3, outcome.failed());
    assertEquals(2, outcome.late());
    Pusher.Unreached unreached = requireNonNull(outcome.unreached().get(0));
    assertEquals(3, unreached.tried().size());
    assertEquals(2, unreached.late().size());
    assertEquals(
        Set.copyOf(silent),
        Stream.concat(unreached.tried().stream(), unreached.late().stream())
            .collect(Collectors.toSet()));
    assertEquals(3, gateway.underWayMax());
  }

  @Test
  void aConnectionIsPushedNoFrameTwice() {
    Pusher pusher = pusher(Duration.ofMillis(250), new TestTicker());
    Events events = Events.of(Stream.of("1", "2", "3"), null);
    ConnectionId one = new ConnectionId(fresh("c"));
    ConnectionId two = new ConnectionId(fresh("c"));
    ConnectionId all = new ConnectionId(fresh("c"));
    gateway.take(one.value(), 1);
    gateway.take(two.value(), 2);
    gateway.throttleOnce(all.value());

    Pusher.Outcome outcome =
        pusher.push(singly(List.of(one, two, all)), events, gone, ONE_BY_ONE, in(10));

    assertEquals(List.of("1"), gateway.received(one.value()));
    assertEquals(List.of("1", "2"), gateway.received(two.value()));
    assertEquals(List.of("1", "2", "3"), gateway.received(all.value()));
    assertEquals(2, outcome.throttled());
    assertEquals(Set.of(1, 2), outcome.unreached().keySet());
    assertEquals(List.of(one), requireNonNull(outcome.unreached().get(1)).tried());
    assertEquals(List.of(two), requireNonNull(outcome.unreached().get(2)).tried());
  }

  @Test
  void pushesGoAtThePaceOfTheFunctionAndTheRestIsLate() {
    TestTicker ticker = new TestTicker();
    Settings settings = new Settings(gateway.environment("PushFunction", Map.of()));
    Pace tenASecond = new Pace(Duration.ofMillis(100).toNanos(), ticker);
    Pusher pusher =
        new Pusher(
            new PushClient(new Aws(settings), settings, 1), 1, Duration.ZERO, tenASecond, ticker);
    List<ConnectionId> members =
        Stream.generate(() -> new ConnectionId(fresh("c"))).limit(30).toList();

    Pusher.Outcome outcome =
        pusher.push(
            singly(members), EVENTS, gone, ONE_BY_ONE, Deadline.in(Duration.ofSeconds(1), ticker));

    // Ten that were saved, and one each tenth of a second before the deadline.
    assertEquals(19, outcome.delivered());
    assertEquals(11, outcome.late());
    assertFalse(pusher.claim(1));
    assertEquals(19, members.stream().mapToInt(to -> gateway.received(to.value()).size()).sum());
  }

  @Test
  void whatWasClaimedIsPushedWithoutWaiting() {
    TestTicker ticker = new TestTicker();
    Settings settings = new Settings(gateway.environment("PushFunction", Map.of()));
    Pace tenASecond = new Pace(Duration.ofMillis(100).toNanos(), ticker);
    Pusher pusher =
        new Pusher(
            new PushClient(new Aws(settings), settings, 4), 4, Duration.ZERO, tenASecond, ticker);
    List<ConnectionId> members =
        Stream.generate(() -> new ConnectionId(fresh("c"))).limit(10).toList();

    assertFalse(pusher.claim(11));
    assertTrue(pusher.claim(10));
    assertFalse(pusher.claim(1), "it is for somebody else");

    assertEquals(10, pusher.push(singly(members), EVENTS, gone, CLAIMED, in(10)).delivered());
    assertEquals(List.of(), ticker.pauses());
  }

  @Test
  void aRoomLeavesAQuarterOfThePushesToOthers() throws Exception {
    Pusher pusher = pusher(Map.of("PUSH_CONCURRENCY", "4", "PUSH_TIMEOUT_MS", "2000"));
    List<ConnectionId> silent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      silent.add(new ConnectionId(fresh("c")));
      gateway.answer(silent.getLast().value(), TestGateway.SILENT);
    }
    CompletableFuture<Pusher.Outcome> slow =
        CompletableFuture.supplyAsync(
            () -> pusher.push(singly(silent), EVENTS, gone, ONE_BY_ONE, in(10)));
    while (gateway.underWay() < 3) {
      LockSupport.parkNanos(1_000_000);
    }
    List<ConnectionId> members =
        List.of(new ConnectionId(fresh("c")), new ConnectionId(fresh("c")));

    assertEquals(2, pusher.push(singly(members), EVENTS, gone, ONE_BY_ONE, in(10)).delivered());

    assertTrue(!slow.isDone(), "the slow room is at it still");
  }

  @Test
  void thoseWhoAreThrottledAreTriedAgainUntilTheTimeForItIsOver() {
    TestTicker ticker = new TestTicker();
    Pusher pusher = pusher(Duration.ofMillis(250), ticker);
    ConnectionId busy = new ConnectionId(fresh("c"));
    ConnectionId busyOnce = new ConnectionId(fresh("c"));
    gateway.answer(busy.value(), 429);
    gateway.throttleOnce(busyOnce.value());

    Pusher.Outcome outcome =
        pusher.push(singly(List.of(busy, busyOnce)), EVENTS, gone, ONE_BY_ONE, in(10));

    assertEquals(1, outcome.delivered());
    assertEquals(1, outcome.throttled());
    assertEquals(List.of(busy), requireNonNull(outcome.unreached().get(0)).tried());
    assertEquals(1, gateway.received(busyOnce.value()).size());
    Duration pauses = ticker.pauses().stream().reduce(Duration.ZERO, Duration::plus);
    assertTrue(
        pauses.toMillis() >= 250 && pauses.toMillis() <= 251, "it paused for " + pauses.toMillis());
  }

  @Test
  void whoAskedForBatchesGetsOneFrameAndEverybodyElseOneForEachEvent() {
    Pusher pusher = pusher(Map.of());
    Events events = Events.of(Stream.of("1", "2", "3"), null);
    ConnectionId plain = new ConnectionId(fresh("c"));
    ConnectionId closing = new ConnectionId(fresh("c"));
    ConnectionId batched = new ConnectionId(fresh("c"));
    ConnectionId busy = new ConnectionId(fresh("c"));
    gateway.take(closing.value(), 2);
    gateway.answer(busy.value(), 429);
    List<Receiver> all =
        List.of(
            new Receiver(plain, Framing.SINGLE),
            new Receiver(closing, Framing.SINGLE),
            new Receiver(batched, Framing.BATCHED),
            new Receiver(busy, Framing.BATCHED));

    assertEquals(8, Pusher.pushes(all, events));
    Pusher.Outcome outcome = pusher.push(all, events, gone, ONE_BY_ONE, in(10));

    assertEquals(List.of("1", "2", "3"), gateway.received(plain.value()));
    assertEquals(List.of("[1,2,3]"), gateway.received(batched.value()));
    assertEquals(Set.of(0, 2), outcome.unreached().keySet(), "in events, however they came");
    assertEquals(List.of(busy), requireNonNull(outcome.unreached().get(0)).tried());
    assertEquals(List.of(closing), requireNonNull(outcome.unreached().get(2)).tried());
  }

  private static List<Receiver> singly(List<ConnectionId> connections) {
    return connections.stream().map(id -> new Receiver(id, Framing.SINGLE)).toList();
  }

  private Pusher pusher(Map<String, String> instead) {
    Settings settings = new Settings(gateway.environment("FanoutFunction", instead));
    return Pusher.of(new Aws(settings), settings, Duration.ZERO);
  }

  /// One whose time for retries passes in its pauses only.
  private Pusher pusher(Duration retryFor, TestTicker ticker) {
    Settings settings = new Settings(gateway.environment("PushFunction", Map.of()));
    return new Pusher(
        new PushClient(new Aws(settings), settings, 4),
        4,
        retryFor,
        Pace.of(settings, Ticker.SYSTEM),
        ticker);
  }

  private static Deadline in(int seconds) {
    return Deadline.in(Duration.ofSeconds(seconds));
  }
}
