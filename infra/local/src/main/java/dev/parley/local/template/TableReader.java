package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.eventsource.EventFilter;
import dev.parley.local.template.StreamMappingResource.StartingPosition;
import dev.parley.local.template.TableResource.Index;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the tables of a template, and the events that come from their streams.
final class TableReader implements References {
  static final String TYPE = "AWS::DynamoDB::Table";

  /// What an event of type `DynamoDB` may not have.
  private static final List<String> QUEUE_EVENT_ONLY = List.of("Queue", "Enabled", "ScalingConfig");

  private final Resources resources;

  TableReader(Resources resources) {
    this.resources = resources;
  }

  List<TableResource> read() {
    List<TableResource> tables = resources.ofType(TYPE).stream().map(this::table).toList();
    Set<String> names = new LinkedHashSet<>();
    for (TableResource table : tables) {
      if (!names.add(table.name())) {
        throw resources
            .properties(table.logicalId())
            .problem("TableName", "another table is called `" + table.name() + "`");
      }
    }
    return tables;
  }

  private TableResource table(String id) {
    Section table = resources.properties(id);
    Map<String, String> attributeTypes = new LinkedHashMap<>();
    for (Section attribute : table.sections("AttributeDefinitions")) {
      attributeTypes.put(
          attribute.string("AttributeName"), attribute.oneOf("AttributeType", "", "S", "N", "B"));
    }
    List<Index> indexes = new ArrayList<>();
    for (Section index : table.sections("GlobalSecondaryIndexes")) {
      Section projection = index.section("Projection");
      indexes.add(
          new Index(
              index.string("IndexName"),
              key(index, attributeTypes),
              projection.oneOf("ProjectionType", "", "ALL", "KEYS_ONLY", "INCLUDE"),
              projection.strings("NonKeyAttributes")));
    }
    // Honoured nowhere here, but a value that AWS refuses must not get so far.
    table.bool("DeletionProtectionEnabled", false);
    table.section("PointInTimeRecoverySpecification").bool("PointInTimeRecoveryEnabled", false);
    Section encryption = table.section("SSESpecification");
    encryption.oneOf("SSEType", "KMS", "KMS");
    if (encryption.has("KMSMasterKeyId") && !encryption.bool("SSEEnabled", false)) {
      throw encryption.problem("KMSMasterKeyId", "needs SSEEnabled true");
    }
    Section stream = table.section("StreamSpecification");
    Section timeToLive = table.section("TimeToLiveSpecification");
    return new TableResource(
        id,
        name(id),
        key(table, attributeTypes),
        attributeTypes,
        List.copyOf(indexes),
        stream.values().isEmpty()
            ? null
            : stream.oneOf(
                "StreamViewType", "", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
        !timeToLive.values().isEmpty() && timeToLive.bool("Enabled", false)
            ? timeToLive.string("AttributeName")
            : null);
  }

  private static TableResource.Key key(Section owner, Map<String, String> attributeTypes) {
    Map<String, String> names = new HashMap<>();
    for (Section element : owner.sections("KeySchema")) {
      String name = element.string("AttributeName");
      if (!attributeTypes.containsKey(name)) {
        throw element.problem("AttributeName", "AttributeDefinitions has no `" + name + "`");
      }
      names.put(element.oneOf("KeyType", "", "HASH", "RANGE"), name);
    }
    String partition = names.get("HASH");
    if (partition == null) {
      throw owner.problem("KeySchema", "has no HASH attribute");
    }
    return new TableResource.Key(partition, names.get("RANGE"));
  }

  /// The mapping of one event.
  StreamMappingResource mapping(FunctionResource function, String event, Section mapping) {
    for (String property : QUEUE_EVENT_ONLY) {
      if (mapping.has(property)) {
        throw mapping.problem(property, "is not honoured here for events of type DynamoDB");
      }
    }
    String stream = mapping.string("Stream");
    String table =
        resources.ofType(TYPE).stream()
            .filter(id -> stream.equals(attribute(id, "StreamArn")))
            .findFirst()
            .orElseThrow(
                () -> mapping.problem("Stream", "`" + stream + "` is no stream of this template"));
    mapping.oneOf("ParallelizationFactor", "1", "1");
    int recordAgeMaxSeconds = mapping.integer("MaximumRecordAgeInSeconds", -1, -1, 604_800);
    if (recordAgeMaxSeconds >= 0 && recordAgeMaxSeconds < 60) {
      throw mapping.problem("MaximumRecordAgeInSeconds", "is -1, or 60 to 604800");
    }
    return new StreamMappingResource(
        function.logicalId() + event,
        function.logicalId(),
        name(table),
        StartingPosition.valueOf(mapping.oneOf("StartingPosition", "", "TRIM_HORIZON", "LATEST")),
        mapping.integer("BatchSize", 100, 1, 10_000),
        Duration.ofSeconds(mapping.integer("MaximumBatchingWindowInSeconds", 0, 0, 300)),
        mapping.bool("BisectBatchOnFunctionError", false),
        mapping.integer("MaximumRetryAttempts", -1, -1, 10_000),
        recordAgeMaxSeconds,
        EventProperties.reportsItemFailures(mapping),
        EventProperties.filter(mapping, EventFilter::of));
  }

  @Override
  public String ref(String logicalId) {
    return name(logicalId);
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return switch (attribute) {
      case "Arn" -> LocalAccount.tableArn(name(logicalId));
      case "StreamArn" ->
          resources.has(logicalId, "StreamSpecification")
              ? LocalAccount.streamArn(name(logicalId))
              : null;
      default -> null;
    };
  }

  /// Unlike AWS: a table without a `TableName` is called by its logical id, with no random suffix.
  private String name(String id) {
    String name = resources.value(id, "TableName");
    if (name == null) {
      return id;
    }
    if (!name.matches("[A-Za-z0-9_.-]{3,255}")) {
      throw resources.problem(id + ".Properties.TableName", "`" + name + "` is not a table name");
    }
    return name;
  }
}
