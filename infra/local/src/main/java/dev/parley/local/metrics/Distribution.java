package dev.parley.local.metrics;

import java.util.Map;
import java.util.TreeMap;

/// The values of one period: how many, their sum and maximum, and their percentiles to within 2 %.
/// However many values there are, it stays small. Not safe for use by many threads.
final class Distribution {
  /// Values whose logarithms to this base have the same whole part count as one.
  private static final double BASE = 1.02;

  /// What has no logarithm comes before all that has one.
  private static final int NONE = Integer.MIN_VALUE;

  private final TreeMap<Integer, Long> counts = new TreeMap<>();
  private long count;
  private double sum;
  private double min = Double.POSITIVE_INFINITY;
  private double max = Double.NEGATIVE_INFINITY;

  void add(double value) {
    int rank = value > 0 ? (int) Math.ceil(Math.log(value) / Math.log(BASE)) : NONE;
    counts.merge(rank, 1L, Long::sum);
    count++;
    sum += value;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }

  long count() {
    return count;
  }

  double sum() {
    return sum;
  }

  double max() {
    return max;
  }

  /// The value that `percent` of the values are not above. There must be a value.
  double percentile(double percent) {
    long wanted = Math.max(1, (long) Math.ceil(count * percent / 100));
    long seen = 0;
    for (Map.Entry<Integer, Long> some : counts.entrySet()) {
      seen += some.getValue();
      if (seen >= wanted) {
        double value = some.getKey() == NONE ? min : Math.pow(BASE, some.getKey());
        return Math.min(max, Math.max(min, value));
      }
    }
    return max;
  }
}
