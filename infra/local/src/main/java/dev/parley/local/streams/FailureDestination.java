package dev.parley.local.streams;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.parley.local.eventsource.Batch;
import dev.parley.local.eventsource.Target;
import dev.parley.local.json.Json;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.sqs.SqsClient;

/// The queue that is told of the records that a mapping discards, by where they are in the stream
/// and not by what is in them (`DestinationConfig.OnFailure`). A message is JSON with
///
/// - `requestContext`: `requestId`, `functionArn`, `condition`, `approximateInvokeCount`
/// - `responseContext`: `statusCode`, `executedVersion`, `functionError`
/// - `version`, `timestamp`
/// - `DDBStreamBatchInfo`: `shardId`, `startSequenceNumber`, `endSequenceNumber`,
///   `approximateArrivalOfFirstRecord`, `approximateArrivalOfLastRecord`, `batchSize`, `streamArn`
///
/// Source: Lambda developer guide, "Retain discarded records for a DynamoDB event source". That
/// `functionError` is left out where the function named the records as failed, and
/// `responseContext` where it was never asked, is assumed [?].
///
/// @param queueUrl of a standard queue
/// @param functionArn as the mapping calls the function
/// @param version of the function
public record FailureDestination(
    SqsClient sqs, String queueUrl, String functionArn, String version) {
  /// Why records are discarded.
  enum Condition {
    RETRY_ATTEMPTS_EXHAUSTED("RetryAttemptsExhausted", "MaximumRetryAttempts spent"),
    RECORD_AGE_EXCEEDED("RecordAgeExceeded", "older than MaximumRecordAgeInSeconds");

    private final String name;
    private final String reason;

    Condition(String name, String reason) {
      this.name = name;
      this.reason = reason;
    }

    /// For the log.
    String reason() {
      return reason;
    }
  }

  /// Sends one message.
  ///
  /// @param invocations how often the function was asked, with these records among others
  /// @param last what became of the last of them; null where there was none
  /// @throws software.amazon.awssdk.core.exception.SdkException where the queue does not take it
  void tell(
      Batch<StreamRecord> discarded,
      String streamArn,
      String shardId,
      Condition condition,
      int invocations,
      Target.@Nullable Invocation last) {
    ObjectNode message = Json.MAPPER.createObjectNode();
    message
        .putObject("requestContext")
        .put("requestId", last == null ? UUID.randomUUID().toString() : last.requestId())
        .put("functionArn", functionArn)
        .put("condition", condition.name)
        .put("approximateInvokeCount", invocations);
    if (last != null) {
      ObjectNode response =
          message
              .putObject("responseContext")
              .put("statusCode", 200)
              .put("executedVersion", version);
      if (last.threw()) {
        response.put("functionError", "Unhandled");
      }
    }
    StreamRecord first = discarded.items().getFirst();
    StreamRecord end = discarded.items().getLast();
    message
        .put("version", "1.0")
        .put("timestamp", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
        .putObject("DDBStreamBatchInfo")
        .put("shardId", shardId)
        .put("startSequenceNumber", first.sequenceNumber())
        .put("endSequenceNumber", end.sequenceNumber())
        .put("approximateArrivalOfFirstRecord", first.createdAt().toString())
        .put("approximateArrivalOfLastRecord", end.createdAt().toString())
        .put("batchSize", discarded.size())
        .put("streamArn", streamArn);
    sqs.sendMessage(send -> send.queueUrl(queueUrl).messageBody(message.toString()));
  }
}
