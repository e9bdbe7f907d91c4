package dev.parley.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.local.LocalCloud;
import dev.parley.local.template.Template;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.appender.WriterAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.layout.template.json.JsonTemplateLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;

@ResourceLock(Together.LOG)
class LogsTest {
  private static final String SECRET = "q1Zk8-3nXb_0RtYw7LmPaS";
  private static final String TEXT = "between you and me";
  private static final String TRIED_AGAIN = "1 events to 2 connections: 0 delivered";

  @Test
  void aMessageIsFoundByItsIdOnItsWholeWay() throws Exception {
    StringWriter written = new StringWriter();
    String id;
    try (Logged _ = new Logged(written);
        LocalCloud cloud = TestCloud.start(TestCloud.TEMPLATE, Map.of("SegmentSize", "2"));
        TestClient ada =
            TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=logs&guest=" + SECRET);
        TestClient _ = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=logs,many")) {
      id =
          ada.request("sendMessage", "\"room\":\"logs\",\"message\":\"" + TEXT + "\"")
              .path("id")
              .asText();
      ada.awaitMessage(TEXT);
      ada.await(event -> event.path("type").asText().equals("presence"));
      ada.request("join", "\"room\":\"many\"");
      try (TestClient _ = TestClient.connect(cloud.webSocketUrl(), "?name=Cid&rooms=many")) {
        ada.request(
            "sendMessage", "\"room\":\"many\",\"id\":\"mine\",\"message\":\"" + TEXT + "!\"");
        ada.awaitMessage(TEXT + "!");
      }
      cloud
          .faults()
          .throttle(
              Set.of(TestCloud.connectionOf(cloud, "Ada"), TestCloud.connectionOf(cloud, "Ben")));
      ada.request("sendMessage", "\"room\":\"logs\",\"id\":\"tried-again\",\"message\":\"x\"");
      until(
          () ->
              lines(written, "RetryFunction", TRIED_AGAIN)
                  .anyMatch(line -> line.path("message_id").asText().equals("tried-again")),
          written::toString);
      ada.request(
          "sendMessage", "\"room\":\"not-mine\",\"id\":\"refused\",\"message\":\"" + TEXT + "\"");
    }

    String log = written.toString();
    assertFalse(log.contains(TEXT), "a message's text was logged");
    assertFalse(log.contains(SECRET), "a guest's secret was logged");
    JsonNode sent = line(log, "SendMessageFunction", "sent", "logs", id);
    assertFalse(sent.path("connection_id").asText().isEmpty());
    JsonNode pushed = line(log, "FanoutFunction", "1 events to 2 connections", "logs", id);
    assertTrue(pushed.path("message").asText().contains("2 delivered"), pushed.toString());
    line(log, "FanoutFunction", "1 events to \\d segments", "many", "mine");
    line(log, "PushFunction", "1 events to ", "many", "mine");
    line(log, "RetryFunction", TRIED_AGAIN, "logs", "tried-again");
    line(log, "SendMessageFunction", "error not_a_member", "not-mine", "refused");
    JsonNode presence = line(log, "PresenceFunction", "\\d events to ");
    assertFalse(presence.path("room").asText().isEmpty(), presence.toString());
    assertFalse(presence.has("message_id"), presence.toString());
  }

