package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import dev.parley.connection.Framing;
import dev.parley.connection.Slot;
import dev.parley.room.Room;
import dev.parley.room.RoomId;
import dev.parley.room.RoomTable;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// Nothing that a client is told tells anybody's place among a room's members.
class SlotSecrecyTest {
  private static final int MEMBERS = 180;

  private final String room = fresh("room");
  private final List<TestConnection> crowd = new ArrayList<>();

  @Test
  void noReplyTellsASlotOrTheSaltAndEachPageIsInTheOrderOfIds() {
    for (int i = 0; i < MEMBERS; i++) {
      crowd.add(TestConnection.open(fresh("guest:u"), "Somebody", room));
    }
    Room stored = new RoomTable(TestTables.dynamoDb(), TestTables.settings()).get(new RoomId(room));
    String salt = Objects.requireNonNull(stored.salt());
    TestConnection ada = crowd.getFirst();

    List<String> told = new ArrayList<>();
    List<List<String>> pages = new ArrayList<>();
    MembersHandler members =
        new MembersHandler(environment("MembersFunction"), InstantSource.system());
    String cursor = "";
    do {
      JsonNode page = ada.send(members, "{\"room\":\"" + room + "\"" + cursor + "}");
      told.add(page.toString());
      List<String> users = new ArrayList<>();
      page.path("members").forEach(member -> users.add(member.path("user").asText()));
      pages.add(users);
      cursor = page.path("cursor").isNull() ? "" : ",\"cursor\":" + page.path("cursor");
    } while (!cursor.isEmpty());
    told.add(
        ada.send(
                new JoinHandler(environment("JoinFunction"), InstantSource.system()),
                "{\"room\":\"" + room + "\"}")
            .toString());
    told.add(
        ada.send(
                new PingHandler(environment("PingFunction"), InstantSource.system()),
                "{\"rooms\":[\"" + room + "\"]}")
            .toString());
    told.add(
        ada.send(
                new HistoryHandler(environment("HistoryFunction"), InstantSource.system()),
                "{\"room\":\"" + room + "\"}")
            .toString());

    for (TestConnection member : crowd) {
      String hash = Slot.of(salt, member.user(), member.id(), Framing.SINGLE).hash();
      for (String reply : told) {
        // Ids of users have hex digits too; the hash is none of them.
        assertFalse(reply.contains("\"" + hash), reply);
        assertFalse(reply.contains(salt), reply);
      }
    }
    assertTrue(pages.size() >= 4);
    for (List<String> users : pages) {
      assertEquals(users.stream().sorted().toList(), users);
    }
  }

  private static Map<String, String> environment(String function) {
    return TestTables.environment(function, Map.of());
  }
}
