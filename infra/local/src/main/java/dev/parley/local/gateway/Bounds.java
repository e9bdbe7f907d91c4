package dev.parley.local.gateway;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;

/// How long a connection lasts, what comes before it, and how many sockets there can be.
///
/// @param request to send a whole request, and to take its response
/// @param idle without a message in either direction
/// @param connection in all
/// @param socketsMax beyond it a socket is told so and closed
public record Bounds(Duration request, Duration idle, Duration connection, int socketsMax) {
  /// How long AWS waits for a request is not known [?]. Longer than the 60 s for which an AWS SDK
  /// keeps an idle connection, so that no push goes into one that is being closed.
  private static final Duration REQUEST_TIMEOUT = Duration.ofSeconds(75);

  /// Less is of no use to anybody.
  private static final double SECONDS_MIN = 0.1;

  /// Of the 20,000 files that a process can open on many machines, what functions, tables and
  /// queues do not need.
  private static final int SOCKETS_MAX = 18_000;

  public Bounds {
    if (!request.isPositive() || !idle.isPositive() || !connection.isPositive()) {
      throw new IllegalArgumentException("a duration is positive");
    }
  }

  /// AWS's durations, and as many sockets as this process can open.
  public static Bounds ofThisMachine() {
    int sockets =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
            ? (int) Math.min(SOCKETS_MAX, unix.getMaxFileDescriptorCount() * 9 / 10)
            : SOCKETS_MAX;
    return new Bounds(REQUEST_TIMEOUT, Quotas.IDLE_TIMEOUT, Quotas.CONNECTION_DURATION, sockets);
  }

  /// @param seconds without a message; AWS's are the most
  public Bounds withIdleSeconds(double seconds) {
    return new Bounds(request, duration(seconds, Quotas.IDLE_TIMEOUT), connection, socketsMax);
  }

  /// @param seconds in all; AWS's are the most
  public Bounds withConnectionSeconds(double seconds) {
    return new Bounds(request, idle, duration(seconds, Quotas.CONNECTION_DURATION), socketsMax);
  }

  private static Duration duration(double seconds, Duration max) {
    if (!(seconds >= SECONDS_MIN && seconds <= max.toSeconds())) {
      throw new IllegalArgumentException(
          "give seconds from %s to %d, which is AWS's".formatted(SECONDS_MIN, max.toSeconds()));
    }
    return Duration.ofMillis(Math.round(seconds * 1_000));
  }

  /// These, for each of several gateways of one process.
  public Bounds sharedBy(int gateways) {
    return new Bounds(request, idle, connection, Math.max(1, socketsMax / gateways));
  }

  /// The other sockets are for pushes, pages and handshakes.
  int connectionsMax() {
    return socketsMax * 8 / 9;
  }
}
