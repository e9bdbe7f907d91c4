package dev.parley.local.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ThrottleTest {
  private long nanos = Long.MAX_VALUE - 1; // it may wrap

  @Test
  void aBucketIsTakenAtOnceAndThenAsMuchAsComesInASecond() {
    Throttle throttle = throttle(1_000, 500);

    assertEquals(500, admitted(throttle, 10_000));
    pass(Duration.ofMillis(100));
    assertEquals(100, admitted(throttle, 10_000));
    pass(Duration.ofMillis(250));
    assertEquals(250, admitted(throttle, 10_000));

    assertEquals(29_150, throttle.refused());
  }

  @Test
  void aQuietTimeFillsTheBucketAndNoMore() {
    Throttle throttle = throttle(1_000, 500);
    admitted(throttle, 500);

    pass(Duration.ofHours(1));

    assertEquals(500, admitted(throttle, 10_000));
  }

  @Test
  void partsOfATokenAddUp() {
    Throttle throttle = throttle(10, 1);
    assertEquals(1, admitted(throttle, 5));

    int admitted = 0;
    for (int i = 0; i < 1_000; i++) {
      pass(Duration.ofMillis(1));
      admitted += admitted(throttle, 1);
    }

    assertEquals(10, admitted, 1);
  }

  @Test
  void withoutAQuotaNothingIsRefused() {
    Throttle throttle = new Throttle(RequestQuota.NONE, () -> nanos);

    assertEquals(100_000, admitted(throttle, 100_000));
    assertEquals(0, throttle.refused());
  }

  @ParameterizedTest
  @CsvSource({"-1,1", "1000001,1", "1,0", "1,1000001"})
  void aQuotaHasItsBounds(int perSecond, int bucket) {
    assertThrows(IllegalArgumentException.class, () -> new RequestQuota(perSecond, bucket));
  }

  private Throttle throttle(int perSecond, int bucket) {
    return new Throttle(new RequestQuota(perSecond, bucket), () -> nanos);
  }

  private void pass(Duration time) {
    nanos += time.toNanos();
  }

  private static int admitted(Throttle throttle, int requests) {
    int admitted = 0;
    for (int i = 0; i < requests; i++) {
      admitted += throttle.admits() ? 1 : 0;
    }
    return admitted;
  }
}
