package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.connection.Identity;
import dev.parley.message.Message;
import dev.parley.room.RoomId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventTest {
  private static final RoomId ROOM = new RoomId("lobby");
  private static final Identity ADA = new Identity("guest:1", "Ada");

  @Test
  void aMessageNamesTheOneBeforeIt() {
    byte[] event = Event.message(new Message(ROOM, 7, "id-1", ADA, "Hi \"all\"", "Root=1"), null);

    assertEquals(
        """
        {"type":"message","room":"lobby","timestamp":7,"prev":null,"id":"id-1",\
        "user":"guest:1","sender":"Ada","message":"Hi \\"all\\""}\
        """,
        new String(event, UTF_8));
  }

  @Test
  void oneEventIsAFrameAsItIsAndSeveralAreAnArray() {
    byte[] one = Event.presence(ROOM, "93b885adfe0da089", ADA, Event.State.IN);

    assertArrayEquals(one, Event.frames(List.of(one)).getFirst());
    assertEquals(
        "[" + new String(one, UTF_8) + "," + new String(one, UTF_8) + "]",
        new String(Event.frames(List.of(one, one)).getFirst(), UTF_8));
    assertTrue(Event.frames(List.of()).isEmpty());
  }

  @Test
  void framesHoldAllEventsInOrderAndNoneIsTooLarge() throws Exception {
    for (long seed = 0; seed < 200; seed++) {
      Random random = new Random(seed);
      List<byte[]> events = new ArrayList<>();
      for (int i = 0; i < random.nextInt(60); i++) {
        String text = "x".repeat(1 + random.nextInt(random.nextInt(5) == 0 ? 4_000 : 50));
        events.add(Event.message(new Message(ROOM, i, "id", ADA, text, null), null));
      }

      List<byte[]> frames = Event.frames(events);

      List<String> unpacked = new ArrayList<>();
      for (byte[] frame : frames) {
        assertTrue(frame.length <= Limits.FRAME_BYTES_MAX, "seed " + seed);
        JsonNode json = Json.MAPPER.readTree(frame);
        if (json.isArray()) {
          json.forEach(event -> unpacked.add(Json.text(event)));
        } else {
          unpacked.add(Json.text(json));
        }
      }
      assertEquals(
          events.stream().map(event -> new String(event, UTF_8)).toList(),
          unpacked,
          "seed " + seed);
    }
  }

  @Test
  void aFullFrameIsUsedToItsLastByte() {
    byte[] half = new byte[Limits.FRAME_BYTES_MAX / 2 - 2];
    byte[] rest = new byte[Limits.FRAME_BYTES_MAX - half.length - 3];

    assertEquals(Limits.FRAME_BYTES_MAX, Event.frames(List.of(half, rest)).getFirst().length);
    assertEquals(2, Event.frames(List.of(half, new byte[rest.length + 1])).size());
  }

  @Test
  void theLargestMessageFitsAFrameAndALargerEventIsRefused() {
    Message largest =
        new Message(
            ROOM,
            (1L << 53) - 1,
            "i".repeat(64),
            new Identity("u".repeat(128), "s".repeat(64)),
            "\u0001".repeat(4_000),
            null);

    assertTrue(Event.message(largest, (1L << 53) - 1).length <= Limits.FRAME_BYTES_MAX);
    assertTrue(Reply.size(largest) <= Reply.PAGE_BYTES_MAX);
    Message foreign = new Message(ROOM, 1, "i", ADA, "x".repeat(Limits.FRAME_BYTES_MAX), null);
    assertThrows(IllegalArgumentException.class, () -> Event.message(foreign, null));
  }
}
