package dev.parley.local.gateway;

import dev.parley.local.faults.Fault;
import dev.parley.local.faults.Faults;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells the function of `$disconnect` which connections have ended.
///
/// Best effort, as on AWS: a failure is logged, and nothing is tried again. What was not told
/// before the gateway stopped stays in the journal, for the next process.
///
/// Safe for use by many threads.
final class Disconnects {
  private static final Logger LOG = LoggerFactory.getLogger(Disconnects.class);

  private final @Nullable Integration integration;
  private final Events events;
  private final ConnectionJournal journal;
  private final Faults faults;
  private final Executor threads;
  private final AtomicInteger underWay = new AtomicInteger();
  private volatile boolean closing;

  /// @param integration null where the API has no such route
  Disconnects(
      @Nullable Integration integration,
      Events events,
      ConnectionJournal journal,
      Faults faults,
      Executor threads) {
    this.integration = integration;
    this.events = events;
    this.journal = journal;
    this.faults = faults;
    this.threads = threads;
  }

  /// Tells of one connection, on a thread of its own. Does not block.
  void tell(ConnectionJournal.Left connection, CloseReason reason) {
    String id = connection.caller().connectionId();
    Runnable telling =
        () -> {
          try {
            if (isTold(connection, reason)) {
              journal.ended(id);
            }
          } finally {
            underWay.decrementAndGet();
          }
        };
    underWay.incrementAndGet();
    try {
      threads.execute(telling);
    } catch (RejectedExecutionException _) {
      underWay.decrementAndGet();
      LOG.warn("$disconnect of {} is not told: the gateway has stopped", id);
    }
  }

  /// @return false where the next process is to tell it again
  private boolean isTold(ConnectionJournal.Left connection, CloseReason reason) {
    if (integration == null || faults.happens(Fault.DISCONNECT_LOST)) {
      return true;
    }
    byte[] event =
        events.disconnect(
            connection.caller(), connection.connectedAt(), connection.authorizer(), reason);
    return switch (integration.call(event)) {
      case Outcome.Answered _ -> true;
      case Outcome.Failed failed -> {
        LOG.error("$disconnect of {} failed: {}", connection.caller().connectionId(), failed.why());
        yield !closing;
      }
      case Outcome.GivenUp _ -> false;
    };
  }

  /// How many connections are being told of.
  int underWay() {
    return underWay.get();
  }

  /// The gateway stops: from now on, what fails is left to the next process.
  void close() {
    closing = true;
  }
}