  /// Good or bad, and however it is shown.
  @Test
  void noTokenIsLogged() throws Exception {
    StringWriter written = new StringWriter();
    List<String> shown = new ArrayList<>();
    try (Logged _ = new Logged(written);
        LocalCloud cloud =
            LocalCloud.start(TestCloud.options(TestCloud.TEMPLATE, Map.of()).withIssuer(true))) {
      for (int i = 0; i < 6; i++) {
        shown.add(LocalTokens.of(cloud, "ada", 600 + i, ""));
      }
      String forged = shown.get(4).substring(0, shown.get(4).length() - 4) + "AAAA";
      shown.add(forged);
      try (TestClient ada = TestClient.connect(cloud.webSocketUrl(), "?rooms=logs", shown.get(0));
          TestClient _ =
              TestClient.connect(cloud.webSocketUrl(), "?rooms=logs&token=" + shown.get(1))) {
        ada.request("auth", "\"token\":\"" + shown.get(2) + "\"");
        ada.request("auth", "\"token\":\"" + forged + "\"");
        ada.request("dance", "\"token\":\"" + shown.get(3) + "\"");
      }
      TestClient.refusal(cloud.webSocketUrl(), "?token=" + forged);
      TestClient.refusal(cloud.webSocketUrl(), "?token=%s&rooms=a%%20b".formatted(shown.get(5)));
    }

    String log = written.toString();
    line(log, "AuthorizerFunction", "refused: the token has a wrong signature");
    line(log, "AuthFunction", "authenticated");
    line(log, "ConnectFunction", "refused: ");
    for (String token : shown) {
      for (String part : token.split("\\.", -1)) {
        // All headers are alike; a signature or claims are somebody's.
        assertFalse(log.contains(part.substring(part.length() / 2)), "a token was logged");
      }
    }
  }

  /// As `mvn` runs it and at the most talkative level, with everything that any part prints. Pushes
  /// fail, so that all functions have something to say.
  @Test
  void noTextAndNoSecretIsPrintedAtAnyLevelByAnyFunction(@TempDir Path data) throws Exception {
    String weak = "weak-secret";
    // Two members are a large room, which the Push function pushes to; Ada alone is a small one.
    Path segmenting =
        Files.writeString(
            data.resolve("template.yaml"),
            Files.readString(TestCloud.TEMPLATE).replace("Default: 400\n", "Default: 1\n"));
    try (CloudProcess cloud = new CloudProcess(data.resolve("data"))) {
      startTalkative(cloud, segmenting, "queue.duplicated=0.2");
      assertEquals(401, TestClient.refusal(cloud.webSocketUrl(), "?guest=" + weak));
      assertEquals(400, TestClient.refusal(cloud.webSocketUrl(), "?rooms=a%20b&guest=" + SECRET));
      String many =
          IntStream.range(0, 11).mapToObj(i -> "room" + i).collect(Collectors.joining(","));
      TestClient.connect(cloud.webSocketUrl(), "?name=Zoe&rooms=" + many + "&guest=" + SECRET)
          .close();
      try (TestClient ada =
          TestClient.connect(cloud.webSocketUrl(), "?name=Ada&rooms=logs,alone&guest=" + SECRET)) {
        try (TestClient _ = TestClient.connect(cloud.webSocketUrl(), "?name=Ben&rooms=logs")) {
          until(
              () ->
                  cloud.output().stream()
                      .filter(line -> line.contains("PresenceFunction"))
                      .anyMatch(line -> line.contains("events to 2 connections")),
              () -> "nobody is told that Ben has come");
          for (int i = 0; i < 20; i++) {
            ada.request("sendMessage", "\"room\":\"logs\",\"message\":\"" + TEXT + "\"");
            ada.request("sendMessage", "\"room\":\"alone\",\"message\":\"" + TEXT + "\"");
          }
        } // that he has left is told 15 s later
        ada.request("sendMessage", "\"room\":\"no\",\"message\":\"" + TEXT + "\"");
        ada.request("sendMessage", "\"room\":7,\"message\":\"" + TEXT + "\"");
        ada.send(TEXT);
        ada.request("history", "\"room\":\"logs\"");
        ada.request("join", "\"room\":\"more\"");
        ada.request("quit", "\"room\":\"more\"");
        JsonNode said =
            ada.request("sendMessage", "\"room\":\"logs\",\"message\":\"" + TEXT + "\"");
        ada.request(
            "report",
            "\"room\":\"logs\",\"why\":\"%s\",\"timestamp\":%d"
                .formatted(TEXT, said.path("timestamp").asLong()));
        ada.request("auth", "\"token\":\"" + SECRET + "\"");
        ada.request("createRoom", "\"title\":\"" + TEXT + "\"");
        ada.request("members", "\"room\":\"logs\"");
        ada.request("rooms", "");
        ada.request("ping", "\"rooms\":[\"logs\"]");
        Set<String> beforeFailures = new TreeSet<>(functions());
        beforeFailures.removeAll(Set.of("RetryFunction", "PruneFunction"));
        until(
            () -> talkers(cloud.output()).containsAll(beforeFailures),
            () -> "only these said something: " + talkers(cloud.output()));
      }
      cloud.kill();
      // One that fails is tried again for a moment, and only then left to the Retry function.
      startTalkative(cloud, segmenting, "push.failed=1,push.gone=0.2");
      List<TestClient> guests = new ArrayList<>(); // who stay, so that there is somebody to push to
      until(
          () -> guests.add(sayAlone(cloud)) && talkers(cloud.output()).containsAll(functions()),
          () -> "only these said something: " + talkers(cloud.output()));
      guests.forEach(TestClient::close);

      List<String> output = cloud.output();
      assertEquals(
          List.of(),
          output.stream()
              .filter(line -> Stream.of(TEXT, SECRET, weak).anyMatch(line::contains))
              .toList());
      assertTrue(
          output.stream().anyMatch(line -> line.contains("\"level\":\"DEBUG\"")),
          "nothing at DEBUG");
    }
  }

