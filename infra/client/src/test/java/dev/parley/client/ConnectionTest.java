package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConnectionTest {
  private final List<JsonNode> events = new ArrayList<>();
  private final Connection connection =
      new Connection(URI.create("ws://127.0.0.1:1/"), events::add);

  @Test
  void aMalformedEventDoesNotAffectTheOthersOfItsFrame() {
    connection.text(
        "[null, 5, \"x\", [], [[{\"type\": \"odd\"}]], {}, {\"type\": 7}, {\"type\": \"a\"}]");
    for (String frame : List.of("", "{", "null", "5", "[]", "\"x\"", "[".repeat(100_000))) {
      connection.text(frame);
    }
    connection.text("{\"type\": \"b\", \"ref\": {}}");

    assertEquals(List.of("a", "b"), events.stream().map(e -> e.path("type").asText()).toList());
  }

  @Test
  void aMessageWithAMalformedFieldIsIgnored() {
    connection.text(
        """
        [{"type": "message", "timestamp": 5, "id": "i", "user": "u", "sender": "S", "message": "m"},
         {"type": "message", "timestamp": 5, "id": "i", "user": "u", "message": "m"},
         {"type": "message", "timestamp": "5", "id": "i", "user": "u", "sender": "S", "message": "m"},
         {"type": "message", "timestamp": 5, "id": [], "user": "u", "sender": "S", "message": "m"}]
        """);

    assertNotNull(Message.ofFrame(events.removeFirst()));
    events.forEach(odd -> assertNull(Message.ofFrame(odd), odd.toString()));
  }

  @Test
  void aPauseThatTheServerAsksForIsBounded() {
    assertEquals(700, new Unanswered(700, false).retryAfterMs());
    assertEquals(60_000, new Unanswered(4_530_348, true).retryAfterMs());
    assertEquals(0, new Unanswered(-1, true).retryAfterMs());
  }
}
