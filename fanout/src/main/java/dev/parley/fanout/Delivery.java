package dev.parley.fanout;

import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.PruneQueue;
import dev.parley.platform.Deadline;
import dev.parley.platform.Metric;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// Delivers the events of one invocation. It pushes them, leaves the members who were not reached
/// to the caller's [Remainder], and reports. [#close] hands the connections that were found gone to
/// the prune queue.
///
/// Safe for use by many threads. A connection that one room found gone is not pushed to for another
/// room of the same invocation.
final class Delivery implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);

  private final Pusher pusher;
  private final PruneQueue prunes;
  private final InstantSource clock;
  private final Set<ConnectionId> gone = ConcurrentHashMap.newKeySet();

  Delivery(Pusher pusher, PruneQueue prunes, InstantSource clock) {
    this.pusher = pusher;
    this.prunes = prunes;
    this.clock = clock;
  }

  /// What becomes of the members who were not reached, for example a retry.
  @FunctionalInterface
  interface Remainder {
    /// @return how many of them are given up
    int leave(RoomId room, Events events, Pusher.Outcome outcome);
  }

  /// Pushes a room's events to some of its members.
  ///
  /// @param deadline when it ends, whether all were reached or not
  Pusher.Outcome deliver(
      RoomId room, List<ConnectionId> to, Events events, Deadline deadline, Remainder remainder) {
    Pusher.Outcome outcome = pusher.push(to, events.frames(), gone, deadline);
    int givenUp = remainder.leave(room, events, outcome);
    report(room, to.size(), events, outcome, givenUp);
    return outcome;
  }

  /// One line in the log, with a warning where somebody was given up, and one of metrics.
  private void report(
      RoomId room, int members, Events events, Pusher.Outcome outcome, int givenUp) {
    LOG.atLevel(givenUp > 0 ? Level.WARN : Level.INFO)
        .addKeyValue("room", room.name())
        .log(
            "{} events to {} connections: {} delivered, {} gone, {} throttled, {} failed, {}"
                + " late, {} given up",
            events.count(),
            members,
            outcome.delivered(),
            outcome.gone(),
            outcome.throttled(),
            outcome.failed(),
            outcome.late().size(),
            givenUp);
    Map<Metric, Number> values = new LinkedHashMap<>();
    values.put(Metrics.PUSHES, members - outcome.late().size());
    values.put(Metrics.EVENTS_PER_PUSH, events.count());
    values.put(Metrics.PUSHES_GONE, outcome.gone());
    values.put(Metrics.PUSHES_THROTTLED, outcome.throttled());
    values.put(Metrics.PUSHES_FAILED, outcome.failed());
    values.put(Metrics.PUSHES_LATE, outcome.late().size());
    values.put(Metrics.PUSHES_GIVEN_UP, givenUp);
    events
        .oldest()
        .map(oldest -> Duration.between(oldest.instant(), clock.instant()).toMillis())
        .ifPresent(ms -> values.put(Metrics.ACCEPT_TO_PUSH, Math.max(0, ms)));
    Metric.write(values);
  }

  @Override
  public void close() {
    prunes.add(gone);
  }
}
