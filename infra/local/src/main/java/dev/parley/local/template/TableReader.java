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
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the tables of a template, and the events that come from their streams.
final class TableReader implements References {
  static final String SIMPLE_TYPE = "AWS::Serverless::SimpleTable";
  private static final String TYPE = "AWS::DynamoDB::Table";
  static final List<String> TYPES = List.of(TYPE, SIMPLE_TYPE);

  /// What an event of type `DynamoDB` may not have.
  private static final List<String> QUEUE_EVENT_ONLY = List.of("Queue", "ScalingConfig");

  private final Resources resources;
  private final QueueReader queues;
  private final Refusals refusals;

  TableReader(Resources resources, QueueReader queues, Refusals refusals) {
    this.resources = resources;
    this.queues = queues;
    this.refusals = refusals;
  }

  List<TableResource> read() {
    List<TableResource> tables = new ArrayList<>();
    Set<String> names = new LinkedHashSet<>();
    for (String id : resources.ofType(TYPE, SIMPLE_TYPE)) {
      refusals.attempt(
          () -> {
            TableResource table = TYPE.equals(resources.type(id)) ? table(id) : simpleTable(id);
            tables.add(table);
            if (!names.add(table.name())) {
              resources
                  .properties(id)
                  .refuse("TableName", "another table is called `" + table.name() + "`");
            }
          });
    }
    return List.copyOf(tables);
  }

  /// Source: SAM developer guide, "AWS::Serverless::SimpleTable".
  private TableResource simpleTable(String id) {
    Section key = resources.properties(id).section("PrimaryKey");
    String name = key.string("Name", "id");
    String type = key.oneOf("Type", "String", "String", "Number", "Binary");
    return new TableResource(
        id,
        name(id),
        new TableResource.Key(name, null),
        Map.of(name, type.substring(0, 1)),
        List.of(),
        null,
        null);
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
      encryption.refuse("KMSMasterKeyId", "needs SSEEnabled true");
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
        element.refuse("AttributeName", "AttributeDefinitions has no `" + name + "`");
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
  ///
  /// @param source the property that names the stream
  StreamMappingResource mapping(
      String id, FunctionResource function, Section mapping, String source) {
    for (String property : QUEUE_EVENT_ONLY) {
      if (mapping.has(property)) {
        mapping.refuse(property, "is not honoured here for events of type DynamoDB");
      }
    }
    String stream = mapping.string(source);
    Optional<String> table =
        resources.ofType(TYPE).stream()
            .filter(one -> stream.equals(attribute(one, "StreamArn")))
            .findFirst();
    if (table.isEmpty()) {
      mapping.refuse(source, "`" + stream + "` is no stream of this template");
    }
    mapping.oneOf("ParallelizationFactor", "1", "1");
    int recordAgeMaxSeconds = mapping.integer("MaximumRecordAgeInSeconds", -1, -1, 604_800);
    if (recordAgeMaxSeconds >= 0 && recordAgeMaxSeconds < 60) {
      mapping.refuse("MaximumRecordAgeInSeconds", "is -1, or 60 to 604800");
    }
    return new StreamMappingResource(
        id,
        function.logicalId(),
        table.map(this::name).orElse(""),
        StartingPosition.valueOf(mapping.oneOf("StartingPosition", "", "TRIM_HORIZON", "LATEST")),
        mapping.integer("BatchSize", 100, 1, 10_000),
        Duration.ofSeconds(mapping.integer("MaximumBatchingWindowInSeconds", 0, 0, 300)),
        mapping.bool("BisectBatchOnFunctionError", false),
        mapping.integer("MaximumRetryAttempts", -1, -1, 10_000),
        recordAgeMaxSeconds,
        EventProperties.reportsItemFailures(mapping),
        onFailure(mapping),
        EventProperties.filter(mapping, EventFilter::of));
  }

  private @Nullable QueueResource onFailure(Section mapping) {
    if (!mapping.has("DestinationConfig")) {
      return null;
    }
    Section onFailure = mapping.section("DestinationConfig").section("OnFailure");
    String arn = onFailure.string("Destination");
    QueueResource queue = queues.standard(arn);
    if (queue == null && !arn.isEmpty()) {
      onFailure.refuse(
          "Destination",
          ("`%s` is no standard queue of this template: name the ARN of one, which a Condition can"
                  + " choose here (Fn::If)")
              .formatted(arn));
    }
    if (queue != null) {
      onFailure.oneOf("Type", "SQS", "SQS");
    }
    return queue;
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
