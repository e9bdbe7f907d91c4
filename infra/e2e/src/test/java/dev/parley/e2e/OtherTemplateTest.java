package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.client.TextSocket;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A class of its own: a JVM has one X-Ray recorder, so two clouds at a time would share their
/// traces.
class OtherTemplateTest {
  @Test
  void whatTheTemplateDoesNotSayTheLocalCloudDoesNotDo(@TempDir Path folder) throws Exception {
    String template = Files.readString(TestCloud.TEMPLATE);
    Path other = folder.resolve("template.yaml");
    Files.writeString(other, template.replace("      RouteKey: ping\n", "      RouteKey: pong\n"));
    try (LocalCloud changed =
            TestCloud.start(
                other,
                Map.of("StageName", "test", "MessageBurstMs", "0", "MessageCostMs", "60000"));
        TestClient ada = TestClient.connect(changed.webSocketUrl(), "?name=Ada")) {
      assertTrue(changed.webSocketUrl().getPath().endsWith("/test"));
      assertEquals("unknown_action", ada.request("ping", "").path("code").asText());
      assertEquals("pong", ada.request("pong", "").path("type").asText());

      ada.request("sendMessage", "\"message\":\"1\"");
      JsonNode limited = ada.request("sendMessage", "\"message\":\"2\"");
      assertEquals("rate_limited", limited.path("code").asText());
      assertTrue(limited.path("retryAfterMs").asLong() > 0);
    }
  }

  @Test
  void aPageThatIsNotOfAnAllowedOriginIsRefusedByTheStackToo() throws Exception {
    Map<String, String> allowed = Map.of("AllowedOrigins", "http://localhost:3000");
    try (LocalCloud cloud = TestCloud.start(TestCloud.TEMPLATE, allowed);
        TestClient program = TestClient.connect(cloud.webSocketUrl(), "")) {
      assertEquals("pong", program.request("ping", "").path("type").asText());
      assertEquals(101, handshake(cloud, "http://localhost:3000"));
      assertEquals(403, handshake(cloud, "http://localhost:" + cloud.port()));
    }
    Map<String, String> wrong = Map.of("AllowedOrigins", "http://localhost:3000/");
    assertThrows(StartException.class, () -> TestCloud.start(TestCloud.TEMPLATE, wrong));
  }

  private static int handshake(LocalCloud cloud, String origin) {
    return TextSocket.handshake(cloud.webSocketUrl(), Map.of("Origin", origin));
  }
}
