package dev.parley.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.TestContext;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TestTicker ticker = new TestTicker();

  @Test
  void aDeadlineHasPassedFromItsMomentOn() {
    Deadline deadline = Deadline.in(SECOND, ticker);

    ticker.pass(SECOND.minusNanos(1));
    assertFalse(deadline.passed());
    assertEquals(1, deadline.leftNanos());

    ticker.pass(Duration.ofNanos(1));
    assertTrue(deadline.passed());
    assertEquals(0, deadline.leftNanos());
  }

  @Test
  void theEndOfAnInvocationLeavesTimeForTheRest() {
    Deadline deadline =
        Deadline.beforeEndOf(new TestContext("test", SECOND.multipliedBy(60)), SECOND);

    assertTrue(deadline.left().compareTo(SECOND.multipliedBy(59)) <= 0);
    assertTrue(deadline.left().compareTo(SECOND.multipliedBy(40)) > 0);
    assertTrue(Deadline.beforeEndOf(new TestContext("test", SECOND), SECOND.plusNanos(1)).passed());
  }

  @Test
  void aCallAlwaysHasAMillisecondLeft() {
    Deadline deadline = Deadline.in(SECOND, ticker);

    assertEquals(SECOND, deadline.left());
    ticker.pass(SECOND.minusNanos(1));
    assertEquals(Duration.ofMillis(1), deadline.left());
    ticker.pass(SECOND);
    assertEquals(Duration.ofMillis(1), deadline.left());
  }

  @Test
  void theEarlierOfTwoDeadlinesIsTaken() {
    Deadline early = Deadline.in(SECOND, ticker);
    Deadline late = Deadline.in(SECOND.plusNanos(1), ticker);

    assertSame(early, early.or(late));
    assertSame(early, late.or(early));
  }

  @Test
  void pausesAreOfDifferentLengthsWithinTheirBoundsAndEndWithTheDeadline() {
    Deadline deadline = Deadline.in(SECOND, ticker);

    while (!deadline.passed()) {
      deadline.pause(Duration.ofMillis(20), Duration.ofMillis(100));
    }

    var pauses = ticker.pauses();
    var last = pauses.removeLast();
    assertTrue(pauses.stream().allMatch(p -> p.toMillis() >= 20 && p.toMillis() < 100));
    assertTrue(pauses.stream().distinct().count() > 1, pauses.toString());
    Duration all = pauses.stream().reduce(last, Duration::plus);
    assertTrue(all.compareTo(SECOND.plusMillis(1)) <= 0, all.toString());
  }

  @Test
  void aPauseThatIsInterruptedEndsTheAttempts() {
    Thread.currentThread().interrupt();

    assertThrows(IllegalStateException.class, () -> Ticker.SYSTEM.pause(SECOND));

    assertTrue(Thread.interrupted());
  }

  @Test
  void aDeadlineIsMeasuredByTheSystemWhereNoTickerIsHandedIn() {
    assertTrue(Deadline.in(Duration.ZERO).passed());
    assertFalse(Deadline.in(Duration.ofDays(1)).passed());
  }
}
