package dev.parley.fanout;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse.BatchItemFailure;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import com.amazonaws.services.lambda.runtime.events.SQSEvent.SQSMessage;
import dev.parley.Metrics;
import dev.parley.connection.ConnectionId;
import dev.parley.connection.ConnectionTable;
import dev.parley.connection.SessionTable;
import dev.parley.platform.Aws;
import dev.parley.platform.Invocations;
import dev.parley.platform.Priming;
import dev.parley.platform.Settings;
import dev.parley.platform.Ticker;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.dynamodb.DynamoDbClient;

/// The queue of connections that are gone: closes the session of each and removes its rows, one
/// connection after another and no faster than the tables bear beside everything else. A connection
/// that was opened less than 30 s ago keeps its rows.
///
/// A message that fails comes again, a few times. One that is no connection's id is left to the
/// dead letters.
public final class PruneHandler implements RequestHandler<SQSEvent, SQSBatchResponse> {
  private static final Logger LOG = LoggerFactory.getLogger(PruneHandler.class);

  /// Of one function, of which the template lets two run: together a quarter of what one partition
  /// of the index bears (DynamoDB developer guide, "Partitions and data distribution"), and a sixth
  /// of what DynamoDB Local does with all of two cores.
  private static final int ROWS_PER_SECOND = 125;

  private final Invocations invocations;
  private final InstantSource clock;
  private final Ticker ticker;
  private final ConnectionTable connections;
  private final SessionTable sessions;

  public PruneHandler() {
    this(System.getenv(), InstantSource.system());
    Priming.register(PruneHandler.class, PruneHandler::new);
  }

  public PruneHandler(Map<String, String> environment, InstantSource clock) {
    this(environment, clock, Ticker.SYSTEM);
  }

  PruneHandler(Map<String, String> environment, InstantSource clock, Ticker ticker) {
    Settings settings = new Settings(environment);
    this.invocations = new Invocations(settings);
    this.clock = clock;
    this.ticker = ticker;
    DynamoDbClient dynamoDb = new Aws(settings).dynamoDb();
    this.connections = new ConnectionTable(dynamoDb, settings);
    this.sessions = new SessionTable(dynamoDb, settings);
  }

  @Override
  public SQSBatchResponse handleRequest(SQSEvent event, Context context) {
    return invocations.handle(context, () -> prune(event.getRecords()));
  }

  private SQSBatchResponse prune(List<SQSMessage> messages) {
    List<BatchItemFailure> failures = new ArrayList<>();
    for (SQSMessage message : messages) {
      try {
        prune(new ConnectionId(message.getBody()));
      } catch (IllegalArgumentException e) {
        LOG.error("a message in the queue is no connection: it is left to the dead letters", e);
        Metrics.PARTS_FAILED.add(1);
        failures.add(new BatchItemFailure(message.getMessageId()));
      } catch (SdkException e) {
        LOG.warn("could not remove {}: {}", message.getBody(), e.getMessage());
        Metrics.PARTS_FAILED.add(1);
        failures.add(new BatchItemFailure(message.getMessageId()));
      } finally {
        MDC.remove("connection_id");
      }
    }
    return new SQSBatchResponse(failures);
  }

  private void prune(ConnectionId connection) {
    MDC.put("connection_id", connection.value());
    int rows = connections.prune(connection, sessions, clock.instant());
    LOG.info(
        "{} rows of a gone connection: {}", rows, rows > 0 ? "pruned" : "it is younger than 30 s");
    ticker.pause(Duration.ofMillis(1_000L * rows / ROWS_PER_SECOND));
  }
}
