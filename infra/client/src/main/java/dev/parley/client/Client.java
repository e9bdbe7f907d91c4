package dev.parley.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLEncoder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A client that shows, after any faults, what the table holds over the range that it shows. It
/// does what the chapter "How a client loses nothing" of PROTOCOL.md says, and nothing else.
///
/// It only wires its parts: [Connections] stay connected, [Pings] ask for what may be missing, a
/// [Reader] keeps each [Room] up to date, and a [Sender] sends what the [Outbox] holds for it.
///
/// Safe for use by several threads. Its own are virtual.
public final class Client implements AutoCloseable {
  /// Rooms that the address names; with more, or long names, it might get too long.
  private static final int ROOMS_IN_ADDRESS_MAX = 30;

  /// What the server chooses of the subprotocols, and what stands before a token there.
  private static final String SUBPROTOCOL = "parley.v1";

  private static final String BEARER = "bearer.";

  private final Outbox outbox;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Waits waits;
  private final Connections connections;
  private final Pings pings;
  private final Room.Surroundings around;
  private final Map<String, Room> rooms = new TreeMap<>();
  private final Set<String> invitations = ConcurrentHashMap.newKeySet();

  private interface Task {
    void run() throws InterruptedException;
  }

  /// A guest, who connects as soon as there is a room to be in.
  ///
  /// @param url for example `ws://localhost:8080/production`
  /// @param sender the display name, which is cleaned
  /// @param secret by which the user is the same on every connection
  /// @param outbox what is still to be sent, from an earlier client perhaps
  /// @throws IllegalArgumentException where nothing is left of the name
  public Client(URI url, String sender, String secret, Waits waits, Outbox outbox) {
    this(guest(url, sender, secret), null, waits, outbox);
  }

  /// A user who signs in, who connects as soon as there is a room to be in.
  ///
  /// @param tokens of that user
  public Client(URI url, TokenSource tokens, Waits waits, Outbox outbox) {
    this(
        rooms ->
            new Connection.Address(
                URI.create("%s?batch=true&rooms=%s".formatted(url, String.join(",", rooms))),
                List.of(SUBPROTOCOL, BEARER + tokens.token())),
        tokens,
        waits,
        outbox);
  }

  private Client(
      Connections.Addresses addresses, @Nullable TokenSource tokens, Waits waits, Outbox outbox) {
    this.outbox = outbox;
    this.waits = waits;
    Clock clock = new Clock();
    this.connections =
        new Connections(
            addresses, this::awaitNeed, this::event, this::connectionChanged, waits, clock);
    this.pings = new Pings(connections, this::rooms, waits, clock);
    this.around = new Room.Surroundings(connections, clock, waits, outbox, pings::wake);
    outbox.rooms().forEach(this::room);
    start(connections::run);
    start(pings::run);
    if (tokens != null) {
      start(new Tokens(tokens, connections, waits, clock)::run);
    }
  }

  private static Connections.Addresses guest(URI url, String sender, String secret) {
    String name = Text.cleanName(sender);
    if (name.isEmpty()) {
      throw new IllegalArgumentException("a display name shows something");
    }
    return rooms ->
        new Connection.Address(
            URI.create(
                "%s?batch=true&name=%s&guest=%s&rooms=%s"
                    .formatted(
                        url, URLEncoder.encode(name, UTF_8), secret, String.join(",", rooms))),
            List.of());
  }

  /// Begins to be in a room.
  public void join(String name) {
    room(name).want(true);
    wake();
  }

  /// Ends it, once what was sent there is answered.
  public void quit(String name) {
    room(name).want(false);
  }

  /// Sends a message, as soon as that is possible.
  ///
  /// @return the id by which the outbox knows what becomes of it
  /// @throws IllegalArgumentException where the text shows nothing
  public String send(String name, String text) {
    String message = Text.trim(text);
    if (Text.isBlank(message)) {
      throw new IllegalArgumentException("a message shows something");
    }
    Room room = room(name);
    String id = outbox.add(name, message);
    room.wake();
    wake();
    return id;
  }

  /// Fetches the page before what is shown of a room.
  ///
  /// @return false where there is none
  public boolean older(String name) throws InterruptedException {
    return new Reader(room(name), around).older();
  }

  /// Lists who is in a room. Its [#people] are kept up to date from then on, as far as the server
  /// tells who comes and goes.
  public void listMembers(String name) throws InterruptedException {
    while (true) {
      Connection connection = connections.await();
      try {
        room(name).people().list(name, connection, waits);
        return;
      } catch (Unanswered lost) {
        // Again on the next connection.
      }
    }
  }

  /// Puts a message before the moderators.
  ///
  /// @param timestamp that of the message
  /// @return false where the server does not take it
  public boolean report(String name, long timestamp, String why) throws InterruptedException {
    Map<String, Object> fields = Map.of("room", name, "timestamp", timestamp, "why", why);
    while (true) {
      try {
        return !Room.isError(connections.await().ask("report", fields, waits));
      } catch (Unanswered lost) {
        // Again on the next connection.
      }
    }
  }

  /// The names of those who are in a room, by user; nobody before they were listed.
  public Map<String, String> people(String name) {
    return room(name).people().names();
  }

  /// What is shown of each room that it is in; a room whose first page has not come is not there.
  public Map<String, Stretch> shown() {
    Map<String, Stretch> shown = new HashMap<>();
    for (Room room : rooms()) {
      Stretch stretch = room.shown();
      if (stretch != null) {
        shown.put(room.name(), stretch);
      }
    }
    return shown;
  }

