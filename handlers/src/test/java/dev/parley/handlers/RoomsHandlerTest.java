package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RoomsHandlerTest {
  private final RoomsHandler rooms =
      new RoomsHandler(TestTables.environment("RoomsFunction", Map.of()), InstantSource.system());

  @Test
  void everyRoomThatWasJoinedIsListedOnce() {
    String first = fresh("first");
    String second = fresh("second");
    TestConnection ada = TestConnection.open(first, second);

    Set<String> listed = new HashSet<>();
    String cursor = "";
    do {
      JsonNode page = ada.send(rooms, "{\"action\":\"rooms\"" + cursor + "}");
      assertEquals("rooms", page.path("type").asText());
      page.path("rooms").forEach(room -> assertTrue(listed.add(room.path("room").asText())));
      cursor = page.path("cursor").isNull() ? "" : ",\"cursor\":" + page.path("cursor");
    } while (!cursor.isEmpty());

    assertTrue(listed.containsAll(Set.of(first, second)));
  }

  @Test
  void aBadCursorIsRefused() {
    TestConnection ada = TestConnection.open(fresh("room"));

    assertEquals("invalid_cursor", ada.refusal(rooms, "{\"cursor\":\"no room!\"}"));
  }
}
