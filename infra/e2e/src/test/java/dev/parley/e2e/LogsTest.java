package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.local.LocalCloud;
import java.io.StringWriter;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.layout.template.json.JsonTemplateLayout;
import org.junit.jupiter.api.Test;

class LogsTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static final String TEXT = "between you and me";

  @Test
  void aSendIsLoggedWithItsKeysAndNeverWithItsText() throws Exception {
    StringWriter written = new StringWriter();
    LoggerContext log = LoggerContext.getContext(false);
    WriterAppender appender =
        WriterAppender.createAppender(
            JsonTemplateLayout.newBuilder()
                .setConfiguration(log.getConfiguration())
                .setEventTemplateUri("classpath:LambdaJsonLayout.json")
                .build(),
            null,
            written,
            "test",
            false,
            true);
    appender.start();
    Configurator.setLevel("dev.parley", Level.DEBUG);
    log.getConfiguration().getRootLogger().addAppender(appender, Level.DEBUG, null);
    String id;
    try (LocalCloud cloud = TestCloud.start();
        TestClient ada =
            TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=logs&guest=" + SECRET)) {
      id =
          ada.request("sendMessage", "\"room\":\"logs\",\"message\":\"" + TEXT + "\"")
              .path("id")
              .asText();
      ada.awaitMessage(TEXT);
      ada.request("sendMessage", "\"room\":\"not-mine\",\"message\":\"" + TEXT + "\"");
    } finally {
      log.getConfiguration().getRootLogger().removeAppender("test");
      Configurator.setLevel("dev.parley", Level.WARN);
    }

    assertFalse(written.toString().contains(TEXT), "a message's text was logged");
    assertFalse(written.toString().contains(SECRET), "a guest's secret was logged");
    JsonNode sent = line(written.toString(), "SendMessageFunction", "sent");
    assertEquals(id, sent.path("message_id").asText());
    assertEquals("logs", sent.path("room").asText());
    assertFalse(sent.path("connection_id").asText().isEmpty());
    JsonNode pushed = line(written.toString(), "FanoutFunction", "1 events to 1 connections");
    assertEquals("logs", pushed.path("room").asText());
    assertTrue(pushed.path("message").asText().contains("1 delivered"), pushed.toString());
  }

  private static JsonNode line(String log, String function, String message) throws Exception {
    for (String line : log.lines().toList()) {
      JsonNode json = new ObjectMapper().readTree(line);
      if (json.path("function_name").asText().equals(function)
          && json.path("message").asText().startsWith(message)) {
        return json;
      }
    }
    throw new AssertionError("no such line in\n" + log);
  }
}
