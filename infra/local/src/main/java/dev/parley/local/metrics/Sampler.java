package dev.parley.local.metrics;

import dev.parley.local.template.QueueResource;
import dev.parley.local.template.TableResource;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.QueueAttributeName;

/// Looks, in each period, how many connections are open and how many messages are in each queue,
/// and more rarely how many rows each table has.
public final class Sampler implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Sampler.class);

  /// `Unlike AWS:` where `ItemCount` is brought up to date every six hours. DynamoDB Local counts
  /// the rows each time it is asked.
  private static final int TABLES_EVERY_PERIODS = 6;

  private static final Map<QueueAttributeName, String> DEPTHS =
      Map.of(
          QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES,
          "ApproximateNumberOfMessagesVisible",
          QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_NOT_VISIBLE,
          "ApproximateNumberOfMessagesNotVisible",
          QueueAttributeName.APPROXIMATE_NUMBER_OF_MESSAGES_DELAYED,
          "ApproximateNumberOfMessagesDelayed");

  private final MetricStore metrics;
  private final IntSupplier connections;
  private final @Nullable DynamoDbClient dynamoDb;
  private final List<TableResource> tables;
  private final @Nullable SqsClient sqs;
  private final List<QueueResource> queues;
  private final Thread thread = Thread.ofVirtual().name("sampler").unstarted(this::run);

  /// @param connections how many are open
  /// @param dynamoDb null where there are no tables
  /// @param sqs null where there are no queues
  public Sampler(
      MetricStore metrics,
      IntSupplier connections,
      @Nullable DynamoDbClient dynamoDb,
      List<TableResource> tables,
      @Nullable SqsClient sqs,
      List<QueueResource> queues) {
    this.metrics = metrics;
    this.connections = connections;
    this.dynamoDb = dynamoDb;
    this.tables = tables;
    this.sqs = sqs;
    this.queues = queues;
  }

  public Sampler start() {
    thread.start();
    return this;
  }

  private void run() {
    try {
      for (int period = 0; ; period++) {
        try {
          sample(period % TABLES_EVERY_PERIODS == 0);
        } catch (RuntimeException e) {
          // The next period tries again.
          LOG.debug("a sample failed", e);
        }
        Thread.sleep(MetricStore.PERIOD_MS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void sample(boolean withTables) {
    metrics.add(Series.ofLocalCloud("ConnectionsOpen", Map.of()), connections.getAsInt());
    if (sqs != null) {
      for (QueueResource queue : queues) {
        sqs.getQueueAttributes(get -> get.queueUrl(queue.url()).attributeNames(DEPTHS.keySet()))
            .attributes()
            .forEach((name, depth) -> metrics.add(depth(queue, name), Double.parseDouble(depth)));
      }
    }
    if (withTables && dynamoDb != null) {
      for (TableResource table : tables) {
        Long rows = dynamoDb.describeTable(d -> d.tableName(table.name())).table().itemCount();
        metrics.add(Series.ofLocalCloud("ItemCount", Map.of("TableName", table.name())), rows);
      }
    }
  }

  private static Series depth(QueueResource queue, QueueAttributeName name) {
    return new Series(
        "AWS/SQS",
        DEPTHS.getOrDefault(name, name.toString()),
        Map.of("QueueName", queue.name()),
        "Count");
  }

  @Override
  public void close() {
    thread.interrupt();
    try {
      thread.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
