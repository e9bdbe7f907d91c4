package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A room that a client is in, was in, or has something to send to: what is known of it, and what
/// is to be done next. A [Reader] and a [Sender] do it.
///
/// Safe for use by several threads.
final class Room {
  private static final int PAGE_MESSAGES_MAX = 100;
  private static final long NEVER = Long.MAX_VALUE;

  /// How many pages are read to get from what is ahead of its time to what is said now.
  private static final int PAGES_TO_NOW_MAX = 10;

  private final String name;
  private final Surroundings around;
  private final People people = new People();

  private Timeline timeline;

  /// The user that this client is, once the server has said it.
  private @Nullable String user;

  /// Of the user's own messages, and of those of others that are not ahead: the `after` of a send.
  /// The server takes one that is further ahead for one second ahead, and two messages that are
  /// sent after it would be in the order of the clocks of two functions.
  private long newest;

  /// When the last read began that has finished.
  private Clock.@Nullable Moment readAt;

  private int pagesToNow;
  private long repairAtMs = NEVER;

  /// Whether somebody wants to be in it.
  private boolean wanted;

  /// Why the server does not let us in, for example `too_many_rooms`.
  private @Nullable String refusal;

  /// Why we are not in it any more although we wanted to, for example `kicked`.
  private @Nullable String removal;

  /// Where it was joined.
  private @Nullable Connection joined;

  private Looks looks = Looks.none();

  /// What all rooms of a client stand on.
  ///
  /// @param joined called when a room was joined
  record Surroundings(
      Connections connections, Clock clock, Waits waits, Outbox outbox, Runnable joined) {}

  Room(String name, Surroundings around) {
    this.name = name;
    this.around = around;
    this.timeline = new Timeline(around.waits().ms(Wait.OVERLAP));
  }

  String name() {
    return name;
  }

  People people() {
    return people;
  }

  // ---- for the client -------------------------------------------------------------------------

  /// Begins to be in it, or ends that once what was sent there is answered.
  synchronized void want(boolean now) {
    wanted = now;
    if (now) {
      refusal = null;
      removal = null;
    }
    notifyAll();
  }

  /// Somebody has taken us out of it, or does not let us in any more: it is not joined again before
  /// somebody wants it.
  synchronized void removed(String reason) {
    if (removal == null && wanted) {
      wanted = false;
      joined = null;
      refusal = reason;
      removal = reason;
      notifyAll();
    }
  }

  synchronized @Nullable String removal() {
    return removal;
  }

  /// Whether the server must have us in it: for the messages, or to send ours.
  synchronized boolean isNeeded() {
    return refusal == null && (wanted || around.outbox().first(name) != null);
  }

  /// @return null where nobody wants to be in it, and before the first page
  synchronized @Nullable Stretch shown() {
    return wanted ? timeline.stretch() : null;
  }

  /// Something has changed outside: the connection, or the outbox.
  synchronized void wake() {
    notifyAll();
  }

  /// A malformed event counts as lost: the table has its message.
  synchronized void event(JsonNode json) {
    Message message = Message.ofFrame(json);
    long prev = Message.timestamp(json.path("prev"));
    if (message != null && (prev > 0 || json.path("prev").isNull())) {
      seen(message);
      looks = looks.heard(around.clock().nowMs());
      timeline.event(message, prev == 0 ? null : prev, limit(around.clock().moment()));
      notifyAll();
    }
  }

  // ---- for pings ------------------------------------------------------------------------------

  synchronized boolean isJoined(Connection over) {
    return joined == over;
  }

  /// When a ping is to look what was missed.
  ///
  /// @param chance from 0 to 1
  synchronized long dueMs(double chance) {
    return looks.dueMs(around.waits(), chance);
  }

  /// Whether a ping that is sent now names this room, which was due, or is soon.
  synchronized boolean goesAlong(long nowMs, double chance) {
    return looks.goesAlong(dueMs(chance), nowMs);
  }

  /// The server has told its time.
  synchronized void timed() {
    if (readAt != null) {
      timeline.told(limit(readAt));
      notifyAll();
    }
  }

  /// @param sentMs when the ping was sent
  /// @param head null where the connection is not in this room
  /// @param reason why somebody has taken the connection out of it, where that is so
  synchronized void pong(Connection over, long sentMs, JsonNode head, JsonNode reason) {
    if (joined == over) {
      looks = looks.looked(sentMs);
      if (reason.isTextual()) {
        removed(reason.asText());
      } else if (head.isNull()) {
        left(over);
      } else {
        timeline.head(Message.timestamp(head));
        notifyAll();
      }
    }
  }

  // ---- for its reader -------------------------------------------------------------------------

  /// What a reader has to do.
  enum Task {
    JOIN,
    QUIT,
    REPAIR,
    REACH_NOW
  }

