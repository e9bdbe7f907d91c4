package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.Limits;
import dev.parley.TestTables;
import dev.parley.table.Row;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class MembersHandlerTest {
  private final MembersHandler members =
      new MembersHandler(
          TestTables.environment("MembersFunction", Map.of()), InstantSource.system());
  private final String room = fresh("room");

  @Test
  void allUsersAreListedOnceHoweverLongTheirNamesAndNoConnectionIdIsTold() {
    Set<String> expected = new HashSet<>();
    String longest = "\ud83d\ude00".repeat(Limits.SENDER_CHARACTERS_MAX);
    TestConnection ada = TestConnection.open(room);
    expected.add(ada.user());
    for (int i = 0; i < Limits.PAGE_MEMBERS_MAX + 3; i++) {
      String user = "\"".repeat(Limits.USER_CHARACTERS_MAX - 2) + (i + 10);
      expected.add(TestConnection.open(user, longest, room).user());
    }

    Set<String> listed = new HashSet<>();
    String cursor = "";
    int pages = 0;
    do {
      JsonNode page = ada.send(members, "{\"room\":\"" + room + "\"" + cursor + "}");
      assertTrue(!page.toString().contains(ada.id().value()), page.toString());
      page.path("members").forEach(m -> assertTrue(listed.add(m.path("user").asText())));
      cursor = page.path("cursor").isNull() ? "" : ",\"cursor\":" + page.path("cursor");
      pages++;
    } while (!cursor.isEmpty());

    assertEquals(expected, listed);
    assertEquals(2, pages);
  }

  @Test
  void aUserIsListedOnceWithTheNewestNameAndTheNumberOfConnections() {
    TestConnection ada = TestConnection.open("guest:" + room, "Ada", room);
    TestConnection.open(ada.user(), "Ada L.", room);

    JsonNode page = ada.send(members, "{\"room\":\"" + room + "\"}");

    assertEquals(
        "[{\"user\":\"%s\",\"sender\":\"Ada L.\",\"connections\":2}]".formatted(ada.user()),
        page.path("members").toString());
    assertTrue(page.path("cursor").isNull());
  }

  @Test
  void aNameStoredUnderEarlierRulesIsCleaned() {
    TestConnection ada = TestConnection.open(room);
    TestTables.dynamoDb()
        .updateItem(
            update ->
                update
                    .tableName("ChatConnections")
                    .key(Map.of("connection_id", Row.s(ada.id().value()), "room_id", Row.s(room)))
                    .updateExpression("SET sender = :name")
                    .expressionAttributeValues(Map.of(":name", Row.s("\u202eAda\u3164"))));

    JsonNode page = ada.send(members, "{\"room\":\"" + room + "\"}");

    assertEquals("Ada", page.path("members").path(0).path("sender").asText());
  }

  @Test
  void aNonmemberAndABadCursorAreRefused() {
    TestConnection ada = TestConnection.open(room);

    assertEquals("not_a_member", ada.refusal(members, "{\"room\":\"" + fresh("elsewhere") + "\"}"));
    assertEquals(
        "invalid_cursor", ada.refusal(members, "{\"room\":\"" + room + "\",\"cursor\":\"zz\"}"));
  }
}
