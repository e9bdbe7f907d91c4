package dev.parley.local.template;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// An `AWS::SQS::Queue`.
///
/// Unlike AWS: messages are kept as long as the local cloud runs, whatever `MessageRetentionPeriod`
/// says, up to 1 MB each, whatever `MaximumMessageSize` says, and a deduplication id counts in the
/// whole queue, whatever `DeduplicationScope` says: ElasticMQ has none of the three.
///
/// @param logicalId its name in the template
/// @param name its `QueueName`; that of a FIFO queue ends with `.fifo`
/// @param arn `arn:aws:sqs:<region>:000000000000:<name>`
/// @param url what `Ref` gives, `https://sqs.<region>.amazonaws.com/000000000000/<name>`: a client
///     goes to its endpoint, whatever the host of the URL
/// @param fifo whether order is kept within a message group
/// @param contentBasedDeduplication whether a message without a deduplication id has its body's
///     hash
/// @param visibilityTimeout how long a message that was received stays hidden, 0 s to 12 h
/// @param delay how long a message that was sent stays hidden, 0 s to 15 min
/// @param receiveWait how long a receive waits for a message that is not there, 0 s to 20 s
/// @param redrive where messages go that fail again and again, or null where they stay
public record QueueResource(
    String logicalId,
    String name,
    String arn,
    String url,
    boolean fifo,
    boolean contentBasedDeduplication,
    Duration visibilityTimeout,
    Duration delay,
    Duration receiveWait,
    @Nullable Redrive redrive) {

  /// A `RedrivePolicy`.
  ///
  /// @param deadLetterQueueArn a queue of the same template and kind
  /// @param receiveCountMax after so many receives, 1 to 1,000, the next one moves the message
  ///     instead
  public record Redrive(String deadLetterQueueArn, int receiveCountMax) {}
}
