package dev.parley.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Sends what is to be said in one room, one message after the other, each with the same id until
/// it is answered. It has no state of its own: what waits is in the [Outbox].
final class Sender {
  /// How far the clocks may disagree by which the age of a send is told.
  private static final long CLOCK_ERROR_MS = 3_600_000;

  private final Room room;
  private final Room.Surroundings around;

  Sender(Room room, Room.Surroundings around) {
    this.room = room;
    this.around = around;
  }

  /// Sends until it is interrupted.
  void run() throws InterruptedException {
    int failures = 0;
    while (true) {
      Room.Turn turn = room.awaitTurn();
      Outbox.Send send = turn.send();
      long pauseMs = 0;
      try {
        long ageMs = around.clock().latestMs() - send.attemptedAtMs();
        if (ageMs < around.waits().ms(Wait.RESEND_MAX) && ageMs > -CLOCK_ERROR_MS) {
          attempt(turn.over(), send);
        } else if (around.clock().isSure()) {
          lookUp(turn.over(), send);
        } else {
          throw new Unanswered(); // soon a ping tells the time
        }
        failures = 0;
      } catch (Unanswered e) {
        pauseMs = Math.max(e.retryAfterMs(), around.waits().drawBackOff(failures++));
      }
      room.pause(pauseMs, send.id());
    }
  }

  private void attempt(Connection over, Outbox.Send send) throws Unanswered, InterruptedException {
    Map<String, Object> fields = new HashMap<>();
    fields.put("room", send.room());
    fields.put("id", send.id());
    fields.put("message", send.text());
    long after = room.newest();
    if (after > 0) {
      fields.put("after", after);
    }
    JsonNode reply = over.request("sendMessage", fields, around.waits().ms(Wait.REPLY));
    String code = reply.path("code").asText();
    if (reply.path("type").asText().equals("sent")) {
      long timestamp = Message.timestamp(reply.path("timestamp"));
      if (timestamp == 0) {
        throw new Unanswered();
      }
      room.sent(send.id(), timestamp);
    } else if (List.of("not_a_member", "no_such_room", "removed").contains(code)) {
      room.outside(over, code);
    } else {
      around.outbox().failed(send.id(), code);
    }
  }

  /// A send that the server may have forgotten is not repeated any more: it is in the table, or it
  /// has failed.
  private void lookUp(Connection over, Outbox.Send send) throws Unanswered, InterruptedException {
    // An `after` that is ahead did not count.
    Long after = Math.max(0, send.after() - around.waits().ms(Wait.OVERLAP) * 1_000);
    while (around.outbox().isWaiting(send.id())) {
      JsonNode reply =
          over.request("history", room.bounds("after", after), around.waits().ms(Wait.REPLY));
      if (Room.isError(reply)) {
        room.outside(over, reply.path("code").asText());
        return;
      }
      Page page = Page.of(reply);
      room.seen(page);
      if (!page.more() || page.isEmpty()) {
        around.outbox().failed(send.id(), "unanswered");
        return;
      }
      after = page.last();
    }
  }
}
