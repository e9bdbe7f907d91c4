package dev.parley.fanout;

import static dev.parley.TestTables.fresh;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.connection.ConnectionId;
import dev.parley.platform.Aws;
import dev.parley.platform.Settings;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PusherTest {
  private static final List<byte[]> EVENTS = List.of("{}".getBytes(UTF_8));

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
  void whoIsFoundGoneByOneRoomIsNotPushedToByTheNext() {
    Pusher pusher = pusher(Map.of());
    ConnectionId closed = new ConnectionId(fresh("c"));
    gateway.answer(closed.value(), 410);

    assertEquals(1, pusher.push(List.of(closed), EVENTS, gone, in(10)).gone());
    gateway.answer(closed.value(), 200);

    assertEquals(1, pusher.push(List.of(closed), EVENTS, gone, in(10)).gone());
    assertEquals(Set.of(closed), gone);
    assertTrue(gateway.received(closed.value()).isEmpty());
  }

  @Test
  void whenTimeIsOverWhoHasNotAnsweredAndWhoWasNotTriedAreLate() {
    // Three of four may be one room's.
    Pusher pusher = pusher(Map.of("PUSH_CONCURRENCY", "4", "PUSH_TIMEOUT_MS", "10000"));
    List<ConnectionId> silent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      silent.add(new ConnectionId(fresh("c")));
      gateway.answer(silent.getLast().value(), TestGateway.SILENT);
    }

    Pusher.Outcome outcome =
        pusher.push(silent, EVENTS, gone, System.nanoTime() + Duration.ofMillis(500).toNanos());

    assertEquals(Set.copyOf(silent), Set.copyOf(outcome.late()));
    assertEquals(3, gateway.underWayMax());
  }

  @Test
  void aRoomLeavesAQuarterOfThePushesToOthers() throws Exception {
    Pusher pusher = pusher(Map.of("PUSH_CONCURRENCY", "4", "PUSH_TIMEOUT_MS", "10000"));
    List<ConnectionId> silent = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      silent.add(new ConnectionId(fresh("c")));
      gateway.answer(silent.getLast().value(), TestGateway.SILENT);
    }
    CompletableFuture<Pusher.Outcome> slow =
        CompletableFuture.supplyAsync(() -> pusher.push(silent, EVENTS, gone, in(10)));
    while (gateway.underWay() < 3) {
      Thread.sleep(5);
    }
    List<ConnectionId> members =
        List.of(new ConnectionId(fresh("c")), new ConnectionId(fresh("c")));

    assertEquals(2, pusher.push(members, EVENTS, gone, in(10)).delivered());

    assertTrue(!slow.isDone(), "the slow room is at it still");
  }

  private Pusher pusher(Map<String, String> instead) {
    Settings settings = new Settings(gateway.environment("FanoutFunction", instead));
    return new Pusher(new Aws(settings), settings, Duration.ZERO);
  }

  private static long in(int seconds) {
    return System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
  }
}
