package dev.parley.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PageTest {
  private static final String GOOD =
      """
      {"timestamp": 5, "id": "i", "user": "u", "sender": "S", "message": "m"}\
      """;

  @Test
  void aMalformedEntryDoesNotAffectTheOthersOfItsPage() throws JsonProcessingException {
    Page page =
        page(
            """
            {"messages": [null, 5, [], [%1$s], {}, {"timestamp": "7"}, {"timestamp": -1},
              {"timestamp": 9007199254740992}, {"timestamp": 1.5}, %1$s,
              {"timestamp": 6, "unreadable": true}, {"timestamp": 7, "message": "m"},
              {"timestamp": 8, "id": "i", "user": "u", "sender": null, "message": "m"},
              {"timestamp": 9, "id": "i", "user": [], "sender": "S", "message": {}}],
             "more": true, "complete": false, "head": 5}
            """
                .formatted(GOOD));

    assertEquals(List.of(5L, 6L, 7L, 8L, 9L), page.timestamps());
    assertEquals(Set.of(6L, 7L, 8L, 9L), page.unreadable());
    assertEquals(List.of(new Message(5, "i", "u", "S", "m")), page.messages());
    assertTrue(page.more());
    assertFalse(page.complete());
    assertEquals(5, page.head());
  }

  @Test
  void aMalformedPageCountsAsEmpty() throws JsonProcessingException {
    for (String reply : List.of("{}", "[]", "5", "{\"messages\": 5, \"head\": \"x\"}")) {
      Page page = page(reply);

      assertTrue(page.isEmpty(), reply);
      assertFalse(page.more());
      assertTrue(page.complete(), "nothing is taken from the screen");
      assertNull(page.head());
    }
  }

  private static Page page(String json) throws JsonProcessingException {
    JsonNode reply = Connection.JSON.readTree(json);
    return Page.of(reply);
  }
}
