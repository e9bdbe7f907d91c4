package dev.parley.platform;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import software.amazon.lambda.powertools.metrics.model.MetricUnit;

/// A metric in CloudWatch's namespace `Parley`. What an invocation measures is written once, at its
/// end, in CloudWatch's embedded metric format among the lines of the log: see [Measurements].
///
/// @param name for example `PushesGone`
/// @param summed whether an invocation's values are written as their sum; else each is written, so
///     that CloudWatch knows their percentiles
/// @param dimension what the values are told apart by beside the service, for example `Code`; each
///     value of it is a metric of its own on the bill
public record Metric(String name, MetricUnit unit, boolean summed, @Nullable String dimension) {
  /// How many of something there were.
  public static Metric count(String name) {
    return new Metric(name, MetricUnit.COUNT, true, null);
  }

  /// As above, for each value of a dimension.
  public static Metric countBy(String dimension, String name) {
    return new Metric(name, MetricUnit.COUNT, true, dimension);
  }

  /// How many there were at a time, for example in one batch.
  public static Metric size(String name) {
    return new Metric(name, MetricUnit.COUNT, false, null);
  }

  public static Metric milliseconds(String name) {
    return new Metric(name, MetricUnit.MILLISECONDS, false, null);
  }

  /// Measures a value. What sums up to 0 is not written. Safe for use on any thread of the
  /// invocation.
  public void add(long value) {
    Measurements.add(this, value, null, "");
  }

  /// Measures a value that belongs to another time than now, at most two weeks ago.
  public void add(long value, Instant at) {
    Measurements.add(this, value, at, "");
  }

  /// Measures a value of a metric that has a dimension.
  public void add(long value, String of) {
    if (dimension == null) {
      throw new IllegalArgumentException(name + " has no dimension");
    }
    Measurements.add(this, value, null, of);
  }
}
