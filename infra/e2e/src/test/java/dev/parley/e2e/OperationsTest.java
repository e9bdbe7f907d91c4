package dev.parley.e2e;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.parley.Metrics;
import dev.parley.platform.Metric;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the template has for those who run it: alarms, the dashboard, logs and parameters. They
/// name what exists, and docs/OPERATIONS.md tells of each.
class OperationsTest {
  private static final Path DOCUMENT = Path.of("..", "..", "docs", "OPERATIONS.md");

  /// Sources: "Types of metrics for Lambda functions", "Available CloudWatch metrics for Amazon
  /// SQS", "Monitor WebSocket API execution with CloudWatch metrics", "DynamoDB Metrics and
  /// dimensions".
  private static final Map<String, Set<String>> OF_AWS =
      Map.of(
          "AWS/Lambda",
          Set.of(
              "Invocations",
              "Errors",
              "Duration",
              "Throttles",
              "ConcurrentExecutions",
              "IteratorAge"),
          "AWS/SQS",
          Set.of("ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"),
          "AWS/ApiGateway",
          Set.of(
              "ConnectCount", "MessageCount", "IntegrationError", "ClientError", "ExecutionError"),
          "AWS/DynamoDB",
          Set.of(
              "ReadThrottleEvents",
              "WriteThrottleEvents",
              "ConsumedReadCapacityUnits",
              "ConsumedWriteCapacityUnits"));

  private static final Map<String, Set<Set<String>>> DIMENSIONS_OF_AWS =
      Map.of(
          "AWS/Lambda", Set.of(Set.of(), Set.of("FunctionName")),
          "AWS/SQS", Set.of(Set.of("QueueName")),
          "AWS/ApiGateway", Set.of(Set.of("ApiId", "Stage")),
          "AWS/DynamoDB",
              Set.of(Set.of("TableName"), Set.of("TableName", "GlobalSecondaryIndexName")));

  private final RawTemplate template = RawTemplate.read();
  private final Map<String, JsonNode> alarms = template.ofType(RawTemplate.ALARM);

  /// A metric that something names.
  ///
  /// @param dimensions by name, resolved
  private record Named(String namespace, String name, Map<String, String> dimensions) {}

  // ---- Alarms ---------------------------------------------------------------------------------

  @Test
  void eachAlarmNamesMetricsThatExist() throws Exception {
    assertTrue(alarms.size() >= 12, alarms.keySet().toString());
    for (Map.Entry<String, JsonNode> alarm : alarms.entrySet()) {
      List<Named> named = metricsOf(alarm.getValue());
      assertFalse(named.isEmpty(), alarm.getKey());
      assertTrue(named.size() <= 10, alarm.getKey() + " has more metrics than CloudWatch takes");
      for (Named metric : named) {
        assertExists(alarm.getKey(), metric);
      }
    }
  }

  @Test
  void eachAlarmTellsTheTopicWhereThereIsOne() {
    JsonNode topic = new ObjectMapper().valueToTree(Map.of("Ref", "AlarmTopicArn"));
    alarms.forEach(
        (id, alarm) -> {
          for (String actions : List.of("AlarmActions", "OKActions")) {
            JsonNode choice = alarm.path(actions).path("Fn::If");
            assertEquals("HasAlarmTopic", choice.path(0).asText(), id);
            assertEquals(topic, choice.path(1).path(0), id);
            assertEquals("AWS::NoValue", choice.path(2).path("Ref").asText(), id);
          }
          assertEquals("notBreaching", alarm.path("TreatMissingData").asText(), id);
          assertTrue(id.endsWith("Alarm"), id);
        });
  }

  /// And that of reports: only people read it.
  @Test
  void eachQueueOfDeadLettersHasAnAlarm() {
    Set<String> read =
        template.ofType(RawTemplate.QUEUE).values().stream()
            .map(
                queue ->
                    RawTemplate.attributeOwner(
                        queue.path("RedrivePolicy").path("deadLetterTargetArn"), "Arn"))
            .filter(id -> !id.isEmpty())
            .map(id -> id + (template.property(id, "FifoQueue").asBoolean() ? ".fifo" : ""))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(3, read.size());
    read.add("Reports");

    assertEquals(read, watched("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"));
  }