  /// The rooms that it wanted to be in, and why it is not any more, for example `kicked`. It does
  /// not join them again unless [#join] is called.
  public Map<String, String> removed() {
    Map<String, String> removed = new HashMap<>();
    for (Room room : rooms()) {
      String reason = room.removal();
      if (reason != null) {
        removed.put(room.name(), reason);
      }
    }
    return removed;
  }

  // ---- private rooms --------------------------------------------------------------------------
  // Each waits for an answer, however often it has to ask, over a connection that some room needs.

  /// Makes a private room of which this user is the owner.
  ///
  /// @param title null for none
  /// @return its name
  public String createRoom(@Nullable String title) throws Refused, InterruptedException {
    return act("createRoom", fields("title", title)).path("room").asText();
  }

  /// Makes, or finds, the direct room with another user.
  ///
  /// @param via as in [#invite]
  /// @return its name
  public String createDirectRoom(String user, @Nullable String via)
      throws Refused, InterruptedException {
    return act("createRoom", fields("user", user, "via", via)).path("room").asText();
  }

  /// Makes a user a member of a private room.
  ///
  /// @param via a room that both are in, over which the user is told, or null
  public void invite(String room, String user, @Nullable String via)
      throws Refused, InterruptedException {
    act("invite", fields("room", room, "user", user, "via", via));
  }

  /// Gives up this user's role in a private room.
  public void leave(String room) throws Refused, InterruptedException {
    act("leave", fields("room", room));
    quit(room);
  }

  public void kick(String room, String user) throws Refused, InterruptedException {
    act("kick", fields("room", room, "user", user));
  }

  /// @param seconds for how long, or null for good
  public void ban(String room, String user, @Nullable Integer seconds)
      throws Refused, InterruptedException {
    act("ban", fields("room", room, "user", user, "seconds", seconds));
  }

  public void unban(String room, String user) throws Refused, InterruptedException {
    act("unban", fields("room", room, "user", user));
  }

  /// @param role `owner`, `moderator` or `member`
  public void setRole(String room, String user, String role) throws Refused, InterruptedException {
    act("setRole", fields("room", room, "user", user, "role", role));
  }

  /// The first private rooms in which this user has a role, and which.
  public Map<String, String> mine() throws Refused, InterruptedException {
    Map<String, String> mine = new TreeMap<>();
    act("rooms", fields("mine", true))
        .path("rooms")
        .forEach(room -> mine.put(room.path("room").asText(), room.path("role").asText()));
    return mine;
  }

  /// The private rooms of which it was told that this user may join them.
  public Set<String> invitations() {
    return Set.copyOf(invitations);
  }

  private JsonNode act(String action, Map<String, ?> fields) throws Refused, InterruptedException {
    while (true) {
      Connection connection = connections.await();
      try {
        JsonNode reply = connection.ask(action, fields, waits);
        if (Room.isError(reply)) {
          throw new Refused(reply.path("code").asText());
        }
        return reply;
      } catch (Unanswered lost) {
        // Again on the next connection.
      }
    }
  }

  /// @param namesAndValues those that are null are left out
  private static Map<String, ?> fields(@Nullable Object... namesAndValues) {
    Map<String, Object> fields = new HashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      if (value != null) {
        fields.put(String.valueOf(namesAndValues[i]), value);
      }
    }
    return fields;
  }

  /// Tells that the network may have come or gone, as an operating system does.
  public void hint() {
    if (!connections.hint()) {
      pings.probe();
    }
  }

  /// How many characters have come since the beginning.
  public long received() {
    return connections.received();
  }

  private synchronized Room room(String name) {
    Room known = rooms.get(name);
    if (known != null) {
      return known;
    }
    Room room = new Room(name, around);
    rooms.put(name, room);
    start(new Reader(room, around)::run);
    start(new Sender(room, around)::run);
    return room;
  }

  private synchronized List<Room> rooms() {
    return List.copyOf(rooms.values());
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

  // ---- for its connections --------------------------------------------------------------------

  private synchronized Set<String> awaitNeed() throws InterruptedException {
    while (true) {
      Set<String> needed =
          rooms.values().stream()
              .filter(Room::isNeeded)
              .map(Room::name)
              .limit(ROOMS_IN_ADDRESS_MAX)
              .collect(Collectors.toSet());
      if (!needed.isEmpty()) {
        return needed;
      }
      wait();
    }
  }

  /// There may be a need for a connection now.
  private synchronized void wake() {
    notifyAll();
  }

  private void connectionChanged() {
    pings.wake();
    rooms().forEach(Room::wake);
  }

  private void event(JsonNode json) {
    if (json.path("type").asText().equals("invitation")) {
      invitations.add(json.path("room").asText());
      return;
    }
    Room room = joined(json.path("room").asText());
    if (room == null) {
      return;
    }
    switch (json.path("type").asText()) {
      case "message" -> room.event(json);
      case "presence" -> room.people().event(json);
      case "removed" -> room.removed(json.path("reason").asText());
      default -> {} // newer servers may send more
    }
  }

  private synchronized @Nullable Room joined(String name) {
    return rooms.get(name);
  }

  /// Ends it without a word to the server. What was not answered stays in the outbox.
  @Override
  public void close() {
    threads.shutdownNow();
    connections.cut();
  }
}
