package dev.parley.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.client.TextSocket;
import dev.parley.client.TokenSource;
import java.io.IOException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Somebody whom a moderator takes out of rooms in which others talk, by kicks and by bans, again
/// and again: once that is answered, no message of the room reaches them later than it may.
///
/// Each round has another connection, which does nothing but listen.
final class Outcast implements Callable<List<String>> {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// After the answer, and beside what faults make late.
  private static final long LATE_MAX_MS = 2_000;

  private static final long LISTENING_MS = 2_000;
  private static final long REPLY_MAX_MS = 5_000;
  private static final int TRIES_MAX = 20;
  private static final int BAN_SECONDS = 1;

  private final URI url;
  private final TokenSource moderators;
  private final List<String> rooms;
  private final long lateMaxMs;
  private final Random random;
  private final List<String> problems = new ArrayList<>();
  private final AtomicInteger refs = new AtomicInteger();
  private volatile boolean over;
  private int rounds;

  /// @param moderators tokens of somebody who moderates public rooms
  /// @param lagMs how late faults make a message, at most
  Outcast(URI url, TokenSource moderators, List<String> rooms, long lagMs, long seed) {
    this.url = url;
    this.moderators = moderators;
    this.rooms = rooms;
    this.lateMaxMs = LATE_MAX_MS + lagMs;
    this.random = new Random(seed);
  }

  /// How often a connection was still open, and listened, when it was to hear nothing any more.
  int rounds() {
    return rounds;
  }

  /// Only the first round is finished, if it has begun.
  void stop() {
    over = true;
  }

  /// @return what is not as it must be
  @Override
  public List<String> call() throws InterruptedException {
    while (!over) {
      String room = rooms.get(random.nextInt(rooms.size()));
      try (Line outcast = join(room)) {
        Thread.sleep(random.nextInt(500));
        if (outcast != null && expel(outcast, room)) {
          listen(outcast, room, System.nanoTime());
        }
      }
    }
    return problems;
  }

  /// @return null where it is not in the room for now
  private @Nullable Line join(String room) throws InterruptedException {
    for (int i = 0; i < TRIES_MAX && !over; i++) {
      Line line =
          Line.open(
              URI.create(url + "?name=Outcast&guest=oU7c-a9St_q1Zk8W3nXb0R&rooms=" + room),
              List.of());
      if (line != null) {
        JsonNode joined = ask(line, "{\"action\":\"join\",\"room\":\"%s\"".formatted(room));
        if (joined != null && joined.path("type").asText().equals("joined")) {
          line.user = joined.path("you").path("user").asText();
          return line;
        }
        line.close();
      }
      Thread.sleep(200);
    }
    return null;
  }

  /// Asks until it is answered.
  private boolean expel(Line outcast, String room) throws InterruptedException {
    boolean bans = random.nextBoolean();
    String frame =
        "{\"action\":\"%s\",\"room\":\"%s\",\"user\":\"%s\"%s"
            .formatted(
                bans ? "ban" : "kick",
                room,
                outcast.user,
                bans ? ",\"seconds\":" + BAN_SECONDS : "");
    for (int i = 0; i < TRIES_MAX; i++) {
      try (Line moderator =
          Line.open(URI.create(url + "?rooms=watch"), List.of("parley.v1", "bearer." + token()))) {
        JsonNode reply = moderator == null ? null : ask(moderator, frame);
        String type = reply == null ? "" : reply.path("type").asText();
        if (type.equals("banned") || type.equals("kicked")) {
          return true;
        }
      } catch (IOException e) {
        // There is no token now.
      }
      Thread.sleep(100);
    }
    return false;
  }

  private String token() throws IOException, InterruptedException {
    return moderators.token();
  }

  private @Nullable JsonNode ask(Line line, String begun) throws InterruptedException {
    int ref = refs.incrementAndGet();
    return line.ask(begun + ",\"ref\":" + ref + "}", ref);
  }

  private void listen(Line outcast, String room, long answered) throws InterruptedException {
    long late = answered + lateMaxMs * 1_000_000;
    long end = late + LISTENING_MS * 1_000_000;
    while (System.nanoTime() < end && outcast.isOpen && !(over && rounds > 0)) {
      Thread.sleep(50);
    }
    if (outcast.isOpen && System.nanoTime() >= end) {
      rounds++;
    }
    outcast.heard.forEach(
        (event, at) -> {
          if (at > late && event.path("room").asText().equals(room)) {
            problems.add(
                "%s was taken out of %s, and %d ms after the answer was sent %s"
                    .formatted(outcast.user, room, (at - answered) / 1_000_000, event));
          }
        });
  }

  /// A connection that keeps when it was sent which message.
  private static final class Line implements TextSocket.Listener, AutoCloseable {
    private final Map<JsonNode, Long> heard = new ConcurrentHashMap<>();
    private final Map<Integer, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
    private @Nullable TextSocket socket;
    private String user = "";
    private volatile boolean isOpen = true;

    /// @return null where it could not be opened
    static @Nullable Line open(URI address, List<String> subprotocols) throws InterruptedException {
      Line line = new Line();
      try {
        line.socket =
            TextSocket.open(address, subprotocols, Map.of(), line)
                .get(REPLY_MAX_MS, TimeUnit.MILLISECONDS);
        return line;
      } catch (ExecutionException | TimeoutException e) {
        return null;
      }
    }

    @Nullable JsonNode ask(String frame, int ref) throws InterruptedException {
      CompletableFuture<JsonNode> reply = new CompletableFuture<>();
      asked.put(ref, reply);
      TextSocket opened = socket;
      if (opened == null) {
        return null;
      }
      try {
        opened.send(frame).get(REPLY_MAX_MS, TimeUnit.MILLISECONDS);
        return reply.get(REPLY_MAX_MS, TimeUnit.MILLISECONDS);
      } catch (ExecutionException | TimeoutException e) {
        return null;
      }
    }

    @Override
    public void text(String text) {
      long now = System.nanoTime();
      try {
        JsonNode frame = JSON.readTree(text);
        for (JsonNode event : frame.isArray() ? frame : List.of(frame)) {
          CompletableFuture<JsonNode> reply = asked.get(event.path("ref").asInt());
          if (event.path("type").asText().equals("message")) {
            heard.merge(event, now, Math::max);
          } else if (reply != null) {
            reply.complete(event);
          }
        }
      } catch (JsonProcessingException e) {
        throw new IllegalStateException(text, e);
      }
    }

    @Override
    public void closed(int code) {
      isOpen = false;
    }

    @Override
    public void close() {
      TextSocket opened = socket;
      if (opened != null) {
        opened.cut();
      }
    }
  }
}
