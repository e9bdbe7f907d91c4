package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A room that a client is in, was in, or has something to say in. One thread joins, repairs and
/// quits, so that there is one read at a time; another one does the sends, one after the other.
///
/// Guarded by its client.
final class Room {
  private static final int PAGE_MESSAGES_MAX = 100;
  private static final long NEVER = Long.MAX_VALUE;

  /// How many pages are read to get from what is ahead of its time to what is said now.
  private static final int PAGES_TO_NOW_MAX = 10;

  /// How far the clocks may disagree by which the age of a send is told.
  private static final long CLOCK_ERROR_MS = 3_600_000;

  private final Client client;
  private final Waits waits;
  private final Outbox outbox;
  private final String name;

  private Timeline timeline;

  /// Of one's own messages, and of those of others that are not ahead: the `after` of a send. The
  /// server takes one that is further ahead for one second ahead, and two messages that are sent
  /// after it would be in the order of the clocks of two functions.
  private long newest;

  /// When the last read was begun that has ended.
  private Clock.@Nullable Moment readAt;

  private int pagesToNow;
  private long repairAtMs = NEVER;

  /// Whether somebody wants to be in it.
  boolean wanted;

  /// Why the server does not let us in, for example `too_many_rooms`.
  @Nullable String refusal;

  /// Where it was joined.
  @Nullable Connection joined;

  /// When a ping is to look whether the last join missed something.
  long lookAtMs = NEVER;

  Room(Client client, Waits waits, Outbox outbox, String name) {
    this.client = client;
    this.waits = waits;
    this.outbox = outbox;
    this.name = name;
    this.timeline = new Timeline(waits.overlap());
  }

  /// Whether the server must have us in it: for the messages, or to get rid of ours.
  boolean isNeeded() {
    return refusal == null && (wanted || outbox.first(name) != null);
  }

  @Nullable Stretch stretch() {
    return timeline.stretch();
  }

  /// An event that is odd is as good as one that was lost: the table has its message.
  void event(JsonNode json) {
    Message message = Message.ofFrame(json);
    long prev = Message.timestamp(json.path("prev"));
    if (message != null && (prev > 0 || json.path("prev").isNull())) {
      seen(message);
      timeline.event(message, prev == 0 ? null : prev, client.limit(client.moment()));
    }
  }

  /// The server has told its time.
  void timed() {
    if (readAt != null) {
      timeline.told(client.limit(readAt));
    }
  }

  /// @param head null where the connection is not in this room
  void pong(Connection over, JsonNode head) {
    if (joined == over) {
      if (head.isNull()) {
        joined = null;
      } else {
        timeline.head(Message.timestamp(head));
      }
    }
  }

  private void seen(Message message) {
    boolean own = message.user().equals(client.user());
    if (own || message.timestamp() <= client.serverUs()) {
      newest = Math.max(newest, message.timestamp());
    }
    if (own) {
      outbox.sent(message.id(), message.timestamp());
    }
  }

  private enum Task {
    JOIN,
    QUIT,
    REPAIR,
    REACH_NOW
  }

  /// Keeps what is shown of this room up to date.
  void follow() throws InterruptedException {
    while (true) {
      Connection connection = client.awaitConnection();
      try {
        switch (nextTask(connection)) {
          case JOIN -> read(connection, "join");
          case REPAIR -> read(connection, "history");
          case QUIT -> quit(connection);
          case REACH_NOW -> older();
          case null -> {} // there is another connection
        }
      } catch (Unanswered lost) {
        // The next connection is joined anew.
      }
    }
  }

  private @Nullable Task nextTask(Connection connection) throws InterruptedException {
    synchronized (client) {
      while (client.isCurrent(connection)) {
        if (!isNeeded() && connection.registered.contains(name)) {
          return Task.QUIT;
        }
        if (isNeeded() && joined != connection) {
          return Task.JOIN;
        }
        long limit = client.limit(client.moment());
        if (joined == connection
            && limit > 0
            && timeline.beginsAfter(limit)
            && pagesToNow++ < PAGES_TO_NOW_MAX) {
          return Task.REACH_NOW;
        }
        if (joined != connection || !timeline.hasHoles()) {
          repairAtMs = NEVER;
        } else if (repairAtMs == NEVER) {
          repairAtMs = client.now() + waits.drawRepair();
        } else if (repairAtMs <= client.now()) {
          repairAtMs = NEVER;
          return Task.REPAIR;
        }
        client.waitUntil(repairAtMs);
      }
      return null;
    }
  }

  private void read(Connection connection, String firstAction)
      throws Unanswered, InterruptedException {
    Timeline.Read read;
    Clock.Moment begun = client.moment();
    synchronized (client) {
      read = timeline.read();
    }
    for (String action = firstAction; !read.isDone(); action = "history") {
      connection.registered.add(name);
      JsonNode reply = ask(connection, action, bounds("after", read.after()));
      synchronized (client) {
        if (reply.path("type").asText().equals("error")) {
          joined = null;
          if (action.equals("join")) {
            refusal = reply.path("code").asText();
          }
          return;
        }
        if (action.equals("join")) {
          client.iAm(reply.path("you"));
          joined = connection;
          lookAtMs = client.now() + waits.settle();
        }
        Page page = Page.of(reply);
        page.messages().forEach(this::seen);
        read.page(page, client.limit(begun));
        if (read.isDone()) {
          readAt = begun;
          pagesToNow = 0;
        } else if (read.isTooFarBehind()) {
          read = timeline.readNewest();
          begun = client.moment();
        }
        client.notifyAll();
      }
    }
  }

