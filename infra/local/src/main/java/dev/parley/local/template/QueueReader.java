package dev.parley.local.template;

import dev.parley.local.template.QueueResource.Redrive;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads the queues of a template, and the events that come from them.
final class QueueReader {
  private static final List<String> FIFO_ONLY =
      List.of("ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit");
  private static final List<String> MAPPING_PROPERTIES =
      List.of(
          "Queue",
          "Enabled",
          "BatchSize",
          "MaximumBatchingWindowInSeconds",
          "FunctionResponseTypes",
          "ScalingConfig",
          "FilterCriteria");

  /// Above it, a mapping must have a batching window.
  private static final int BATCH_SIZE_WITHOUT_WINDOW_MAX = 10;

  /// By ARN.
  private final Map<String, QueueResource> queues = new LinkedHashMap<>();

  private final Map<String, Section> sections = new LinkedHashMap<>();

  /// @param name its name, where `QueueName` may be missing
  void add(String logicalId, Section queue, String name, String arn, String url) {
    boolean fifo = queue.bool("FifoQueue", false);
    if (name.endsWith(".fifo") != fifo) {
      throw queue.problem(
          "QueueName", "`" + name + "`: a FIFO queue's name, and no other's, ends with .fifo");
    }
    for (String property : FIFO_ONLY) {
      if (!fifo && queue.has(property)) {
        throw queue.problem(property, "is for FIFO queues");
      }
    }
    String scope = queue.oneOf("DeduplicationScope", "queue", "queue", "messageGroup");
    String limit = queue.oneOf("FifoThroughputLimit", "perQueue", "perQueue", "perMessageGroupId");
    if (limit.equals("perMessageGroupId") && scope.equals("queue")) {
      throw queue.problem("FifoThroughputLimit", "needs DeduplicationScope messageGroup");
    }
    // Honoured nowhere here, but a value that AWS refuses must not get so far.
    queue.integer("MessageRetentionPeriod", 345_600, 60, 1_209_600);
    queue.integer("MaximumMessageSize", 1_048_576, 1_024, 1_048_576);
    QueueResource made =
        new QueueResource(
            logicalId,
            name,
            arn,
            url,
            fifo,
            queue.bool("ContentBasedDeduplication", false),
            Duration.ofSeconds(queue.integer("VisibilityTimeout", 30, 0, 43_200)),
            Duration.ofSeconds(queue.integer("DelaySeconds", 0, 0, 900)),
            Duration.ofSeconds(queue.integer("ReceiveMessageWaitTimeSeconds", 0, 0, 20)),
            redrive(queue));
    if (queues.put(arn, made) != null) {
      throw queue.problem("QueueName", "another queue is called `" + name + "`");
    }
    sections.put(arn, queue);
  }

  private static @Nullable Redrive redrive(Section queue) {
    if (!queue.has("RedrivePolicy")) {
      return null;
    }
    Section policy = queue.section("RedrivePolicy");
    return new Redrive(
        policy.string("deadLetterTargetArn"), policy.integer("maxReceiveCount", 0, 1, 1_000));
  }

  /// All queues, once each has been added.
  List<QueueResource> queues() {
    queues.forEach(
        (arn, queue) -> {
          Redrive redrive = queue.redrive();
          if (redrive == null) {
            return;
          }
          QueueResource target = queues.get(redrive.deadLetterQueueArn());
          if (target == null || target.fifo() != queue.fifo() || target.equals(queue)) {
            throw section(arn)
                .section("RedrivePolicy")
                .problem(
                    "deadLetterTargetArn",
                    "`%s` is no other %s queue of this template"
                        .formatted(
                            redrive.deadLetterQueueArn(), queue.fifo() ? "FIFO" : "standard"));
          }
        });
    return List.copyOf(queues.values());
  }

  private Section section(String arn) {
    Section section = sections.get(arn);
    if (section == null) {
      throw new IllegalStateException(arn + " was never added");
    }
    return section;
  }

  /// The mapping of one event, or null where it is disabled.
  @Nullable QueueMappingResource mapping(FunctionResource function, String event, Section mapping) {
    for (String key : mapping.values().keySet()) {
      if (!MAPPING_PROPERTIES.contains(key)) {
        throw mapping.problem(key, "is not for events of type SQS");
      }
    }
    String arn = mapping.string("Queue");
    QueueResource queue = queues.get(arn);
    if (queue == null) {
      throw mapping.problem("Queue", "`" + arn + "` is no queue of this template");
    }
    if (queue.visibilityTimeout().compareTo(function.timeout()) < 0) {
      throw section(arn)
          .problem(
              "VisibilityTimeout",
              "%d s is less than the timeout of %s, %d s"
                  .formatted(
                      queue.visibilityTimeout().toSeconds(),
                      function.logicalId(),
                      function.timeout().toSeconds()));
    }
    int batchSize = mapping.integer("BatchSize", 10, 1, queue.fifo() ? 10 : 10_000);
    if (queue.fifo() && mapping.has("MaximumBatchingWindowInSeconds")) {
      throw mapping.problem(
          "MaximumBatchingWindowInSeconds", "a FIFO queue is read without a batching window");
    }
    int windowSeconds = mapping.integer("MaximumBatchingWindowInSeconds", 0, 0, 300);
    if (batchSize > BATCH_SIZE_WITHOUT_WINDOW_MAX && windowSeconds == 0) {
      throw mapping.problem(
          "BatchSize", "above 10 needs a MaximumBatchingWindowInSeconds of at least 1");
    }
    Set<String> responseTypes = new LinkedHashSet<>(mapping.strings("FunctionResponseTypes"));
    for (String type : responseTypes) {
      if (!type.equals("ReportBatchItemFailures")) {
        throw mapping.problem("FunctionResponseTypes", "`" + type + "` is not honoured here");
      }
    }
    List<Section> filters = mapping.section("FilterCriteria").sections("Filters");
    if (filters.size() > 5) {
      throw mapping.problem("FilterCriteria", "a mapping has at most 5 filters");
    }
    Section scaling = mapping.section("ScalingConfig");
    QueueMappingResource made =
        new QueueMappingResource(
            function.logicalId() + event,
            function.logicalId(),
            queue,
            batchSize,
            Duration.ofSeconds(windowSeconds),
            scaling.has("MaximumConcurrency")
                ? scaling.integer("MaximumConcurrency", 0, 2, 1_000)
                : 0,
            !responseTypes.isEmpty(),
            filters.stream().map(filter -> filter.string("Pattern")).toList());
    return mapping.bool("Enabled", true) ? made : null;
  }
}
