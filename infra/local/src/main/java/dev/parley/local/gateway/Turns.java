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

/// Starts the messages and handshakes of all clients on threads of their own, and where the machine
/// has enough to do, in turns: a client that sends without end keeps nobody else waiting.
///
/// While [#AT_ONCE] are at work, others wait. Then each client that has any starts one, and so on.
/// What has been at work for longer than [#SHORT_MS] waits for something, rather than that it uses
/// the machine, and others start beside it.
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

  /// By client, whose turn is next first; none is empty.
  private final LinkedHashMap<String, Queue<Runnable>> waiting = new LinkedHashMap<>();

  /// Since when, oldest first. What has taken longer than a short time is in it no more.
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

  /// Looks, as long as something waits, for what has been at work for long.
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
