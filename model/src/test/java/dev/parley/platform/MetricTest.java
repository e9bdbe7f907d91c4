package dev.parley.platform;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Metrics;
import dev.parley.TestContext;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MetricTest {
  @Test
  void anInvocationWritesWhatItMeasuredInOneLine() throws Exception {
    JsonNode line =
        only(
            invocation(
                () -> {
                  Metrics.PUSHES.add(5);
                  Metrics.ACCEPT_TO_PUSH.add(34);
                  Metrics.PUSHES.add(7);
                  Metrics.ACCEPT_TO_PUSH.add(18);
                }));

    JsonNode directive = line.at("/_aws/CloudWatchMetrics/0");
    assertEquals("Parley", directive.path("Namespace").asText());
    assertEquals(2, directive.path("Metrics").size());
    for (JsonNode metric : directive.path("Metrics")) {
      assertEquals(
          metric.path("Name").asText().equals("Pushes") ? "Count" : "Milliseconds",
          metric.path("Unit").asText());
    }
    assertEquals(12, line.path("Pushes").asInt(), "counts are summed");
    assertEquals("[34.0,18.0]", line.path("AcceptToPush").toString(), "durations are not");
  }

  @Test
  void allThreadsOfAnInvocationMeasureForIt() throws Exception {
    InvocationExecutor executor = new InvocationExecutor();

    List<JsonNode> lines =
        invocation(
            () ->
                IntStream.range(0, 50)
                    .mapToObj(
                        i -> CompletableFuture.runAsync(() -> Metrics.PUSHES.add(2), executor))
                    .toList()
                    .forEach(CompletableFuture::join));

    assertEquals(100, only(lines).path("Pushes").asInt());
  }

  @Test
  void whatIsMeasuredTooLateIsALineOfItsOwn() throws Exception {
    InvocationExecutor executor = new InvocationExecutor();
    CompletableFuture<Void> ended = new CompletableFuture<>();
    List<CompletableFuture<Void>> late = new ArrayList<>();

    List<JsonNode> lines =
        written(
            () -> {
              handle(() -> late.add(ended.thenRunAsync(() -> Metrics.QUITS.add(1), executor)));
              ended.complete(null);
              late.getFirst().join();
            });

    assertEquals(1, only(lines).path("Quits").asInt());
  }

  @Test
  void aCountOfNothingIsNotWritten() throws Exception {
    List<JsonNode> lines =
        invocation(
            () -> {
              Metrics.PUSHES_GONE.add(0);
              Metrics.STREAM_WAIT.add(0);
            });

    assertEquals(0, only(lines).path("StreamWait").asInt());
    assertEquals(1, lines.getFirst().at("/_aws/CloudWatchMetrics/0/Metrics").size());
    assertEquals(List.of(), invocation(() -> Metrics.PUSHES_GONE.add(0)));
  }

  /// CloudWatch takes no more in one line.
  @Test
  void moreThanAHundredValuesOfAMetricAreSeveralLines() throws Exception {
    List<JsonNode> lines =
        invocation(() -> IntStream.range(0, 250).forEach(Metrics.STREAM_WAIT::add));

    assertEquals(3, lines.size());
    assertEquals(250, lines.stream().mapToInt(line -> line.path("StreamWait").size()).sum());
  }

  @Test
  void aRefusalHasItsCodeAsADimension() throws Exception {
    JsonNode line = only(invocation(() -> Metrics.FRAMES_REFUSED.add(1, "not_a_member")));

    assertEquals("not_a_member", line.path("Code").asText());
    assertEquals(Set.of("Code", "Service"), dimensions(line));
    assertThrows(IllegalArgumentException.class, () -> Metrics.PINGS.add(1, "not_a_member"));
  }

  @Test
  void aValueOfAnotherTimeIsALineOfThatTime() throws Exception {
    Instant hourAgo = Instant.now().minus(1, ChronoUnit.HOURS).truncatedTo(ChronoUnit.MILLIS);

    List<JsonNode> lines =
        invocation(
            () -> {
              Metrics.CONNECTIONS_CLOSED.add(1);
              Metrics.CONNECTIONS_ALIVE.add(-1, hourAgo);
            });

    assertEquals(2, lines.size());
    JsonNode alive = lines.get(1);
    assertEquals(-1, alive.path("ConnectionsAlive").asInt());
    assertEquals(hourAgo.toEpochMilli(), alive.at("/_aws/Timestamp").asLong());
    assertEquals(Set.of("Service"), dimensions(alive));
  }

  /// CloudWatch takes two weeks; an edited row may say 1970.
  @Test
  void aTimeThatCloudWatchDoesNotTakeCostsItsLineOnly() throws Exception {
    List<JsonNode> lines =
        invocation(
            () -> {
              Metrics.CONNECTIONS_ALIVE.add(-1, Instant.EPOCH);
              Metrics.CONNECTIONS_CLOSED.add(1);
            });

    assertEquals(1, only(lines).path("ConnectionsClosed").asInt());
  }

  private static Set<String> dimensions(JsonNode line) {
    Set<String> names = new TreeSet<>();
    JsonNode sets = line.at("/_aws/CloudWatchMetrics/0/Dimensions");
    assertEquals(1, sets.size(), sets.toString());
    sets.path(0).forEach(name -> names.add(name.asText()));
    return names;
  }

  private static JsonNode only(List<JsonNode> lines) {
    assertEquals(1, lines.size(), lines.toString());
    return lines.getFirst();
  }

  private static void handle(Runnable handler) {
    new Invocations(new Settings(Map.of()))
        .handle(
            new TestContext("TestFunction"),
            () -> {
              handler.run();
              return "";
            });
  }

  private static List<JsonNode> invocation(Runnable handler) throws Exception {
    return written(() -> handle(handler));
  }

  private static List<JsonNode> written(Runnable code) throws Exception {
    PrintStream console = System.out;
    var written = new ByteArrayOutputStream();
    System.setOut(new PrintStream(written, true, UTF_8));
    try {
      code.run();
    } finally {
      System.setOut(console);
    }
    List<JsonNode> lines = new ArrayList<>();
    for (String line : written.toString(UTF_8).lines().toList()) {
      if (line.contains("\"_aws\"")) {
        lines.add(new ObjectMapper().readTree(line));
      }
    }
    return lines;
  }
}
