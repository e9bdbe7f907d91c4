package dev.parley.local.metrics;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.json.Json;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class FunctionOutputTest {
  private final PrintStream console = System.out;
  private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
  private final MetricStore metrics = new MetricStore();

  @BeforeEach
  void install() {
    System.setOut(new PrintStream(printed, true, UTF_8));
    FunctionOutput.install();
    FunctionOutput.install();
  }

  @AfterEach
  void restore() {
    System.setOut(console);
  }

  @Test
  void metricsOfAFunctionAreKeptAndNotPrinted() throws Exception {
    inFunction(() -> System.out.println(line("[12,7]")));

    assertEquals("", printed.toString(UTF_8));
    JsonNode series = series().getFirst();
    assertEquals("Pushes", series.path("name").asText());
    assertEquals("{\"Service\":\"parley\"}", series.path("dimensions").toString());
    assertEquals(List.of("2", "19", "12"), values(series));
  }

  @Test
  void threadsThatAFunctionStartsBelongToIt() throws Exception {
    inFunction(
        () -> {
          Thread thread = Thread.startVirtualThread(() -> System.out.println(line("3")));
          try {
            thread.join();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        });

    assertEquals(List.of("1", "3", "3"), values(series().getFirst()));
  }

  @Test
  void everythingElseIsPrinted() throws Exception {
    List<String> lines =
        List.of(
            "hello",
            "{\"level\":\"INFO\",\"message\":\"of _aws\"}",
            "{\"_aws\":{\"Timestamp\":\"now\",\"CloudWatchMetrics\":[]}}",
            "{\"_aws\":",
            "");

    inFunction(() -> lines.forEach(System.out::println));
    System.out.println(line("5"));

    List<String> expected = new ArrayList<>(lines);
    expected.add(line("5").replaceAll("\"Timestamp\":\\d+", ""));
    assertEquals(
        expected,
        printed.toString(UTF_8).replaceAll("\"Timestamp\":\\d+", "").lines().toList(),
        "also metrics that nobody's function printed");
    assertEquals(List.of(), series());
  }

  @Test
  void eachSetOfDimensionsIsASeries() throws Exception {
    ObjectNode json = (ObjectNode) Json.MAPPER.readTree(line("1"));
    json.withArray("/_aws/CloudWatchMetrics/0/Dimensions").addArray().add("Service").add("Code");
    json.put("Code", "not_a_member");

    inFunction(() -> System.out.println(json.toString()));

    assertEquals(
        List.of("{\"Service\":\"parley\"}", "{\"Code\":\"not_a_member\",\"Service\":\"parley\"}"),
        series().stream().map(series -> series.path("dimensions").toString()).toList());
  }

  private static String line(String values) {
    return """
    {"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"Parley",\
    "Dimensions":[["Service"]],"Metrics":[{"Name":"Pushes","Unit":"Count"}]}]},\
    "Service":"parley","Pushes":%s}\
    """
        .formatted(System.currentTimeMillis(), values);
  }

  /// Runs on a thread of its own, as an invocation does.
  private void inFunction(Runnable function) throws InterruptedException {
    Thread thread =
        Thread.startVirtualThread(
            () -> {
              FunctionOutput.belongsTo(metrics);
              function.run();
            });
    thread.join();
  }

  private List<JsonNode> series() throws Exception {
    return Json.MAPPER.readTree(metrics.json()).path("series").valueStream().toList();
  }

  /// How many values, their sum and their maximum, in one period.
  private static List<String> values(JsonNode series) {
    JsonNode point = series.at("/points/0");
    return List.of(point.path(1).asText(), point.path(2).asText(), point.path(3).asText());
  }
}
