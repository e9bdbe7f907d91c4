package dev.parley.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLEncoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/// A client that shows, after any faults, what the table holds over the range that it shows. It
/// does what the chapter "How a client loses nothing" of PROTOCOL.md says, and nothing else.
///
/// Safe for use by several threads. Its own are virtual, and wait on it for whatever changes.
public final class Client implements AutoCloseable {
  /// Rooms that the address names; with more, or long names, it might get too long.
  private static final int ROOMS_IN_ADDRESS_MAX = 30;

  /// How often the clocks are looked at.
  private static final long LOOK_MS = 5_000;

  private final URI url;
  private final String sender;
  private final String secret;
  private final Waits waits;
  private final Outbox outbox;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Clock clock = new Clock();

  private final Map<String, Room> rooms = new TreeMap<>();
  private final Set<Connection> connections = new HashSet<>();
  private @Nullable Connection current;
  private @Nullable String user;
  private long pingAtMs;
  private boolean hinted;
  private long received;

  private interface Task {
    void run() throws InterruptedException;
  }

  /// Connects as soon as there is a room to be in.
  ///
  /// @param url for example `ws://localhost:8080/production`
  /// @param sender the display name, which is cleaned
  /// @param secret by which the user is the same on every connection
  /// @param outbox what is still to be said, from an earlier client perhaps
  /// @throws IllegalArgumentException where nothing is left of the name
  public Client(URI url, String sender, String secret, Waits waits, Outbox outbox) {
    this.url = url;
    this.sender = Text.cleanName(sender);
    if (this.sender.isEmpty()) {
      throw new IllegalArgumentException("a display name shows something");
    }
    this.secret = secret;
    this.waits = waits;
    this.outbox = outbox;
    start(this::stayConnected);
    start(this::ping);
    synchronized (this) {
      outbox.rooms().forEach(this::room);
    }
  }

  /// Begins to be in a room.
  public synchronized void join(String name) {
    Room room = room(name);
    room.wanted = true;
    room.refusal = null;
    notifyAll();
  }

  /// Ends it, once what was said there is answered.
  public synchronized void quit(String room) {
    room(room).wanted = false;
    notifyAll();
  }

  /// Says something, whenever that will be possible.
  ///
  /// @return the id by which the outbox knows what becomes of it
  /// @throws IllegalArgumentException where the text shows nothing
  public synchronized String send(String room, String text) {
    String message = Text.trim(text);
    if (Text.isBlank(message)) {
      throw new IllegalArgumentException("a message shows something");
    }
    room(room);
    String id = outbox.add(room, message);
    notifyAll();
    return id;
  }

  /// Fetches the page before what is shown of a room.
  ///
  /// @return false where there is none
  public boolean older(String room) throws InterruptedException {
    Room of;
    synchronized (this) {
      of = room(room);
    }
    return of.older();
  }

  /// What is shown of each room that it is in; a room whose first page has not come is not there.
  public synchronized Map<String, Stretch> shown() {
    Map<String, Stretch> shown = new HashMap<>();
    rooms.forEach(
        (name, room) -> {
          Stretch stretch = room.stretch();
          if (room.wanted && stretch != null) {
            shown.put(name, stretch);
          }
        });
    return shown;
  }

  /// Tells that the network may have come or gone, as an operating system does.
  public synchronized void hint() {
    hinted = true;
    notifyAll();
  }

  /// How many characters have come since the beginning.
  public synchronized long received() {
    return received + connections.stream().mapToLong(Connection::received).sum();
  }

  private Room room(String name) {
    return rooms.computeIfAbsent(
        name,
        missing -> {
          Room room = new Room(this, waits, outbox, name);
          start(room::follow);
          start(room::send);
          return room;
        });
  }

  private void start(Task task) {
    threads.execute(
        () -> {
          try {
            task.run();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
          }
        });
  }

  // ---- for its rooms --------------------------------------------------------------------------

  /// On a clock that nobody sets.
  long now() {
    return clock.nowMs();
  }

  synchronized Clock.Moment moment() {
    return clock.moment();
  }

  /// What is later was ahead of the server's time at a moment; 0 where that is not known.
  synchronized long limit(Clock.Moment at) {
    return clock.limit(at);
  }

  /// The server's time, in epoch microseconds; 0 where that is not known.
  synchronized long serverUs() {
    return clock.serverUs(clock.moment());
  }

  /// What ages are told by, in epoch milliseconds of the server's clock.
  synchronized long ageMs(long sinceMs) {
    return clock.latestMs() - sinceMs;
  }

  synchronized boolean knowsTime() {
    return clock.isSure();
  }

  /// Waits until something has changed, at most until then. As of any wait, callers look again.
  @SuppressWarnings("WaitNotInLoop")
  synchronized void waitUntil(long timeMs) throws InterruptedException {
    long leftMs = timeMs - now();
    if (leftMs > 0) {
      wait(Math.min(leftMs, Integer.MAX_VALUE));
    }
  }

