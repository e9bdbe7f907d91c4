package dev.parley.local.gateway;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Holds requests to a [RequestQuota]: all of the account, or those of a route.
///
/// Safe for use by many threads.
final class Throttle {
  private static final Logger LOG = LoggerFactory.getLogger(Throttle.class);
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final RequestQuota quota;
  private final LongSupplier nanos;
  private double tokens;
  private long filledAt;
  private long refused;
  private long loggedAt;

  Throttle(RequestQuota quota) {
    this(quota, System::nanoTime);
  }

  /// @param nanos time that only goes forward
  Throttle(RequestQuota quota, LongSupplier nanos) {
    this.quota = quota;
    this.nanos = nanos;
    this.tokens = quota.bucket();
    this.filledAt = nanos.getAsLong();
    this.loggedAt = filledAt - SECOND;
  }

  /// Takes the token of a request.
  ///
  /// @return false where there is none: the request is refused
  synchronized boolean admits() {
    if (quota.perSecond() == 0) {
      return true;
    }
    long now = nanos.getAsLong();
    tokens =
        Math.min(quota.bucket(), tokens + (double) (now - filledAt) / SECOND * quota.perSecond());
    filledAt = now;
    if (tokens >= 1) {
      tokens--;
      return true;
    }
    refused++;
    if (now - loggedAt >= SECOND) {
      loggedAt = now;
      LOG.warn(
          "refused {} requests so far: more than {} a second, and the bucket of {} is empty",
          refused,
          quota.perSecond(),
          quota.bucket());
    }
    return false;
  }

  /// How many requests were refused so far.
  synchronized long refused() {
    return refused;
  }
}
