package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.room.RoomId;
import dev.parley.table.Row;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

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
  void theRoomsOfOnesOwnCostWhatTheyTakeToRead() {
    TestConnection ada = TestConnection.of(fresh("ada"));
    for (int i = 0; i < 31; i++) {
      Map<String, AttributeValue> role =
          Map.of(
              "user", Row.s(ada.user()),
              "room_id", Row.s(RoomId.newPrivate().name()),
              "role", Row.s("member"));
      TestTables.dynamoDb().putItem(put -> put.tableName("ChatRoles").item(role));
    }
    Instant now = Instant.ofEpochMilli(Instant.now().plusSeconds(60).toEpochMilli());
    RoomsHandler dear =
        new RoomsHandler(
            TestTables.environment("RoomsFunction", Map.of("ACTION_COST_MS", "1000")),
            InstantSource.fixed(now));

    ada.send(dear, "{\"mine\":true}");

    Row own =
        new Row(
            TestTables.dynamoDb()
                .getItem(
                    get ->
                        get.tableName("ChatConnections")
                            .key(
                                Map.of(
                                    "connection_id",
                                    Row.s(ada.id().value()),
                                    "room_id",
                                    Row.s("$connection")))
                            .consistentRead(true))
                .item());
    assertEquals(now.plusSeconds(4).toEpochMilli(), own.number("allowance"));
  }

  @Test
  void aBadCursorIsRefused() {
    TestConnection ada = TestConnection.open(fresh("room"));

    assertEquals("invalid_cursor", ada.refusal(rooms, "{\"cursor\":\"no room!\"}"));
  }
}
