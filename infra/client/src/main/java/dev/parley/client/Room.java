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

  private final Client client;
  private final Waits waits;
  private final Outbox outbox;
  private final String name;

  private Timeline timeline;
  private long newest;
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

  void event(JsonNode json) {
    Message message = Message.of(json);
    seen(message);
    timeline.event(message, json.hasNonNull("prev") ? json.path("prev").asLong() : null);
  }

  /// @param head null where the connection is not in this room
  void pong(Connection over, JsonNode head) {
    if (joined == over) {
      if (head.isNull()) {
        joined = null;
      } else {
        timeline.head(head.asLong());
      }
    }
  }

  private void seen(Message message) {
    newest = Math.max(newest, message.timestamp());
    if (message.user().equals(client.user())) {
      outbox.sent(message.id(), message.timestamp());
    }
  }

  private enum Task {
    JOIN,
    QUIT,
    REPAIR
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
    synchronized (client) {
      read = timeline.read(client.now());
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
        read.page(page, client.now());
        if (read.isTooFarBehind()) {
          read = timeline.readNewest(client.now());
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
      timeline = new Timeline(waits.overlap());
    }
  }

  /// Fetches the page before the stretch.
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
          if (read.page(page)) {
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
        send = outbox.attempt(send, client.now(), newest);
      }
      long pauseMs = 0;
      try {
        if (client.now() - send.attemptedAtMs() < waits.resend()) {
          pauseMs = attempt(connection, send);
        } else {
          lookUp(connection, send);
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
      if (reply.path("type").asText().equals("sent")) {
        newest = Math.max(newest, reply.path("timestamp").asLong());
        outbox.sent(send.id(), reply.path("timestamp").asLong());
        return 0;
      }
      String code = reply.path("code").asText();
      if (code.equals("not_a_member")) {
        joined = joined == connection ? null : joined;
        return 0;
      }
      if (code.equals("invalid_after")) {
        return 1_000; // the clocks disagree
      }
      outbox.failed(send.id(), code);
      return 0;
    }
  }

  /// A send that the server may have forgotten is not repeated any more: it is in the table, or it
  /// has failed.
  private void lookUp(Connection connection, Outbox.Send send)
      throws Unanswered, InterruptedException {
    Long after = send.after();
    while (outbox.isWaiting(send.id())) {
      JsonNode reply = connection.request("history", bounds("after", after), waits.reply());
      synchronized (client) {
        if (reply.path("type").asText().equals("error")) {
          joined = joined == connection ? null : joined;
          return;
        }
        Page page = Page.of(reply);
        page.messages().forEach(this::seen);
        if (!page.more()) {
          outbox.failed(send.id(), "unanswered");
          return;
        }
        after = page.last();
      }
    }
  }
}
