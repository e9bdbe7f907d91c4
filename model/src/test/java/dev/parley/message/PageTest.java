package dev.parley.message;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.identity.Identity;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class PageTest {
  private final RoomId id = new RoomId("lobby");
  private final Instant now = Instant.parse("2026-11-26T01:00:00Z");
  private final Instant removedBefore = now.minus(Duration.ofDays(30));
  private final Timestamp horizon = Timestamp.of(removedBefore);
  private final Room old = room(removedBefore.minusMillis(1));

  @Test
  void everyPageOfARoomThatIsYoungerThanTheHorizonIsComplete() {
    Page empty = new Page(new Range.Newest(), List.of(), false);

    assertTrue(empty.complete(room(removedBefore), horizon, now));
    assertFalse(empty.complete(old, horizon, now));
  }

  @Test
  void aRoomThatWasCreatedLaterThanNowDoesNotTellItsAge() {
    Page empty = new Page(new Range.Newest(), List.of(), false);
    Instant latest = now.plus(Limits.CLOCK_SKEW_MAX);

    assertTrue(empty.complete(room(latest), horizon, now));
    assertFalse(empty.complete(room(latest.plusMillis(1)), horizon, now));
    assertFalse(empty.complete(new Room(id, null, null, null, null), horizon, now));
  }

  @Test
  void aPageAfterATimestampIsCompleteFromTheHorizonOn() {
    assertTrue(new Page(new Range.After(horizon), List.of(), false).complete(old, horizon, now));
    assertFalse(
        new Page(new Range.After(horizon.previous()), List.of(), false)
            .complete(old, horizon, now));
  }

  @Test
  void aPageOfTheLastMessagesIsCompleteWhereThereAreMoreAndItsFirstIsNotBeforeTheHorizon() {
    for (Range range : List.of(new Range.Newest(), new Range.Before(Timestamp.MAX))) {
      assertTrue(new Page(range, List.of(message(horizon)), true).complete(old, horizon, now));
      assertFalse(new Page(range, List.of(message(horizon)), false).complete(old, horizon, now));
      assertFalse(
          new Page(range, List.of(message(horizon.previous())), true).complete(old, horizon, now));
      assertFalse(new Page(range, List.of(), false).complete(old, horizon, now));
    }
  }

  private Room room(Instant createdAt) {
    return new Room(id, null, null, createdAt, null);
  }

  private Message message(Timestamp timestamp) {
    return new Message(id, timestamp, "id", new Identity("guest:ada", "Ada"), "m", null);
  }
}
