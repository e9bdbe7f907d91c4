package dev.parley.fanout;

import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.PruneQueue;
import dev.parley.platform.Deadline;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

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
    report(to.size(), events, outcome, givenUp);
    return outcome;
  }

  /// One line in the log, as a warning where somebody was given up, and the metrics.
  private void report(int members, Events events, Pusher.Outcome outcome, int givenUp) {
    LoggingEventBuilder line = LOG.atLevel(givenUp > 0 ? Level.WARN : Level.INFO);
    if (events.oldest().isPresent()) {
      line = line.addKeyValue("message_id", events.messageIds());
    }
    line.log(
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
    Metrics.PUSHES.add(members - outcome.late().size());
    Metrics.EVENTS_PER_PUSH.add(events.count());
    Metrics.PUSHES_GONE.add(outcome.gone());
    Metrics.PUSHES_THROTTLED.add(outcome.throttled());
    Metrics.PUSHES_FAILED.add(outcome.failed());
    Metrics.PUSHES_LATE.add(outcome.late().size());
    Metrics.PUSHES_GIVEN_UP.add(givenUp);
    events
        .oldest()
        .ifPresent(oldest -> Metrics.ACCEPT_TO_PUSH.add(oldest.ageMillis(clock.instant())));
  }

  @Override
  public void close() {
    prunes.add(gone);
  }
}
