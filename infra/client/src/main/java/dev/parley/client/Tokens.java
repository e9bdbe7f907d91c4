package dev.parley.client;

import java.io.IOException;
import java.util.Map;

/// Sends another token when four fifths of the life of the one before are over, so that the
/// connection and its rooms stay.
final class Tokens {
  /// The part of a token's remaining life after which another one is sent.
  private static final double LIFE_PART = 0.8;

  /// How often the clocks and the connection are looked at, at least.
  private static final long LOOK_MS_MAX = 1_000;

  private final TokenSource source;
  private final Connections connections;
  private final Waits waits;
  private final Clock clock;

  Tokens(TokenSource source, Connections connections, Waits waits, Clock clock) {
    this.source = source;
    this.connections = connections;
    this.waits = waits;
    this.clock = clock;
  }

  /// Sends tokens until it is interrupted.
  void run() throws InterruptedException {
    while (true) {
      Connection connection = connections.await();
      long expiresUs = connection.awaitExpiry();
      while (!clock.isKnown() && connections.isCurrent(connection)) {
        Thread.sleep(LOOK_MS_MAX);
      }
      long nowMs = clock.latestMs();
      long renewAtMs = nowMs + (long) (LIFE_PART * (expiresUs / 1_000 - nowMs));
      if (awaitMoment(connection, renewAtMs)) {
        renew(connection);
      }
    }
  }

  /// @return false where there is another connection by then
  private boolean awaitMoment(Connection connection, long serverMs) throws InterruptedException {
    while (connections.isCurrent(connection)) {
      long leftMs = serverMs - clock.latestMs();
      if (leftMs <= 0) {
        return true;
      }
      Thread.sleep(Math.min(leftMs, LOOK_MS_MAX));
    }
    return false;
  }

  private void renew(Connection connection) throws InterruptedException {
    for (int failures = 0; connections.isCurrent(connection); failures++) {
      long askedMs = 0;
      try {
        var reply =
            connection.request("auth", Map.of("token", source.token()), waits.ms(Wait.REPLY));
        if (!Room.isError(reply)) {
          clock.told(Message.timestamp(reply.path("time")));
          return;
        }
      } catch (Unanswered e) {
        askedMs = e.retryAfterMs();
      } catch (IOException e) {
        // Again, after a while.
      }
      Thread.sleep(Math.max(askedMs, waits.drawBackOff(failures)));
    }
  }
}