  @Test
  void eachStreamHasAnAlarmForItsAge() {
    Set<String> readers = new TreeSet<>();
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach(
            (id, function) ->
                RawTemplate.fields(function.path("Events"))
                    .values()
                    .forEach(
                        event -> {
                          if (event.path("Type").asText().equals("DynamoDB")) {
                            readers.add(id);
                          }
                        }));

    assertEquals(readers, watched("AWS/Lambda", "IteratorAge", "FunctionName"));
    assertEquals(2, readers.size());
  }

  /// A guest who is refused is an error of the authorizer, and an error of SiteFunction fails the
  /// deployment.
  @Test
  void theErrorsOfEachFunctionThatServesUsersRing() {
    Set<String> functions = new TreeSet<>(template.ofType(RawTemplate.FUNCTION).keySet());
    functions.removeAll(Set.of("AuthorizerFunction", "SiteFunction"));

    assertEquals(functions, watched("AWS/Lambda", "Errors", "FunctionName"));
  }

  @Test
  void eachAlarmHasItsParagraph() throws IOException {
    String document = Files.readString(DOCUMENT);
    Set<String> told = new TreeSet<>();
    Matcher paragraph =
        Pattern.compile("(?s)\n### ([A-Za-z]+Alarm)\n(.*?)(?=\n##)").matcher(document);
    while (paragraph.find()) {
      told.add(paragraph.group(1));
      for (String part : List.of("**Users**", "**Do**")) {
        assertTrue(paragraph.group(2).contains(part), paragraph.group(1) + " says no " + part);
      }
    }

    assertEquals(new TreeSet<>(alarms.keySet()), told);
  }

