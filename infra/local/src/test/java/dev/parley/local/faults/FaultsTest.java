package dev.parley.local.faults;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class FaultsTest {
  private static final int DECISIONS = 10_000;

  @Test
  void theSameSeedDecidesTheSame() {
    List<String> decided = decisions("seed=7,push.lost=0.3", Fault.PUSH_LOST);

    assertEquals(decided, decisions("seed=7,push.lost=0.3", Fault.PUSH_LOST));
    assertEquals(decided, decisions("seed=7,push.gone=1,push.lost=0.3", Fault.PUSH_LOST));
    assertNotEquals(decided, decisions("seed=8,push.lost=0.3", Fault.PUSH_LOST));
    assertNotEquals(decided, decisions("seed=7,push.gone=0.3", Fault.PUSH_GONE));
  }

  /// The next decisions, with what each one would choose.
  private static List<String> decisions(String plan, Fault fault) {
    Faults faults = new Faults(FaultPlan.parse(plan));
    return IntStream.range(0, 100)
        .mapToObj(
            n -> {
              Faults.Occurrence next = faults.next(fault);
              return next == null ? "" : next.millis() + " " + next.random().nextLong();
            })
        .toList();
  }

  @Test
  void decisionsDoNotDependOnThreads() throws Exception {
    FaultPlan plan = FaultPlan.parse("seed=3,push.lost=0.3");
    Faults alone = new Faults(plan);
    for (int n = 0; n < DECISIONS; n++) {
      alone.happens(Fault.PUSH_LOST);
    }

    Faults shared = new Faults(plan);
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      for (int n = 0; n < DECISIONS; n++) {
        threads.execute(() -> shared.happens(Fault.PUSH_LOST));
      }
    }

    assertEquals(alone.injected(Fault.PUSH_LOST), shared.injected(Fault.PUSH_LOST));
    assertEquals(DECISIONS, shared.decisions(Fault.PUSH_LOST));
  }

  @Test
  void aFaultHappensAsOftenAsItsProbabilitySays() {
    for (double probability : new double[] {0, 0.01, 0.3, 1}) {
      Faults faults = new Faults(FaultPlan.parse("seed=5,push.lost=" + probability));
      for (int n = 0; n < DECISIONS; n++) {
        faults.happens(Fault.PUSH_LOST);
      }

      // Four standard deviations.
      double bound = 4 * Math.sqrt(DECISIONS * probability * (1 - probability));
      assertEquals(DECISIONS * probability, (double) faults.injected(Fault.PUSH_LOST), bound);
    }
  }

  @Test
  void aLengthIsWithinItsRange() {
    Faults faults = new Faults(FaultPlan.parse("seed=5,index.lag=1/3-5ms,clock.skew=1/9ms"));
    List<Integer> lags = new ArrayList<>();
    for (int n = 0; n < 100; n++) {
      Faults.Occurrence lag = faults.next(Fault.INDEX_LAG);
      lags.add(lag == null ? -1 : lag.millis());
      Faults.Occurrence skew = faults.next(Fault.CLOCK_SKEW);
      assertEquals(9, skew == null ? -1 : skew.millis());
    }

    assertEquals(List.of(3, 4, 5), lags.stream().distinct().sorted().toList());
  }

  @Test
  void ofALogNormalLengthHalfAreUpToTheMedianAndAllButOneInAHundredUpToThe99thPercentile() {
    Faults faults = new Faults(FaultPlan.parse("seed=5,push.delayed=1/10~40ms"));
    int upToMedian = 0;
    int upToP99 = 0;
    for (int n = 0; n < DECISIONS; n++) {
      long micros = requireNonNull(faults.next(Fault.PUSH_DELAYED)).micros();
      upToMedian += micros <= 10_000 ? 1 : 0;
      upToP99 += micros <= 40_000 ? 1 : 0;
    }

    // Four standard deviations.
    assertEquals(DECISIONS * 0.5, (double) upToMedian, 4 * Math.sqrt(DECISIONS * 0.25));
    assertEquals(DECISIONS * 0.99, (double) upToP99, 4 * Math.sqrt(DECISIONS * 0.0099));
  }

  @Test
  void aNamedConnectionIsThrottledUntilOthersAreNamedOrFaultsStop() {
    Faults faults = Faults.none();

    faults.throttle(Set.of("a", "b"));
    assertTrue(faults.throttles("a"));
    assertFalse(faults.throttles("c"));

    faults.throttle(Set.of("b"));
    assertFalse(faults.throttles("a"));
    assertTrue(faults.throttles("b"));

    faults.stop();
    assertFalse(faults.throttles("b"));
  }

  @Test
  void aStopEndsAllFaultsAndWaits() throws Exception {
    Faults faults = new Faults(FaultPlan.parse("seed=1,push.lost=1,stream.delayed=1/60000ms"));
    AtomicBoolean told = new AtomicBoolean();
    faults.onStop(() -> told.set(true));
    CountDownLatch waited = new CountDownLatch(1);
    Thread waiting =
        Thread.startVirtualThread(
            () -> {
              try {
                faults.delay(Fault.STREAM_DELAYED);
                waited.countDown();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    assertTrue(faults.happens(Fault.PUSH_LOST));
    while (faults.injected(Fault.STREAM_DELAYED) == 0) {
      LockSupport.parkNanos(1_000_000);
    }
    assertFalse(told.get());

    faults.stop();

    assertTrue(waited.await(10, TimeUnit.SECONDS));
    waiting.join();
    assertTrue(told.get());
    assertTrue(faults.isStopped());
    assertFalse(faults.happens(Fault.PUSH_LOST));
    assertEquals(
        "seed=1,push.lost=1,stream.delayed=1/60000ms: push.lost 1 of 1, stream.delayed 1 of 1",
        faults.toString());
  }

  @Test
  void withoutAPlanNothingHappensAndNothingIsCounted() {
    Faults none = Faults.none();

    for (Fault fault : Fault.values()) {
      assertNull(none.next(fault));
      assertEquals(0, none.decisions(fault));
      assertEquals(0, none.injected(fault));
    }
  }
}