  synchronized Connection awaitConnection() throws InterruptedException {
    while (current == null || !current.isOpen()) {
      wait();
    }
    return current;
  }

  synchronized boolean isCurrent(Connection connection) {
    return current == connection && connection.isOpen();
  }

  synchronized void iAm(JsonNode you) {
    if (you.path("user").isTextual()) {
      user = you.path("user").asText();
    }
  }

  synchronized @Nullable String user() {
    return user;
  }

  // ---- its own threads ------------------------------------------------------------------------

  private void stayConnected() throws InterruptedException {
    int failures = 0;
    while (true) {
      Set<String> needed = awaitNeed();
      try {
        Connection next = Connection.open(address(needed), needed, waits.open(), this::event);
        replaceBy(next);
        long renewAtMs = now() + waits.drawRenew();
        synchronized (this) {
          while (isCurrent(next) && now() < renewAtMs) {
            waitUntil(renewAtMs);
          }
        }
        if (next.received() > 0) {
          failures = 0;
        }
        if (next.isOpen()) {
          continue; // the next one is opened beside it
        }
      } catch (Unanswered refused) {
        // Again, after a while.
      }
      long again = now() + waits.drawBackOff(failures++);
      synchronized (this) {
        while (now() < again && !hinted) {
          waitUntil(again);
        }
        hinted = false;
      }
    }
  }

  /// A connection that names no room would be put into one, so there is none before.
  private synchronized Set<String> awaitNeed() throws InterruptedException {
    while (true) {
      Set<String> needed = new HashSet<>();
      rooms.forEach(
          (name, room) -> {
            if (room.isNeeded() && needed.size() < ROOMS_IN_ADDRESS_MAX) {
              needed.add(name);
            }
          });
      if (!needed.isEmpty()) {
        return needed;
      }
      wait();
    }
  }

  private URI address(Set<String> rooms) {
    return URI.create(
        "%s?name=%s&guest=%s&rooms=%s"
            .formatted(url, URLEncoder.encode(sender, UTF_8), secret, String.join(",", rooms)));
  }

  private synchronized void replaceBy(Connection next) {
    Connection before = current;
    current = next;
    pingAtMs = clock.serverUs(clock.moment()) == 0 ? now() : now() + waits.ping();
    connections.add(next);
    next.onLost(
        () -> {
          synchronized (this) {
            connections.remove(next);
            received += next.received();
            notifyAll();
          }
        });
    if (before != null) {
      start(
          () -> {
            Thread.sleep(waits.linger());
            before.cut();
          });
    }
    notifyAll();
  }

  private void event(JsonNode json) {
    if (json.path("type").asText().equals("message")) {
      synchronized (this) {
        Room room = rooms.get(json.path("room").asText());
        if (room != null) {
          room.event(json);
          notifyAll();
        }
      }
    }
  }

  private void ping() throws InterruptedException {
    int failures = 0;
    while (true) {
      Connection connection = awaitConnection();
      Map<String, Room> asked = new HashMap<>();
      long patienceMs = waits.reply();
      synchronized (this) {
        hinted |= clock.hasSlept();
        long dueMs = pingAtMs;
        for (Room room : rooms.values()) {
          dueMs = Math.min(dueMs, room.lookAtMs);
        }
        if (now() < dueMs && !hinted) {
          waitUntil(Math.min(dueMs, now() + LOOK_MS));
          continue;
        }
        if (hinted) {
          hinted = false;
          patienceMs = waits.probe();
        }
        rooms.forEach(
            (name, room) -> {
              if (room.joined == connection) {
                asked.put(name, room);
                room.lookAtMs = Long.MAX_VALUE;
              }
            });
        pingAtMs = now() + waits.ping();
      }
      try {
        JsonNode pong =
            connection.request("ping", Map.of("rooms", List.copyOf(asked.keySet())), patienceMs);
        failures = 0;
        synchronized (this) {
          long timeUs = Message.timestamp(pong.path("time"));
          if (timeUs > 0) {
            clock.told(timeUs);
            rooms.values().forEach(Room::timed);
          }
          asked.forEach((name, room) -> room.pong(connection, pong.path("rooms").path(name)));
          notifyAll();
        }
      } catch (Unanswered e) {
        synchronized (this) {
          pingAtMs = now() + Math.max(e.retryAfterMs(), waits.drawBackOff(failures++));
        }
      }
    }
  }

  /// Ends it without a word to the server. What was not answered stays in the outbox.
  @Override
  public void close() {
    threads.shutdownNow();
    List<Connection> open;
    synchronized (this) {
      open = new ArrayList<>(connections);
    }
    open.forEach(Connection::cut);
  }
}