  private Set<String> watched(String namespace, String name, String dimension) {
    return alarms.values().stream()
        .flatMap(alarm -> metricsOf(alarm).stream())
        .filter(metric -> metric.namespace().equals(namespace) && metric.name().equals(name))
        .map(metric -> metric.dimensions().getOrDefault(dimension, ""))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  private List<Named> metricsOf(JsonNode alarm) {
    if (alarm.has("MetricName")) {
      return List.of(named(alarm));
    }
    List<Named> named = new ArrayList<>();
    for (JsonNode query : alarm.path("Metrics")) {
      if (query.has("MetricStat")) {
        named.add(named(query.path("MetricStat").path("Metric")));
      }
    }
    return named;
  }

  private Named named(JsonNode metric) {
    Map<String, String> dimensions = new TreeMap<>();
    for (JsonNode dimension : metric.path("Dimensions")) {
      dimensions.put(dimension.path("Name").asText(), template.resolve(dimension.path("Value")));
    }
    return new Named(
        metric.path("Namespace").asText(), metric.path("MetricName").asText(), dimensions);
  }

  // ---- The dashboard --------------------------------------------------------------------------

  @Test
  void eachMetricOfTheChatIsOnTheDashboardAndNoOther() throws Exception {
    Set<String> shown = new TreeSet<>();
    for (JsonNode metric : shownMetrics()) {
      String expression = metric.path(0).path("expression").asText();
      Matcher search =
          Pattern.compile("SEARCH\\('\\{([^}]+)\\}.*MetricName=\"(\\w+)\"").matcher(expression);
      Named named;
      if (search.find()) {
        List<String> schema = List.of(search.group(1).split(",", -1));
        Map<String, String> dimensions = new TreeMap<>();
        schema.subList(1, schema.size()).forEach(dimension -> dimensions.put(dimension, "any"));
        named = new Named(schema.getFirst(), search.group(2), dimensions);
      } else {
        assertTrue(metric.path(0).isTextual(), metric.toString());
        Map<String, String> dimensions = new TreeMap<>();
        for (int i = 2; i + 1 < metric.size() && metric.path(i + 1).isTextual(); i += 2) {
          dimensions.put(metric.path(i).asText(), metric.path(i + 1).asText());
        }
        named = new Named(metric.path(0).asText(), metric.path(1).asText(), dimensions);
      }
      assertExists("the dashboard", named);
      if (named.namespace().equals("Parley")) {
        shown.add(named.name());
      }
    }

    assertEquals(new TreeSet<>(ofTheChat().keySet()), shown);
  }

  @Test
  void eachAlarmIsOnTheDashboard() throws Exception {
    Set<String> shown = new TreeSet<>();
    for (JsonNode widget : dashboard().path("widgets")) {
      for (JsonNode arn : widget.path("properties").path("alarms")) {
        shown.add(arn.asText().replaceFirst(".*:", ""));
      }
    }

    assertEquals(new TreeSet<>(alarms.keySet()), shown);
  }

  @Test
  void widgetsDoNotCoverEachOther() throws Exception {
    Set<String> taken = new TreeSet<>();
    for (JsonNode widget : dashboard().path("widgets")) {
      assertTrue(widget.path("x").asInt() + widget.path("width").asInt() <= 24, widget.toString());
      for (int x = 0; x < widget.path("width").asInt(); x++) {
        for (int y = 0; y < widget.path("height").asInt(); y++) {
          String cell = (widget.path("x").asInt() + x) + " " + (widget.path("y").asInt() + y);
          assertTrue(taken.add(cell), widget.path("properties").path("title").asText());
        }
      }
    }
  }

  private List<JsonNode> shownMetrics() throws IOException {
    List<JsonNode> metrics = new ArrayList<>();
    for (JsonNode widget : dashboard().path("widgets")) {
      widget.path("properties").path("metrics").forEach(metrics::add);
    }
    return metrics;
  }

  private JsonNode dashboard() throws IOException {
    JsonNode body =
        template.ofType(RawTemplate.DASHBOARD).values().iterator().next().path("DashboardBody");
    return new ObjectMapper().readTree(template.resolve(body));
  }

  private static void assertExists(String where, Named metric) {
    if (metric.namespace().equals("Parley")) {
      assertTrue(ofTheChat().containsKey(metric.name()), where + ": " + metric);
      Metric ofOurs = requireNonNull(ofTheChat().get(metric.name()));
      Set<String> dimensions = new TreeSet<>(Set.of("Service"));
      if (ofOurs.dimension() != null) {
        dimensions.add(ofOurs.dimension());
      }
      assertEquals(dimensions, metric.dimensions().keySet(), where + ": " + metric);
    } else {
      assertTrue(
          DIMENSIONS_OF_AWS
              .getOrDefault(metric.namespace(), Set.of())
              .contains(metric.dimensions().keySet()),
          where + ": " + metric);
      assertTrue(
          OF_AWS.getOrDefault(metric.namespace(), Set.of()).contains(metric.name()),
          where + ": " + metric);
    }
  }

  /// All of [Metrics], by name.
  private static Map<String, Metric> ofTheChat() {
    Map<String, Metric> metrics = new TreeMap<>();
    for (Field field : Metrics.class.getFields()) {
      try {
        Metric metric = (Metric) field.get(null);
        metrics.put(metric.name(), metric);
      } catch (IllegalAccessException e) {
        throw new AssertionError(e);
      }
    }
    return metrics;
  }

  @Test
  void eachMetricIsInTheDocument() throws IOException {
    String document = Files.readString(DOCUMENT);

    assertEquals(
        List.of(),
        ofTheChat().keySet().stream()
            .filter(name -> !document.contains("| `" + name + "` |"))
            .toList());
  }

  // ---- Logs and parameters --------------------------------------------------------------------

  @Test
  void allFunctionsLogToAGroupWhoseLinesAreRemoved() {
    String group = template.root().at("/Globals/Function/LoggingConfig/LogGroup/Ref").asText();

    assertEquals(RawTemplate.LOG_GROUP, template.type(group));
    assertEquals(
        "LogRetentionDays", template.property(group, "RetentionInDays").path("Ref").asText());
    template
        .ofType(RawTemplate.FUNCTION)
        .forEach((id, function) -> assertFalse(function.has("LoggingConfig"), id));
  }

  @Test
  void eachParameterIsDescribedAndBounded() throws IOException {
    String document = Files.readString(DOCUMENT);
    template
        .parameters()
        .forEach(
            (name, parameter) -> {
              assertFalse(parameter.path("Description").asText().isBlank(), name);
              assertTrue(
                  parameter.has("AllowedPattern")
                      || parameter.has("AllowedValues")
                      || (parameter.has("MinValue") && parameter.has("MaxValue")),
                  name + " takes anything");
              assertTrue(
                  document.contains("\n| `" + name + "` | "), name + " is not in the document");
            });
    assertTrue(
        Stream.of("AlarmTopicArn", "LogLevel", "LogRetentionDays")
            .allMatch(template.parameters()::containsKey));
  }
}
