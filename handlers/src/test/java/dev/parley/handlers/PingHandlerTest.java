package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.message.MessageTable;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PingHandlerTest {
  private final PingHandler ping =
      new PingHandler(TestTables.environment("PingFunction", Map.of()), InstantSource.system());

  @Test
  void aPingTellsTheHeadsOfTheRoomsThatOneIsIn() {
    String busy = fresh("busy");
    String silent = fresh("silent");
    String foreign = fresh("foreign");
    TestConnection ada = TestConnection.open(busy, silent);
    TestConnection.open(foreign);
    RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
    RoomId id = new RoomId(busy);
    rooms.advance(rooms.get(id), new Room(id, 42L, "100", null, null));

    JsonNode pong =
        ada.send(
            ping,
            "{\"ref\":\"p\",\"rooms\":[\"%s\",\"%s\",\"%s\"]}".formatted(busy, silent, foreign));

    assertEquals("pong", pong.path("type").asText());
    assertEquals("p", pong.path("ref").asText());
    assertEquals(42, pong.path("rooms").path(busy).asLong());
    assertEquals(0, pong.path("rooms").path(silent).asLong(-1));
    assertTrue(pong.path("rooms").path(foreign).isNull());
    assertEquals(ada.user(), pong.path("you").path("user").asText());
    assertTrue(
        Math.abs(pong.path("time").asLong() - MessageTable.micros(Instant.now())) < 60_000_000);
  }

  @Test
  void theTimeIsThatOfTheFunctionsOwnClock() {
    PingHandler late =
        new PingHandler(
            TestTables.environment("PingFunction", Map.of()),
            InstantSource.offset(InstantSource.system(), Duration.ofMinutes(-1)));
    TestConnection ada = TestConnection.open(fresh("room"));

    long before = MessageTable.micros(Instant.now());
    long told = ada.send(late, "{}").path("time").asLong() + 60_000_000;

    assertTrue(before <= told && told <= MessageTable.micros(Instant.now()), before + " " + told);
  }

  @Test
  void aPingWithoutRoomsIsAnsweredToo() {
    TestConnection ada = TestConnection.open(fresh("room"));

    assertEquals(0, ada.send(ping, "{\"action\":\"ping\"}").path("rooms").size());
    assertEquals("invalid_rooms", ada.refusal(ping, "{\"rooms\":{}}"));
  }
}
