package dev.parley.room;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.parley.Limits;
import dev.parley.table.Row;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

class RoomTest {
  private static final RoomId LOBBY = new RoomId("lobby");
  private static final Instant NOW = Instant.parse("2026-11-26T03:00:00Z");

  @Test
  void aRoomGoesByTheQueueUntilItsTimeIsOver() {
    Room room = new Room(LOBBY, null, null, null, null).queued(3, NOW);

    assertEquals(3, room.segments());
    assertTrue(room.isQueued(NOW));
    assertTrue(room.isQueued(NOW.plus(Limits.QUEUED_CALM).minusMillis(1)));
    assertFalse(room.isQueued(NOW.plus(Limits.QUEUED_CALM)));
    assertFalse(new Room(LOBBY, null, null, null, 3).isQueued(NOW));
  }

  @Test
  void aTimeThatNoClockOfOursCanHaveWrittenIsNotBelieved() {
    Room room = new Room(LOBBY, null, null, null, null).queued(0, NOW);

    assertTrue(room.isQueued(NOW.minus(Limits.CLOCK_SKEW_MAX)));
    assertFalse(room.isQueued(NOW.minus(Limits.CLOCK_SKEW_MAX).minusMillis(1)));
  }

  @Test
  void aHeadIsLostWhereSomethingWasHandedOutAndItIsNotKnownWhat() {
    assertTrue(new Room(LOBBY, null, "", null, null).headLost());
    assertTrue(new Room(LOBBY, null, "stream/1", null, null).headLost());
    assertFalse(new Room(LOBBY, null, null, null, null).headLost());
    assertFalse(new Room(LOBBY, new Timestamp(1), "stream/1", null, null).headLost());
  }

  @Test
  void aRowIsReadWithAllItsAttributes() {
    Map<String, AttributeValue> row = new HashMap<>();
    row.put("room_id", Row.s("lobby"));
    row.put("head", Row.n(7));
    row.put("head_sequence", Row.s("stream/1"));
    row.put("created_at", Row.n(5));
    row.put("segments", Row.n(12));
    row.put("queued_until", Row.n(6));
    row.put("salt", Row.s("0a"));

    assertEquals(
        new Room(
            LOBBY,
            new Timestamp(7),
            "stream/1",
            Instant.ofEpochMilli(5),
            12,
            Instant.ofEpochMilli(6),
            "0a"),
        Room.of("ChatRooms", new Row(row)));
  }

  @Test
  void aSaltThatSomebodyHasEditedIsASaltAllTheSame() {
    for (AttributeValue odd : List.of(Row.s(""), Row.n(7), AttributeValue.fromBool(true))) {
      assertEquals(requireNonNull(of(Map.of("salt", odd)).salt()), of(Map.of("salt", odd)).salt());
    }
    assertNull(of(Map.of()).salt());
  }

  @Test
  void aHeadWithoutItsSequenceNumberIsOneOfAnUnknownStream() {
    assertEquals("", of(Map.of("head", Row.n(7))).headSequence());
    assertEquals("", of(Map.of("head_sequence", Row.n(7))).headSequence());
    assertNull(of(Map.of()).headSequence());
  }

  @Test
  void segmentsBeyondTheirBoundsCountAsMissing() {
    assertNull(of(Map.of("segments", Row.n(13))).segments());
    assertNull(of(Map.of("segments", Row.n(-1))).segments());
    assertEquals(0, of(Map.of("segments", Row.n(0))).segments());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a b", "é"})
  void aRowWhoseKeyIsNoRoomsNameIsInvalid(String name) {
    Row row = new Row(Map.of("room_id", Row.s(name)));

    assertThrows(Row.InvalidRow.class, () -> Room.of("ChatRooms", row));
  }

  @Test
  void aRoomsNameHas1To64Characters() {
    assertTrue(RoomId.valid("x".repeat(64)));
    assertFalse(RoomId.valid("x".repeat(65)));
    assertThrows(IllegalArgumentException.class, () -> new RoomId("a b"));
    assertEquals("lobby", LOBBY.toString());
  }

  private static Room of(Map<String, AttributeValue> attributes) {
    Map<String, AttributeValue> row = new HashMap<>(attributes);
    row.put("room_id", Row.s("lobby"));
    return Room.of("ChatRooms", new Row(row));
  }

  @Test
  void roomsAreInTheOrderOfTheirNames() {
    assertTrue(LOBBY.compareTo(new RoomId("zoo")) < 0);
    assertEquals(0, LOBBY.compareTo(new RoomId("lobby")));
  }
}