  /// Waits until there is something to do.
  ///
  /// @return null where there is another connection by now
  synchronized @Nullable Task awaitTask(Connection connection) throws InterruptedException {
    Clock clock = around.clock();
    while (around.connections().isCurrent(connection)) {
      if (!isNeeded() && connection.isRegistered(name)) {
        return Task.QUIT;
      }
      if (isNeeded() && joined != connection) {
        return Task.JOIN;
      }
      long limit = limit(clock.moment());
      if (joined == connection
          && limit > 0
          && timeline.beginsAfter(limit)
          && pagesToNow++ < PAGES_TO_NOW_MAX) {
        return Task.REACH_NOW;
      }
      if (joined != connection || !timeline.hasGap()) {
        repairAtMs = NEVER;
        wait();
        continue;
      }
      if (repairAtMs == NEVER) {
        repairAtMs = clock.nowMs() + around.waits().drawRepair();
      }
      long leftMs = repairAtMs - clock.nowMs();
      if (leftMs <= 0) {
        repairAtMs = NEVER;
        return Task.REPAIR;
      }
      wait(leftMs);
    }
    return null;
  }

  synchronized Timeline.Read begin() {
    return timeline.read();
  }

  /// A page of a read has come.
  ///
  /// @param begun when that read began
  /// @return the read to go on with, which is another one where the room has gone on too far
  synchronized Timeline.Read read(Timeline.Read read, Page page, Clock.Moment begun) {
    seen(page);
    read.page(page, limit(begun));
    if (read.isDone()) {
      readAt = begun;
      pagesToNow = 0;
    }
    notifyAll();
    return read.isTooFarBehind() ? timeline.readNewest() : read;
  }

  /// The first page of a read has come in the reply to a join. As one step with that page: a send
  /// needs both the membership and the newest timestamp.
  synchronized Timeline.Read joined(
      Connection on, JsonNode reply, Timeline.Read read, Clock.Moment begun) {
    JsonNode you = reply.path("you").path("user");
    if (you.isTextual()) {
      user = you.asText();
    }
    joined = on;
    looks = looks.joined(around.clock().nowMs());
    around.joined().run();
    return read(read, Page.of(reply), begun);
  }

  /// The server does not let us in.
  synchronized void refused(String code) {
    joined = null;
    refusal = code;
    if (List.of("no_such_room", "banned").contains(code)) {
      removed(code);
    }
  }

  /// A request that needs us in the room was refused.
  synchronized void outside(Connection connection, String code) {
    if (code.equals("removed")) {
      removed(code);
    } else {
      left(connection);
    }
  }

  synchronized void quit(Connection on) {
    on.unregister(name);
    joined = null;
    readAt = null;
    timeline = new Timeline(around.waits().ms(Wait.OVERLAP));
  }

  synchronized Timeline.OlderRead beginOlder() {
    return timeline.readOlder();
  }

  /// A page of older messages has come.
  ///
  /// @return whether it was taken
  synchronized boolean readOlder(Timeline.OlderRead read, Page page) {
    seen(page);
    return read.page(page);
  }

  // ---- for its sender -------------------------------------------------------------------------

  /// A send that may be tried now.
  ///
  /// @param over where the room was joined
  record Turn(Connection over, Outbox.Send send) {}

  /// Waits until the room is joined and there is something to be sent, and notes the attempt.
  synchronized Turn awaitTurn() throws InterruptedException {
    while (true) {
      Outbox.Send send = around.outbox().first(name);
      Connection over = joined;
      if (send != null && over != null && around.connections().isCurrent(over)) {
        return new Turn(over, around.outbox().attempt(send, around.clock().latestMs(), newest));
      }
      wait();
    }
  }

  /// The `after` of a send; 0 where nothing is known.
  synchronized long newest() {
    return newest;
  }

  /// A send was answered.
  synchronized void sent(String id, long timestamp) {
    newest = Math.max(newest, timestamp);
    around.outbox().sent(id, timestamp);
    notifyAll();
  }

  /// A page that was read apart from the stretch.
  synchronized void seen(Page page) {
    page.messages().forEach(this::seen);
  }

  /// A connection turned out not to be in this room.
  synchronized void left(Connection connection) {
    if (joined == connection) {
      joined = null;
      notifyAll();
    }
  }

  /// Waits, but not for longer than a send is without an answer.
  synchronized void pause(long ms, String id) throws InterruptedException {
    notifyAll(); // the send may have ended, and with it the need to be in this room
    Clock clock = around.clock();
    long untilMs = clock.nowMs() + ms;
    for (long now = clock.nowMs();
        now < untilMs && around.outbox().isWaiting(id);
        now = clock.nowMs()) {
      wait(untilMs - now);
    }
  }

  // ---- for both -------------------------------------------------------------------------------

  static boolean isError(JsonNode reply) {
    return reply.path("type").asText().equals("error");
  }

  /// The fields of a request for a page, or of a request without bounds.
  Map<String, Object> bounds(String bound, @Nullable Long timestamp) {
    Map<String, Object> fields = new HashMap<>();
    fields.put("room", name);
    if (timestamp != null) {
      fields.put(bound, timestamp);
    }
    fields.put("limit", PAGE_MESSAGES_MAX);
    return fields;
  }

  private void seen(Message message) {
    boolean own = message.user().equals(user);
    Clock clock = around.clock();
    if (own || message.timestamp() <= clock.serverUs(clock.moment())) {
      newest = Math.max(newest, message.timestamp());
    }
    if (own) {
      around.outbox().sent(message.id(), message.timestamp());
    }
  }

  private long limit(Clock.Moment at) {
    return around.clock().limit(at);
  }
}