  private void quit(Connection connection) throws Unanswered, InterruptedException {
    ask(connection, "quit", bounds("", null)); // not_a_member is what was wanted, too
    synchronized (client) {
      connection.registered.remove(name);
      joined = null;
      readAt = null;
      timeline = new Timeline(waits.overlap());
    }
  }

  /// Fetches the page before the stretch, and goes on where none of its rows is a message.
  ///
  /// @return false where there is none
  boolean older() throws InterruptedException {
    while (true) {
      Connection connection = client.awaitConnection();
      Timeline.OlderRead read;
      synchronized (client) {
        read = timeline.readOlder();
      }
      if (read.before() == null) {
        return false;
      }
      try {
        JsonNode reply = ask(connection, "history", bounds("before", read.before()));
        synchronized (client) {
          if (reply.path("type").asText().equals("error")) {
            joined = joined == connection ? null : joined;
            client.notifyAll();
            return false;
          }
          Page page = Page.of(reply);
          page.messages().forEach(this::seen);
          boolean shows = !page.messages().isEmpty() || page.isEmpty();
          if (read.page(page) && shows) {
            return true;
          }
        }
      } catch (Unanswered lost) {
        // Again on the next connection.
      }
    }
  }

  private Map<String, Object> bounds(String bound, @Nullable Long timestamp) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("room", name);
    if (timestamp != null) {
      fields.put(bound, timestamp);
    }
    fields.put("limit", PAGE_MESSAGES_MAX);
    return fields;
  }

  /// A request that is repeated until it is answered.
  ///
  /// @throws Unanswered where the connection has ended
  private JsonNode ask(Connection connection, String action, Map<String, ?> fields)
      throws Unanswered, InterruptedException {
    for (int failures = 0; ; failures++) {
      try {
        return connection.request(action, fields, waits.reply());
      } catch (Unanswered e) {
        if (!connection.isOpen()) {
          throw e;
        }
        Thread.sleep(Math.max(e.retryAfterMs(), waits.drawBackOff(failures)));
      }
    }
  }

  /// Gets rid of what is to be said here.
  void send() throws InterruptedException {
    int failures = 0;
    while (true) {
      Connection connection;
      Outbox.Send send;
      synchronized (client) {
        send = outbox.first(name);
        connection = joined;
        if (send == null || connection == null || !client.isCurrent(connection)) {
          client.wait();
          continue;
        }
        send = outbox.attempt(send, client.ageMs(0), newest);
      }
      long pauseMs = 0;
      try {
        long ageMs = client.ageMs(send.attemptedAtMs());
        if (ageMs < waits.resend() && ageMs > -CLOCK_ERROR_MS) {
          pauseMs = attempt(connection, send);
        } else if (client.knowsTime()) {
          lookUp(connection, send);
        } else {
          throw new Unanswered(); // soon a ping tells the time
        }
        failures = 0;
      } catch (Unanswered e) {
        pauseMs = Math.max(e.retryAfterMs(), waits.drawBackOff(failures++));
      }
      synchronized (client) {
        client.notifyAll();
        long until = client.now() + pauseMs;
        while (client.now() < until && outbox.isWaiting(send.id())) {
          client.waitUntil(until);
        }
      }
    }
  }

  /// @return how long to wait before the next one
  private long attempt(Connection connection, Outbox.Send send)
      throws Unanswered, InterruptedException {
    Map<String, Object> fields = new HashMap<>();
    fields.put("room", name);
    fields.put("id", send.id());
    fields.put("message", send.text());
    synchronized (client) {
      if (newest > 0) {
        fields.put("after", newest);
      }
    }
    JsonNode reply = connection.request("sendMessage", fields, waits.reply());
    synchronized (client) {
      long timestamp = Message.timestamp(reply.path("timestamp"));
      if (reply.path("type").asText().equals("sent")) {
        if (timestamp == 0) {
          throw new Unanswered();
        }
        newest = Math.max(newest, timestamp);
        outbox.sent(send.id(), timestamp);
        return 0;
      }
      String code = reply.path("code").asText();
      if (code.equals("not_a_member")) {
        joined = joined == connection ? null : joined;
        return 0;
      }
      outbox.failed(send.id(), code);
      return 0;
    }
  }

  /// A send that the server may have forgotten is not repeated any more: it is in the table, or it
  /// has failed.
  private void lookUp(Connection connection, Outbox.Send send)
      throws Unanswered, InterruptedException {
    // Where it was ahead, it did not count.
    Long after = Math.max(0, send.after() - waits.overlap() * 1_000);
    while (outbox.isWaiting(send.id())) {
      JsonNode reply = connection.request("history", bounds("after", after), waits.reply());
      synchronized (client) {
        if (reply.path("type").asText().equals("error")) {
          joined = joined == connection ? null : joined;
          return;
        }
        Page page = Page.of(reply);
        page.messages().forEach(this::seen);
        if (!page.more() || page.isEmpty()) {
          outbox.failed(send.id(), "unanswered");
          return;
        }
        after = page.last();
      }
    }
  }
}
