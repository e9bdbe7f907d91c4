package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.parley.Extremes;
import dev.parley.local.LocalCloud;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// A room of several segments: through the queue and the Push function to everybody.
class LargeRoomTest {
  @Test
  void everyMemberOfALargeRoomGetsEveryMessageOnceAndInOrder() throws Exception {
    try (LocalCloud cloud =
        TestCloud.start(TestCloud.TEMPLATE, Map.of("SegmentSize", "2", "MessageCostMs", "1"))) {
      List<TestClient> members = new ArrayList<>();
      for (int i = 0; i < 9; i++) {
        members.add(TestClient.connect(cloud.webSocketUrl(), "?name=M" + i + "&rooms=arena"));
      }
      Random random = new Random(4);
      List<Long> sent = new ArrayList<>();
      List<String> texts = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        String text = i % 10 == 5 ? Extremes.message(random) : "m" + i;
        JsonNode reply =
            members
                .get(i % members.size())
                .request("sendMessage", "\"room\":\"arena\",\"message\":" + TextNode.valueOf(text));
        sent.add(reply.path("timestamp").asLong());
        texts.add(text);
      }

      for (TestClient member : members) {
        member.awaitMessage("m99");
        assertEquals(
            sent,
            member.messages("arena").stream().map(m -> m.path("timestamp").asLong()).toList());
        assertEquals(
            texts, member.messages("arena").stream().map(m -> m.path("message").asText()).toList());
        member.close();
      }
      assertEquals(Map.of(), cloud.traces().refused());
    }
  }
}
