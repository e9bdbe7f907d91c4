package dev.parley.report;

import dev.parley.identity.Identity;
import dev.parley.message.Message;
import dev.parley.platform.Settings;
import dev.parley.wire.Json;
import java.time.Instant;
import software.amazon.awssdk.services.sqs.SqsClient;
import software.amazon.awssdk.services.sqs.model.SendMessageBatchRequestEntry;

/// The queue Reports, which the moderators read; no function does. docs/OPERATIONS.md says how, and
/// prints what a message of it holds.
///
/// It is a standard queue: a report may come twice, and in any order.
public final class ReportQueue {
  private final SqsClient sqs;
  private final String queue;

  public ReportQueue(SqsClient sqs, Settings settings) {
    this.sqs = sqs;
    this.queue = settings.required("REPORTS_QUEUE_URL");
  }

  /// Puts a message before the moderators as it stands, since it may be gone when they look.
  ///
  /// @param why the reporter's words
  /// @throws IllegalStateException where the queue does not take it
  public void add(Message message, Identity reporter, String why, Instant now) {
    var report =
        Json.object()
            .put("room", message.room().name())
            .put("timestamp", message.timestamp().micros())
            .put("why", why)
            .put("reportedAt", now.toString());
    report.putObject("reporter").put("user", reporter.user()).put("sender", reporter.sender());
    report
        .putObject("message")
        .put("id", message.id())
        .put("user", message.from().user())
        .put("sender", message.from().sender())
        .put("message", message.text());
    var entry =
        SendMessageBatchRequestEntry.builder().id("report").messageBody(Json.text(report)).build();
    // A batch of one: the SDK would hold the answer to `SendMessage` against the body's digest,
    // which
    // the stand-in of a first call cannot know.
    var response = sqs.sendMessageBatch(send -> send.queueUrl(queue).entries(entry));
    if (!response.failed().isEmpty()) {
      throw new IllegalStateException(
          "a report was refused: " + response.failed().getFirst().code());
    }
  }
}
