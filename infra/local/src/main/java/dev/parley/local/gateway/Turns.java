package dev.parley.local.gateway;

import java.util.ArrayDeque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Starts the messages and handshakes of all clients, each on a thread of its own. A client that
/// sends without end does not keep others waiting.
///
/// At most [#AT_ONCE] are at work; the others wait. Each client that waits has one started before
/// any has its next. What takes longer than [#SHORT_MS] does not use the machine all the time, so
/// it is not counted any more.
///
/// `Unlike AWS:` where each has processors of its own, and the account's concurrency is the bound.
///
/// Safe for use by many threads.
final class Turns {
  static final int AT_ONCE = 16;
  static final int SHORT_MS = 1_000;

  private static final Logger LOG = LoggerFactory.getLogger(Turns.class);
  private static final long SHORT = TimeUnit.MILLISECONDS.toNanos(SHORT_MS);

  private final Executor threads;
  private final LongSupplier nanos;

  /// By client, the one whose turn is next first; no queue is empty.
  private final LinkedHashMap<String, Queue<Runnable>> waiting = new LinkedHashMap<>();

  /// What is counted, and since when it has been at work.
  private final Map<Object, Long> atWork = new LinkedHashMap<>();

  private boolean watched;

  Turns(Executor threads) {
    this(threads, System::nanoTime);
  }

  /// @param nanos time that only goes forward
  Turns(Executor threads, LongSupplier nanos) {
    this.threads = threads;
    this.nanos = nanos;
  }

  /// Starts something now or later.
  ///
  /// @param client whose turn it takes
  /// @throws RejectedExecutionException where the threads are shut down: nothing starts any more
  synchronized void execute(String client, Runnable work) {
    waiting.computeIfAbsent(client, _ -> new ArrayDeque<>()).add(work);
    startSome();
  }

  private synchronized void startSome() {
    long now = nanos.getAsLong();
    atWork.values().removeIf(since -> now - since >= SHORT);
    Map.Entry<String, Queue<Runnable>> next;
    while (atWork.size() < AT_ONCE && (next = waiting.pollFirstEntry()) != null) {
      Runnable work = next.getValue().remove();
      if (!next.getValue().isEmpty()) {
        waiting.put(next.getKey(), next.getValue());
      }
      Object turn = new Object();
      atWork.put(turn, now);
      threads.execute(() -> run(turn, work));
    }
    if (!waiting.isEmpty() && !watched) {
      threads.execute(this::watch);
      watched = true;
    }
  }

  private void run(Object turn, Runnable work) {
    try {
      work.run();
    } finally {
      end(turn);
    }
  }

  private synchronized void end(Object turn) {
    atWork.remove(turn);
    try {
      startSome();
    } catch (RejectedExecutionException _) {
      LOG.debug("{} clients wait for their turn while the gateway stops", waiting.size());
    }
  }

  /// While something waits, starts it also where nothing ends: what takes long stops counting.
  private void watch() {
    try {
      while (somethingWaits()) {
        Thread.sleep(SHORT_MS);
        startSome();
      }
    } catch (InterruptedException | RejectedExecutionException _) {
      LOG.debug("The gateway stops");
    }
  }

  private synchronized boolean somethingWaits() {
    watched = !waiting.isEmpty();
    return watched;
  }
}
