package dev.parley.local.template;

import dev.parley.local.aws.LocalAccount;
import dev.parley.local.eventsource.EventFilter;
import dev.parley.local.template.QueueResource.Redrive;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads the queues of a template, and the events that come from them.
final class QueueReader implements References {
  static final String TYPE = "AWS::SQS::Queue";

  private static final List<String> FIFO_ONLY =
      List.of("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit");

  /// What an event of type `SQS` may not have.
  private static final List<String> STREAM_EVENT_ONLY =
      List.of(
          "Stream",
          "StartingPosition",
          "ParallelizationFactor",
          "BisectBatchOnFunctionError",
          "DestinationConfig",
          "MaximumRetryAttempts",
          "MaximumRecordAgeInSeconds");

  /// Above it, a mapping must have a batching window.
  private static final int BATCH_SIZE_WITHOUT_WINDOW_MAX = 10;

  private final Resources resources;
  private final Refusals refusals;

  /// By ARN.
  private final Map<String, QueueResource> queues = new LinkedHashMap<>();

  QueueReader(Resources resources, Refusals refusals) {
    this.resources = resources;
    this.refusals = refusals;
  }

  List<QueueResource> read() {
    resources.ofType(TYPE).forEach(id -> refusals.attempt(() -> add(id)));
    queues.values().forEach(this::requireDeadLetterQueue);
    return List.copyOf(queues.values());
  }

  private void add(String id) {
    Section queue = resources.properties(id);
    String name = name(id);
    String arn = LocalAccount.queueArn(name);
    boolean fifo = queue.bool("FifoQueue", false);
    if (name.endsWith(".fifo") != fifo) {
      queue.refuse(
          "QueueName", "`" + name + "`: a FIFO queue's name, and no other's, ends with .fifo");
    }
    for (String property : FIFO_ONLY) {
      if (!fifo && queue.has(property)) {
        queue.refuse(property, "is for FIFO queues");
      }
    }
    String scope = queue.oneOf("DeduplicationScope", "queue", "queue", "messageGroup");
    String limit = queue.oneOf("FifoThroughputLimit", "perQueue", "perQueue", "perMessageGroupId");
    if (limit.equals("perMessageGroupId") && scope.equals("queue")) {
      queue.refuse("FifoThroughputLimit", "needs DeduplicationScope messageGroup");
    }
    // Honoured nowhere here, but a value that AWS refuses must not get so far.
    queue.integer("MessageRetentionPeriod", 345_600, 60, 1_209_600);
    queue.integer("MaximumMessageSize", 1_048_576, 1_024, 1_048_576);
    if (queue.bool("SqsManagedSseEnabled", false) && queue.has("KmsMasterKeyId")) {
      queue.refuse("SqsManagedSseEnabled", "excludes KmsMasterKeyId");
    }
    QueueResource made =
        new QueueResource(
            id,
            name,
            arn,
            LocalAccount.queueUrl(name),
            fifo,
            queue.bool("ContentBasedDeduplication", false),
            Duration.ofSeconds(queue.integer("VisibilityTimeout", 30, 0, 43_200)),
            Duration.ofSeconds(queue.integer("DelaySeconds", 0, 0, 900)),
            Duration.ofSeconds(queue.integer("ReceiveMessageWaitTimeSeconds", 0, 0, 20)),
            redrive(queue));
    if (queues.put(arn, made) != null) {
      queue.refuse("QueueName", "another queue is called `" + name + "`");
    }
  }

  private static @Nullable Redrive redrive(Section queue) {
    if (!queue.has("RedrivePolicy")) {
      return null;
    }
    Section policy = queue.section("RedrivePolicy");
    return new Redrive(
        policy.string("deadLetterTargetArn"), policy.integer("maxReceiveCount", 0, 1, 1_000));
  }

