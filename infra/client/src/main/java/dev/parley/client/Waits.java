package dev.parley.client;

import java.util.concurrent.ThreadLocalRandom;

/// How long a client waits, in milliseconds, under the names that PROTOCOL.md gives these. Two of a
/// kind are a range, from which each wait is drawn anew.
public record Waits(
    long overlap,
    long repairMin,
    long repairMax,
    long settle,
    long ping,
    long reply,
    long probe,
    long open,
    long backOff,
    long backOffMax,
    long renewMin,
    long renewMax,
    long linger,
    long resend) {

  /// What PROTOCOL.md says.
  public static final Waits DEFAULT =
      new Waits(
          10_000,
          300,
          1_000,
          2_000,
          60_000,
          30_000,
          10_000,
          15_000,
          1_000,
          30_000,
          95 * 60_000,
          115 * 60_000,
          5_000,
          20 * 3_600_000);

  long drawRepair() {
    return ThreadLocalRandom.current().nextLong(repairMin, repairMax + 1);
  }

  long drawRenew() {
    return ThreadLocalRandom.current().nextLong(renewMin, renewMax + 1);
  }

  /// A random part of a wait that doubles with each failure.
  long drawBackOff(int failures) {
    long most = Math.min(backOffMax, backOff << Math.min(failures, 20));
    return ThreadLocalRandom.current().nextLong(most + 1);
  }
}
