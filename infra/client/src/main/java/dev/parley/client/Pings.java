package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/// Asks the server for the heads of the rooms, and for its time: of each room when a look at it is
/// due ([Looks]), of all when there is a hint that the connection may be dead.
///
/// Safe for use by several threads.
final class Pings {
  /// How often the clocks are looked at, at least.
  private static final long LOOK_MS_MAX = 5_000;

  private final Connections connections;
  private final Supplier<Collection<Room>> rooms;
  private final Waits waits;
  private final Clock clock;

  /// A message event makes a look due so much later at the earliest. Pings that look at the rooms
  /// as often need not be told of each.
  private final long lookMs;

  private boolean probes;
  private boolean woken;

  Pings(Connections connections, Supplier<Collection<Room>> rooms, Waits waits, Clock clock) {
    this.connections = connections;
    this.rooms = rooms;
    this.waits = waits;
    this.clock = clock;
    this.lookMs = Math.min(LOOK_MS_MAX, waits.ms(Wait.LOOK_MIN));
  }

  /// The connection may be dead: it is given up where no answer comes soon.
  synchronized void probe() {
    probes = true;
    wake();
  }

  /// A room may be due earlier than it was, or the connection may be another one.
  synchronized void wake() {
    woken = true;
    notifyAll();
  }

  /// Pings until it is interrupted.
  void run() throws InterruptedException {
    int failures = 0;
    long retryAtMs = Looks.NEVER;
    long sentMs = Looks.NEVER;
    double chance = 0;
    Connection before = null;
    while (true) {
      Connection connection = connections.await();
      if (connection != before) {
        before = connection;
        failures = 0;
        retryAtMs = Looks.NEVER;
        sentMs = clock.nowMs();
      }
      if (clock.hasSlept()) {
        probe();
      }
      // Without a lock: a room that was joined wakes this one while it is locked itself.
      List<Room> joined = rooms.get().stream().filter(room -> room.isJoined(connection)).toList();
      double drawn = chance;
      long idleMs = sentMs + waits.ms(Wait.PING_MAX);
      long dueMs =
          clock.isSure()
              ? joined.stream().mapToLong(room -> room.dueMs(drawn)).min().orElse(idleMs)
              : clock.nowMs();
      if (!awaitDue(Math.max(dueMs, retryAtMs))) {
        continue;
      }
      boolean all = takeProbe();
      long nowMs = clock.nowMs();
      List<Room> asked = joined.stream().filter(r -> all || r.goesAlong(nowMs, drawn)).toList();
      sentMs = nowMs;
      chance = ThreadLocalRandom.current().nextDouble();
      try {
        List<String> names = asked.stream().map(Room::name).toList();
        long patienceMs = waits.ms(all ? Wait.PROBE : Wait.REPLY);
        JsonNode pong = connection.request("ping", Map.of("rooms", names), patienceMs);
        long timeUs = Message.timestamp(pong.path("time"));
        if (timeUs == 0) {
          throw new Unanswered(); // a pong tells the time
        }
        failures = 0;
        clock.told(timeUs);
        rooms.get().forEach(Room::timed);
        asked.forEach(
            room ->
                room.pong(
                    connection,
                    nowMs,
                    pong.path("rooms").path(room.name()),
                    pong.path("removed").path(room.name())));
      } catch (Unanswered e) {
        retryAtMs = clock.nowMs() + Math.max(e.retryAfterMs(), waits.drawBackOff(failures++));
      }
    }
  }

  /// @return false where it is time to look at the clocks, the connection and the rooms first
  private synchronized boolean awaitDue(long dueMs) throws InterruptedException {
    long untilMs = Math.min(dueMs, clock.nowMs() + lookMs);
    for (long now = clock.nowMs(); !probes && !woken && now < untilMs; now = clock.nowMs()) {
      wait(untilMs - now);
    }
    woken = false;
    return probes || clock.nowMs() >= dueMs;
  }

  /// @return whether there was a hint
  private synchronized boolean takeProbe() {
    boolean taken = probes;
    probes = false;
    return taken;
  }
}