  private void requireDeadLetterQueue(QueueResource queue) {
    Redrive redrive = queue.redrive();
    if (redrive == null) {
      return;
    }
    QueueResource target = queues.get(redrive.deadLetterQueueArn());
    if (target == null || target.fifo() != queue.fifo() || target.equals(queue)) {
      resources
          .properties(queue.logicalId())
          .section("RedrivePolicy")
          .refuse(
              "deadLetterTargetArn",
              "`%s` is no other %s queue of this template"
                  .formatted(redrive.deadLetterQueueArn(), queue.fifo() ? "FIFO" : "standard"));
    }
  }

  /// Whether there is a queue with this ARN.
  boolean has(String arn) {
    return queues.containsKey(arn);
  }

  /// The standard queue with this ARN, or null where there is none.
  @Nullable QueueResource standard(String arn) {
    QueueResource queue = queues.get(arn);
    return queue == null || queue.fifo() ? null : queue;
  }

  /// The mapping of one event.
  ///
  /// @param source the property that names the queue
  QueueMappingResource mapping(
      String id, FunctionResource function, Section mapping, String source) {
    for (String key : mapping.values().keySet()) {
      if (STREAM_EVENT_ONLY.contains(key)) {
        mapping.refuse(key, "is not for events of type SQS");
      }
    }
    String arn = mapping.string(source);
    QueueResource queue = queues.get(arn);
    if (queue == null) {
      throw mapping.problem(source, "`" + arn + "` is no queue of this template");
    }
    if (queue.visibilityTimeout().compareTo(function.timeout()) < 0) {
      resources
          .properties(queue.logicalId())
          .refuse(
              "VisibilityTimeout",
              "%d s is less than the timeout of %s, %d s"
                  .formatted(
                      queue.visibilityTimeout().toSeconds(),
                      function.logicalId(),
                      function.timeout().toSeconds()));
    }
    int batchSize = mapping.integer("BatchSize", 10, 1, queue.fifo() ? 10 : 10_000);
    if (queue.fifo() && mapping.has("MaximumBatchingWindowInSeconds")) {
      mapping.refuse(
          "MaximumBatchingWindowInSeconds", "a FIFO queue is read without a batching window");
    }
    int windowSeconds = mapping.integer("MaximumBatchingWindowInSeconds", 0, 0, 300);
    if (batchSize > BATCH_SIZE_WITHOUT_WINDOW_MAX && windowSeconds == 0) {
      mapping.refuse("BatchSize", "above 10 needs a MaximumBatchingWindowInSeconds of at least 1");
    }
    Section scaling = mapping.section("ScalingConfig");
    return new QueueMappingResource(
        id,
        function.logicalId(),
        queue,
        batchSize,
        Duration.ofSeconds(windowSeconds),
        scaling.has("MaximumConcurrency") ? scaling.integer("MaximumConcurrency", 0, 2, 1_000) : 0,
        EventProperties.reportsItemFailures(mapping),
        EventProperties.filter(mapping, EventFilter::onBody));
  }

  @Override
  public String ref(String logicalId) {
    return LocalAccount.queueUrl(name(logicalId));
  }

  @Override
  public @Nullable String attribute(String logicalId, String attribute) {
    return switch (attribute) {
      case "Arn" -> LocalAccount.queueArn(name(logicalId));
      case "QueueName" -> name(logicalId);
      case "QueueUrl" -> LocalAccount.queueUrl(name(logicalId));
      default -> null;
    };
  }

  /// Unlike AWS: a queue without a `QueueName` is called by its logical id, with no random suffix.
  private String name(String id) {
    String name = resources.value(id, "QueueName");
    if (name == null) {
      return "true".equals(resources.value(id, "FifoQueue")) ? id + ".fifo" : id;
    }
    if (!name.matches("[A-Za-z0-9_-]{1,80}|[A-Za-z0-9_-]{1,75}\\.fifo")) {
      throw resources.problem(id + ".Properties.QueueName", "`" + name + "` is not a queue name");
    }
    return name;
  }
}
