package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class JoinHandlerTest {
  private final JoinHandler join =
      new JoinHandler(
          TestTables.environment("JoinFunction", TestConnection.GENEROUS), InstantSource.system());
  private final SendMessageHandler send =
      new SendMessageHandler(
          TestTables.environment("SendMessageFunction", Map.of()), InstantSource.system());
  private final String room = fresh("room");

  @Test
  void aJoinGivesTheLatestPageAndTheClientsIdentity() {
    TestConnection ada = TestConnection.open(room);
    for (int i = 0; i < 4; i++) {
      ada.send(send, "{\"room\":\"" + room + "\",\"message\":\"m" + i + "\"}");
    }
    TestConnection bob = TestConnection.open(fresh("elsewhere"));

    JsonNode joined = bob.send(join, "{\"room\":\"" + room + "\",\"limit\":3,\"ref\":7}");

    assertEquals("joined", joined.path("type").asText());
    assertEquals(7, joined.path("ref").asInt());
    assertEquals(3, joined.path("messages").size());
    assertEquals("m1", joined.path("messages").path(0).path("message").asText());
    assertEquals("m3", joined.path("messages").path(2).path("message").asText());
    assertTrue(joined.path("more").asBoolean());
    assertTrue(joined.path("complete").asBoolean());
    assertTrue(joined.path("head").isNull(), "no fan-out runs in this test");
    assertEquals(bob.user(), joined.path("you").path("user").asText());
    assertEquals("Ada", joined.path("you").path("sender").asText());
    assertEquals(Set.of(room), bob.rooms(room));
  }

  @Test
  void aJoinWithAfterGivesTheMessagesSince() {
    TestConnection ada = TestConnection.open(room);
    long seen =
        ada.send(send, "{\"room\":\"" + room + "\",\"message\":\"seen\"}")
            .path("timestamp")
            .asLong();
    ada.send(send, "{\"room\":\"" + room + "\",\"message\":\"missed\"}");

    JsonNode joined = ada.send(join, "{\"room\":\"" + room + "\",\"after\":" + seen + "}");

    assertEquals(1, joined.path("messages").size());
    assertEquals("missed", joined.path("messages").path(0).path("message").asText());
    assertFalse(joined.path("more").asBoolean());
  }

  @Test
  void aRefusedJoinChangesNothing() {
    TestConnection ada = TestConnection.open(fresh("elsewhere"));

    assertEquals("invalid_room", ada.refusal(join, "{}"));
    assertEquals("invalid_room", ada.refusal(join, "{\"room\":\"a b\"}"));
    assertEquals("invalid_limit", ada.refusal(join, "{\"room\":\"" + room + "\",\"limit\":0}"));
    assertEquals("invalid_after", ada.refusal(join, "{\"room\":\"" + room + "\",\"after\":\"x\"}"));
    assertEquals("invalid_range", ada.refusal(join, "{\"room\":\"" + room + "\",\"before\":9}"));

    assertTrue(ada.rooms(room).isEmpty());
  }

  @Test
  void aRefusedJoinMakesNoRoom() {
    TestConnection ghost = TestConnection.closed();

    ghost.refusal(join, "{\"room\":\"" + room + "\"}");

    assertNull(
        new RoomTable(TestTables.dynamoDb(), TestTables.settings())
            .get(new RoomId(room))
            .createdAt());
  }

  @Test
  void a51stRoomIsRefused() {
    TestConnection ada = TestConnection.open(fresh("r"));
    for (int i = 1; i < Limits.ROOMS_PER_CONNECTION_MAX; i++) {
      ada.send(join, "{\"room\":\"" + fresh("r") + "\"}");
    }

    assertEquals("too_many_rooms", ada.refusal(join, "{\"room\":\"" + room + "\"}"));

    assertTrue(ada.rooms(room).isEmpty());
  }

  @Test
  void aConnectionThatIsBeingClosedJoinsNothing() {
    TestConnection ghost = TestConnection.closed();

    assertEquals("not_connected", ghost.refusal(join, "{\"room\":\"" + room + "\"}"));

    assertTrue(ghost.rooms(room).isEmpty());
  }
}
