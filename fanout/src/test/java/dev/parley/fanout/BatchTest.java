package dev.parley.fanout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.amazonaws.services.lambda.runtime.events.StreamsEventResponse.BatchItemFailure;
import dev.parley.TestContext;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class BatchTest {
  private final TestContext invocation = new TestContext("test", Duration.ofSeconds(2));
  private final CountDownLatch ended = new CountDownLatch(1);

  @AfterEach
  void end() {
    ended.countDown();
  }

  @Test
  void aPartThatDoesNotEndInTimeComesAgainAndTheBatchEndsBeforeItsInvocation() {
    Batch<String> batch = new Batch<>(2, invocation);
    batch.part("1", () -> {});
    batch.part("2", this::hang);
    batch.part("3", () -> {});

    assertEquals(List.of("2"), failures(batch));
    assertTrue(invocation.getRemainingTimeInMillis() > 0);
  }

  @Test
  void aPartThatHasNoTurnInTimeDoesNotBegin() {
    Batch<String> batch = new Batch<>(1, invocation);
    AtomicBoolean begun = new AtomicBoolean();
    batch.part("7", this::hang);
    batch.part("5", () -> begun.set(true));

    assertEquals(List.of("5"), failures(batch), "the batch comes again from there");
    assertEquals(false, begun.get());
    assertTrue(invocation.getRemainingTimeInMillis() > 0);
  }

  private void hang() {
    try {
      ended.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// What a stream's batch is answered with.
  private static List<String> failures(Batch<String> batch) {
    return Batch.fromFirstOf(batch.unfinished()).getBatchItemFailures().stream()
        .map(BatchItemFailure::getItemIdentifier)
        .toList();
  }
}
