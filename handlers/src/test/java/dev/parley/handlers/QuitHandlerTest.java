package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class QuitHandlerTest {
  private final QuitHandler quit =
      new QuitHandler(TestTables.environment("QuitFunction", Map.of()));
  private final String room = fresh("room");

  @Test
  void whoQuitsIsNoMemberAnyMore() {
    String other = fresh("other");
    TestConnection ada = TestConnection.open(room, other);

    JsonNode reply = ada.send(quit, "{\"room\":\"" + room + "\",\"ref\":\"q\"}");

    assertEquals("quit", reply.path("type").asText());
    assertEquals(room, reply.path("room").asText());
    assertEquals("q", reply.path("ref").asText());
    assertEquals(Set.of(other), ada.rooms(room, other));
  }

  @Test
  void whoIsNotThereCannotQuit() {
    TestConnection ada = TestConnection.open(room);

    assertEquals("not_a_member", ada.refusal(quit, "{\"room\":\"" + fresh("elsewhere") + "\"}"));
    assertEquals("invalid_room", ada.refusal(quit, "{}"));

    assertTrue(ada.rooms(room).contains(room));
  }
}
