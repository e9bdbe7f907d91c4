package dev.parley.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

/// What [Units] counts of an action that can be reckoned by hand.
final class UnitsTest {
  @Test
  void aPingIsAFrameItsReplyAnInvocationAWriteAndTwoStrongReads() throws Exception {
    try (Cloud cloud = Cloud.metered(50);
        Speaker speaker =
            Speaker.connect(cloud.webSocketUrl(), "0123456789abcdef0123456789abcdef", "lobby")) {
      Usage before = new Usage(Map.of());
      while (!cloud.usage().equals(before)) { // whoever comes in is told
        before = cloud.usage();
        Thread.sleep(3_000);
      }
      speaker.request("{'action': 'ping', 'rooms': ['lobby']}");
      Usage ping = cloud.usage().since(before);

      assertEquals(Map.of("received", 1.0, "replied", 1.0), ping.by("messages"));
      assertEquals(Map.of("PingFunction", 1.0), ping.by("invocations"));
      assertEquals(Map.of("ChatConnections", 1.0, "ChatRooms", 1.0), ping.by("readUnits"));
      assertEquals(Map.of("ChatConnections", 1.0), ping.by("writeUnits"));
      assertEquals(Map.of(), ping.by("queueRequests"));
    }
  }
}
