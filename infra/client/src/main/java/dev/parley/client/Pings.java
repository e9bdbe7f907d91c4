package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Asks the server for the heads of the rooms, and for its time: regularly, a little after each
/// join, and when there is a hint that the connection may be dead.
///
/// Safe for use by several threads.
final class Pings {
  /// How often the clocks are looked at.
  private static final long LOOK_MS = 5_000;

  private final Connections connections;
  private final Supplier<Collection<Room>> rooms;
  private final Waits waits;
  private final Clock clock;
  private long dueAtMs;
  private boolean probes;
  private boolean woken;

  Pings(Connections connections, Supplier<Collection<Room>> rooms, Waits waits, Clock clock) {
    this.connections = connections;
    this.rooms = rooms;
    this.waits = waits;
    this.clock = clock;
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
    Connection before = null;
    while (true) {
      Connection connection = connections.await();
      if (connection != before) {
        // Over the first one the server's time is asked for at once.
        again(clock.serverUs(clock.moment()) == 0 ? 0 : waits.ms(Wait.PING));
        before = connection;
      }
      if (clock.hasSlept()) {
        probe();
      }
      // Without a lock: a room that was joined wakes this one while it is locked itself.
      long roomDueMs = rooms.get().stream().mapToLong(Room::lookAtMs).min().orElse(Long.MAX_VALUE);
      if (!awaitDue(roomDueMs)) {
        continue;
      }
      long patienceMs = begin();
      List<Room> asked = new ArrayList<>();
      for (Room room : rooms.get()) {
        if (room.isAskedFor(connection)) {
          asked.add(room);
        }
      }
      try {
        List<String> names = asked.stream().map(Room::name).toList();
        JsonNode pong = connection.request("ping", Map.of("rooms", names), patienceMs);
        failures = 0;
        long timeUs = Message.timestamp(pong.path("time"));
        if (timeUs > 0) {
          clock.told(timeUs);
          rooms.get().forEach(Room::timed);
        }
        asked.forEach(room -> room.pong(connection, pong.path("rooms").path(room.name())));
      } catch (Unanswered e) {
        again(Math.max(e.retryAfterMs(), waits.drawBackOff(failures++)));
      }
    }
  }

  private synchronized void again(long inMs) {
    dueAtMs = clock.nowMs() + inMs;
  }

  /// @return false where it is time to look at the clocks, the connection and the rooms first
  private synchronized boolean awaitDue(long roomDueMs) throws InterruptedException {
    long untilMs = Math.min(dueAtMs, roomDueMs);
    long lookMs = Math.min(untilMs, clock.nowMs() + LOOK_MS);
    for (long now = clock.nowMs(); !probes && !woken && now < lookMs; now = clock.nowMs()) {
      wait(lookMs - now);
    }
    woken = false;
    return probes || clock.nowMs() >= untilMs;
  }

  /// @return how long to wait for the answer
  private synchronized long begin() {
    long patienceMs = probes ? waits.ms(Wait.PROBE) : waits.ms(Wait.REPLY);
    probes = false;
    dueAtMs = clock.nowMs() + waits.ms(Wait.PING);
    return patienceMs;
  }
}
