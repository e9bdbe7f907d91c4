package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
      List<Long> sent = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        JsonNode reply =
            members
                .get(i % members.size())
                .request("sendMessage", "\"room\":\"arena\",\"message\":\"m" + i + "\"");
        sent.add(reply.path("timestamp").asLong());
      }

      for (TestClient member : members) {
        member.awaitMessage("m99");
        assertEquals(
            sent,
            member.messages("arena").stream().map(m -> m.path("timestamp").asLong()).toList());
        member.close();
      }
    }
  }
}
