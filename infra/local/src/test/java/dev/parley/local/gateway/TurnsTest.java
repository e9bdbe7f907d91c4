package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
final class TurnsTest {
  private final ExecutorService threads =
      Executors.newThreadPerTaskExecutor(Thread.ofVirtual().factory());
  private final AtomicInteger started = new AtomicInteger();
  private final Executor counted =
      task -> {
        started.incrementAndGet();
        threads.execute(task);
      };

  /// Whose work has begun.
  private final BlockingQueue<String> begun = new LinkedBlockingQueue<>();

  /// With each permit one work ends.
  private final Semaphore ends = new Semaphore(0);

  @AfterEach
  void stop() {
    threads.shutdownNow();
  }

  @Test
  void whoSendsALotKeepsNobodyWaitingForMoreThanARound() throws Exception {
    Turns turns = new Turns(counted, () -> 0);
    execute(turns, "flood", 2 * Turns.AT_ONCE);
    execute(turns, "another flood", Turns.AT_ONCE);
    execute(turns, "quiet", 2);
    begun(Turns.AT_ONCE);

    List<String> next = new ArrayList<>();
    for (int i = 0; i < 7; i++) {
      ends.release();
      next.add(begun.take());
    }

    assertEquals(
        List.of("flood", "another flood", "quiet", "flood", "another flood", "quiet", "flood"),
        next);
  }

  @Test
  void noMoreIsAtWorkThanMayBe() throws Exception {
    Turns turns = new Turns(counted, () -> 0);

    execute(turns, "client", 100);

    int watching = 1;
    assertEquals(Turns.AT_ONCE + watching, started.get());
    begun(Turns.AT_ONCE);
    ends.release(100);
    begun(100 - Turns.AT_ONCE);
    assertEquals(100 + watching, started.get());
  }

  @Test
  void besideWhatTakesLongOthersBegin() throws Exception {
    Turns turns = new Turns(counted);

    execute(turns, "client", 3 * Turns.AT_ONCE);

    begun(3 * Turns.AT_ONCE);
  }

  @Test
  void whatFailsGivesItsTurnToTheNext() throws Exception {
    Turns turns =
        new Turns(
            task ->
                threads.execute(
                    () -> {
                      try {
                        task.run();
                      } catch (IllegalStateException _) {
                        // The thread would end.
                      }
                    }),
            () -> 0);
    for (int i = 0; i < Turns.AT_ONCE; i++) {
      turns.execute(
          "client",
          () -> {
            await();
            throw new IllegalStateException("on purpose");
          });
    }
    execute(turns, "client", Turns.AT_ONCE);

    ends.release(Turns.AT_ONCE);

    begun(Turns.AT_ONCE);
  }

  @Test
  void nothingStartsOnThreadsThatAreShutDown() {
    Turns turns = new Turns(threads);
    threads.shutdown();

    assertThrows(
        RejectedExecutionException.class, () -> turns.execute("client", () -> begun.add("client")));
    assertEquals(0, begun.size());
  }

  private void execute(Turns turns, String client, int count) {
    for (int i = 0; i < count; i++) {
      turns.execute(
          client,
          () -> {
            begun.add(client);
            await();
          });
    }
  }

  private void await() {
    try {
      ends.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the test is over
    }
  }

  private void begun(int count) throws InterruptedException {
    for (int i = 0; i < count; i++) {
      begun.take();
    }
  }
}
