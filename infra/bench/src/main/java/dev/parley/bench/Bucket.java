package dev.parley.bench;

import java.util.Arrays;

/// A token bucket, refilled in each slot of a [Simulation].
final class Bucket {
  private final double perSlot;
  private final double most;
  private double tokens;

  Bucket(double perSecond, double most) {
    this.perSlot = perSecond / Simulation.SLOTS_A_SECOND;
    this.most = most;
    this.tokens = most;
  }

  static Bucket[] of(Budget.Share share) {
    Bucket[] buckets = new Bucket[share.functions()];
    Arrays.setAll(buckets, _ -> new Bucket(share.each(), share.each()));
    return buckets;
  }

  void refill() {
    tokens = Math.min(most, tokens + perSlot);
  }

  boolean take(int count) {
    boolean taken = tokens >= count;
    tokens -= taken ? count : 0;
    return taken;
  }

  double tokens() {
    return tokens;
  }
}