  private static void startTalkative(CloudProcess cloud, Path template, String faults)
      throws Exception {
    cloud.start(
        50,
        Map.of("POWERTOOLS_LOG_LEVEL", "TRACE"),
        List.of(
            "-Dlog4j2.configurationFile=log4j2.xml,log4j2-local.xml",
            "-Dparley.template=" + template,
            "-Dparley.faults=seed=7," + faults));
  }

  /// A member alone, whose pushes that fail are left to the Retry function, says something.
  private static TestClient sayAlone(CloudProcess cloud) {
    String room = "alone-" + System.nanoTime();
    TestClient guest = TestClient.connect(cloud.webSocketUrl(), "?name=Cid&rooms=" + room);
    guest.request("sendMessage", "\"room\":\"%s\",\"message\":\"%s\"".formatted(room, TEXT));
    return guest;
  }

  /// Those that run here.
  private static Set<String> functions() {
    return Template.read(TestCloud.TEMPLATE, Map.of()).functions().keySet();
  }

  /// The functions that have a line of their own.
  private static Set<String> talkers(List<String> output) {
    Set<String> names = new TreeSet<>();
    for (String line : output) {
      Matcher name = Pattern.compile("\"function_name\":\"(\\w+)\"").matcher(line);
      if (name.find()) {
        names.add(name.group(1));
      }
    }
    return names;
  }

  private static void until(BooleanSupplier condition, Supplier<String> found)
      throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError(found.get());
      }
      Thread.sleep(50);
    }
  }

  /// What is logged in this process, at all levels, as functions log it.
  static final class Logged implements AutoCloseable {
    private final LoggerContext log = LoggerContext.getContext(false);

    Logged(StringWriter written) {
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
    }

    @Override
    public void close() {
      log.getConfiguration().getRootLogger().removeAppender("test");
      Configurator.setLevel("dev.parley", Level.WARN);
    }
  }

  /// What is said of one message, by whose id it is found. Tests of other classes log here, too.
  private static JsonNode line(
      String log, String function, String message, String room, String id) {
    JsonNode line =
        lines(log, function, message)
            .filter(json -> json.path("message_id").asText().equals(id))
            .findFirst()
            .orElseThrow(() -> new AssertionError("no such line in\n" + log));
    assertEquals(room, line.path("room").asText(), line.toString());
    assertTrue(
        line.path("xray_trace_id").asText().matches("1-[0-9a-f]{8}-[0-9a-f]{24}"), line.toString());
    return line;
  }

  private static JsonNode line(String log, String function, String message) {
    return lines(log, function, message)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no such line in\n" + log));
  }

  private static Stream<JsonNode> lines(Object log, String function, String message) {
    return log.toString()
        .lines()
        .map(LogsTest::json)
        .filter(json -> json.path("function_name").asText().equals(function))
        .filter(json -> json.path("message").asText().matches(message + ".*"));
  }

  private static JsonNode json(String line) {
    try {
      return new ObjectMapper().readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(line, e);
    }
  }
}
