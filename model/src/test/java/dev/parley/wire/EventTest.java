package dev.parley.wire;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Extremes;
import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.platform.Trace;
import dev.parley.room.RoomId;
import dev.parley.room.Timestamp;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EventTest {
  private static final Trace.Context TRACE =
      new Trace.Context("1-5759e988-bd862e3fe1be46a994272793", "53995c3f42cd8ad8");
  private static final RoomId ROOM = new RoomId("lobby");
  private static final Identity ADA = new Identity("guest:1", "Ada");

  @Test
  void aMessageNamesTheOneBeforeIt() {
    Event event =
        Event.message(new Message(ROOM, new Timestamp(7), "id-1", ADA, "Hi \"all\"", TRACE), null);

    assertEquals(
        """
        {"type":"message","room":"lobby","timestamp":7,"prev":null,"id":"id-1",\
        "user":"guest:1","sender":"Ada","message":"Hi \\"all\\""}\
        """,
        new String(event.json(), UTF_8));
  }

  /// Whatever a frame may say is one event, and fits a page of history.
  @Test
  void whateverIsAcceptedIsOneEventAndFitsAPage() throws Exception {
    int largest = 0;
    for (long seed = 0; seed < 400; seed++) {
      Random random = new Random(seed);
      String text = Extremes.message(random);
      ObjectNode json = Json.object().put("message", text).put("id", Extremes.id("i"));
      ClientFrame frame = ClientFrame.parse(Json.text(json.put("sender", Extremes.name(random))));
      Identity sender = frame.sender(new Identity("guest:" + "\"".repeat(122), "Ada"));
      Message message =
          new Message(
              new RoomId(Extremes.id("r")),
              Timestamp.MAX,
              requireNonNull(frame.id()),
              sender,
              frame.message(),
              TRACE);

      byte[] event = Event.message(message, Timestamp.MAX).json();

      assertTrue(event.length <= Reply.PAGE_BYTES_MAX, "seed " + seed + ": " + event.length);
      assertTrue(Reply.size(message) <= event.length, "seed " + seed);
      assertEquals(text, Json.MAPPER.readTree(event).path("message").textValue(), "seed " + seed);
      largest = Math.max(largest, event.length);
    }
    assertTrue(largest > 24_000, "the largest that was drawn has " + largest + " bytes");
  }

  @Test
  void aCodePointIsNeverMoreThanSixBytes() throws Exception {
    for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < 0x10000 ? 1 : 0x3FF) {
      if (Character.getType(c) != Character.SURROGATE) {
        String text = Character.toString(c);
        byte[] json = Json.bytes(Json.object().textNode(text));
        assertTrue(json.length <= 2 + 6, "U+%04X is %d bytes".formatted(c, json.length));
        assertTrue(
            c < 0x20 || c == 0xFFFE || c == 0xFFFF || json.length <= 2 + 4,
            "U+%04X is %d bytes".formatted(c, json.length));
        assertEquals(text, Json.MAPPER.readTree(json).textValue());
      }
    }
  }

  @Test
  void whatHistoryCouldNotShowIsNoEvent() {
    Message foreign =
        new Message(ROOM, Timestamp.MIN, "i", ADA, "x".repeat(Reply.PAGE_BYTES_MAX), null);

    assertTrue(Reply.size(foreign) > Reply.PAGE_BYTES_MAX);
    assertThrows(IllegalArgumentException.class, () -> Event.message(foreign, null));
  }
}
