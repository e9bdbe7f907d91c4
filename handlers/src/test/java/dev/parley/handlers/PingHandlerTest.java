package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import dev.parley.room.Timestamp;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PingHandlerTest {
  private final PingHandler ping =
      new PingHandler(TestTables.environment("PingFunction", Map.of()), InstantSource.system());

  @Test
  void aPingTellsTheHeadsOfTheClientsRooms() {
    String busy = fresh("busy");
    String silent = fresh("silent");
    String foreign = fresh("foreign");
    TestConnection ada = TestConnection.open(busy, silent);
    TestConnection.open(foreign);
    RoomTable rooms = new RoomTable(TestTables.dynamoDb(), TestTables.settings());
    RoomId id = new RoomId(busy);
    rooms.advance(rooms.get(id), new Room(id, new Timestamp(42), "100", null, null), Instant.now());

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
    Duration off =
        Duration.between(new Timestamp(pong.path("time").asLong()).instant(), Instant.now());
    assertTrue(off.abs().toSeconds() < 60, "off by " + off);
  }

  @Test
  void theTimeIsThatOfTheFunctionsOwnClock() {
    PingHandler late =
        new PingHandler(
            TestTables.environment("PingFunction", Map.of()),
            InstantSource.offset(InstantSource.system(), Duration.ofMinutes(-1)));
    TestConnection ada = TestConnection.open(fresh("room"));

    Timestamp before = Timestamp.of(Instant.now());
    long time = ada.send(late, "{}").path("time").asLong();
    Timestamp told = Timestamp.of(new Timestamp(time).instant().plus(Duration.ofMinutes(1)));

    assertFalse(told.isBefore(before), before + " " + told);
    assertFalse(Timestamp.of(Instant.now()).isBefore(told), before + " " + told);
  }

  @Test
  void aPingWithoutRoomsIsAnsweredToo() {
    TestConnection ada = TestConnection.open(fresh("room"));

    assertEquals(0, ada.send(ping, "{\"action\":\"ping\"}").path("rooms").size());
    assertEquals("invalid_rooms", ada.refusal(ping, "{\"rooms\":{}}"));
  }
}
