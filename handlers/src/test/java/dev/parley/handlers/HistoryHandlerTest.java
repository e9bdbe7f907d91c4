package dev.parley.handlers;

import static dev.parley.TestTables.fresh;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.Extremes;
import dev.parley.Limits;
import dev.parley.TestTables;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class HistoryHandlerTest {
  private final HistoryHandler history =
      new HistoryHandler(
          TestTables.environment("HistoryFunction", Map.of()), InstantSource.system());
  private final SendMessageHandler send =
      new SendMessageHandler(
          TestTables.environment("SendMessageFunction", Map.of("MESSAGE_COST_MS", "1")),
          InstantSource.system());
  private final String room = fresh("room");
  private final TestConnection ada = TestConnection.open(room);

  @Test
  void beforeAndAfterPageThroughTheWholeHistory() {
    List<Long> written = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      written.add(say("m" + i));
    }

    List<Long> backward = new ArrayList<>();
    String where = "";
    JsonNode page;
    do {
      page = ask(where + "\"limit\":5");
      List<Long> timestamps = timestamps(page);
      Collections.reverse(timestamps);
      backward.addAll(timestamps);
      where = "\"before\":" + backward.getLast() + ",";
    } while (page.path("more").asBoolean());
    Collections.reverse(backward);
    assertEquals(written, backward);

    List<Long> forward = new ArrayList<>(List.of(0L));
    do {
      page = ask("\"after\":" + forward.getLast() + ",\"limit\":5");
      forward.addAll(timestamps(page));
    } while (page.path("more").asBoolean());
    assertEquals(written, forward.subList(1, forward.size()));
  }

  /// The largest messages, with the longest names, ids and refs. [TestConnection#send] checks that
  /// each page is one frame.
  @Test
  void whateverIsAcceptedIsInExactlyOnePageInBothDirections() {
    ObjectMapper json = new ObjectMapper();
    for (long seed = 0; seed < 3; seed++) {
      Random random = new Random(seed);
      String longest = Extremes.id(fresh("room"));
      TestConnection eve =
          TestConnection.open("guest:" + "\"".repeat(122), Extremes.name(random), longest);
      Map<Long, String> said = new TreeMap<>();
      for (int i = 0; i < 12; i++) {
        String text = Extremes.message(random);
        ObjectNode frame = json.createObjectNode().put("room", longest).put("message", text);
        frame.put("id", Extremes.id("i" + i + "-")).put("sender", Extremes.name(random));
        JsonNode reply = eve.send(send, frame.toString());
        assertEquals("sent", reply.path("type").asText(), "seed " + seed + ": " + reply);
        said.put(reply.path("timestamp").asLong(), text);
      }

      for (int limit : new int[] {1, 2, 100}) {
        for (String direction : List.of("before", "after")) {
          Map<Long, String> read = new TreeMap<>();
          long bound = direction.equals("before") ? Limits.NUMBER_MAX : 0;
          JsonNode page;
          do {
            ObjectNode frame = json.createObjectNode().put("room", longest).put("limit", limit);
            frame.put(direction, bound).put("ref", Extremes.ref(random));
            page = eve.send(history, frame.toString());
            assertTrue(page.path("messages").size() > 0, "seed " + seed);
            for (JsonNode m : page.path("messages")) {
              String text = m.path("message").asText();
              assertNull(read.put(m.path("timestamp").asLong(), text), "seed " + seed);
            }
            List<Long> timestamps = timestamps(page);
            bound = direction.equals("before") ? timestamps.getFirst() : timestamps.getLast();
          } while (page.path("more").asBoolean());
          assertEquals(said, read, "seed " + seed + ", limit " + limit + ", " + direction);
        }
      }
    }
  }

  @Test
  void aPageIsOneFrameHoweverLongTheMessages() {
    for (int i = 0; i < 12; i++) {
      say("\\u00e4".repeat(4_000));
    }

    JsonNode page = ask("\"limit\":100,\"ref\":\"" + "r".repeat(64) + "\"");

    assertTrue(page.path("more").asBoolean());
    assertTrue(page.path("messages").size() >= 3);
  }

  @Test
  void onlyAMemberReadsTheHistory() {
    say("secret");
    TestConnection stranger = TestConnection.open(fresh("elsewhere"));

    assertEquals("not_a_member", stranger.refusal(history, "{\"room\":\"" + room + "\"}"));
  }

  @Test
  void badRangesAreRefused() {
    assertEquals("invalid_range", refusal("\"before\":5,\"after\":3"));
    assertEquals("invalid_before", refusal("\"before\":\"yesterday\""));
    assertEquals("invalid_after", refusal("\"after\":-1"));
    assertEquals("invalid_limit", refusal("\"limit\":1000"));
  }

  private long say(String text) {
    return ada.send(send, "{\"room\":\"" + room + "\",\"message\":\"" + text + "\"}")
        .path("timestamp")
        .asLong();
  }

  private JsonNode ask(String fields) {
    JsonNode page = ada.send(history, "{\"room\":\"" + room + "\"," + fields + "}");
    assertEquals("history", page.path("type").asText(), page.toString());
    return page;
  }

  private String refusal(String fields) {
    return ada.refusal(history, "{\"room\":\"" + room + "\"," + fields + "}");
  }

  private static List<Long> timestamps(JsonNode page) {
    List<Long> timestamps = new ArrayList<>();
    page.path("messages").forEach(m -> timestamps.add(m.path("timestamp").asLong()));
    return timestamps;
  }
}
