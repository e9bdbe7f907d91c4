package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.TestTables;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class QuitHandlerTest {
  private final QuitHandler quit =
      new QuitHandler(TestTables.environment("QuitFunction", Map.of()), InstantSource.system());
  private final String room = fresh("room");

  @Test
  void aMemberThatQuitIsNoMember() {
    String other = fresh("other");
    TestConnection ada = TestConnection.open(room, other);

    JsonNode reply = ada.send(quit, "{\"room\":\"" + room + "\",\"ref\":\"q\"}");

    assertEquals("quit", reply.path("type").asText());
    assertEquals(room, reply.path("room").asText());
    assertEquals("q", reply.path("ref").asText());
    assertEquals(Set.of(other), ada.rooms(room, other));
  }

  @Test
  void aSendAfterTheReplyIsRefused() {
    SendMessageHandler send =
        new SendMessageHandler(
            TestTables.environment("SendMessageFunction", Map.of()), InstantSource.system());
    for (int i = 0; i < 20; i++) {
      String left = fresh("left");
      TestConnection ada = TestConnection.open(left);
      String frame = "{\"room\":\"" + left + "\",\"message\":\"hello\"}";
      List<CompletableFuture<JsonNode>> underWay =
          Stream.generate(() -> CompletableFuture.supplyAsync(() -> ada.send(send, frame)))
              .limit(5)
              .toList();

      ada.send(quit, "{\"room\":\"" + left + "\"}");

      assertEquals("not_a_member", ada.refusal(send, frame));
      for (CompletableFuture<JsonNode> reply : underWay) {
        assertTrue(
            reply.join().path("type").asText().equals("sent")
                || reply.join().path("code").asText().equals("not_a_member"),
            reply.join().toString());
      }
    }
  }

  @Test
  void onlyAMemberQuits() {
    TestConnection ada = TestConnection.open(room);

    assertEquals("not_a_member", ada.refusal(quit, "{\"room\":\"" + fresh("elsewhere") + "\"}"));
    assertEquals("invalid_room", ada.refusal(quit, "{}"));

    assertTrue(ada.rooms(room).contains(room));
  }
}
