package dev.parley.fanout;

import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.PruneQueue;
import dev.parley.platform.Deadline;
import dev.parley.platform.InvocationExecutor;
import dev.parley.platform.Trace;
import dev.parley.platform.TraceDocuments;
import dev.parley.room.RoomId;
import dev.parley.wire.Events;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;
import org.slf4j.spi.LoggingEventBuilder;

/// Delivers the events of one invocation. It pushes them, leaves the members who were not reached
/// to the caller's [Remainder], and reports: to the log, to the metrics, and to the traces of the
/// messages. [#close] hands the connections that were found gone to the prune queue.
///
/// Safe for use by many threads. A connection that one room found gone is not pushed to for another
/// room of the same invocation.
final class Delivery implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);

  /// An invocation adds to the traces of at most this many messages: about 2 KB to each.
  static final int TRACED_MAX = 20;

  private final InvocationExecutor executor = new InvocationExecutor();
  private final Pusher pusher;
  private final PruneQueue prunes;
  private final InstantSource clock;
  private final TraceDocuments documents;
  private final AtomicInteger traced = new AtomicInteger();
  private final Set<ConnectionId> gone = ConcurrentHashMap.newKeySet();

  Delivery(Pusher pusher, PruneQueue prunes, InstantSource clock, TraceDocuments.Target traces) {
    this.pusher = pusher;
    this.prunes = prunes;
    this.clock = clock;
    this.documents = new TraceDocuments(traces);
  }

  /// What becomes of the members who were not reached, for example a retry.
  @FunctionalInterface
  interface Remainder {
    /// @param events those that these members lack
    /// @return how many of them are given up
    int leave(RoomId room, Events events, Pusher.Unreached members);
  }

  /// The same events, with at most the rest of that number traced.
  Events traced(Events events) {
    int wanted = events.traced().size();
    int before = traced.getAndAdd(wanted);
    Events some = events.tracing(Math.clamp(TRACED_MAX - before, 0, wanted));
    if (some.traced().size() < wanted) {
      Trace.annotate("not_traced", wanted - some.traced().size());
    }
    return some;
  }

  /// Writes what was done for a room's events into the traces of the messages.
  ///
  /// @param waitedIn what they came from
  void write(Trace.Part part, RoomId room, Events events, String waitedIn) {
    Trace.annotate("room", room.name());
    Trace.annotate("batch_size", events.count());
    documents.write(
        part,
        events.traced().stream()
            .map(
                message ->
                    new TraceDocuments.Origin(
                        message.context(),
                        waitedIn,
                        message.since(),
                        Map.of("message_id", message.message())))
            .toList());
  }

  /// Pushes a room's events to some of its members.
  ///
  /// @param deadline after which no push begins, whether all were reached or not
  Pusher.Outcome deliver(
      RoomId room,
      List<Receiver> to,
      Events events,
      Pusher.Tokens tokens,
      Deadline deadline,
      Remainder remainder) {
    Pusher.Outcome outcome = Trace.step("push", () -> push(to, events, tokens, deadline));
    // Side by side: the time that an invocation keeps for them is that of one call.
    List<CompletableFuture<Integer>> leaving =
        outcome.unreached().entrySet().stream()
            .map(
                some ->
                    CompletableFuture.supplyAsync(
                        () -> remainder.leave(room, events.after(some.getKey()), some.getValue()),
                        executor))
            .toList();
    int givenUp = InvocationExecutor.join(leaving).stream().mapToInt(Integer::intValue).sum();
    report(to.size(), events, outcome, givenUp);
    return outcome;
  }

  private Pusher.Outcome push(
      List<Receiver> to, Events events, Pusher.Tokens tokens, Deadline deadline) {
    Instant began = Instant.now();
    Pusher.Outcome outcome = pusher.push(to, events, gone, tokens, deadline);
    int pushes = to.size() - outcome.late();
    if (pushes > 0) {
      Trace.called(
          "ApiGatewayManagementApi",
          "PostToConnection",
          began,
          pushes,
          outcome.throttled(),
          outcome.failed());
    }
    return outcome;
  }

  /// One line in the log, as a warning where somebody was given up, and the metrics.
  private void report(int members, Events events, Pusher.Outcome outcome, int givenUp) {
    LoggingEventBuilder line = LOG.atLevel(givenUp > 0 ? Level.WARN : Level.INFO);
    if (!events.messageIds().isEmpty()) {
      line = line.addKeyValue("message_id", () -> String.join(",", events.messageIds()));
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
        outcome.late(),
        givenUp);
    Trace.annotate("members", members);
    Trace.annotate("pushes", members - outcome.late());
    Trace.annotate("gone", outcome.gone());
    Trace.annotate("throttled", outcome.throttled());
    Trace.annotate("failed", outcome.failed());
    Trace.annotate("late", outcome.late());
    Trace.annotate("given_up", givenUp);
    Metrics.PUSHES.add(members - outcome.late());
    Metrics.EVENTS_PER_PUSH.add(events.count());
    Metrics.PUSHES_GONE.add(outcome.gone());
    Metrics.PUSHES_THROTTLED.add(outcome.throttled());
    Metrics.PUSHES_FAILED.add(outcome.failed());
    Metrics.PUSHES_LATE.add(outcome.late());
    Metrics.PUSHES_GIVEN_UP.add(givenUp);
    events
        .oldest()
        .ifPresent(oldest -> Metrics.ACCEPT_TO_PUSH.add(oldest.ageMillis(clock.instant())));
  }

  @Override
  public void close() {
    prunes.add(gone);
    documents.close();
  }
}
