package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The connections of a client, one at a time: opens one when it is needed, opens another one after
/// every loss, and replaces the one that there is before it is too old.
///
/// Safe for use by several threads.
final class Connections {
  private final Addresses addresses;
  private final Need need;
  private final Consumer<JsonNode> events;
  private final Runnable changed;
  private final Waits waits;
  private final Clock clock;
  private final Set<Connection> open = new HashSet<>();
  private volatile @Nullable Connection current;
  private boolean hinted;
  private long receivedBefore;

  /// Gives addresses.
  interface Addresses {
    /// @param rooms that it names
    /// @throws IOException where there is none now
    Connection.Address of(Set<String> rooms) throws IOException, InterruptedException;
  }

  /// Tells what a connection is needed for.
  interface Need {
    /// Waits until there is a room to be in. A connection that names none would be put into one.
    ///
    /// @return rooms for the address
    Set<String> await() throws InterruptedException;
  }

  /// @param addresses asked before each attempt to connect
  /// @param events told what comes over any of them, beside replies
  /// @param changed called after another connection has opened, and after one was lost
  Connections(
      Addresses addresses,
      Need need,
      Consumer<JsonNode> events,
      Runnable changed,
      Waits waits,
      Clock clock) {
    this.addresses = addresses;
    this.need = need;
    this.events = events;
    this.changed = changed;
    this.waits = waits;
    this.clock = clock;
  }

  /// Stays connected until it is interrupted.
  void run() throws InterruptedException {
    int failures = 0;
    while (true) {
      Set<String> rooms = need.await();
      try {
        Connection next = Connection.open(addresses.of(rooms), rooms, waits.ms(Wait.OPEN), events);
        Connection before = replaceBy(next);
        next.onLost(() -> lost(next));
        changed.run();
        if (before != null) {
          Thread.startVirtualThread(() -> linger(before));
        }
        awaitEnd(next);
        if (next.received() > 0) {
          failures = 0;
        }
        if (next.isOpen()) {
          continue; // the next one is opened beside it
        }
      } catch (IOException | Unanswered refused) {
        // Again, after a while.
      }
      awaitHint(clock.nowMs() + waits.drawBackOff(failures++));
    }
  }

  private synchronized @Nullable Connection replaceBy(Connection next) {
    Connection before = current;
    current = next;
    hinted = false;
    open.add(next);
    notifyAll();
    return before;
  }

  private void lost(Connection connection) {
    synchronized (this) {
      open.remove(connection);
      receivedBefore += connection.received();
      notifyAll();
    }
    changed.run();
  }

  /// What the server sends over the one before is still heard for a while.
  private void linger(Connection before) {
    try {
      Thread.sleep(waits.ms(Wait.LINGER));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    before.cut();
  }

  private synchronized void awaitEnd(Connection connection) throws InterruptedException {
    long renewAtMs = clock.nowMs() + waits.drawRenew();
    for (long now = clock.nowMs(); isCurrent(connection) && now < renewAtMs; now = clock.nowMs()) {
      wait(renewAtMs - now);
    }
  }

  private synchronized void awaitHint(long untilMs) throws InterruptedException {
    for (long now = clock.nowMs(); !hinted && now < untilMs; now = clock.nowMs()) {
      wait(untilMs - now);
    }
    hinted = false;
  }

  /// Waits for a connection that is open.
  synchronized Connection await() throws InterruptedException {
    Connection connection = current;
    while (connection == null || !connection.isOpen()) {
      wait();
      connection = current;
    }
    return connection;
  }

  boolean isCurrent(Connection connection) {
    return current == connection && connection.isOpen();
  }

  /// An attempt to connect may succeed now.
  ///
  /// @return false where there is a connection already
  synchronized boolean hint() {
    Connection connection = current;
    if (connection != null && connection.isOpen()) {
      return false;
    }
    hinted = true;
    notifyAll();
    return true;
  }

  /// How many characters have come since the beginning.
  synchronized long received() {
    return receivedBefore + open.stream().mapToLong(Connection::received).sum();
  }

  /// Ends all of them, without a close frame.
  void cut() {
    List<Connection> ended;
    synchronized (this) {
      ended = List.copyOf(open);
    }
    ended.forEach(Connection::cut);
  }
}
